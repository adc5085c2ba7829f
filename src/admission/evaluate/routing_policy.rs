//! A change of a ResourcePolicy or Selector. Its author must be allowed to create the pods that it makes of others' pods.

use crate::admission::evaluate::{EvaluationContext, call};
use crate::admission::fields::reading::Fields;
use crate::admission::outcome::evaluation::Evaluation;
use crate::admission::outcome::finding::Finding;
use crate::admission::outcome::verb::Verb;
use crate::admission::outcome::warning::Warning;
use crate::admission::review::Operation;
use crate::kubernetes::routing_policy::PodRoute;

/// The number of routes that get a warning each
const MAX_WARNINGS: usize = 5;

impl EvaluationContext<'_> {
    pub(super) fn change_routing_policy(&self) -> Option<Evaluation> {
        if self.is_from_control_plane() {
            return None;
        }
        let (group, _) = self.review.group_resource();
        let evaluation = Evaluation {
            verb: Some(match self.review.operation() {
                Operation::Create => Verb::Create,
                Operation::Update | Operation::Delete | Operation::Connect => Verb::Update,
            }),
            principal: self.requester(),
            ..Evaluation::default()
        };
        let read =
            |json: Option<&str>| json.map_or_else(|| Ok(Vec::new()), |json| PodRoute::all(group, json));
        let new = match read(self.review.object()) {
            Ok(new) => new,
            Err(problem) => return Some(evaluation.with_findings([Finding::Profile(problem)])),
        };
        // An old object that cannot be read had no effect
        let old = read(self.review.old_object()).unwrap_or_default();
        let changed: Vec<&PodRoute> = new.iter().filter(|route| !old.contains(route)).collect();
        if changed.is_empty() {
            return None;
        }
        let warnings = changed.iter().take(MAX_WARNINGS);
        let warnings = warnings.map(|route| Warning::PodRoute((*route).clone()));
        let evaluation = evaluation.with_warnings(warnings);
        let evaluate = |evaluation, route: &&PodRoute| self.evaluate_route(evaluation, route);
        Some(changed.iter().fold(evaluation, evaluate))
    }

    /// Adds the answers about a pod with the values that a route writes
    fn evaluate_route(&self, evaluation: Evaluation, route: &PodRoute) -> Evaluation {
        let fields = match Fields::from_texts(&route.texts()) {
            Ok(fields) => fields,
            Err(malformed) => {
                let findings = malformed.iter().map(|one| Finding::Profile(one.to_string()));
                return evaluation.with_findings(findings);
            }
        };
        let call = call::create(&fields, self.configuration, self.review.namespace());
        // A Selector may belong to no namespace
        let is_namespaced = !self.review.namespace().is_empty();
        let namespace = match self.namespace() {
            None if is_namespaced => return evaluation.with_findings([Finding::UnknownNamespace]),
            namespace => namespace.unwrap_or_default(),
        };
        self.evaluate_call(Evaluation { fields, ..evaluation }, &call, &namespace)
    }
}
