//! What comes of a call: allowed, denied by RAM, refused by ECI, or a query that shows nothing.

use std::fmt;

use crate::ram_question::Question;
use crate::refusal::Refusal;
use ram_policy::{Decision, Outcome, PolicyType, StatementId};

/// The outcome of a call
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallOutcome {
    /// RAM allows everything that the call asks
    Allow,
    /// A question that nothing allows
    ImplicitDeny,
    /// A question that a statement denies
    ExplicitDeny,
    /// A query that is denied, or that selects nothing
    Empty,
    /// ECI's own rules forbid it, whatever RAM says
    Refused,
}

/// What becomes of a call, and why
#[derive(Clone, Debug)]
pub struct CallEvaluation {
    /// The outcome
    pub outcome: CallOutcome,
    /// Everything that speaks against the call, the one to show first in front
    pub failures: Vec<Failure>,
    /// The questions that RAM allowed, in the order they were asked
    pub allowed: Vec<Allowed>,
    /// All questions that were asked
    pub questions: Vec<Question>,
}

/// A question that RAM answered with Allow
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// The action that was asked
    pub action: &'static str,
    /// The layer that allowed
    pub policy_type: PolicyType,
    /// The statement that allowed; none for the account itself
    pub statement: Option<StatementId>,
}

/// Something that speaks against a call
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// ECI's own rules
    Refused(Refusal),
    /// RAM
    Denied(Denial),
}

/// A question that RAM did not answer with Allow
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// What was asked
    pub question: Question,
    /// The answer
    pub decision: Decision,
}

impl CallEvaluation {
    /// The outcome of what was found: a refusal goes before every denial, an explicit deny before an implicit one
    pub(super) fn new(
        query: bool,
        selects_nothing: bool,
        mut failures: Vec<Failure>,
        allowed: Vec<Allowed>,
        questions: Vec<Question>,
    ) -> Self {
        failures.sort_by_key(Failure::rank);
        let outcome = match failures.first() {
            Some(Failure::Refused(_)) => CallOutcome::Refused,
            Some(Failure::Denied(_)) if query => CallOutcome::Empty,
            Some(Failure::Denied(denial)) if denial.decision.outcome == Outcome::ExplicitDeny => {
                CallOutcome::ExplicitDeny
            }
            Some(Failure::Denied(_)) => CallOutcome::ImplicitDeny,
            None if selects_nothing => CallOutcome::Empty,
            None => CallOutcome::Allow,
        };
        Self {
            outcome,
            failures,
            allowed,
            questions,
        }
    }
}

impl Failure {
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
