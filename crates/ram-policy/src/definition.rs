//! What a policy set is compiled from, in plain data, and what can be wrong with it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::document::Document;

/// What a set is compiled from
#[derive(Clone, Debug, Default)]
pub struct Definition {
    /// The Alibaba Cloud account's number
    pub account_id: String,
    /// Names of control policies for each level, the root folder first
    pub control_policies: Vec<Vec<String>>,
    /// Custom policies by name; the system policies are known anyway
    pub policies: BTreeMap<String, Arc<Document>>,
    /// RAM users
    pub users: Vec<UserDefinition>,
    /// Groups of RAM users
    pub groups: Vec<GroupDefinition>,
    /// RAM roles
    pub roles: Vec<RoleDefinition>,
}

/// A RAM user
#[derive(Clone, Debug, Default)]
pub struct UserDefinition {
    /// Its name, compared exactly
    pub name: String,
    /// Names of the groups it is in
    pub groups: Vec<String>,
    /// Its own policies
    pub grants: Vec<Grant>,
}

/// A group of RAM users
#[derive(Clone, Debug, Default)]
pub struct GroupDefinition {
    /// Its name, compared exactly
    pub name: String,
    /// The policies its members hold
    pub grants: Vec<Grant>,
}

/// A RAM role
#[derive(Clone, Debug)]
pub struct RoleDefinition {
    /// Its name, compared without ASCII case
    pub name: String,
    /// Who may assume it
    pub trust: Arc<Document>,
    /// Its policies
    pub grants: Vec<Grant>,
}

/// A policy attached to a principal
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The policy's name
    pub policy: String,
    /// The resource group it is granted for; none means the whole account
    pub resource_group: Option<String>,
}

impl Grant {
    /// A policy granted for the whole account
    pub fn for_account(policy: impl Into<String>) -> Self {
        Self {
            policy: policy.into(),
            resource_group: None,
        }
    }
}

/// A definition that contradicts itself
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DefinitionError {
    /// A grant or a control policy names a policy that is not there
    #[error("{holder} holds policy `{policy}`, which does not exist")]
    UnknownPolicy {
        /// Who holds it
        holder: String,
        /// The missing policy
        policy: String,
    },
    /// A user is in a group that is not there
    #[error("user `{user}` is in group `{group}`, which does not exist")]
    UnknownGroup {
        /// The user
        user: String,
        /// The missing group
        group: String,
    },
    /// Two things of one kind have the same name
    #[error("{what} is defined twice")]
    DefinedTwice {
        /// Kind and name
        what: String,
    },
    /// A custom policy has a system policy's name
    #[error("policy `{policy}` has the name of a system policy, which is built in")]
    SystemPolicy {
        /// The name
        policy: String,
    },
}
