//! The policies of all principals of an account, compiled once and then immutable.
//!
//! A decision looks up its principal and reads only that principal's policies, however many principals there are.

mod compile;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::attached_policy::AttachedPolicy;
use crate::attachments::Attachments;
use crate::one_or_more::OneOrMore;
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
    pub(super) account: OneOrMore<Arc<Attachments>>,
    /// Policies granted for resource groups, sorted by resource group
    by_resource_group: Box<[GroupPolicies]>,
}

/// The policies granted for one resource group
#[derive(Debug)]
struct GroupPolicies {
    resource_group: Box<str>,
    policies: OneOrMore<Arc<Attachments>>,
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
    /// The policies of all scopes
    fn attachments(&self) -> impl Iterator<Item = &Arc<Attachments>> {
        let groups = self.by_resource_group.iter();
        self.account
            .iter()
            .chain(groups.flat_map(|group| group.policies.iter()))
    }

    /// Whether these are the same documents in the same scopes
    fn is_same(&self, other: &Self) -> bool {
        let are_same = |own: &[Arc<Attachments>], others: &[Arc<Attachments>]| {
            own.len() == others.len() && own.iter().zip(others).all(|(own, others)| own.is_same(others))
        };
        let groups = self.by_resource_group.iter().zip(&other.by_resource_group);
        let mut groups = groups.map(|(own, other)| {
            own.resource_group == other.resource_group && are_same(&own.policies, &other.policies)
        });
        are_same(&self.account, &other.account)
            && self.by_resource_group.len() == other.by_resource_group.len()
            && groups.all(|is_same| is_same)
    }

    /// The policies granted for a resource group; `None` if there is no such grant
    pub(crate) fn of_resource_group(&self, group: &str) -> Option<&[Arc<Attachments>]> {
        let at = self
            .by_resource_group
            .binary_search_by(|known| (*known.resource_group).cmp(group))
            .ok()?;
        self.by_resource_group.get(at).map(|group| &*group.policies)
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

    /// How many users and roles there are
    pub fn principal_count(&self) -> usize {
        self.users.len().saturating_add(self.roles.len())
    }

    /// Whether a principal has a policy of its own or of its groups that allows anything
    pub fn has_allow(&self, principal: &Principal) -> bool {
        let own = self.principal_policies(principal).into_iter();
        let mut attachments = own.flat_map(PrincipalPolicies::attachments);
        attachments.any(|attachments| attachments.allows().next().is_some())
    }

    /// Whether it is certain that the same documents bind a principal in another set, in the same layers; that of a role
    /// may be assumed by the same callers
    ///
    /// Documents are the same if they are one in memory: `false` says nothing about documents that were read again.
    pub fn holds_same(&self, other: &Self, principal: &Principal) -> bool {
        let trust = |set: &'_ Self| match principal {
            Principal::Role(name) => set.role(name).map(|role| Arc::clone(&role.trust)),
            Principal::Account | Principal::User(_) | Principal::Group(_) | Principal::Service(_) => None,
        };
        let is_same_trust = match (trust(self), trust(other)) {
            (Some(own), Some(others)) => own.is_same(&others),
            (own, others) => own.is_none() && others.is_none(),
        };
        let are_same_levels = self.control.len() == other.control.len()
            && self
                .control
                .iter()
                .zip(&other.control)
                .all(|(own, others)| own.is_same(others));
        let own = self.principal_policies(principal);
        let are_same = own.zip(other.principal_policies(principal));
        is_same_trust && are_same_levels && are_same.is_some_and(|(own, others)| own.is_same(others))
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
        let groups = groups.map(|group| {
            (
                Scope::ResourceGroup(group.resource_group.clone()),
                &*group.policies,
            )
        });
        control
            .chain([(Scope::Account, &*granted.account)])
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
