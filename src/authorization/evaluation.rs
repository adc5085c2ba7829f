//! The result of evaluating a read, before any mode softens it.

use crate::admission::routing::route::Route;
use crate::admission::{Decision, Mode};
use crate::authorization::finding::Finding;
use crate::authorization::selector_advice::Advice;
use eci_calls::{Allowed, Operation};
use ram_policy::Principal;

/// The result of evaluating a read
#[derive(Debug)]
pub(crate) struct Evaluation {
    /// The requester's RAM principal
    pub(crate) principal: Option<Principal>,
    /// Whether the read was evaluated as one pod or as a list
    pub(crate) scope: Scope,
    /// Where the pods run; `None` if no route was determined
    pub(crate) route: Option<Route>,
    /// The call that RAM decided; `None` if ECI is not involved
    pub(crate) operation: Option<Operation>,
    /// The reasons to deny the read
    pub(crate) findings: Vec<Finding>,
    /// The calls that RAM allowed
    pub(crate) allowed: Vec<Allowed>,
    /// A label selector to use instead, if a list is denied
    pub(crate) advice: Option<Advice>,
}

/// How a read is evaluated
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// As a read of one pod that is known
    Pod,
    /// As a list, also if it names one pod that does not exist yet
    List,
}

impl Evaluation {
    /// An evaluation without a call: the read is not denied unless there are findings
    pub(super) fn without_call(scope: Scope, findings: Vec<Finding>) -> Self {
        Self {
            principal: None,
            scope,
            route: None,
            operation: None,
            findings,
            allowed: Vec::new(),
            advice: None,
        }
    }

    /// The decision in a mode
    pub(crate) fn decision(&self, mode: Mode) -> Decision {
        match (self.findings.is_empty(), mode) {
            (true, _) if self.operation.is_some() => Decision::Allow,
            (true, _) => Decision::NotEvaluated,
            (false, Mode::Enforce) => Decision::Deny,
            (false, Mode::Warn) => Decision::Warn,
            (false, Mode::Audit) => Decision::Audit,
        }
    }
}
