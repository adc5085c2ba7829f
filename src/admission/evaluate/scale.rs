//! Scaling a workload up: no template changes, but more of its pods are asked for.

use crate::admission::evaluate::{Case, call};
use crate::admission::outcome::evaluation::Evaluation;
use crate::admission::outcome::finding::Finding;
use crate::admission::outcome::verb::Verb;
use crate::admission::routing::route::Route;
use crate::kubernetes::field_path::FieldPath;
use crate::kubernetes::pod_template::PodTemplate;
use crate::kubernetes::workload::Workload;

impl Case<'_> {
    /// A request to the subresource, which only names the workload
    pub(crate) fn scale(&self, workload: Workload) -> Evaluation {
        if !self.asks_for_more() {
            return Evaluation::default();
        }
        let path = FieldPath::of(workload.template().iter().copied());
        let template = self
            .review
            .workload()
            .and_then(|json| path.find(json).ok().flatten())
            .map(PodTemplate::template);
        match template {
            Some(Ok(template)) => self.grown(&template),
            Some(Err(_)) | None => unknown(),
        }
    }

    /// Whether it is to be asked who wants more pods; an autoscaler acts for nobody, and its pods are judged for whom the
    /// template names
    pub(crate) fn asks_for_more(&self) -> bool {
        self.configuration.cluster.judge_scale && self.review.grows() && !self.asks_for_control_plane()
    }

    /// More pods of a template, asked for by the requester
    pub(crate) fn grown(&self, template: &PodTemplate<'_>) -> Evaluation {
        let Some(namespace) = self.namespace() else {
            return unknown();
        };
        let profile = self.profile();
        let pod = profile.decorated(template.read(), &namespace, false);
        let mut evaluation = self.routed(self.route(&pod, &namespace), Verb::Scale);
        if !matches!(evaluation.route, Some(Route::Certain(_))) {
            return evaluation;
        }
        let pod = profile.decorated(template.read(), &namespace, true);
        if !evaluation.read(&pod) {
            return evaluation;
        }
        let call = call::create(&evaluation.fields, self.configuration, self.review.namespace());
        self.judge(&mut evaluation, &call, &namespace);
        evaluation
    }
}

fn unknown() -> Evaluation {
    Evaluation {
        verb: Some(Verb::Scale),
        findings: vec![Finding::UnknownWorkload],
        ..Evaluation::default()
    }
}
