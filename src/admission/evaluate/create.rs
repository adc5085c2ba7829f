//! A pod that is created, or a template of pods that are yet to be created.

use crate::admission::attribution::restart;
use crate::admission::evaluate::advise::advice;
use crate::admission::evaluate::{EvaluationContext, call};
use crate::admission::outcome::evaluation::Evaluation;
use crate::admission::outcome::finding::Finding;
use crate::admission::outcome::stamp_fault::StampFault;
use crate::config::preset_entry;
use crate::kubernetes::meta::Meta;
use crate::kubernetes::pod::Pod;

impl EvaluationContext<'_> {
    pub(super) fn create_pod(&self, evaluation: Evaluation, pod: &Pod<'_>, namespace: &Meta) -> Evaluation {
        let call = call::create(&evaluation.fields, self.configuration, self.review.namespace());
        let evaluation = Evaluation {
            operation: Some(call.operation),
            ..evaluation
        };
        if evaluation.findings.iter().any(Finding::leaves_no_principal) {
            return evaluation;
        }
        if evaluation.stamped.is_none() && self.is_from_control_plane() {
            let owner = self.review.owner().unwrap_or(&pod.metadata);
            return evaluation.with_stamp_fault([StampFault::Missing(restart(owner))]);
        }
        let evaluation = self.evaluate_call(evaluation, &call, namespace);
        let advice = advice(self, &evaluation, pod, None, namespace);
        self.with_controller_named(Evaluation { advice, ..evaluation }, pod)
    }

    /// The evaluation in which an unbound service account that claims to control the pod, or the workload around its
    /// template, is an unlisted controller
    fn with_controller_named(&self, evaluation: Evaluation, pod: &Pod<'_>) -> Evaluation {
        let is_service_account = self.review.user().starts_with("system:serviceaccount:");
        let controller = self.review.owner().unwrap_or(&pod.metadata).controller();
        let Some(owner) = controller.filter(|_| evaluation.stamped.is_none() && is_service_account) else {
            return evaluation;
        };
        let named = |finding| match finding {
            Finding::Unbound => Finding::UnlistedController {
                kind: owner.kind.to_string(),
                preset: preset_entry(owner.group(), &owner.kind, self.review.user()),
            },
            finding => finding,
        };
        Evaluation {
            findings: evaluation.findings.into_iter().map(named).collect(),
            ..evaluation
        }
    }
}
