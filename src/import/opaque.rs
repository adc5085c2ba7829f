//! Policies that are attached and that nobody here can read: two outputs of Terraform are compared without their meaning.

use std::collections::{BTreeMap, BTreeSet};

use crate::import::policy_text::PolicyText;
use crate::import::ram_data::{Grant, PolicyKind, RamData, RamPolicy};
use ram_policy::is_system_policy;

/// Who has a policy that cannot be read, with its text if that is known
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct OpaqueGrant {
    pub(crate) holder: String,
    pub(crate) policy: String,
    pub(crate) resource_group: Option<String>,
    text: Option<String>,
    /// Whether the policy may deny something, as far as anybody knows
    may_deny: bool,
}

/// An opaque grant that only one side has
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OpaqueChange {
    pub(crate) is_added: bool,
    pub(crate) grant: OpaqueGrant,
}

impl OpaqueChange {
    /// Whether more may be allowed: what is added may allow, and a removal may end a denial
    pub(crate) fn may_allow(&self) -> bool {
        self.is_added || self.grant.may_deny
    }
}

/// What changed between two sides
pub(crate) fn changes(old: &BTreeSet<OpaqueGrant>, new: &BTreeSet<OpaqueGrant>) -> Vec<OpaqueChange> {
    let change = |is_added: bool| {
        move |grant: &OpaqueGrant| OpaqueChange {
            is_added,
            grant: grant.clone(),
        }
    };
    let removed = old.difference(new).map(change(false));
    removed.chain(new.difference(old).map(change(true))).collect()
}

/// Takes the policies out that are attached and not there, with every grant of them
///
/// So does it with policies that only allow and that the engine cannot read. What is left can be decided; what was taken out can
/// only be compared by who has it.
pub(crate) fn take_opaque(data: &mut RamData) -> BTreeSet<OpaqueGrant> {
    let is_unknown = |kind: PolicyKind, name: &String| {
        !data.policies.contains_key(&(kind, name.clone())) && !is_system_policy(name)
    };
    let unknown: BTreeSet<(PolicyKind, String)> = data
        .attached
        .keys()
        .filter(|(kind, name)| *kind != PolicyKind::Control && is_unknown(*kind, name))
        .cloned()
        .collect();
    let unreadable: BTreeMap<(PolicyKind, String), String> = data
        .policies
        .iter()
        .filter_map(|(key, policy)| match &policy.text {
            PolicyText::OnlyAllows { json, .. } => Some((key.clone(), json.clone())),
            PolicyText::Readable { .. } | PolicyText::MayDeny { .. } => None,
        })
        .collect();
    let mut found = BTreeSet::new();
    let mut take = |holder: String, grants: &mut BTreeSet<Grant>| {
        grants.retain(|grant| {
            let key = (grant.kind, grant.policy.clone());
            let text = unreadable.get(&key);
            if !unknown.contains(&key) && text.is_none() {
                return true;
            }
            found.insert(OpaqueGrant {
                holder: holder.clone(),
                policy: grant.policy.clone(),
                resource_group: grant.resource_group.clone(),
                text: text.cloned(),
                may_deny: text.is_none(),
            });
            false
        });
    };
    for (name, user) in &mut data.users {
        take(format!("user/{name}"), &mut user.grants);
    }
    for (name, grants) in &mut data.groups {
        take(format!("group/{name}"), grants);
    }
    for role in data.roles.values_mut() {
        take(format!("role/{}", role.name), &mut role.grants);
    }
    found.extend(elsewhere(data));
    for key in unknown.iter().chain(unreadable.keys()) {
        data.attached.remove(key);
        data.policies.remove(key);
    }
    found
}

/// The grants of roles that are not shown, each with its policy's text, so that a change of the text is a change of the grant
fn elsewhere(data: &RamData) -> Vec<OpaqueGrant> {
    let grants = data.grants_elsewhere.iter().map(|(role, grant)| {
        let policy = data.policies.get(&(grant.kind, grant.policy.clone()));
        let text = policy.and_then(|policy| policy.text.json());
        OpaqueGrant {
            holder: format!("role/{role}"),
            policy: grant.policy.clone(),
            resource_group: grant.resource_group.clone(),
            text: text.map(str::to_owned),
            may_deny: true,
        }
    });
    grants.collect()
}

/// Custom policies with another text than before that nobody has here: somebody may have them elsewhere
pub(crate) fn changed_elsewhere(old: &RamData, new: &RamData) -> Vec<OpaqueChange> {
    let changed = new.policies.iter().filter(|(key, policy)| {
        let before = old.policies.get(*key).map(|policy| policy.text.json());
        key.0 == PolicyKind::Custom
            && !new.attached.contains_key(*key)
            && before.is_some_and(|before| before != policy.text.json())
    });
    let change = |((_, name), policy): (&(PolicyKind, String), &RamPolicy)| OpaqueChange {
        is_added: true,
        grant: OpaqueGrant {
            holder: "whoever has it elsewhere".to_owned(),
            policy: name.clone(),
            resource_group: None,
            text: policy.text.json().map(str::to_owned),
            may_deny: true,
        },
    };
    changed.map(change).collect()
}
