//! The validating half: judges a pod or template that is created or changed.

use crate::admission::attribution::Carriage;
use crate::admission::attribution::Holder;
use crate::admission::attribution::Standing;
use crate::admission::attribution::Unstamped;
use crate::admission::attribution::contents;
use crate::admission::attribution::own_claims;
use crate::admission::attribution::restart;
use crate::admission::attribution::standing;
use crate::admission::attribution::unchecked;
use crate::admission::attribution::verified;
use crate::admission::evaluate::Case;
use crate::admission::evaluate::advice::Advice;
use crate::admission::evaluate::call;
use crate::admission::evaluate::deed;
use crate::admission::evaluate::mutate::scope;
use crate::admission::fields::annotations::same_fields;
use crate::admission::fields::patch::Changes;
use crate::admission::fields::update::Both;
use crate::admission::fields::update::readable;
use crate::admission::outcome::evaluation::Ruling;
use crate::admission::outcome::finding::Finding;
use crate::admission::outcome::finding::StampFault;
use crate::admission::outcome::mode::StampContents;
use crate::admission::routing::lookalike;
use crate::admission::routing::route::Route;
use crate::kubernetes::cluster::Meta;
use crate::kubernetes::eci_profile::Profile;
use crate::kubernetes::pod::Metadata;
use crate::kubernetes::pod::Pod;
use crate::kubernetes::pod_template::Bearer;
use crate::kubernetes::pod_template::Side;
use crate::stamp::Claims;

