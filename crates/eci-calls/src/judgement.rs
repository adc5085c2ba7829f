//! What comes of a call: allowed, denied by RAM, refused by ECI, or a query that shows nothing.

use std::fmt;

use super::{Question, TagError};
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

/// A judged call
#[derive(Clone, Debug)]
pub struct Judgement {
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

/// A parameter that ECI does not accept
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// ECI's code where it is known, else one of ramgate's own
    pub code: &'static str,
    /// What was found, what is wanted
    pub message: String,
}

/// A question that RAM did not answer with Allow
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// What was asked
    pub question: Question,
    /// The answer
    pub decision: Decision,
}

impl Refusal {
    /// A role that the directory does not have
    pub(super) fn unknown_role(name: &str) -> Self {
        Self {
            code: "Forbidden.RamRoleNotExist",
            message: format!("RAM role `{name}` is not in the directory"),
        }
    }

    /// A resource group that the directory does not have
    pub(super) fn unknown_group(id: &str) -> Self {
        Self {
            code: "UnknownResourceGroup",
            message: format!("resource group `{id}` is not in the directory"),
        }
    }

    /// Another role than the instance has; ECI gives an instance one role, once
    pub fn role_change(current: Option<&str>, wanted: Option<&str>) -> Self {
        Self {
            code: "RoleChange",
            message: change("RAM role", current, wanted),
        }
    }

    /// Another resource group than the instance is in
    pub fn group_change(current: Option<&str>, wanted: Option<&str>) -> Self {
        Self {
            code: "ResourceGroupChange",
            message: change("resource group", current, wanted),
        }
    }

    /// A group given beside an instance that is in another one
    pub(super) fn other_group(current: Option<&str>, given: &str) -> Self {
        Self {
            code: "OtherResourceGroup",
            message: format!(
                "the instance is in {}, not in resource group `{given}`",
                named("resource group", current)
            ),
        }
    }
}

impl From<TagError> for Refusal {
    fn from(error: TagError) -> Self {
        Self {
            code: "InvalidTag",
            message: error.to_string(),
        }
    }
}

fn change(what: &str, current: Option<&str>, wanted: Option<&str>) -> String {
    let wanted = wanted.map_or_else(|| "taken away".to_owned(), |name| format!("changed to `{name}`"));
    format!(
        "the {what} of an instance cannot be {wanted}: it has {}",
        named(what, current)
    )
}

fn named(what: &str, name: Option<&str>) -> String {
    name.map_or_else(|| format!("no {what}"), |name| format!("{what} `{name}`"))
}

impl Judgement {
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
