//! Evaluates a call: ECI's own rules first, then RAM's decision on every question.

use jiff::Timestamp;

use crate::account::Account;
use crate::call::Call;
use crate::evaluation::{Allowed, CallEvaluation, Denial};
use crate::inquiry::inquire;
use ram_policy::{Outcome, PolicySet, Principal};

/// Evaluates a call by ECI's own rules and by RAM's decision on every question that it asks.
///
/// ```
/// use eci_calls::{Account, Call, CallOutcome, Failure, Operation, evaluate};
/// use ram_policy::{Definition, Grant, PolicySet, Principal, UserDefinition};
///
/// let grants = vec![Grant::for_account("AliyunECIReadOnlyAccess")];
/// let bob = UserDefinition { name: "bob".into(), grants, ..Default::default() };
/// let set = PolicySet::compile(Definition { users: vec![bob], ..Default::default() }).unwrap();
/// let (account, bob) = (Account::default(), Principal::User("bob".into()));
///
/// let call = Call::new(Operation::DeleteContainerGroup);
/// let evaluation = evaluate(&set, &account, &bob, &call, jiff::Timestamp::UNIX_EPOCH);
/// assert_eq!(evaluation.outcome, CallOutcome::ImplicitDeny);
/// let Failure::Denied(denial) = &evaluation.failures[0] else { unreachable!() };
/// assert_eq!(denial.question.action, "eci:DeleteContainerGroup");
/// ```
pub fn evaluate(
    set: &PolicySet,
    account: &Account,
    principal: &Principal,
    call: &Call,
    now: Timestamp,
) -> CallEvaluation {
    let inquiry = inquire(set, account, principal, call, now);
    let mut denials = Vec::new();
    let mut allowed = Vec::new();
    for question in &inquiry.questions {
        let decision = question.decide(set, principal);
        match decision.outcome {
            Outcome::Allow => allowed.push(Allowed {
                action: question.action,
                policy_type: decision.policy_type,
                statement: decision.statement().cloned(),
            }),
            Outcome::ImplicitDeny | Outcome::ExplicitDeny => denials.push(Denial {
                question: question.clone(),
                decision,
            }),
        }
    }
    CallEvaluation::new(call.operation.kind(), inquiry, denials, allowed)
}
