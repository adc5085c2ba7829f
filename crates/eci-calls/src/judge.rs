//! The questions of a call, and their answers to one judgement.

use jiff::Timestamp;

use super::question::{Inquiry, Question, inquire};
use super::{Account, Allowed, Call, Denial, Failure, Judgement, Kind};
use ram_policy::{Decision, Outcome, PolicySet, Principal, Trace};

/// Judges a call: ECI's own rules, then everything that RAM is asked about it
pub fn judge(
    set: &PolicySet,
    account: &Account,
    principal: &Principal,
    call: &Call,
    now: Timestamp,
) -> Judgement {
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
    let is_query = call.operation.kind() == Kind::Query;
    Judgement::new(is_query, selects_nothing, failures, allowed, questions)
}

impl Question {
    /// RAM's answer to a caller
    pub fn decide(&self, set: &PolicySet, caller: &Principal) -> Decision {
        match self.service {
            None => set.decide(&self.request(caller)),
            Some(_) => set.decide_assume_role(&self.request(&self.principal(caller))),
        }
    }

    /// The same with every statement that was read
    pub fn explain(&self, set: &PolicySet, caller: &Principal) -> Trace {
        match self.service {
            None => set.explain(&self.request(caller)),
            Some(_) => set.explain_assume_role(&self.request(&self.principal(caller))),
        }
    }
}
