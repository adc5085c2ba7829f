//! Asking RAM: for the requester or whom the stamp names, and for every boundary of the namespace.

use super::Case;
use crate::admission::cluster::Meta;
use crate::admission::finding::Finding;
use crate::admission::ruling::{Asked, Ruling};
use crate::directory::Configuration;
use eci_calls::{self, Call, Failure};
use ram_policy::Principal;

impl Case<'_> {
    /// Asks for whom the ruling is about, and for every boundary of the namespace
    pub(super) fn judge(&self, ruling: &mut Ruling, call: &Call, namespace: &Meta) {
        ruling.operation = Some(call.operation);
        let Some(requester) = ruling.principal.clone() else {
            ruling.findings.push(Finding::Unbound);
            return;
        };
        for principal in self.principals(&requester, namespace) {
            self.ask(ruling, call, &principal, principal != requester);
        }
    }

    /// Everybody who must be allowed: the requester, and the boundaries of the namespace
    pub(in crate::admission) fn principals(&self, requester: &Principal, namespace: &Meta) -> Vec<Principal> {
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

    fn ask(&self, ruling: &mut Ruling, call: &Call, principal: &Principal, boundary: bool) {
        let Configuration {
            policies, account, ..
        } = self.configuration;
        let evaluation = eci_calls::evaluate(policies, account, principal, call, self.now);
        ruling.allowed.extend(evaluation.allowed);
        ruling.asked.push(Asked {
            principal: principal.clone(),
            boundary,
            questions: evaluation.questions,
        });
        for failure in evaluation.failures {
            let finding = match failure {
                Failure::Refused(refusal) => Finding::Refused(refusal),
                Failure::Denied(denial) => Finding::Denied {
                    denial,
                    principal: principal.clone(),
                    boundary,
                },
            };
            // ECI refuses the same for everybody
            if !ruling.findings.contains(&finding) {
                ruling.findings.push(finding);
            }
        }
    }
}
