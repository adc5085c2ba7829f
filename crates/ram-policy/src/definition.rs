//! The plain data that a policy set is compiled from, and the errors in it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::document::Document;

/// Policies, users, groups and roles of an account, from which [`PolicySet::compile`](crate::PolicySet::compile) makes
/// a set
#[derive(Clone, Debug, Default)]
pub struct Definition {
    /// The Alibaba Cloud account's number
    pub account_id: String,
    /// The control policies of each level of the resource directory, by name; the root folder comes first
    pub control_policies: Vec<Vec<String>>,
    /// Custom policies by name; system policies are built in
    pub policies: BTreeMap<Arc<str>, Arc<Document>>,
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
    /// The policies granted to it
    pub grants: Vec<Grant>,
}

/// A group of RAM users
#[derive(Clone, Debug, Default)]
pub struct GroupDefinition {
    /// Its name, compared exactly
    pub name: String,
    /// The policies granted to its members
    pub grants: Vec<Grant>,
}

/// A RAM role
#[derive(Clone, Debug)]
pub struct RoleDefinition {
    /// Its name, compared without ASCII case
    pub name: String,
    /// Its trust policy: who may assume it
    pub trust: Arc<Document>,
    /// The policies granted to it
    pub grants: Vec<Grant>,
}

/// A policy granted to a user, group or role
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The policy's name
    pub policy: String,
    /// The resource group for which it is granted; `None` grants it for the whole account
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

/// An error in a definition
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DefinitionError {
    /// A grant or a control level names a policy that does not exist
    #[error("{grantee} holds policy `{policy}`, which does not exist")]
    UnknownPolicy {
        /// The user, group, role or control level that names it
        grantee: String,
        /// The missing policy
        policy: String,
    },
    /// A user is in a group that does not exist
    #[error("user `{user}` is in group `{group}`, which does not exist")]
    UnknownGroup {
        /// The user
        user: String,
        /// The missing group
        group: String,
    },
    /// Two users, groups or roles have one name
    #[error("{what} is defined twice")]
    DefinedTwice {
        /// Kind and name, such as ``user `alice` ``
        what: String,
    },
    /// A custom policy has the name of a system policy
    #[error("policy `{policy}` has the name of a system policy, which is built in")]
    SystemPolicy {
        /// The name
        policy: String,
    },
}
