//! What every call knows of the account.

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::diff::surroundings::Changes;
use crate::config::Configuration;
use eci_calls::ResourceGroup;

const SECTION: &str = "account";

pub(crate) fn account(changes: &mut Changes, old: &Configuration, new: &Configuration) {
    let text = |text: &str| Some(text.to_owned());
    let ids = [old, new].map(|side| text(side.policies.account()));
    changes.add(SECTION, "id", ids, true);
    changes.add(
        SECTION,
        "region",
        [old, new].map(|side| text(&side.account.region)),
        true,
    );
    changes.add(
        SECTION,
        "clusterId",
        [old, new].map(|side| side.cluster_id.clone()),
        true,
    );
    let roles = [old, new].map(|side| side.account.service_linked_roles.as_ref());
    // Of a role that exists nothing is asked any more, and nothing either where it is unknown what exists.
    let may_allow = match roles {
        [Some(before), Some(after)] => after.difference(before).next().is_some(),
        [Some(_), None] => true,
        [None, _] => false,
    };
    let names = |roles: &BTreeSet<String>| roles.iter().cloned().collect::<Vec<_>>().join(", ");
    let told = roles.map(|roles| roles.map(|roles| format!("[{}]", names(roles))));
    changes.add(SECTION, "serviceLinkedRoles", told, may_allow);
    let services = [old, new].map(|side| side.account.pass_role_service.clone());
    changes.add(SECTION, "passRoleService", services, true);
    let contexts = [old, new].map(|side| side.account.context.iter().collect::<BTreeMap<_, _>>());
    let keys: BTreeSet<&str> = contexts
        .iter()
        .flat_map(|context| context.keys().copied())
        .collect();
    for key in keys {
        let values = [0, 1].map(|at: usize| {
            contexts
                .get(at)
                .and_then(|context| context.get(key))
                .map(|all| all.join(", "))
        });
        changes.add(SECTION, format!("context {key}"), values, true);
    }
}

/// A group that is not known is refused, and the default takes what names none
pub(crate) fn resource_groups(changes: &mut Changes, old: &Configuration, new: &Configuration) {
    let of = |side: &'_ Configuration| -> BTreeMap<String, ResourceGroup> {
        let all = side.account.resource_groups.iter();
        all.map(|group| (group.id.clone(), group.clone())).collect()
    };
    let (before, after) = (of(old), of(new));
    let ids: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for id in ids {
        let told = |group: Option<&ResourceGroup>| {
            let group = group?;
            let name = group.name.as_deref().unwrap_or("without a name");
            let default = if group.default { ", default" } else { "" };
            Some(format!("{name}{default}"))
        };
        let is_default =
            |side: &BTreeMap<String, ResourceGroup>| side.get(id).is_some_and(|group| group.default);
        let may_allow = !before.contains_key(id) || is_default(&before) != is_default(&after);
        changes.add(
            "resourceGroups",
            id.as_str(),
            [told(before.get(id)), told(after.get(id))],
            may_allow,
        );
    }
}
