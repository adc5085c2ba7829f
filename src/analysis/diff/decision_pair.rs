//! The decisions of the old and the new configuration about one request.

use ram_policy::{Decision, Outcome, PolicyType, StatementId};

/// The decision of one configuration about a request
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecisionSummary {
    /// The decision
    pub outcome: Outcome,
    /// The last layer of policies that RAM evaluated
    pub policy_type: PolicyType,
    /// The statement that decided, if one did
    pub statement: Option<StatementId>,
}

/// The decisions of both configurations about a request
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DecisionPair {
    pub(crate) before: DecisionSummary,
    pub(crate) after: DecisionSummary,
}

/// The outcomes and the statements that decided, before and after, in whatever layer
pub(crate) type DecidingStatements = [(Outcome, Option<StatementId>); 2];

impl DecisionSummary {
    /// Whether the request is allowed
    pub fn is_allow(&self) -> bool {
        self.outcome == Outcome::Allow
    }
}

impl From<Decision> for DecisionSummary {
    fn from(decision: Decision) -> Self {
        Self {
            outcome: decision.outcome,
            policy_type: decision.policy_type,
            statement: decision.statement().cloned(),
        }
    }
}

impl DecisionPair {
    pub(crate) fn deciding_statements(&self) -> DecidingStatements {
        [&self.before, &self.after].map(|decision| (decision.outcome, decision.statement.clone()))
    }
}
