//! Entries of the sections `users`, `groups` and `roles`: RAM identities with the policies that they hold.

use std::sync::Arc;

use serde::Deserialize;

use crate::config::directory::faults::Faults;
use crate::config::directory::located_text::LocatedText;
use crate::config::directory::name_rules;
use crate::config::directory::ram_id::RamId;
use ram_policy::source::Node;
use ram_policy::{
    Document, DocumentKind, Grant, GroupDefinition, PolicyWarning, RoleDefinition, UserDefinition,
};

/// An entry of `users`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UserEntry {
    pub(crate) name: LocatedText,
    pub(crate) id: Option<RamId>,
    #[serde(default)]
    pub(crate) groups: Box<[LocatedText]>,
    #[serde(default)]
    pub(crate) policies: Box<[GrantEntry]>,
}

/// An entry of `groups`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GroupEntry {
    pub(crate) name: LocatedText,
    #[serde(default)]
    pub(crate) policies: Box<[GrantEntry]>,
}

/// An entry of `roles`
#[derive(Clone, Debug)]
pub(crate) struct RoleEntry {
    pub(crate) name: LocatedText,
    pub(crate) id: Option<RamId>,
    pub(crate) trust: Arc<Document>,
    pub(crate) policies: Box<[GrantEntry]>,
}

/// A policy that is attached to a user, group or role
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct GrantEntry {
    pub(crate) policy: LocatedText,
    /// Few grants have one
    pub(crate) resource_group: Option<Box<LocatedText>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct RoleWire {
    name: LocatedText,
    id: Option<RamId>,
    trust_policy: Node,
    #[serde(default)]
    policies: Box<[GrantEntry]>,
}

/// Reads an entry of `users`
///
/// # Errors
/// Its shape and its name
pub(crate) fn read_user(node: &Node) -> Result<UserEntry, Faults> {
    let entry: UserEntry = node.read()?;
    name_rules::USER.check(&entry.name)?;
    Ok(entry)
}

/// Reads an entry of `groups`
///
/// # Errors
/// Its shape and its name
pub(crate) fn read_group(node: &Node) -> Result<GroupEntry, Faults> {
    let entry: GroupEntry = node.read()?;
    name_rules::GROUP.check(&entry.name)?;
    Ok(entry)
}

/// Reads an entry of `roles`; returns the doubts about its trust policy with it
///
/// # Errors
/// Its shape, its name and its trust policy
pub(crate) fn read_role(node: &Node) -> Result<(RoleEntry, Vec<PolicyWarning>), Faults> {
    let wire: RoleWire = node.read()?;
    let mut faults = Faults::default();
    faults.handle(name_rules::ROLE.check(&wire.name));
    let Some(trust) = faults.handle(Document::from_node(&wire.trust_policy, DocumentKind::Trust)) else {
        return Err(faults);
    };
    let entry = RoleEntry {
        name: wire.name,
        id: wire.id,
        trust: Arc::new(trust.document),
        policies: wire.policies,
    };
    faults.finish((entry, trust.warnings))
}

impl UserEntry {
    /// The user for the policy engine
    pub(crate) fn to_definition(&self) -> UserDefinition {
        UserDefinition {
            name: self.name.to_string(),
            groups: self.groups.iter().map(|group| group.to_string()).collect(),
            grants: grants(&self.policies),
        }
    }
}

impl GroupEntry {
    /// The group for the policy engine
    pub(crate) fn to_definition(&self) -> GroupDefinition {
        GroupDefinition {
            name: self.name.to_string(),
            grants: grants(&self.policies),
        }
    }
}

impl RoleEntry {
    /// The role for the policy engine
    pub(crate) fn to_definition(&self) -> RoleDefinition {
        RoleDefinition {
            name: self.name.to_string(),
            trust: Arc::clone(&self.trust),
            grants: grants(&self.policies),
        }
    }
}

fn grants(entries: &[GrantEntry]) -> Vec<Grant> {
    let grant = |entry: &GrantEntry| Grant {
        policy: entry.policy.to_string(),
        resource_group: entry.resource_group.as_ref().map(|group| group.to_string()),
    };
    entries.iter().map(grant).collect()
}
