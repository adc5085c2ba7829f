//! A stored pod that is changed.

use crate::admission::evaluate::EvaluationContext;
use crate::admission::evaluate::advise::advice;
use crate::admission::evaluate::pod_update::{PodUpdate, stored_fields};
use crate::admission::fields::reading::same_fields;
use crate::admission::outcome::evaluation::Evaluation;
use crate::admission::outcome::finding::Finding;
use crate::kubernetes::meta::Meta;
use crate::kubernetes::pod::Pod;
use crate::kubernetes::pod_spec::same_spec;
use crate::kubernetes::pod_template::PodTemplate;

impl EvaluationContext<'_> {
    pub(super) fn update_pod(
        &self,
        evaluation: Evaluation,
        old: &PodTemplate<'_>,
        pod: &Pod<'_>,
        new: &PodTemplate<'_>,
        namespace: &Meta,
    ) -> Evaluation {
        // A pod that only may reach ECI is evaluated when it is bound. But nobody sees again what is written into it
        // during the binding. A change of ECI's fields, or of the containers of a stored pod, is therefore evaluated now
        let is_seen_again = new.json() == old.json()
            || same_fields(old.read(), new.read()) && matches!(self.review.subresource(), "" | "status");
        if evaluation.is_tentative && is_seen_again {
            return evaluation;
        }
        let (stored, warnings) = stored_fields(old.read());
        let namespace_name = self.review.namespace();
        let update = PodUpdate {
            old: old.read(),
            new: pod,
            changes_spec: self.review.subresource() != "status" && !same_spec(old.json(), new.json()),
        };
        let (calls, refusals) = update.calls(&stored, &evaluation.fields, self.configuration, namespace_name);
        let evaluation = Evaluation {
            is_tentative: false,
            ..evaluation
        }
        .with_warnings(warnings)
        .with_findings(refusals.into_iter().map(Finding::Refused));
        let evaluation = calls.iter().fold(evaluation, |evaluation, call| {
            self.evaluate_call(evaluation, call, namespace)
        });
        let advice = advice(self, &evaluation, pod, Some((update, &stored)), namespace);
        Evaluation { advice, ..evaluation }
    }
}
