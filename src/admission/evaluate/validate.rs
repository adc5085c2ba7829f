//! The validating half: judges a pod or template that is created or changed.

use crate::admission::attribution::{
    Attribution, Delegation, OwnedObject, Unstamped, attribution, contents, own_claims, restart, unchecked,
    verified,
};
use crate::admission::evaluate::mutate::scope;
use crate::admission::evaluate::pod_update::{Both, readable};
use crate::admission::evaluate::{Case, call, verb};
use crate::admission::fields::changes::Changes;
use crate::admission::fields::reading::same_fields;
use crate::admission::outcome::advice::Advice;
use crate::admission::outcome::evaluation::Evaluation;
use crate::admission::outcome::finding::Finding;
use crate::admission::outcome::mode::StampContents;
use crate::admission::outcome::stamp_fault::StampFault;
use crate::admission::routing::lookalike;
use crate::admission::routing::route::Route;
use crate::kubernetes::cluster::Meta;
use crate::kubernetes::eci_profile::Profile;
use crate::kubernetes::pod::{Metadata, Pod};
use crate::kubernetes::pod_template::{PodTemplate, ReviewedTemplate};
use crate::stamp::Claims;

impl Case<'_> {
    pub(crate) fn validate_template(&self, reviewed: &ReviewedTemplate<'_>) -> Evaluation {
        let Some(new) = &reviewed.new else {
            return Evaluation::default();
        };
        let attribution = attribution(self.review, reviewed, &self.configuration.cluster, self.cluster);
        // Where nobody became the requester, nobody is judged
        let is_left = attribution == Attribution::LateStamp
            && new.stamp() == reviewed.old.as_ref().and_then(PodTemplate::stamp);
        if attribution == Attribution::KeepsStamp || is_left {
            return self.validate_kept(reviewed, new);
        }
        let Some(namespace) = self.namespace() else {
            return self.namespace_missing(new.read(), verb(reviewed));
        };
        let profile = self.profile();
        let pod = self.decorated(reviewed, new, &namespace, &profile);
        let route = self.route_both(&pod, reviewed.old.as_ref(), &namespace);
        let mut evaluation = self.routed(route, verb(reviewed));
        let mut carried = None;
        if let Attribution::Delegated(delegation) = &attribution {
            carried = self.attribute(&mut evaluation, reviewed, new, delegation);
            if !evaluation.leads_to_eci() {
                return evaluation;
            }
        } else {
            self.expect_stamp(&mut evaluation, reviewed, new, &attribution);
            if !evaluation.leads_to_eci() {
                return evaluation;
            }
        }
        evaluation.warnings = lookalike::warnings(&pod);
        let is_made_again = matches!(attribution, Attribution::Delegated(_)) && !reviewed.path.is_whole();
        let is_readable = match is_made_again {
            // Its own source was mapped, and its pods will be
            true => evaluation.read(&pod),
            false => self.expect_mapped(&mut evaluation, &pod, &namespace, scope(reviewed, new)),
        };
        if !is_readable {
            return evaluation;
        }
        if let Some(claims) = carried {
            if self.differs_from_stamp(&claims, new, &evaluation.fields, &namespace) {
                evaluation.findings.push(Finding::Stamp(StampFault::FieldsDiffer));
            }
            if reviewed.path.is_whole() && reviewed.old.is_none() {
                self.expect_contents(&mut evaluation, &claims, new);
            }
        }
        match &reviewed.old {
            Some(old) if reviewed.path.is_whole() => {
                self.judge_update(&mut evaluation, old, &pod, new, &namespace);
            }
            _ => self.judge_create(&mut evaluation, &pod, &namespace),
        }
        evaluation
    }

    /// Nothing is judged; only the stamp may not have been touched
    fn validate_kept(&self, reviewed: &ReviewedTemplate<'_>, new: &PodTemplate<'_>) -> Evaluation {
        let mut evaluation = match self.asks_for_more() {
            true => self.grown(new),
            false => Evaluation {
                verb: Some(verb(reviewed)),
                ..Evaluation::default()
            },
        };
        evaluation.findings.extend(touched(reviewed, new));
        evaluation
    }

    /// Makes the ruling one about whom the stamp names, since the requester acts for them
    ///
    /// What the stamp says, if it is to be believed. What is not bound for ECI needs none, but may not bring a forged one.
    fn attribute(
        &self,
        evaluation: &mut Evaluation,
        reviewed: &ReviewedTemplate<'_>,
        template: &PodTemplate<'_>,
        delegation: &Delegation,
    ) -> Option<Claims> {
        match self.attribution(reviewed, template, delegation) {
            Ok(claims) => {
                self.act_for(evaluation, &claims);
                Some(claims)
            }
            Err(fault) => {
                evaluation.principal = None;
                if evaluation.leads_to_eci() || fault.is_forged() {
                    evaluation.findings.push(Finding::Stamp(fault));
                }
                None
            }
        }
    }

    /// What the stamp that a controller brings says, or why it is not to be believed
    pub(crate) fn attribution(
        &self,
        reviewed: &ReviewedTemplate<'_>,
        template: &PodTemplate<'_>,
        delegation: &Delegation,
    ) -> Result<Claims, StampFault> {
        if let Delegation::Unsent(kind) = delegation {
            return Err(StampFault::NotSent(kind.clone()));
        }
        let owned = self.owned(reviewed);
        self.trusted(
            template,
            &owned,
            self.review.owner().unwrap_or(&template.read().metadata),
        )
    }

    /// What a stamp says in an object, or why it is not to be believed there; `owner` tells how it gets another
    pub(crate) fn trusted(
        &self,
        template: &PodTemplate<'_>,
        owned: &OwnedObject,
        owner: &Metadata<'_>,
    ) -> Result<Claims, StampFault> {
        let settings = &self.configuration.cluster;
        let namespace = self.review.namespace();
        let claims =
            verified(template.stamp(), namespace, owned, settings, self.cluster).map_err(|unstamped| {
                match unstamped {
                    Unstamped::Missing => StampFault::Missing(restart(owner)),
                    Unstamped::Broken(broken) if broken.is_forged() => StampFault::Forged(broken),
                    Unstamped::Broken(broken) => StampFault::NoKey(broken, restart(owner)),
                }
            })?;
        match unchecked(&claims, owned, settings, self.cluster) {
            Some(fault) => Err(fault),
            None => Ok(claims),
        }
    }

    /// Holds what runs in a controller's pod against what its stamp says
    pub(crate) fn expect_contents(
        &self,
        evaluation: &mut Evaluation,
        claims: &Claims,
        new: &PodTemplate<'_>,
    ) {
        // A stamp of the first form says nothing of it, nor does one of a template that leaves it to its controller
        let (Some(stamped), Some(running)) = (&claims.containers, contents::running(new.json())) else {
            return;
        };
        let injectors = &self.configuration.cluster.injectors;
        evaluation.container_differences = contents::differences(stamped, &running, injectors);
        if self.contents == StampContents::Refuse && !evaluation.container_differences.is_empty() {
            let unlike = evaluation.container_differences.clone();
            evaluation
                .findings
                .push(Finding::Stamp(StampFault::ContainersDiffer(unlike)));
        }
    }

    /// Makes the ruling one about the person in a stamp
    pub(crate) fn act_for(&self, evaluation: &mut Evaluation, claims: &Claims) {
        // Who was bound to nobody when the stamp was written may be by now, as far as the name alone tells
        let bound = || {
            self.configuration
                .bindings
                .principal(&claims.user, std::iter::empty())
        };
        let principal = claims.principal.clone();
        evaluation.principal = principal.or_else(|| bound().map(|binding| binding.principal.clone()));
        evaluation.stamped = Some(claims.user.clone());
    }

    /// Holds the stamp against the one that the mutating half writes
    fn expect_stamp(
        &self,
        evaluation: &mut Evaluation,
        reviewed: &ReviewedTemplate<'_>,
        new: &PodTemplate<'_>,
        attribution: &Attribution,
    ) {
        if *attribution == Attribution::RequesterKeepsStamp {
            evaluation.findings.extend(touched(reviewed, new));
            return;
        }
        let old = reviewed.old.as_ref().and_then(PodTemplate::stamp);
        let is_wanted = evaluation.leads_to_eci() || old.is_some() || self.is_revision();
        let Some(found) = new.stamp() else {
            let fault = is_wanted.then_some(StampFault::NotApplied);
            evaluation.findings.extend(fault.map(Finding::Stamp));
            return;
        };
        let owned = self.owned(reviewed);
        let settings = &self.configuration.cluster;
        let namespace = self.review.namespace();
        let fault = match verified(Some(found), namespace, &owned, settings, self.cluster) {
            Err(Unstamped::Broken(broken)) if broken.is_forged() => Some(StampFault::Forged(broken)),
            Err(Unstamped::Broken(_) | Unstamped::Missing) => Some(StampFault::Unexpected),
            Ok(claims) if claims.user != self.review.user() => Some(StampFault::Changed),
            Ok(claims) => {
                let wanted = self.cluster.signer().map(|signer| {
                    own_claims(
                        self.review,
                        new,
                        &owned,
                        &Changes::default(),
                        self.configuration,
                        &signer,
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
        evaluation.findings.extend(fault.map(Finding::Stamp));
    }

    fn judge_create(&self, evaluation: &mut Evaluation, pod: &Pod<'_>, namespace: &Meta) {
        let call = call::create(&evaluation.fields, self.configuration, self.review.namespace());
        if evaluation.findings.iter().any(Finding::leaves_no_principal) {
            evaluation.operation = Some(call.operation);
            return;
        }
        if evaluation.stamped.is_none() && self.asks_for_control_plane() {
            evaluation.operation = Some(call.operation);
            let way = self.review.owner().unwrap_or(&pod.metadata);
            evaluation
                .findings
                .push(Finding::Stamp(StampFault::Missing(restart(way))));
            return;
        }
        self.judge(evaluation, &call, namespace);
        evaluation.advice = Advice::on(self, evaluation, pod, None, namespace);
        // A service account that nobody bound and that says it controls the pod is most likely a controller
        let owner = pod.metadata.controller();
        if let (Some(owner), true) = (owner, self.review.user().starts_with("system:serviceaccount:")) {
            for finding in evaluation.findings.iter_mut() {
                if *finding == Finding::Unbound && evaluation.stamped.is_none() {
                    *finding = Finding::UnlistedController {
                        kind: owner.kind.to_string(),
                    };
                }
            }
        }
    }

    fn judge_update(
        &self,
        evaluation: &mut Evaluation,
        old: &PodTemplate<'_>,
        pod: &Pod<'_>,
        new: &PodTemplate<'_>,
        namespace: &Meta,
    ) {
        // A pod that only may reach ECI was not asked for yet. But what is written into it while it is being bound is
        // seen by nobody again, so that a change of what ECI reads, or of what runs in somebody's pod, is judged now
        let is_seen_again = new.json() == old.json()
            || same_fields(old.read(), new.read()) && matches!(self.review.subresource(), "" | "status");
        if evaluation.is_tentative && is_seen_again {
            return;
        }
        evaluation.is_tentative = false;
        let stored = readable(old.read(), &mut evaluation.warnings);
        let (call, refusals) = call::update(
            &stored,
            &evaluation.fields,
            self.configuration,
            self.review.namespace(),
        );
        evaluation
            .findings
            .extend(refusals.into_iter().map(Finding::Refused));
        self.judge(evaluation, &call, namespace);
        let both = Both {
            old: old.read(),
            new: pod,
        };
        evaluation.advice = Advice::on(self, evaluation, pod, Some((both, &stored)), namespace);
    }

    /// A pod as ACK's eci-profile will leave it: what is stored has been through it already
    pub(crate) fn decorated<'p>(
        &self,
        reviewed: &ReviewedTemplate<'p>,
        template: &PodTemplate<'p>,
        namespace: &Meta,
        profile: &'p Profile,
    ) -> Pod<'p> {
        let pod = template.read();
        let is_stored = reviewed.path.is_whole() && reviewed.old.is_some();
        if is_stored || pod.node().is_some() {
            return pod.clone();
        }
        let routed = profile.decorated(pod, namespace, false);
        let goes_to_eci = !matches!(self.route(&routed, namespace), Route::No(_));
        profile.decorated(pod, namespace, goes_to_eci)
    }
}

/// What speaks against a stamp that should have stayed as it was
fn touched(reviewed: &ReviewedTemplate<'_>, new: &PodTemplate<'_>) -> Option<Finding> {
    let old = reviewed.old.as_ref().and_then(PodTemplate::stamp);
    let fault = match new.stamp() {
        None => StampFault::NotApplied,
        Some(_) => StampFault::Changed,
    };
    (new.stamp() != old).then_some(Finding::Stamp(fault))
}
