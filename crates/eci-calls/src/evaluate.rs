//! Whether a caller may make a call: ECI's own rules, and RAM's answers together.

use jiff::Timestamp;

use crate::account::Account;
use crate::call::Call;
use crate::evaluation::{Allowed, CallEvaluation, Denial, Failure};
use crate::inquiry::{Inquiry, inquire};
use crate::operation::OperationKind;
use ram_policy::{Outcome, PolicySet, Principal};

/// Evaluates a call by ECI's own rules, then by everything that RAM is asked about it
pub fn evaluate(
    set: &PolicySet,
    account: &Account,
    principal: &Principal,
    call: &Call,
    now: Timestamp,
) -> CallEvaluation {
    let Inquiry {
        refusals,
        questions,
        selects_nothing,
    } = inquire(set, account, principal, call, now);
    let mut failures: Vec<Failure> = refusals.into_iter().map(Failure::Refused).collect();
    let mut allowed = Vec::new();
    for question in &questions {
        let decision = question.decide(set, principal);
        match decision.outcome {
            Outcome::Allow => allowed.push(Allowed {
                action: question.action,
                policy_type: decision.policy_type,
                statement: decision.statement().cloned(),
            }),
            Outcome::ImplicitDeny | Outcome::ExplicitDeny => failures.push(Failure::Denied(Denial {
                question: question.clone(),
                decision,
            })),
        }
    }
    let is_query = call.operation.kind() == OperationKind::Query;
    CallEvaluation::new(is_query, selects_nothing, failures, allowed, questions)
}