impl Case<'_> {
    pub(crate) fn validate_bearer(&self, bearer: &Bearer<'_>) -> Ruling {
        let Some(new) = &bearer.new else {
            return Ruling::default();
        };
        let standing = standing(self.review, bearer, &self.configuration.cluster, self.cluster);
        // Where nobody became the requester, nobody is judged
        let is_left = standing == Standing::Late && new.stamp() == bearer.old.as_ref().and_then(Side::stamp);
        if standing == Standing::Kept || is_left {
            return self.validate_kept(bearer, new);
        }
        let Some(namespace) = self.namespace() else {
            return self.namespace_missing(new.read(), deed(bearer));
        };
        let profile = self.cluster.profile();
        let pod = self.decorated(bearer, new, &namespace, &profile);
        let route = self.route_both(&pod, bearer.old.as_ref(), &namespace);
        let mut ruling = self.routed(route, deed(bearer));
        let mut carried = None;
        if let Standing::Carried(carriage) = &standing {
            carried = self.attribute(&mut ruling, bearer, new, carriage);
            if !ruling.leads_to_eci() {
                return ruling;
            }
        } else {
            self.expect_stamp(&mut ruling, bearer, new, &standing);
            if !ruling.leads_to_eci() {
                return ruling;
            }
        }
        ruling.warnings = lookalike::warnings(&pod);
        let is_made_again = matches!(standing, Standing::Carried(_)) && !bearer.place.is_whole();
        let is_readable = match is_made_again {
            // Its own source was mapped, and its pods will be
            true => ruling.read(&pod),
            false => self.expect_mapped(&mut ruling, &pod, &namespace, scope(bearer, new)),
        };
        if !is_readable {
            return ruling;
        }
        if let Some(claims) = carried {
            if self.differs_from_stamp(&claims, new, &ruling.fields, &namespace) {
                ruling.findings.push(Finding::Stamp(StampFault::Differs));
            }
            if bearer.place.is_whole() && bearer.old.is_none() {
                self.expect_contents(&mut ruling, &claims, new);
            }
        }
        match &bearer.old {
            Some(old) if bearer.place.is_whole() => {
                self.judge_update(&mut ruling, old, &pod, new, &namespace);
            }
            _ => self.judge_create(&mut ruling, &pod, &namespace),
        }
        ruling
    }

    /// Nothing is judged; only the stamp may not have been touched
    fn validate_kept(&self, bearer: &Bearer<'_>, new: &Side<'_>) -> Ruling {
        let mut ruling = match self.asks_for_more() {
            true => self.grown(new),
            false => Ruling {
                deed: Some(deed(bearer)),
                ..Ruling::default()
            },
        };
        ruling.findings.extend(touched(bearer, new));
        ruling
    }

    /// Makes the ruling one about whom the stamp names, since the requester acts for them
    ///
    /// What the stamp says, if it is to be believed. What is not bound for ECI needs none, but may not bring a forged one.
    fn attribute(
        &self,
        ruling: &mut Ruling,
        bearer: &Bearer<'_>,
        side: &Side<'_>,
        carriage: &Carriage,
    ) -> Option<Claims> {
        match self.attribution(bearer, side, carriage) {
            Ok(claims) => {
                self.act_for(ruling, &claims);
                Some(claims)
            }
            Err(fault) => {
                ruling.principal = None;
                if ruling.leads_to_eci() || fault.is_forged() {
                    ruling.findings.push(Finding::Stamp(fault));
                }
                None
            }
        }
    }

    /// What the stamp that a controller brings says, or why it is not to be believed
    pub(crate) fn attribution(
        &self,
        bearer: &Bearer<'_>,
        side: &Side<'_>,
        carriage: &Carriage,
    ) -> Result<Claims, StampFault> {
        if let Carriage::Unsent(kind) = carriage {
            return Err(StampFault::NotSent(kind.clone()));
        }
        let holder = self.holder(bearer);
        self.believed(
            side,
            &holder,
            self.review.owner().unwrap_or(&side.read().metadata),
        )
    }

    /// What a stamp says in an object, or why it is not to be believed there; `owner` tells how it gets another
    pub(crate) fn believed(
        &self,
        side: &Side<'_>,
        holder: &Holder,
        owner: &Metadata<'_>,
    ) -> Result<Claims, StampFault> {
        let settings = &self.configuration.cluster;
        let namespace = self.review.namespace();
        let claims =
            verified(side.stamp(), namespace, holder, settings, self.cluster).map_err(|unstamped| {
                match unstamped {
                    Unstamped::Missing => StampFault::Missing(restart(owner)),
                    Unstamped::Broken(broken) if broken.is_forged() => StampFault::Forged(broken),
                    Unstamped::Broken(broken) => StampFault::Lost(broken, restart(owner)),
                }
            })?;
        match unchecked(&claims, holder, settings, self.cluster) {
            Some(fault) => Err(fault),
            None => Ok(claims),
        }
    }

    /// Holds what runs in a controller's pod against what its stamp says
    pub(crate) fn expect_contents(&self, ruling: &mut Ruling, claims: &Claims, new: &Side<'_>) {
        // A stamp of the first form says nothing of it, nor does one of a template that leaves it to its controller
        let (Some(stamped), Some(running)) = (&claims.containers, contents::running(new.json())) else {
            return;
        };
        let injectors = &self.configuration.cluster.injectors;
        ruling.unlike = contents::differences(stamped, &running, injectors);
        if self.contents == StampContents::Refuse && !ruling.unlike.is_empty() {
            let unlike = ruling.unlike.clone();
            ruling.findings.push(Finding::Stamp(StampFault::Unlike(unlike)));
        }
    }

    /// Makes the ruling one about the person in a stamp
    pub(crate) fn act_for(&self, ruling: &mut Ruling, claims: &Claims) {
        // Who was bound to nobody when the stamp was written may be by now, as far as the name alone tells
        let bound = || {
            self.configuration
                .bindings
                .principal(&claims.user, std::iter::empty())
        };
        let principal = claims.principal.clone();
        ruling.principal = principal.or_else(|| bound().map(|binding| binding.principal.clone()));
        ruling.stamped = Some(claims.user.clone());
    }

    /// Holds the stamp against the one that the mutating half writes
    fn expect_stamp(&self, ruling: &mut Ruling, bearer: &Bearer<'_>, new: &Side<'_>, standing: &Standing) {
        if *standing == Standing::Beside {
            ruling.findings.extend(touched(bearer, new));
            return;
        }
        let old = bearer.old.as_ref().and_then(Side::stamp);
        let is_wanted = ruling.leads_to_eci() || old.is_some() || self.is_revision();
        let Some(found) = new.stamp() else {
            let fault = is_wanted.then_some(StampFault::NotApplied);
            ruling.findings.extend(fault.map(Finding::Stamp));
            return;
        };
        let holder = self.holder(bearer);
        let settings = &self.configuration.cluster;
        let namespace = self.review.namespace();
        let fault = match verified(Some(found), namespace, &holder, settings, self.cluster) {
            Err(Unstamped::Broken(broken)) if broken.is_forged() => Some(StampFault::Forged(broken)),
            Err(Unstamped::Broken(_) | Unstamped::Missing) => Some(StampFault::Unexpected),
            Ok(claims) if claims.user != self.review.user() => Some(StampFault::Changed),
            Ok(claims) => {
                let wanted = self.cluster.seal().map(|seal| {
                    own_claims(
                        self.review,
                        new,
                        &holder,
                        &Changes::default(),
                        self.configuration,
                        &seal,
                    )
                });
                // Another webhook may have changed the fields since, or the configuration may have. A replica of another
                // version writes the first form, which says less and nothing else
                let is_wanted = |wanted: &Claims| {
                    *wanted == claims || claims.object.is_none() && wanted.clone().of_first_form() == claims
                };
                (!wanted.as_ref().is_some_and(is_wanted)).then_some(StampFault::Unexpected)
            }
        };
        ruling.findings.extend(fault.map(Finding::Stamp));
    }

    fn judge_create(&self, ruling: &mut Ruling, pod: &Pod<'_>, namespace: &Meta) {
        let call = call::create(&ruling.fields, self.configuration, self.review.namespace());
        if ruling.findings.iter().any(Finding::leaves_nobody) {
            ruling.operation = Some(call.operation);
            return;
        }
        if ruling.stamped.is_none() && self.asks_for_control_plane() {
            ruling.operation = Some(call.operation);
            let way = self.review.owner().unwrap_or(&pod.metadata);
            ruling
                .findings
                .push(Finding::Stamp(StampFault::Missing(restart(way))));
            return;
        }
        self.judge(ruling, &call, namespace);
        ruling.advice = Advice::on(self, ruling, pod, None, namespace);
        // A service account that nobody bound and that says it controls the pod is most likely a controller
        let owner = pod.metadata.controller();
        if let (Some(owner), true) = (owner, self.review.user().starts_with("system:serviceaccount:")) {
            for finding in ruling.findings.iter_mut() {
                if *finding == Finding::Unbound && ruling.stamped.is_none() {
                    *finding = Finding::UnlistedController {
                        kind: owner.kind.to_string(),
                    };
                }
            }
        }
    }

    fn judge_update(
        &self,
        ruling: &mut Ruling,
        old: &Side<'_>,
        pod: &Pod<'_>,
        new: &Side<'_>,
        namespace: &Meta,
    ) {
        // A pod that only may reach ECI was not asked for yet. But what is written into it while it is being bound is
        // seen by nobody again, so that a change of what ECI reads, or of what runs in somebody's pod, is judged now
        let is_seen_again = new.json() == old.json()
            || same_fields(old.read(), new.read()) && matches!(self.review.subresource(), "" | "status");
        if ruling.is_tentative && is_seen_again {
            return;
        }
        ruling.is_tentative = false;
        let stored = readable(old.read(), &mut ruling.warnings);
        let (call, refusals) = call::update(
            &stored,
            &ruling.fields,
            self.configuration,
            self.review.namespace(),
        );
        ruling.findings.extend(refusals.into_iter().map(Finding::Refused));
        self.judge(ruling, &call, namespace);
        let both = Both {
            old: old.read(),
            new: pod,
        };
        ruling.advice = Advice::on(self, ruling, pod, Some((both, &stored)), namespace);
    }

    /// A pod as ACK's eci-profile will leave it: what is stored has been through it already
    pub(crate) fn decorated<'p>(
        &self,
        bearer: &Bearer<'p>,
        side: &Side<'p>,
        namespace: &Meta,
        profile: &'p Profile,
    ) -> Pod<'p> {
        let pod = side.read();
        let is_stored = bearer.place.is_whole() && bearer.old.is_some();
        if is_stored || pod.node().is_some() {
            return pod.clone();
        }
        let routed = profile.decorated(pod, namespace, false);
        let goes_to_eci = !matches!(self.route(&routed, namespace), Route::No(_));
        profile.decorated(pod, namespace, goes_to_eci)
    }
}

/// What speaks against a stamp that should have stayed as it was
fn touched(bearer: &Bearer<'_>, new: &Side<'_>) -> Option<Finding> {
    let old = bearer.old.as_ref().and_then(Side::stamp);
    let fault = match new.stamp() {
        None => StampFault::NotApplied,
        Some(_) => StampFault::Changed,
    };
    (new.stamp() != old).then_some(Finding::Stamp(fault))
}
