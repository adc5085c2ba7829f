//! Changes of the account: its own settings, which every request has, and its resource groups.

use std::collections::{BTreeMap, BTreeSet};

use super::change::{Risk, change};
use crate::analysis::diff::diff_report::SettingChange;
use crate::config::Configuration;
use eci_calls::ResourceGroup;
use ram_policy::Context;

const SECTION: &str = "account";

pub(crate) fn changes(old: &Configuration, new: &Configuration) -> Vec<SettingChange> {
    let both = [old, new];
    let entry = |name: &str, shown: fn(&Configuration) -> Option<String>| {
        change(SECTION, name, both.map(shown), Risk::MayAllow)
    };
    let settings = [
        entry("id", |each| Some(each.policies.account().to_owned())),
        entry("region", |each| Some(each.account.region.clone())),
        entry("clusterId", |each| each.cluster_id.clone()),
        service_linked_roles(old, new),
        entry("passRoleService", |each| each.account.pass_role_service.clone()),
        entry("trustedExtra", |each| {
            let keys = each.bindings.trusted_extra();
            (!keys.is_empty()).then(|| format!("[{}]", keys.join(", ")))
        }),
    ];
    let context = context_changes([&old.account.context, &new.account.context]);
    settings.into_iter().flatten().chain(context).collect()
}

/// ECI need not create a role that exists. If it is unknown which roles exist, RAM is not asked either.
fn service_linked_roles(old: &Configuration, new: &Configuration) -> Option<SettingChange> {
    let roles = [old, new].map(|each| each.account.service_linked_roles.as_ref());
    let may_allow = match roles {
        [Some(before), Some(after)] => after.difference(before).next().is_some(),
        [Some(_), None] => true,
        [None, _] => false,
    };
    let names = |roles: &BTreeSet<String>| roles.iter().cloned().collect::<Vec<_>>().join(", ");
    let shown = roles.map(|roles| roles.map(|roles| format!("[{}]", names(roles))));
    change(
        SECTION,
        "serviceLinkedRoles",
        shown,
        Risk::may_allow_if(may_allow),
    )
}

fn context_changes(contexts: [&Context; 2]) -> Vec<SettingChange> {
    let contexts = contexts.map(|context| context.iter().collect::<BTreeMap<_, _>>());
    let keys: BTreeSet<&str> = contexts
        .iter()
        .flat_map(|context| context.keys().copied())
        .collect();
    let changes = keys.into_iter().filter_map(|key| {
        let values = contexts
            .each_ref()
            .map(|context| context.get(key).map(|values| values.join(", ")));
        change(SECTION, format!("context {key}"), values, Risk::MayAllow)
    });
    changes.collect()
}

/// Changes of resource groups
///
/// ramgate denies an unknown group. A pod without a group goes to the default group.
pub(crate) fn resource_group_changes(old: &Configuration, new: &Configuration) -> Vec<SettingChange> {
    let by_id = |configuration: &Configuration| -> BTreeMap<String, ResourceGroup> {
        let groups = configuration.account.resource_groups.iter();
        groups.map(|group| (group.id.clone(), group.clone())).collect()
    };
    let (before, after) = (by_id(old), by_id(new));
    let ids: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let changes = ids.into_iter().filter_map(|id| {
        let groups = [before.get(id), after.get(id)];
        let [was_default, is_default] = groups.map(|group| group.is_some_and(|group| group.default));
        let risk = Risk::may_allow_if(!before.contains_key(id) || was_default != is_default);
        let shown = groups.map(|group| group.map(shown_group));
        change("resourceGroups", id.as_str(), shown, risk)
    });
    changes.collect()
}

fn shown_group(group: &ResourceGroup) -> String {
    let name = group.name.as_deref().unwrap_or("without a name");
    let default = if group.default { ", default" } else { "" };
    format!("{name}{default}")
}
