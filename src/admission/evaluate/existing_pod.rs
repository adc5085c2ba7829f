//! A call about a pod that exists, for requests that end it or connect to it.

use crate::admission::evaluate::pod_update::stored_fields;
use crate::admission::evaluate::{EvaluationContext, call};
use crate::admission::outcome::evaluation::Evaluation;
use crate::admission::outcome::finding::Finding;
use crate::admission::outcome::verb::Verb;
use crate::admission::routing::route::Route;
use crate::kubernetes::pod::Pod;
use eci_calls::Operation;

impl EvaluationContext<'_> {
    /// A call about the pod that the review names without carrying it
    pub(super) fn named_pod(&self, verb: Verb, operation: Operation) -> Evaluation {
        match self.review.pod().map(Pod::parse) {
            Some(Ok(pod)) => self.existing_pod(&pod, verb, operation),
            Some(Err(_)) | None => Evaluation::of_finding(verb, Finding::UnknownPod),
        }
    }

    /// A call about a pod by its id
    pub(super) fn existing_pod(&self, pod: &Pod<'_>, verb: Verb, operation: Operation) -> Evaluation {
        let Some(namespace) = self.namespace() else {
            return self.namespace_missing(pod, verb);
        };
        let evaluation = self.new_evaluation(self.route(pod, &namespace), verb);
        if !matches!(evaluation.route, Some(Route::Certain(_))) {
            return evaluation;
        }
        let (fields, warnings) = stored_fields(pod);
        let call = call::by_id(operation, &fields, self.configuration, self.review.namespace());
        let evaluation = Evaluation { fields, ..evaluation }.with_warnings(warnings);
        self.evaluate_call(evaluation, &call, &namespace)
    }
}
