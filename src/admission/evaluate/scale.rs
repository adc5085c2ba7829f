//! A workload that is scaled up: its template stays, but the requester asks for more of its pods.

use crate::admission::evaluate::{EvaluationContext, call};
use crate::admission::fields::reading::Fields;
use crate::admission::outcome::evaluation::Evaluation;
use crate::admission::outcome::finding::Finding;
use crate::admission::outcome::verb::Verb;
use crate::admission::routing::route::Route;
use crate::kubernetes::field_path::FieldPath;
use crate::kubernetes::pod_template::PodTemplate;
use crate::kubernetes::workload::Workload;

impl EvaluationContext<'_> {
    /// A request to subresource `scale`, which only names the workload
    pub(super) fn scale(&self, workload: Workload) -> Option<Evaluation> {
        if !self.asks_for_more() {
            return None;
        }
        let path = FieldPath::of(workload.template().iter().copied());
        let template = self
            .review
            .workload()
            .and_then(|json| path.find(json).ok().flatten())
            .map(PodTemplate::template);
        Some(match template {
            Some(Ok(template)) => self.scale_up(&template),
            Some(Err(_)) | None => unknown(),
        })
    }

    /// Whether the request asks for more pods and its requester must be allowed to
    ///
    /// An autoscaler acts for nobody. Its pods are evaluated for the user in the template's stamp.
    pub(super) fn asks_for_more(&self) -> bool {
        self.configuration.cluster.judge_scale && self.review.grows() && !self.is_from_control_plane()
    }

    /// More pods of a template, for the requester
    pub(super) fn scale_up(&self, template: &PodTemplate<'_>) -> Evaluation {
        let Some(namespace) = self.namespace() else {
            return unknown();
        };
        let profile = self.profile();
        let pod = profile.decorated(template.read(), &namespace, false);
        let evaluation = self.new_evaluation(self.route(&pod, &namespace), Verb::Scale);
        if !matches!(evaluation.route, Some(Route::Certain(_))) {
            return evaluation;
        }
        let pod = profile.decorated(template.read(), &namespace, true);
        let fields = match Fields::read(&pod) {
            Ok(fields) => fields,
            Err(malformed) => return evaluation.with_malformed(malformed),
        };
        let call = call::create(&fields, self.configuration, self.review.namespace());
        self.evaluate_call(Evaluation { fields, ..evaluation }, &call, &namespace)
    }
}

fn unknown() -> Evaluation {
    Evaluation::of_finding(Verb::Scale, Finding::UnknownWorkload)
}
