//! The layers of policies that bind a request.

use std::fmt;

use crate::decision::PolicyType;

/// The layer that a policy belongs to; prints as messages name it
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// Control policies of one level: 0 is the member account, the highest number the root folder
    ControlPolicy(usize),
    /// The policies passed when an STS session was created
    Session,
    /// Policies granted for the whole account
    Account,
    /// Policies granted for this resource group
    ResourceGroup(Box<str>),
    /// The trust policy of a role
    Trust,
}

impl Scope {
    /// RAM's name for the layer
    pub fn policy_type(&self) -> PolicyType {
        match self {
            Self::ControlPolicy(_) => PolicyType::ControlPolicy,
            Self::Session => PolicyType::SessionPolicy,
            Self::Account => PolicyType::AccountLevelIdentityBasedPolicy,
            Self::ResourceGroup(_) => PolicyType::ResourceGroupLevelIdentityBasedPolicy,
            Self::Trust => PolicyType::AssumeRolePolicy,
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ControlPolicy(0) => f.write_str("control policies of the member's own level"),
            Self::ControlPolicy(level) => write!(f, "control policies {level} above the member's level"),
            Self::Session => f.write_str("session policy"),
            Self::Account => f.write_str("account scope"),
            Self::ResourceGroup(group) => write!(f, "scope of resource group `{group}`"),
            Self::Trust => f.write_str("trust policy of the role"),
        }
    }
}
