//! Which pods are judged, and what is written into them.

use crate::analysis::diff::surroundings::{Changes, selector, shown};
use crate::config::{ClusterSettings, FieldRule, MappingMode, MappingRules, MappingSource};

const SECTION: &str = "cluster";

/// Where a mapped value comes from, and what it does to a value that is there
fn rule(rule: &FieldRule) -> String {
    let (from, name) = match &rule.source {
        MappingSource::Value(text) => ("value", text),
        MappingSource::NamespaceLabel(key) => ("namespaceLabel", key),
        MappingSource::NamespaceAnnotation(key) => ("namespaceAnnotation", key),
        MappingSource::PodLabel(key) => ("podLabel", key),
        MappingSource::PodAnnotation(key) => ("podAnnotation", key),
        MappingSource::ServiceAccountLabel(key) => ("serviceAccountLabel", key),
        MappingSource::ServiceAccountAnnotation(key) => ("serviceAccountAnnotation", key),
    };
    let mode = match rule.mode {
        MappingMode::Enforce => "enforce",
        MappingMode::Default => "default",
    };
    format!("{from} {name}, {mode}")
}

/// What is written into pods is judged, so a rule can help a pod as well as spoil it
pub(crate) fn mapping(changes: &mut Changes, old: &MappingRules, new: &MappingRules) {
    let tag = |side: &MappingRules, key: &str| {
        let found = side.tags.iter().find(|tag| tag.key == key);
        found.map(|tag| rule(&tag.rule))
    };
    let mut keys: Vec<&String> = old.tags.iter().chain(&new.tags).map(|tag| &tag.key).collect();
    keys.sort_unstable();
    keys.dedup();
    for key in keys {
        changes.add(
            "mapping",
            format!("tag {key}"),
            [tag(old, key), tag(new, key)],
            true,
        );
    }
    let field = |field: &Option<FieldRule>| field.as_ref().map(rule);
    let groups = [field(&old.resource_group_id), field(&new.resource_group_id)];
    changes.add("mapping", "resourceGroupId", groups, true);
    let roles = [field(&old.ram_role_name), field(&new.ram_role_name)];
    changes.add("mapping", "ramRoleName", roles, true);
}

/// Fewer pods judged are more pods let in, and so are more users who are trusted
pub(crate) fn cluster(changes: &mut Changes, old: &ClusterSettings, new: &ClusterSettings) {
    let serverless = [shown(&old.serverless), shown(&new.serverless)];
    changes.add(SECTION, "serverless", serverless, old.serverless);
    let nodes = [old.virtual_nodes.as_slice(), &new.virtual_nodes];
    changes.lists(SECTION, "virtualNodes", nodes, selector, [true, false]);
    let nodes = [old.acs_nodes.as_slice(), &new.acs_nodes];
    changes.lists(SECTION, "acsNodes", nodes, selector, [false, true]);
    let namespaces = [old.burst_namespaces.as_slice(), &new.burst_namespaces];
    changes.lists(SECTION, "burstNamespaces", namespaces, selector, [true, false]);
    let classes = [old.runtime_classes.as_slice(), &new.runtime_classes];
    changes.lists(SECTION, "runtimeClasses", classes, Clone::clone, [true, false]);
    let tags = [shown(&old.max_custom_tags), shown(&new.max_custom_tags)];
    changes.add(
        SECTION,
        "maxCustomTags",
        tags,
        new.max_custom_tags > old.max_custom_tags,
    );
    let profiles = [shown(&old.eci_profile), shown(&new.eci_profile)];
    changes.add(SECTION, "eciProfile", profiles, old.eci_profile);
    let carriers = [old.carriers.as_slice(), &new.carriers];
    let carrier = |each: &crate::config::DelegatedController| {
        format!("{} of {}.{}", each.user, each.resource, each.group)
    };
    changes.lists(SECTION, "carriers", carriers, carrier, [false, true]);
    let keepers = [old.keepers.as_slice(), &new.keepers];
    changes.lists(SECTION, "keepers", keepers, Clone::clone, [false, true]);
    let users = [old.control_plane.as_slice(), &new.control_plane];
    changes.lists(SECTION, "controlPlane", users, Clone::clone, [false, true]);
}
