//! Asks RAM about a call: for the requester, or the user of the stamp, and for every boundary of the namespace.

use crate::admission::evaluate::EvaluationContext;
use crate::admission::outcome::evaluation::{Evaluation, PrincipalQuestions};
use crate::admission::outcome::finding::Finding;
use crate::config::Configuration;
use crate::kubernetes::meta::Meta;
use eci_calls::{Call, Failure};
use ram_policy::Principal;

impl EvaluationContext<'_> {
    /// Adds RAM's decisions on a call: for the evaluation's principal, and for every boundary of the namespace
    pub(super) fn evaluate_call(&self, evaluation: Evaluation, call: &Call, namespace: &Meta) -> Evaluation {
        let evaluation = Evaluation {
            operation: Some(call.operation),
            ..evaluation
        };
        let Some(requester) = evaluation.principal.clone() else {
            return evaluation.with_findings([Finding::Unbound]);
        };
        self.principals(&requester, namespace)
            .iter()
            .fold(evaluation, |evaluation, principal| {
                self.evaluate_for(evaluation, call, principal, *principal != requester)
            })
    }

    /// Everybody who must be allowed: the requester, and the boundaries of the namespace
    pub(super) fn principals(&self, requester: &Principal, namespace: &Meta) -> Vec<Principal> {
        let boundaries = self.configuration.boundaries.iter();
        // An object outside of namespaces has no boundary
        let is_namespaced = !self.review.namespace().is_empty();
        let here =
            boundaries.filter(|boundary| is_namespaced && boundary.namespaces.matches(&namespace.labels));
        let others = here.map(|boundary| boundary.principal.clone());
        std::iter::once(requester.clone())
            .chain(others.filter(|principal| principal != requester))
            .collect()
    }

    fn evaluate_for(
        &self,
        evaluation: Evaluation,
        call: &Call,
        principal: &Principal,
        is_boundary: bool,
    ) -> Evaluation {
        let Configuration {
            policies, account, ..
        } = self.configuration;
        let answer = eci_calls::evaluate(policies, account, principal, call, self.now);
        let mut evaluation = evaluation;
        evaluation.allowed.extend(answer.allowed);
        evaluation.questions.push(PrincipalQuestions {
            principal: principal.clone(),
            is_boundary,
            questions: answer.questions,
        });
        for failure in answer.failures {
            let finding = match failure {
                Failure::Refused(refusal) => Finding::Refused(refusal),
                Failure::Denied(denial) => Finding::Denied {
                    denial,
                    principal: principal.clone(),
                    is_boundary,
                },
            };
            // ECI refuses the same call for everybody: once is enough
            if !evaluation.findings.contains(&finding) {
                evaluation.findings.push(finding);
            }
        }
        evaluation
    }
}
