//! The evaluation of a call: allowed, denied by RAM, refused by ECI, or a query with an empty result.

use std::fmt;

use crate::inquiry::Inquiry;
use crate::operation::OperationKind;
use crate::ram_question::Question;
use crate::refusal::Refusal;
use ram_policy::{Decision, MetCondition, Outcome, PolicySet, PolicyType, Principal, StatementId};

/// The outcome of a call; prints as its variant's name
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallOutcome {
    /// RAM allows all questions
    Allow,
    /// No statement allows one of the questions
    ImplicitDeny,
    /// A statement denies one of the questions
    ExplicitDeny,
    /// A query that RAM denies or that selects nothing, so that ECI returns an empty result
    Empty,
    /// ECI refuses the call by its own rules, whatever RAM decides
    Refused,
}

/// The outcome of a call, with its reasons
#[derive(Clone, Debug)]
pub struct CallEvaluation {
    /// The outcome
    pub outcome: CallOutcome,
    /// All reasons why the call fails, the most important first
    pub failures: Vec<Failure>,
    /// The questions that RAM allows, in order
    pub allowed: Vec<Allowed>,
    /// All questions, in order
    pub questions: Vec<Question>,
}

/// A question that RAM allows
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// The action of the question
    pub action: &'static str,
    /// The layer that allows it
    pub policy_type: PolicyType,
    /// The statement that allows it; `None` for the account itself
    pub statement: Option<StatementId>,
}

/// A reason why a call fails
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// ECI refuses it
    Refused(Refusal),
    /// RAM denies one of its questions
    Denied(Denial),
}

/// A question that RAM denies
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// The question
    pub question: Question,
    /// RAM's decision
    pub decision: Decision,
}

impl Denial {
    /// The conditions of the statement that denies, with the values that they found; empty for an implicit deny
    pub fn met_conditions(&self, set: &PolicySet, caller: &Principal) -> Vec<MetCondition> {
        let Some(statement) = self.decision.statement() else {
            return Vec::new();
        };
        let principal = self.question.principal(caller);
        set.met_conditions(&self.question.request(&principal), statement)
    }
}

impl CallEvaluation {
    /// A refusal takes precedence over a denial, and an explicit deny over an implicit one.
    pub(crate) fn new(
        kind: OperationKind,
        inquiry: Inquiry,
        denials: Vec<Denial>,
        allowed: Vec<Allowed>,
    ) -> Self {
        let refused = inquiry.refusals.into_iter().map(Failure::Refused);
        let denied = denials.into_iter().map(Failure::Denied);
        let mut failures: Vec<Failure> = refused.chain(denied).collect();
        failures.sort_by_key(Failure::rank);
        let outcome = match failures.first() {
            Some(Failure::Refused(_)) => CallOutcome::Refused,
            Some(Failure::Denied(_)) if kind == OperationKind::Query => CallOutcome::Empty,
            Some(Failure::Denied(denial)) if denial.decision.outcome == Outcome::ExplicitDeny => {
                CallOutcome::ExplicitDeny
            }
            Some(Failure::Denied(_)) => CallOutcome::ImplicitDeny,
            None if inquiry.selects_nothing => CallOutcome::Empty,
            None => CallOutcome::Allow,
        };
        Self {
            outcome,
            failures,
            allowed,
            questions: inquiry.questions,
        }
    }
}

impl Failure {
    /// The lowest comes first
    fn rank(&self) -> u8 {
        match self {
            Self::Refused(_) => 0,
            Self::Denied(denial) if denial.decision.outcome == Outcome::ExplicitDeny => 1,
            Self::Denied(_) => 2,
        }
    }
}

impl fmt::Display for CallOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Allow => "Allow",
            Self::ImplicitDeny => "ImplicitDeny",
            Self::ExplicitDeny => "ExplicitDeny",
            Self::Empty => "Empty",
            Self::Refused => "Refused",
        })
    }
}
