//! Resource groups, users, groups and roles as a document wrote them.

use std::sync::Arc;

use serde::Deserialize;

use crate::config::directory::binding::{PrincipalEntry, principal};
use crate::config::directory::selector::Selector;
use crate::config::directory::text::Text;
use crate::config::directory::{name, selector};
use ram_policy::source::{Fault, Node};
use ram_policy::{Document, DocumentKind, PolicyWarning};

/// An entry of `resourceGroups`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResourceGroupEntry {
    pub(crate) id: Text,
    pub(crate) name: Option<Text>,
    #[serde(default)]
    pub(crate) default: bool,
}

/// An entry of `users`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UserEntry {
    pub(crate) name: Text,
    #[serde(default)]
    pub(crate) groups: Vec<Text>,
    #[serde(default)]
    pub(crate) policies: Vec<GrantEntry>,
}

/// An entry of `groups`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GroupEntry {
    pub(crate) name: Text,
    #[serde(default)]
    pub(crate) policies: Vec<GrantEntry>,
}

/// An entry of `roles`
#[derive(Clone, Debug)]
pub(crate) struct RoleEntry {
    pub(crate) name: Text,
    pub(crate) trust: Arc<Document>,
    pub(crate) policies: Vec<GrantEntry>,
}

/// A policy that a user, group or role holds
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct GrantEntry {
    pub(crate) policy: Text,
    pub(crate) resource_group: Option<Text>,
}

/// An entry of `boundaries`
#[derive(Clone, Debug)]
pub(crate) struct BoundaryEntry {
    pub(crate) namespaces: Selector,
    pub(crate) principal: PrincipalEntry,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct RoleWire {
    name: Text,
    trust_policy: Node,
    #[serde(default)]
    policies: Vec<GrantEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BoundaryWire {
    namespaces: Node,
    principal: Text,
}

/// Reads one entry of `resourceGroups`
pub(crate) fn resource_group(node: &Node, faults: &mut Vec<Fault>) -> Option<ResourceGroupEntry> {
    let entry: ResourceGroupEntry = read(node, faults)?;
    name::RESOURCE_GROUP.check(&entry.id, faults);
    if let Some(name) = entry.name.as_ref().filter(|name| name.is_empty()) {
        faults.push(name.fault("an empty name is not accepted: leave it out"));
    }
    Some(entry)
}

/// Reads one entry of `users`
pub(crate) fn user(node: &Node, faults: &mut Vec<Fault>) -> Option<UserEntry> {
    let entry: UserEntry = read(node, faults)?;
    name::USER.check(&entry.name, faults);
    Some(entry)
}

/// Reads one entry of `groups`
pub(crate) fn group(node: &Node, faults: &mut Vec<Fault>) -> Option<GroupEntry> {
    let entry: GroupEntry = read(node, faults)?;
    name::GROUP.check(&entry.name, faults);
    Some(entry)
}

/// Reads one entry of `roles` with its trust policy
pub(crate) fn role(
    node: &Node,
    faults: &mut Vec<Fault>,
    warnings: &mut Vec<PolicyWarning>,
) -> Option<RoleEntry> {
    let RoleWire {
        name,
        trust_policy,
        policies,
    } = read(node, faults)?;
    name::ROLE.check(&name, faults);
    match Document::from_node(&trust_policy, DocumentKind::Trust) {
        Ok(parsed) => {
            warnings.extend(parsed.warnings);
            Some(RoleEntry {
                name,
                trust: Arc::new(parsed.document),
                policies,
            })
        }
        Err(fault) => {
            faults.push(fault);
            None
        }
    }
}

/// Reads one entry of `boundaries`
pub(crate) fn boundary(node: &Node, faults: &mut Vec<Fault>) -> Option<BoundaryEntry> {
    let wire: BoundaryWire = read(node, faults)?;
    let namespaces = selector::read(&wire.namespaces, faults);
    let principal = principal(&wire.principal, faults);
    if wire.principal.as_str() == "account" {
        faults.push(
            wire.principal
                .fault("the account is bound by nothing: a boundary is user/NAME or role/NAME"),
        );
    }
    Some(BoundaryEntry {
        namespaces: namespaces?,
        principal: principal?,
    })
}

fn read<'de, T: Deserialize<'de>>(node: &'de Node, faults: &mut Vec<Fault>) -> Option<T> {
    node.read().map_err(|fault| faults.push(fault)).ok()
}
