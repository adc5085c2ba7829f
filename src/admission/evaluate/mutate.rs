//! The mutating half: maps and stamps a pod or template.

use crate::admission::attribution::Carriage;
use crate::admission::attribution::Standing;
use crate::admission::attribution::is_same;
use crate::admission::attribution::own_claims;
use crate::admission::attribution::restamp;
use crate::admission::attribution::standing;
use crate::admission::evaluate::Case;
use crate::admission::evaluate::call;
use crate::admission::evaluate::deed;
use crate::admission::fields::mapping::Scope;
use crate::admission::fields::patch::Change;
use crate::admission::fields::patch::Changes;
use crate::admission::fields::patch::Patch;
use crate::admission::fields::update::Both;
use crate::admission::outcome::evaluation::Ruling;
use crate::admission::outcome::mode::Mode;
use crate::kubernetes::cluster::Meta;
use crate::kubernetes::pod_template::Bearer;
use crate::kubernetes::pod_template::Side;

impl Case<'_> {
    /// What a pod or template shall become
    ///
    /// Whatever way this takes, the stamp that is stored afterwards is the one that was stored before, a new one of the
    /// requester, the one that a controller copies, or none.
    pub(crate) fn mutate_bearer(&self, bearer: &Bearer<'_>) -> Ruling {
        let Some(new) = &bearer.new else {
            return Ruling::default();
        };
        let settings = &self.configuration.cluster;
        match (
            standing(self.review, bearer, settings, self.cluster),
            self.namespace(),
        ) {
            (Standing::Kept, _) => self.kept(bearer, new),
            (Standing::Carried(_), _) if !bearer.place.is_whole() => {
                // A controller compares what it made with what it made it of: a template that is mapped or loses its stamp
                // would be a change to it, which it would try to undo for ever
                Ruling::default()
            }
            (Standing::Carried(carriage), namespace) => {
                self.carried(bearer, new, &carriage, namespace.as_deref())
            }
            // Nothing can be said of it yet but that it brings no stamp
            (_, None) => self.kept(bearer, new),
            (Standing::Beside, Some(namespace)) => self.beside(bearer, new, &namespace),
            (Standing::Requester, Some(namespace)) => self.stamped(bearer, new, &namespace),
            (Standing::Late, Some(namespace)) => self.stamped_late(bearer, new, &namespace),
        }
    }

    /// The stamp as it was, whatever the request makes of it
    fn kept(&self, bearer: &Bearer<'_>, new: &Side<'_>) -> Ruling {
        let mut ruling = Ruling::default();
        let changes = stays(&mut ruling, bearer, new, Changes::default());
        ruling.patch = Patch::new(&changes, &bearer.place, new);
        ruling
    }

    /// A controller's pod: mapped, and without a stamp that proves nothing where nobody is denied for it
    fn carried(
        &self,
        bearer: &Bearer<'_>,
        new: &Side<'_>,
        carriage: &Carriage,
        namespace: Option<&Meta>,
    ) -> Ruling {
        let (mut ruling, mut changes) = match namespace {
            Some(namespace) => self.mapped_bearer(bearer, new, namespace, scope(bearer, new)),
            None => (Ruling::default(), Changes::default()),
        };
        // Where it is denied, the validating half says so
        if self.mode != Mode::Enforce
            && let Err(fault) = self.attribution(bearer, new, carriage)
            && fault.is_forged()
        {
            changes.stamp = restamp(new, None);
            ruling
                .warnings
                .push(format!("{TAKEN}: {}", fault.explanation(self.review.namespace())));
        }
        ruling.patch = Patch::new(&changes, &bearer.place, new);
        ruling
    }

    /// Mapped, and the stamp as it was
    fn beside(&self, bearer: &Bearer<'_>, new: &Side<'_>, namespace: &Meta) -> Ruling {
        if !matches!(self.review.subresource(), "" | "status") {
            // Nothing but the spec is stored
            return Ruling::default();
        }
        let scope = scope(bearer, new);
        let (mut ruling, changes) = self.mapped_bearer(bearer, new, namespace, scope);
        let changes = stays(&mut ruling, bearer, new, changes);
        ruling.patch = Patch::new(&changes, &bearer.place, new);
        ruling
    }

    /// Mapped, and the requester's stamp, unless mapping leaves nothing changed
    fn stamped(&self, bearer: &Bearer<'_>, new: &Side<'_>, namespace: &Meta) -> Ruling {
        let scope = scope(bearer, new);
        let (mut ruling, mut changes) = self.mapped_bearer(bearer, new, namespace, scope);
        let old_stamp = bearer.old.as_ref().and_then(Side::stamp);
        // What cannot lead to ECI needs no stamp; one that is there may not stay, for it could come to count later. A
        // revision is taken up unseen, so that it bears its author's in any case
        let is_ours =
            ruling.leads_to_eci() || new.stamp().is_some() || old_stamp.is_some() || self.is_revision();
        let is_unchanged =
            bearer.old.is_some() && !changes.is_empty() && is_same(self.review, bearer, &changes);
        let seal = self.cluster.seal();
        match seal.filter(|_| ruling.findings.is_empty() && is_ours && !is_unchanged) {
            Some(seal) => {
                let holder = self.holder(bearer);
                let claims = own_claims(self.review, new, &holder, &changes, self.configuration, &seal);
                let stamp = seal.sign(&claims);
                let was_written = new
                    .stamp()
                    .is_some_and(|found| found != stamp && Some(found) != old_stamp);
                if was_written {
                    ruling.warnings.push(OVERWRITTEN.to_owned());
                }
                changes.stamp = (new.stamp() != Some(&stamp)).then_some(Change::Set(stamp));
            }
            None => changes = stays(&mut ruling, bearer, new, changes),
        }
        ruling.patch = Patch::new(&changes, &bearer.place, new);
        ruling
    }

    /// The requester's stamp, if they may have such pods; else nothing is done to what they hardly meant to change
    fn stamped_late(&self, bearer: &Bearer<'_>, new: &Side<'_>, namespace: &Meta) -> Ruling {
        let stamped = self.stamped(bearer, new, namespace);
        if stamped.patch.is_empty() || !stamped.leads_to_eci() {
            return self.kept(bearer, new);
        }
        let call = call::create(&stamped.fields, self.configuration, self.review.namespace());
        let mut asked = Ruling {
            principal: stamped.principal.clone(),
            ..Ruling::default()
        };
        self.judge(&mut asked, &call, namespace);
        if asked.findings.is_empty() && stamped.findings.is_empty() {
            return stamped;
        }
        let mut ruling = self.kept(bearer, new);
        ruling.warnings.push(UNSTAMPED.to_owned());
        ruling
    }

    /// A ruling with the fields after mapping, and what mapping changes
    fn mapped_bearer(
        &self,
        bearer: &Bearer<'_>,
        new: &Side<'_>,
        namespace: &Meta,
        scope: Scope,
    ) -> (Ruling, Changes) {
        let profile = self.cluster.profile();
        let pod = self.decorated(bearer, new, namespace, &profile);
        let route = self.route_both(&pod, bearer.old.as_ref(), namespace);
        let mut ruling = self.routed(route, deed(bearer));
        let changes = match ruling.leads_to_eci() {
            true => self.map_into(&mut ruling, &pod, namespace, scope),
            false => Changes::default(),
        };
        (ruling, changes)
    }
}

