//! The policies of all principals of an account, compiled once and then immutable.
//!
//! A decision looks up its principal and reads only that principal's policies, however many principals there are.

mod compile;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::attached_policy::AttachedPolicy;
use crate::attachments::Attachments;
use crate::principal::Principal;
use crate::scope::Scope;

/// The users, groups and roles of an account with their policies, ready for decisions.
///
/// [`PolicySet::compile`] makes a set from a [`Definition`](crate::Definition).
#[derive(Debug)]
pub struct PolicySet {
    account: Box<str>,
    /// Control policies by level: the member account first, the root folder last
    control: Vec<Arc<Attachments>>,
    users: HashMap<Box<str>, PrincipalPolicies>,
    groups: HashMap<Box<str>, PrincipalPolicies>,
    /// By lower-case name
    roles: HashMap<Box<str>, Role>,
}

/// The policies granted to a principal and its groups
#[derive(Debug, Default)]
pub(super) struct PrincipalPolicies {
    pub(super) account: Vec<Arc<Attachments>>,
    /// Policies granted for resource groups, sorted by resource group
    by_resource_group: Vec<(Box<str>, Vec<Arc<Attachments>>)>,
}

#[derive(Debug)]
pub(super) struct Role {
    /// The name as it is written
    name: Arc<str>,
    policies: PrincipalPolicies,
    pub(super) trust: Arc<Attachments>,
}

/// The policies of one layer that binds a principal
#[derive(Clone, Debug)]
pub struct Layer<'a> {
    /// The layer
    pub scope: Scope,
    /// Its policies, the principal's own before those of its groups
    pub policies: Vec<&'a AttachedPolicy>,
}

impl PrincipalPolicies {
    /// The policies granted for a resource group; `None` if there is no such grant
    pub(crate) fn of_resource_group(&self, group: &str) -> Option<&[Arc<Attachments>]> {
        let at = self
            .by_resource_group
            .binary_search_by(|(id, _)| (**id).cmp(group))
            .ok()?;
        self.by_resource_group
            .get(at)
            .map(|(_, policies)| policies.as_slice())
    }
}

impl PolicySet {
    /// The number of the account
    pub fn account(&self) -> &str {
        &self.account
    }

    /// Whether a role is defined; names compare without ASCII case
    pub fn has_role(&self, name: &str) -> bool {
        self.role(name).is_some()
    }

    /// Whether a principal is defined, or the account itself
    pub fn has_principal(&self, principal: &Principal) -> bool {
        matches!(principal, Principal::Account) || self.principal_policies(principal).is_some()
    }

    /// All users, then all roles, each sorted by name; groups are callers only if something binds them
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

    /// The layers that bind a principal: control levels, account scope, and each resource group with grants; empty if
    /// the principal is not defined
    pub fn layers(&self, principal: &Principal) -> Vec<Layer<'_>> {
        let Some(granted) = self.principal_policies(principal) else {
            return Vec::new();
        };
        let control = self.control_levels(principal).map(std::slice::from_ref).zip(0..);
        let control = control.map(|(level, at)| (Scope::ControlPolicy(at), level));
        let groups = granted.by_resource_group.iter();
        let groups = groups.map(|(group, of_resource_group)| {
            (Scope::ResourceGroup(group.clone()), of_resource_group.as_slice())
        });
        control
            .chain([(Scope::Account, granted.account.as_slice())])
            .chain(groups)
            .map(|(scope, attachments)| Layer {
                scope,
                policies: distinct(attachments),
            })
            .collect()
    }

    /// The trust policy of a role; `None` if the role is not defined
    pub fn trust_policy(&self, role: &str) -> Option<&AttachedPolicy> {
        self.role(role)?.trust.policies().first()
    }

    pub(super) fn role(&self, name: &str) -> Option<&Role> {
        self.roles.get(name.to_ascii_lowercase().as_str())
    }

    pub(super) fn principal_policies(&self, principal: &Principal) -> Option<&PrincipalPolicies> {
        match principal {
            Principal::User(name) => self.users.get(&**name),
            Principal::Role(name) => self.role(name).map(|role| &role.policies),
            Principal::Group(name) => self.groups.get(&**name),
            Principal::Account | Principal::Service(_) => None,
        }
    }

    /// The levels of control policies that bind a principal; none bind a service-linked role
    pub(super) fn control_levels(&self, principal: &Principal) -> impl Iterator<Item = &Arc<Attachments>> {
        let is_exempt = principal.is_service_linked();
        self.control.iter().filter(move |_| !is_exempt)
    }
}

/// The policies in order, each once though a user and its groups may share it
fn distinct(attachments: &[Arc<Attachments>]) -> Vec<&AttachedPolicy> {
    let mut known = HashSet::new();
    attachments
        .iter()
        .flat_map(|attachments| attachments.policies())
        .filter(|attached| known.insert(Arc::clone(&attached.name)))
        .collect()
}
