//! What RAM answers, and why, as data.

use std::fmt;
use std::sync::Arc;

use super::condition::Operator;
use super::effect::Effect;

/// The answer to a request
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// A statement allows it and nothing denies it
    Allow,
    /// Nothing allows it
    ImplicitDeny,
    /// A statement denies it
    ExplicitDeny,
}

/// The layer that decided; its text is RAM's word for it
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PolicyType {
    /// The caller is the account itself, which no policy binds
    Root,
    /// Control policies of the resource directory
    ControlPolicy,
    /// The policy that an STS session was made with
    SessionPolicy,
    /// The trust policy of a role
    AssumeRolePolicy,
    /// Policies granted for the whole account
    AccountLevelIdentityBasedPolicy,
    /// Policies granted for one resource group
    ResourceGroupLevelIdentityBasedPolicy,
}

/// A statement by its policy's name and its place in it, counted from 1; prints as `P#1`
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StatementId {
    /// The policy's name, `session`, or `trust:ROLE`
    pub policy: Arc<str>,
    /// The statement's place
    pub number: usize,
}

/// A decision with its reason
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The answer
    pub outcome: Outcome,
    /// The last layer that was asked
    pub policy_type: PolicyType,
    /// Why
    pub reason: Reason,
}

/// Why a decision fell as it did
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The account itself asked
    Root,
    /// The caller is not in the directory, or a service, which holds no policies
    UnknownPrincipal,
    /// The role to be assumed is not in the directory
    UnknownRole,
    /// This statement allowed or denied
    Statement(StatementId),
    /// Nothing allowed; the Allow statements that came nearest, each with what kept it from matching
    NoMatch(Vec<Miss>),
}

/// A statement that did not match
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Miss {
    /// Which statement
    pub statement: StatementId,
    /// What it would have done
    pub effect: Effect,
    /// The first thing about it that did not match
    pub mismatch: Mismatch,
}

/// The first element of a statement that did not match
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// The statement speaks of other actions
    Action {
        /// Its patterns; behind `NotAction` those it leaves out
        wanted: Vec<String>,
        /// Whether they stand under NotAction
        negated: bool,
        /// The request's action
        got: String,
    },
    /// The statement speaks of other resources
    Resource {
        /// Its patterns
        wanted: Vec<String>,
        /// The request's resource
        got: String,
    },
    /// The trust policy names other callers
    Principal {
        /// Those it names
        wanted: Vec<String>,
        /// The caller
        got: String,
    },
    /// A condition does not hold
    Condition {
        /// The operator
        operator: &'static Operator,
        /// The condition key
        key: String,
        /// The policy's values
        wanted: Vec<String>,
        /// The request's values; none if the key is absent
        got: Vec<String>,
    },
}

impl Decision {
    /// The statement that decided, if one did
    pub fn statement(&self) -> Option<&StatementId> {
        match &self.reason {
            Reason::Statement(statement) => Some(statement),
            Reason::Root | Reason::UnknownPrincipal | Reason::UnknownRole | Reason::NoMatch(_) => None,
        }
    }
}

impl Mismatch {
    /// The element: Action, NotAction, Resource, Principal, or operator and key of a condition
    pub fn element(&self) -> String {
        match self {
            Self::Action { negated: false, .. } => "Action".to_owned(),
            Self::Action { negated: true, .. } => "NotAction".to_owned(),
            Self::Resource { .. } => "Resource".to_owned(),
            Self::Principal { .. } => "Principal".to_owned(),
            Self::Condition { operator, key, .. } => format!("{operator} {key}"),
        }
    }

    /// The statement's values
    pub fn wanted(&self) -> &[String] {
        match self {
            Self::Action { wanted, .. }
            | Self::Resource { wanted, .. }
            | Self::Principal { wanted, .. }
            | Self::Condition { wanted, .. } => wanted,
        }
    }

    /// The request's values; none if a condition's key is absent
    pub fn got(&self) -> &[String] {
        match self {
            Self::Action { got, .. } | Self::Resource { got, .. } | Self::Principal { got, .. } => {
                std::slice::from_ref(got)
            }
            Self::Condition { got, .. } => got,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Allow => "Allow",
            Self::ImplicitDeny => "ImplicitDeny",
            Self::ExplicitDeny => "ExplicitDeny",
        })
    }
}

impl fmt::Display for PolicyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Root => "Root",
            Self::ControlPolicy => "ControlPolicy",
            Self::SessionPolicy => "SessionPolicy",
            Self::AssumeRolePolicy => "AssumeRolePolicy",
            Self::AccountLevelIdentityBasedPolicy => "AccountLevelIdentityBasedPolicy",
            Self::ResourceGroupLevelIdentityBasedPolicy => "ResourceGroupLevelIdentityBasedPolicy",
        })
    }
}

impl fmt::Display for StatementId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.policy, self.number)
    }
}

impl fmt::Display for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.statement, self.mismatch)
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Action {
                wanted,
                negated: false,
                ..
            } => write!(f, "it covers {}", list(wanted)),
            Self::Action {
                wanted,
                negated: true,
                ..
            } => write!(f, "it covers everything but {}", list(wanted)),
            Self::Resource { wanted, .. } => write!(f, "it covers {}", list(wanted)),
            Self::Principal { wanted, .. } => write!(f, "it trusts {}", list(wanted)),
            Self::Condition {
                operator,
                key,
                wanted,
                got,
            } if got.is_empty() => {
                write!(
                    f,
                    "{operator} wants {key} {}, which the request does not have",
                    list(wanted)
                )
            }
            Self::Condition {
                operator,
                key,
                wanted,
                got,
            } => {
                write!(f, "{operator} wants {key} {}, found {}", list(wanted), list(got))
            }
        }
    }
}

/// Values in backticks, joined by commas
fn list(values: &[String]) -> String {
    values
        .iter()
        .map(|value| format!("`{value}`"))
        .collect::<Vec<_>>()
        .join(", ")
}
