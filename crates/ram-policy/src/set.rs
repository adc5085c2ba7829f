//! Who holds which policies: an immutable set, compiled once.
//!
//! A decision looks its principal up and touches only what that principal holds, however many others there are.

mod compile;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::attached_policy::AttachedPolicy;
use super::attachments::Attachments;
use super::principal::Principal;
use super::scope::Scope;

/// A compiled definition
#[derive(Debug)]
pub struct PolicySet {
    account: Box<str>,
    /// The member's own level first, the root folder last
    control: Vec<Arc<Attachments>>,
    users: HashMap<Box<str>, PrincipalPolicies>,
    /// By lower-case name
    roles: HashMap<Box<str>, Role>,
}

/// What a principal holds, its groups' policies included
#[derive(Debug, Default)]
pub(super) struct PrincipalPolicies {
    pub(super) account: Vec<Arc<Attachments>>,
    /// By resource group, sorted
    by_group: Vec<(Box<str>, Vec<Arc<Attachments>>)>,
}

#[derive(Debug)]
pub(super) struct Role {
    /// As it is written
    name: Arc<str>,
    granted: PrincipalPolicies,
    pub(super) trust: Arc<Attachments>,
}

/// The policies of one layer, as a principal meets it
#[derive(Clone, Debug)]
pub struct Layer<'a> {
    /// Which layer
    pub scope: Scope,
    /// Its policies, the principal's own before those of its groups
    pub policies: Vec<&'a AttachedPolicy>,
}

impl PrincipalPolicies {
    /// The policies granted for a resource group; none if there is no such grant
    pub(super) fn in_group(&self, group: &str) -> Option<&[Arc<Attachments>]> {
        let at = self.by_group.binary_search_by(|(id, _)| (**id).cmp(group)).ok()?;
        self.by_group.get(at).map(|(_, held)| held.as_slice())
    }
}

impl PolicySet {
    /// The account's number
    pub fn account(&self) -> &str {
        &self.account
    }

    /// Whether a role is in the directory; names compare without ASCII case
    pub fn has_role(&self, name: &str) -> bool {
        self.role(name).is_some()
    }

    /// Whether a principal is known: defined, or the account itself
    pub fn has_principal(&self, principal: &Principal) -> bool {
        matches!(principal, Principal::Account) || self.granted(principal).is_some()
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
        let Some(granted) = self.granted(principal) else {
            return Vec::new();
        };
        let control = self.control_levels(principal).map(std::slice::from_ref).zip(0..);
        let control = control.map(|(level, at)| (Scope::ControlPolicy(at), level));
        let groups = granted.by_group.iter();
        let groups = groups.map(|(group, held)| (Scope::ResourceGroup(group.clone()), held.as_slice()));
        control
            .chain([(Scope::Account, granted.account.as_slice())])
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
    pub fn trust_policy(&self, role: &str) -> Option<&AttachedPolicy> {
        self.role(role)?.trust.policies().first()
    }

    pub(super) fn role(&self, name: &str) -> Option<&Role> {
        self.roles.get(name.to_ascii_lowercase().as_str())
    }

    pub(super) fn granted(&self, principal: &Principal) -> Option<&PrincipalPolicies> {
        match principal {
            Principal::User(name) => self.users.get(&**name),
            Principal::Role(name) => self.role(name).map(|role| &role.granted),
            Principal::Account | Principal::Service(_) => None,
        }
    }

    /// The control levels that bind a principal; a service-linked role is bound by none
    pub(super) fn control_levels(&self, principal: &Principal) -> impl Iterator<Item = &Arc<Attachments>> {
        let is_exempt = principal.is_service_linked();
        self.control.iter().filter(move |_| !is_exempt)
    }
}
