//! Asking RAM: for the requester or whom the stamp names, and for every boundary of the namespace.

use crate::admission::evaluate::Case;
use crate::admission::outcome::evaluation::{Evaluation, PrincipalQuestions};
use crate::admission::outcome::finding::Finding;
use crate::config::Configuration;
use crate::kubernetes::cluster::Meta;
use eci_calls::{self, Call, Failure};
use ram_policy::Principal;

impl Case<'_> {
    /// Asks for whom the ruling is about, and for every boundary of the namespace
    pub(crate) fn judge(&self, evaluation: &mut Evaluation, call: &Call, namespace: &Meta) {
        evaluation.operation = Some(call.operation);
        let Some(requester) = evaluation.principal.clone() else {
            evaluation.findings.push(Finding::Unbound);
            return;
        };
        for principal in self.principals(&requester, namespace) {
            self.ask(evaluation, call, &principal, principal != requester);
        }
    }

    /// Everybody who must be allowed: the requester, and the boundaries of the namespace
    pub(crate) fn principals(&self, requester: &Principal, namespace: &Meta) -> Vec<Principal> {
        let boundaries = self.configuration.boundaries.iter();
        // What belongs to no namespace is behind no boundary
        let is_somewhere = !self.review.namespace().is_empty();
        let here =
            boundaries.filter(|boundary| is_somewhere && boundary.namespaces.matches(&namespace.labels));
        let others = here.map(|boundary| boundary.principal.clone());
        std::iter::once(requester.clone())
            .chain(others.filter(|principal| principal != requester))
            .collect()
    }

    fn ask(&self, evaluation: &mut Evaluation, call: &Call, principal: &Principal, boundary: bool) {
        let Configuration {
            policies, account, ..
        } = self.configuration;
        let judged = eci_calls::evaluate(policies, account, principal, call, self.now);
        evaluation.allowed.extend(judged.allowed);
        evaluation.questions.push(PrincipalQuestions {
            principal: principal.clone(),
            boundary,
            questions: judged.questions,
        });
        for failure in judged.failures {
            let finding = match failure {
                Failure::Refused(refusal) => Finding::Refused(refusal),
                Failure::Denied(denial) => Finding::Denied {
                    denial,
                    principal: principal.clone(),
                    boundary,
                },
            };
            // ECI refuses the same for everybody
            if !evaluation.findings.contains(&finding) {
                evaluation.findings.push(finding);
            }
        }
    }
}
