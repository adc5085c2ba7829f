//! Looks for an exception that covers everything against a request.

use std::sync::Arc;

use crate::admission::evaluate::EvaluationContext;
use crate::admission::outcome::evaluation::Evaluation;
use crate::admission::outcome::finding::Finding;
use crate::admission::outcome::stamp_fault::StampFault;
use crate::config::{Exception, ExcusedCode};
use eci_calls::Denial;
use ram_policy::{Excuse, Principal, StatementId};

/// The service whose actions an exception excuses if it names none: what a role allows is another matter
const ECI_ACTIONS: &str = "eci:";

impl EvaluationContext<'_> {
    /// The evaluation with the exception that covers all its findings, the one that ends last if several do
    ///
    /// One exception covers all findings or none does, so that two together let nothing pass that neither does alone.
    pub(super) fn with_exception(&self, evaluation: Evaluation) -> Evaluation {
        if evaluation.findings.is_empty() || evaluation.is_denied_besides {
            return evaluation;
        }
        let exceptions = self.configuration.exceptions.iter();
        let covering = exceptions.filter(|exception| self.covers(exception, &evaluation));
        let exception = covering.max_by_key(|exception| exception.until).map(Arc::clone);
        Evaluation {
            exception,
            ..evaluation
        }
    }

    fn covers(&self, exception: &Exception, evaluation: &Evaluation) -> bool {
        let namespace = self.review.namespace();
        let is_here = exception.namespaces.iter().any(|name| name == namespace);
        let covers = |finding| self.covers_finding(exception, evaluation, finding);
        is_here && exception.holds(self.now) && evaluation.findings.iter().all(covers)
    }

    fn covers_finding(&self, exception: &Exception, evaluation: &Evaluation, finding: &Finding) -> bool {
        let has_code = |code| exception.codes.contains(&code);
        let person = evaluation.stamped.as_deref().unwrap_or(self.review.user());
        let is_person = exception.users.iter().any(|user| user == person);
        match finding {
            Finding::Unbound => has_code(ExcusedCode::UnboundIdentity) && is_person && !self.has_boundary(),
            Finding::UnlistedController { .. } => {
                has_code(ExcusedCode::UnlistedController) && is_person && !self.has_boundary()
            }
            Finding::Stamp(StampFault::ContainersDiffer(_)) => {
                let principal = evaluation.principal.as_ref();
                let is_principal = principal.is_some_and(|one| exception.principals.contains(one));
                has_code(ExcusedCode::UnlikeStamp) && (is_person || is_principal)
            }
            Finding::Denied {
                denial,
                principal,
                is_boundary,
            } => {
                // A boundary is a principal of its own, whom the name of a person does not cover
                let is_own = !is_boundary && evaluation.principal.as_ref() == Some(principal);
                let is_covered = exception.principals.contains(principal) || is_own && is_person;
                is_covered && self.covers_denial(exception, denial, principal)
            }
            _ => false,
        }
    }

    /// Whether RAM has nothing against the question but what the exception names, in any layer
    fn covers_denial(&self, exception: &Exception, denial: &Denial, principal: &Principal) -> bool {
        let action = denial.question.action;
        let is_action = match exception.actions.is_empty() {
            true => action.starts_with(ECI_ACTIONS),
            false => exception.actions.iter().any(|one| one == action),
        };
        let has_code = |code| exception.codes.contains(&code);
        let denies: &[StatementId] = match has_code(ExcusedCode::ExplicitDeny) {
            true => &exception.statements,
            false => &[],
        };
        let excuse = Excuse {
            denies,
            lack: has_code(ExcusedCode::ImplicitDeny),
        };
        let policies = &self.configuration.policies;
        is_action && denial.question.is_excused(policies, principal, excuse)
    }

    /// Whether the namespace has a boundary, whom nobody asks about a requester without a principal
    fn has_boundary(&self) -> bool {
        let mut boundaries = self.configuration.boundaries.iter();
        self.namespace()
            .is_none_or(|namespace| boundaries.any(|boundary| boundary.namespaces.matches(&namespace.labels)))
    }
}
