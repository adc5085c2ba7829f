//! The mutating half: maps and stamps a pod or template.

use crate::admission::attribution::{Attribution, Delegation, attribution, is_same, own_claims, restamp};
use crate::admission::evaluate::pod_update::Both;
use crate::admission::evaluate::{Case, call, verb};
use crate::admission::fields::changes::{Change, Changes};
use crate::admission::fields::mapping::Scope;
use crate::admission::fields::patch::Patch;
use crate::admission::outcome::evaluation::Evaluation;
use crate::admission::outcome::mode::Mode;
use crate::kubernetes::cluster::Meta;
use crate::kubernetes::pod_template::{PodTemplate, ReviewedTemplate};

impl Case<'_> {
    /// What a pod or template shall become
    ///
    /// Whatever way this takes, the stamp that is stored afterwards is the one that was stored before, a new one of the
    /// requester, the one that a controller copies, or none.
    pub(crate) fn mutate_template(&self, reviewed: &ReviewedTemplate<'_>) -> Evaluation {
        let Some(new) = &reviewed.new else {
            return Evaluation::default();
        };
        let settings = &self.configuration.cluster;
        match (
            attribution(self.review, reviewed, settings, self.cluster),
            self.namespace(),
        ) {
            (Attribution::KeepsStamp, _) => self.kept(reviewed, new),
            (Attribution::Delegated(_), _) if !reviewed.path.is_whole() => {
                // A controller compares what it made with what it made it of: a template that is mapped or loses its stamp
                // would be a change to it, which it would try to undo for ever
                Evaluation::default()
            }
            (Attribution::Delegated(delegation), namespace) => {
                self.carried(reviewed, new, &delegation, namespace.as_deref())
            }
            // Nothing can be said of it yet but that it brings no stamp
            (_, None) => self.kept(reviewed, new),
            (Attribution::RequesterKeepsStamp, Some(namespace)) => self.beside(reviewed, new, &namespace),
            (Attribution::Requester, Some(namespace)) => self.stamped(reviewed, new, &namespace),
            (Attribution::LateStamp, Some(namespace)) => self.stamped_late(reviewed, new, &namespace),
        }
    }

    /// The stamp as it was, whatever the request makes of it
    fn kept(&self, reviewed: &ReviewedTemplate<'_>, new: &PodTemplate<'_>) -> Evaluation {
        let mut evaluation = Evaluation::default();
        let changes = stays(&mut evaluation, reviewed, new, Changes::default());
        evaluation.patch = Patch::new(&changes, &reviewed.path, new);
        evaluation
    }

    /// A controller's pod: mapped, and without a stamp that proves nothing where nobody is denied for it
    fn carried(
        &self,
        reviewed: &ReviewedTemplate<'_>,
        new: &PodTemplate<'_>,
        delegation: &Delegation,
        namespace: Option<&Meta>,
    ) -> Evaluation {
        let (mut evaluation, mut changes) = match namespace {
            Some(namespace) => self.mapped_template(reviewed, new, namespace, scope(reviewed, new)),
            None => (Evaluation::default(), Changes::default()),
        };
        // Where it is denied, the validating half says so
        if self.mode != Mode::Enforce
            && let Err(fault) = self.attribution(reviewed, new, delegation)
            && fault.is_forged()
        {
            changes.stamp = restamp(new, None);
            evaluation
                .warnings
                .push(format!("{TAKEN}: {}", fault.explanation(self.review.namespace())));
        }
        evaluation.patch = Patch::new(&changes, &reviewed.path, new);
        evaluation
    }

    /// Mapped, and the stamp as it was
    fn beside(&self, reviewed: &ReviewedTemplate<'_>, new: &PodTemplate<'_>, namespace: &Meta) -> Evaluation {
        if !matches!(self.review.subresource(), "" | "status") {
            // Nothing but the spec is stored
            return Evaluation::default();
        }
        let scope = scope(reviewed, new);
        let (mut evaluation, changes) = self.mapped_template(reviewed, new, namespace, scope);
        let changes = stays(&mut evaluation, reviewed, new, changes);
        evaluation.patch = Patch::new(&changes, &reviewed.path, new);
        evaluation
    }

    /// Mapped, and the requester's stamp, unless mapping leaves nothing changed
    fn stamped(
        &self,
        reviewed: &ReviewedTemplate<'_>,
        new: &PodTemplate<'_>,
        namespace: &Meta,
    ) -> Evaluation {
        let scope = scope(reviewed, new);
        let (mut evaluation, mut changes) = self.mapped_template(reviewed, new, namespace, scope);
        let old_stamp = reviewed.old.as_ref().and_then(PodTemplate::stamp);
        // What cannot lead to ECI needs no stamp; one that is there may not stay, for it could come to count later. A
        // revision is taken up unseen, so that it bears its author's in any case
        let is_ours =
            evaluation.leads_to_eci() || new.stamp().is_some() || old_stamp.is_some() || self.is_revision();
        let is_unchanged =
            reviewed.old.is_some() && !changes.is_empty() && is_same(self.review, reviewed, &changes);
        let signer = self.cluster.signer();
        match signer.filter(|_| evaluation.findings.is_empty() && is_ours && !is_unchanged) {
            Some(signer) => {
                let owned = self.owned(reviewed);
                let claims = own_claims(self.review, new, &owned, &changes, self.configuration, &signer);
                let stamp = signer.sign(&claims);
                let was_written = new
                    .stamp()
                    .is_some_and(|found| found != stamp && Some(found) != old_stamp);
                if was_written {
                    evaluation.warnings.push(OVERWRITTEN.to_owned());
                }
                changes.stamp = (new.stamp() != Some(&stamp)).then_some(Change::Set(stamp));
            }
            None => changes = stays(&mut evaluation, reviewed, new, changes),
        }
        evaluation.patch = Patch::new(&changes, &reviewed.path, new);
        evaluation
    }

    /// The requester's stamp, if they may have such pods; else nothing is done to what they hardly meant to change
    fn stamped_late(
        &self,
        reviewed: &ReviewedTemplate<'_>,
        new: &PodTemplate<'_>,
        namespace: &Meta,
    ) -> Evaluation {
        let stamped = self.stamped(reviewed, new, namespace);
        if stamped.patch.is_empty() || !stamped.leads_to_eci() {
            return self.kept(reviewed, new);
        }
        let call = call::create(&stamped.fields, self.configuration, self.review.namespace());
        let mut asked = Evaluation {
            principal: stamped.principal.clone(),
            ..Evaluation::default()
        };
        self.judge(&mut asked, &call, namespace);
        if asked.findings.is_empty() && stamped.findings.is_empty() {
            return stamped;
        }
        let mut evaluation = self.kept(reviewed, new);
        evaluation.warnings.push(UNSTAMPED.to_owned());
        evaluation
    }

    /// A ruling with the fields after mapping, and what mapping changes
    fn mapped_template(
        &self,
        reviewed: &ReviewedTemplate<'_>,
        new: &PodTemplate<'_>,
        namespace: &Meta,
        scope: Scope,
    ) -> (Evaluation, Changes) {
        let profile = self.profile();
        let pod = self.decorated(reviewed, new, namespace, &profile);
        let route = self.route_both(&pod, reviewed.old.as_ref(), namespace);
        let mut evaluation = self.routed(route, verb(reviewed));
        let changes = match evaluation.leads_to_eci() {
            true => self.map_into(&mut evaluation, &pod, namespace, scope),
            false => Changes::default(),
        };
        (evaluation, changes)
    }
}

/// These changes, and the stamp as it was before the request
fn stays(
    evaluation: &mut Evaluation,
    reviewed: &ReviewedTemplate<'_>,
    new: &PodTemplate<'_>,
    changes: Changes,
) -> Changes {
    let stamp = restamp(new, reviewed.old.as_ref().and_then(PodTemplate::stamp));
    if stamp.is_some() && new.stamp().is_some() {
        evaluation.warnings.push(STAYS.to_owned());
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
pub(crate) fn scope(reviewed: &ReviewedTemplate<'_>, new: &PodTemplate<'_>) -> Scope {
    match &reviewed.old {
        // A template is mapped as a whole, since its pods are yet to be made
        Some(old) if reviewed.path.is_whole() => Both {
            old: old.read(),
            new: new.read(),
        }
        .scope(),
        _ => Scope::ALL,
    }
}
