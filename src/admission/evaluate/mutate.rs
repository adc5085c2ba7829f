//! The mutating webhook on a pod or pod template: it maps annotations and writes the stamp.

use crate::admission::attribution::{Attribution, Delegation, attribution, is_same, own_claims, restamp};
use crate::admission::evaluate::pod_update::PodUpdate;
use crate::admission::evaluate::{EvaluationContext, call, verb};
use crate::admission::fields::changes::{Change, Changes, is_over_limit};
use crate::admission::fields::mapping::Scope;
use crate::admission::fields::patch::Patch;
use crate::admission::outcome::evaluation::Evaluation;
use crate::admission::outcome::mode::Mode;
use crate::admission::outcome::stamp_fault::StampFault;
use crate::admission::outcome::warning::Warning;
use crate::kubernetes::meta::Meta;
use crate::kubernetes::pod_template::PodTemplate;
use crate::kubernetes::reviewed_template::ReviewedTemplate;

impl EvaluationContext<'_> {
    /// The evaluation with the patch for a pod or template
    ///
    /// In every case the stamp that is stored afterwards is the stamp from before, a new one of the requester, the one
    /// that a controller copies, or none.
    pub(super) fn mutate_template(&self, reviewed: &ReviewedTemplate<'_>) -> Option<Evaluation> {
        let new = reviewed.new.as_ref()?;
        let settings = &self.configuration.cluster;
        let attribution = attribution(self.review, reviewed, settings, self.cluster);
        Some(match (attribution, self.namespace()) {
            (Attribution::KeepsStamp, _) => self.restore_old_stamp(reviewed, new),
            // A controller compares what it made with its source. Mapping a copied template, or removing its stamp, would
            // be a change that it tries to undo for ever
            (Attribution::Delegated(_), _) if !reviewed.path.is_whole() => return None,
            (Attribution::Delegated(delegation), namespace) => {
                self.delegated(reviewed, new, &delegation, namespace.as_deref())
            }
            // Without the namespace's labels ramgate can only make sure that the request adds no stamp
            (_, None) => self.restore_old_stamp(reviewed, new),
            (Attribution::RequesterKeepsStamp, Some(namespace)) => {
                return self.map_and_keep_stamp(reviewed, new, &namespace);
            }
            (Attribution::Requester, Some(namespace)) => self.stamped(reviewed, new, &namespace),
            (Attribution::LateStamp, Some(namespace)) => self.stamped_late(reviewed, new, &namespace),
        })
    }

    /// A controller's pod: mapped. In modes warn and audit an invalid stamp is removed
    fn delegated(
        &self,
        reviewed: &ReviewedTemplate<'_>,
        new: &PodTemplate<'_>,
        delegation: &Delegation,
        namespace: Option<&Meta>,
    ) -> Evaluation {
        let (evaluation, changes) = match namespace {
            Some(namespace) => self.map_template(reviewed, new, namespace),
            None => (Evaluation::default(), Changes::default()),
        };
        let fault = || self.delegated_claims(reviewed, new, delegation).err();
        // In mode enforce the validating webhook denies such a stamp
        let fault = (self.mode != Mode::Enforce).then(fault).flatten();
        let removed = fault.filter(StampFault::is_forged);
        let stamp = removed.as_ref().and_then(|_| restamp(new, None));
        let evaluation = evaluation.with_warnings(removed.map(Warning::StampRemoved));
        self.with_patch(evaluation, Changes { stamp, ..changes }, reviewed, new)
    }

    /// Mapped, with the stamp from before
    fn map_and_keep_stamp(
        &self,
        reviewed: &ReviewedTemplate<'_>,
        new: &PodTemplate<'_>,
        namespace: &Meta,
    ) -> Option<Evaluation> {
        if !matches!(self.review.subresource(), "" | "status") {
            // The API server stores only the spec of such a request
            return None;
        }
        let (evaluation, changes) = self.map_template(reviewed, new, namespace);
        Some(self.with_old_stamp(evaluation, changes, reviewed, new))
    }

    /// Mapped, with the requester's stamp; if the object after mapping equals the stored one, with the stamp from before
    fn stamped(
        &self,
        reviewed: &ReviewedTemplate<'_>,
        new: &PodTemplate<'_>,
        namespace: &Meta,
    ) -> Evaluation {
        let (evaluation, changes) = self.map_template(reviewed, new, namespace);
        let old_stamp = reviewed.old.as_ref().and_then(PodTemplate::stamp);
        // An object that cannot lead to ECI needs no stamp. A stamp in it must not stay, since it could become valid later. A
        // controller adopts a revision unseen, so a revision always gets its author's stamp
        let needs_stamp = evaluation.leads_to_eci()
            || new.stamp().is_some()
            || old_stamp.is_some()
            || self.is_revision()
            || self.names_spawner(new);
        let is_unchanged =
            reviewed.old.is_some() && !changes.is_empty() && is_same(self.review, reviewed, &changes);
        let signed = self.cluster.signer().zip(self.author());
        // What cannot be read or mapped is denied in mode enforce, and left out in the other modes
        let is_impossible = if self.mode == Mode::Enforce {
            !evaluation.findings.is_empty()
        } else {
            is_over_limit(new.read().metadata.annotations.as_ref())
        };
        let Some((signer, author)) = signed.filter(|_| !is_impossible && needs_stamp && !is_unchanged) else {
            return self.with_old_stamp(evaluation, changes, reviewed, new);
        };
        let owned = self.owned(reviewed);
        let claims = own_claims(self.review, new, &owned, &changes, author, &signer);
        let Some(stamp) = signer.sign(&claims) else {
            // The validating webhook says so
            return self.with_old_stamp(evaluation, changes, reviewed, new);
        };
        let was_written = new
            .stamp()
            .is_some_and(|found| found != stamp && Some(found) != old_stamp);
        let changes = Changes {
            stamp: (new.stamp() != Some(&stamp)).then_some(Change::Set(stamp)),
            ..changes
        };
        let evaluation = evaluation.with_warnings(was_written.then_some(Warning::StampOverwritten));
        self.with_patch(evaluation, changes, reviewed, new)
    }

    /// With the requester's stamp if they may create such pods; otherwise the stamp stays unchanged and they get a warning
    fn stamped_late(
        &self,
        reviewed: &ReviewedTemplate<'_>,
        new: &PodTemplate<'_>,
        namespace: &Meta,
    ) -> Evaluation {
        let stamped = self.stamped(reviewed, new, namespace);
        if !stamped.leads_to_eci() && self.names_spawner(new) && self.review.asks_for_stamp() {
            // RAM is not asked about it: the stamp only says who asked for what its pods will make
            return stamped;
        }
        if stamped.patch.is_empty() || !stamped.leads_to_eci() {
            return self.restore_old_stamp(reviewed, new);
        }
        let call = call::create(&stamped.fields, self.configuration, self.review.namespace());
        let requester = Evaluation {
            principal: stamped.principal.clone(),
            ..Evaluation::default()
        };
        let evaluated = self.evaluate_call(requester, &call, namespace);
        if evaluated.findings.is_empty() && stamped.findings.is_empty() {
            stamped
        } else {
            self.restore_old_stamp(reviewed, new)
                .with_warnings([Warning::Unstamped])
        }
    }

    /// The evaluation with the fields after mapping, and the changes that mapping makes
    ///
    /// A finding is about what cannot be read or mapped. Mode enforce then changes nothing, since it denies the request;
    /// the other modes leave out what cannot be done.
    fn map_template(
        &self,
        reviewed: &ReviewedTemplate<'_>,
        new: &PodTemplate<'_>,
        namespace: &Meta,
    ) -> (Evaluation, Changes) {
        let profile = self.profile();
        let pod = self.decorated(reviewed, new, namespace, &profile);
        let route = self.route_of_update(&pod, reviewed.old.as_ref(), namespace);
        let evaluation = self.new_evaluation(route, verb(reviewed));
        if !evaluation.leads_to_eci() {
            return (evaluation, Changes::default());
        }
        let (mapped, findings) = self.read_and_map(&pod, namespace, scope(reviewed, new));
        let evaluation = evaluation.with_findings(findings);
        if !evaluation.findings.is_empty() && self.mode == Mode::Enforce {
            return (evaluation, Changes::default());
        }
        let overruled = mapped.overruled.into_iter().map(Warning::Overruled);
        let fields = mapped.fields;
        let evaluation = Evaluation { fields, ..evaluation }.with_warnings(overruled);
        (evaluation, mapped.changes)
    }
}

