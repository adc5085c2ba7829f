//! Who holds which policies: a definition in plain data, compiled once into an immutable set.
//!
//! A decision looks its principal up and touches only what that principal holds, however many others there are.

mod compile;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use super::attachment::{Attached, Attachments};
use super::decision::PolicyType;
use super::document::Document;
use super::principal::Principal;

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

/// A compiled definition
#[derive(Debug)]
pub struct PolicySet {
    account: Box<str>,
    /// The member's own level first, the root folder last
    pub(super) control: Vec<Arc<Attachments>>,
    users: HashMap<Box<str>, Holdings>,
    /// By lower-case name
    roles: HashMap<Box<str>, Role>,
}

/// What a principal holds, its groups' policies included
#[derive(Debug, Default)]
pub(super) struct Holdings {
    pub(super) account: Vec<Arc<Attachments>>,
    /// By resource group, sorted
    by_group: Vec<(Box<str>, Vec<Arc<Attachments>>)>,
}

#[derive(Debug)]
pub(super) struct Role {
    /// As it is written
    name: Arc<str>,
    holdings: Holdings,
    pub(super) trust: Arc<Attachments>,
}

/// Which layer a policy counts in
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// A level of control policies, counted from the member's own, which is 0, towards the root folder
    ControlPolicy(usize),
    /// The policies that an STS session was made with
    Session,
    /// Granted for the whole account
    Account,
    /// Granted for this resource group
    ResourceGroup(Box<str>),
    /// The trust policy of a role
    Trust,
}

/// The policies of one layer, as a principal meets it
#[derive(Clone, Debug)]
pub struct Layer<'a> {
    /// Which layer
    pub scope: Scope,
    /// Its policies, the principal's own before those of its groups
    pub policies: Vec<&'a Attached>,
}

impl Scope {
    /// RAM's word for the layer
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

impl Holdings {
    /// The policies granted for a resource group; none if there is no such grant
    pub(super) fn in_group(&self, group: &str) -> Option<&[Arc<Attachments>]> {
        let at = self.by_group.binary_search_by(|(id, _)| (**id).cmp(group)).ok()?;
        self.by_group.get(at).map(|(_, held)| held.as_slice())
    }
}

impl PolicySet {
    /// Compiles a definition
    ///
    /// # Errors
    /// Everything in it that refers to what is not there, or is there twice
    pub fn compile(definition: Definition) -> Result<Self, Vec<DefinitionError>> {
        compile::compile(definition)
    }

    /// The account's number
    pub fn account(&self) -> &str {
        &self.account
    }

    /// Whether a role is in the directory; names compare without ASCII case
    pub fn has_role(&self, name: &str) -> bool {
        self.role(name).is_some()
    }

    /// Whether a principal is known: defined, or the account itself
    pub fn knows(&self, principal: &Principal) -> bool {
        matches!(principal, Principal::Account) || self.holdings(principal).is_some()
    }

    /// All users, then all roles, each sorted by name
    pub fn principals(&self) -> Vec<Principal> {
        let users = self.users.keys().map(|name| Principal::User((**name).into()));
        let roles = self
            .roles
            .values()
            .map(|role| Principal::Role(Arc::clone(&role.name)));
        let mut all: Vec<Principal> = users.chain(roles).collect();
        all.sort();
        all
    }

    /// The layers that bind a principal: control levels, account scope, and one for each resource group with grants
    pub fn layers(&self, principal: &Principal) -> Vec<Layer<'_>> {
        let Some(holdings) = self.holdings(principal) else {
            return Vec::new();
        };
        let control = self.control_levels(principal).map(std::slice::from_ref).zip(0..);
        let control = control.map(|(level, at)| (Scope::ControlPolicy(at), level));
        let groups = holdings.by_group.iter();
        let groups = groups.map(|(group, held)| (Scope::ResourceGroup(group.clone()), held.as_slice()));
        control
            .chain([(Scope::Account, holdings.account.as_slice())])
            .chain(groups)
            .map(|(scope, parts)| {
                let mut seen = HashSet::new();
                let all = parts.iter().flat_map(|part| part.policies());
                let policies = all
                    .filter(|attached| seen.insert(Arc::clone(&attached.name)))
                    .collect();
                Layer { scope, policies }
            })
            .collect()
    }

    /// The trust policy of a role
    pub fn trust_policy(&self, role: &str) -> Option<&Attached> {
        self.role(role)?.trust.policies().first()
    }

    pub(super) fn role(&self, name: &str) -> Option<&Role> {
        self.roles.get(name.to_ascii_lowercase().as_str())
    }

    pub(super) fn holdings(&self, principal: &Principal) -> Option<&Holdings> {
        match principal {
            Principal::User(name) => self.users.get(&**name),
            Principal::Role(name) => self.role(name).map(|role| &role.holdings),
            Principal::Account | Principal::Service(_) => None,
        }
    }
}
