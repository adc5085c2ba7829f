//! The decision about a request, with its reason.

use std::fmt;
use std::sync::Arc;

use crate::condition::Operator;
use crate::effect::Effect;

/// RAM's decision; prints as RAM names it
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// A statement allows the request, and none denies it
    Allow,
    /// No statement allows the request
    ImplicitDeny,
    /// A statement denies the request
    ExplicitDeny,
}

/// The layer that decided; prints as RAM names it
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PolicyType {
    /// None: the caller is the account itself, which no policy restricts
    Root,
    /// Control policies of the resource directory
    ControlPolicy,
    /// The policies passed when an STS session was created
    SessionPolicy,
    /// The trust policy of a role
    AssumeRolePolicy,
    /// Policies granted for the whole account
    AccountLevelIdentityBasedPolicy,
    /// Policies granted for one resource group
    ResourceGroupLevelIdentityBasedPolicy,
}

/// A statement by its policy's name and its number in the policy, counted from 1; prints as `NAME#1`
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StatementId {
    /// The policy's name, `session`, or `trust:ROLE`
    pub policy: Arc<str>,
    /// The statement's number
    pub number: usize,
}

/// A decision with its reason
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Allowed or denied
    pub outcome: Outcome,
    /// The layer that decided
    pub policy_type: PolicyType,
    /// The reason
    pub reason: Reason,
}

/// The reason of a decision
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The caller is the account itself
    Root,
    /// The caller is not defined, or is a service, which has no policies
    UnknownPrincipal,
    /// The role to be assumed is not defined
    UnknownRole,
    /// This statement allowed or denied the request
    Statement(StatementId),
    /// No statement allowed the request; these Allow statements came nearest
    NoMatch(Vec<Miss>),
}

/// A statement that did not match, with the element that did not
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Miss {
    /// The statement
    pub statement: StatementId,
    /// What it does when it matches
    pub effect: Effect,
    /// Its first element that did not match
    pub mismatch: Mismatch,
}

/// The first element of a statement that did not match
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// The statement covers other actions
    Action {
        /// Its patterns; for `NotAction` those that it excludes
        wanted: Vec<String>,
        /// Whether the element is `NotAction`
        negated: bool,
        /// The request's action
        got: String,
    },
    /// The statement covers other resources
    Resource {
        /// Its patterns
        wanted: Vec<String>,
        /// The request's resource
        got: String,
    },
    /// The trust policy trusts other callers
    Principal {
        /// Those that it trusts
        wanted: Vec<String>,
        /// The caller
        got: String,
    },
    /// A condition is not met
    Condition {
        /// The operator
        operator: &'static Operator,
        /// The condition key
        key: String,
        /// The policy's values
        wanted: Vec<String>,
        /// The request's values; empty if the key is absent
        got: Vec<String>,
    },
}

impl Decision {
    pub(crate) fn root() -> Self {
        Self {
            outcome: Outcome::Allow,
            policy_type: PolicyType::Root,
            reason: Reason::Root,
        }
    }

    pub(crate) fn implicit_deny(policy_type: PolicyType, reason: Reason) -> Self {
        Self {
            outcome: Outcome::ImplicitDeny,
            policy_type,
            reason,
        }
    }

    /// The statement that decided, if one did
    pub fn statement(&self) -> Option<&StatementId> {
        match &self.reason {
            Reason::Statement(statement) => Some(statement),
            Reason::Root | Reason::UnknownPrincipal | Reason::UnknownRole | Reason::NoMatch(_) => None,
        }
    }
}

impl Mismatch {
    /// The name of the element; for a condition its operator and key
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

    /// The request's values; empty if a condition's key is absent
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
        let wanted = list(self.wanted());
        match self {
            Self::Action { negated: true, .. } => write!(f, "it covers everything but {wanted}"),
            Self::Action { negated: false, .. } | Self::Resource { .. } => write!(f, "it covers {wanted}"),
            Self::Principal { .. } => write!(f, "it trusts {wanted}"),
            Self::Condition {
                operator, key, got, ..
            } => {
                write!(f, "{operator} wants {key} {wanted}, ")?;
                match got.as_slice() {
                    [] => f.write_str("which the request does not have"),
                    got => write!(f, "found {}", list(got)),
                }
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