impl EvaluationContext<'_> {
    fn with_patch(
        &self,
        evaluation: Evaluation,
        changes: Changes,
        reviewed: &ReviewedTemplate<'_>,
        new: &PodTemplate<'_>,
    ) -> Evaluation {
        let annotations = new.read().metadata.annotations.as_ref();
        // The API server would refuse the whole object, which modes that deny nothing must not bring about
        let changes = if self.mode != Mode::Enforce && changes.exceed_limit(annotations) {
            let is_old = new.stamp() == reviewed.old.as_ref().and_then(PodTemplate::stamp);
            Changes {
                stamp: restamp(new, None).filter(|_| !is_old),
                ..Changes::default()
            }
        } else {
            changes
        };
        Evaluation {
            patch: Patch::new(&changes, &reviewed.path, new),
            ..evaluation
        }
    }

    /// With these changes, and the stamp from before the request
    fn with_old_stamp(
        &self,
        evaluation: Evaluation,
        changes: Changes,
        reviewed: &ReviewedTemplate<'_>,
        new: &PodTemplate<'_>,
    ) -> Evaluation {
        let stamp = restamp(new, reviewed.old.as_ref().and_then(PodTemplate::stamp));
        let was_written = stamp.is_some() && new.stamp().is_some();
        let evaluation = evaluation.with_warnings(was_written.then_some(Warning::StampRestored));
        self.with_patch(evaluation, Changes { stamp, ..changes }, reviewed, new)
    }

    /// The stamp from before, even if the request changed it
    fn restore_old_stamp(&self, reviewed: &ReviewedTemplate<'_>, new: &PodTemplate<'_>) -> Evaluation {
        self.with_old_stamp(Evaluation::default(), Changes::default(), reviewed, new)
    }
}

/// The fields that mapping may touch
pub(super) fn scope(reviewed: &ReviewedTemplate<'_>, new: &PodTemplate<'_>) -> Scope {
    match &reviewed.old {
        // A template is mapped as a whole, since its pods are not created yet
        Some(old) if reviewed.path.is_whole() => PodUpdate {
            old: old.read(),
            new: new.read(),
            changes_spec: false,
        }
        .scope(),
        _ => Scope::ALL,
    }
}