/// These changes, and the stamp as it was before the request
fn stays(ruling: &mut Ruling, bearer: &Bearer<'_>, new: &Side<'_>, changes: Changes) -> Changes {
    let stamp = restamp(new, bearer.old.as_ref().and_then(Side::stamp));
    if stamp.is_some() && new.stamp().is_some() {
        ruling.warnings.push(STAYS.to_owned());
    }
    Changes { stamp, ..changes }
}

/// Told where a controller's pod brings a stamp that proves nothing
const TAKEN: &str = "the stamp of this pod was taken away";
/// Told to whoever writes a stamp where it is overwritten with their own
const OVERWRITTEN: &str = "annotation ramgate.io/requested-by is written by ramgate alone, it names you now";
/// Told to whoever writes to a workload without a stamp, for whose pods they have no right
const UNSTAMPED: &str = "nobody stands behind the pods of this workload yet, and you may not create such pods on ECI: they are \
                         denied until somebody who may writes to it";
/// Told to whoever writes a stamp where the one before stays
const STAYS: &str = "annotation ramgate.io/requested-by is written by ramgate alone, it stays as it was";

/// What mapping may touch
pub(crate) fn scope(bearer: &Bearer<'_>, new: &Side<'_>) -> Scope {
    match &bearer.old {
        // A template is mapped as a whole, since its pods are yet to be made
        Some(old) if bearer.place.is_whole() => Both {
            old: old.read(),
            new: new.read(),
        }
        .scope(),
        _ => Scope::ALL,
    }
}
