//! Changes of the cluster's settings: which pods ramgate evaluates, and which users it trusts.
//!
//! Fewer evaluated pods and more trusted users can admit more.

use super::change::{Risk, change, list_changes, shown, shown_selector};
use crate::analysis::diff::diff_report::SettingChange;
use crate::config::{ClusterSettings, DelegatedController, Spawner, SpawnerNamespaces};

const SECTION: &str = "cluster";

/// The risks of a removed and of an added item, if items make ramgate evaluate more pods
const WIDENS_EVALUATION: [Risk; 2] = [Risk::MayAllow, Risk::AllowsNoMore];

/// The risks of a removed and of an added item, if items exempt pods or users
const EXEMPTS: [Risk; 2] = [Risk::AllowsNoMore, Risk::MayAllow];

pub(crate) fn changes(old: &ClusterSettings, new: &ClusterSettings) -> Vec<SettingChange> {
    [
        routing_changes(old, new),
        profile_changes(old, new),
        user_changes(old, new),
    ]
    .concat()
}

/// Changes of the settings that route pods to ECI
fn routing_changes(old: &ClusterSettings, new: &ClusterSettings) -> Vec<SettingChange> {
    let serverless = [shown(&old.serverless), shown(&new.serverless)];
    let serverless = change(
        SECTION,
        "serverless",
        serverless,
        Risk::may_allow_if(old.serverless),
    );
    let selectors = |entry, lists, risks| list_changes(SECTION, entry, lists, shown_selector, risks);
    let virtual_nodes = [old.virtual_nodes.as_slice(), &new.virtual_nodes];
    let taints = [old.virtual_node_taints.as_slice(), &new.virtual_node_taints];
    let resources = [old.virtual_node_resources.as_slice(), &new.virtual_node_resources];
    let acs_nodes = [old.acs_nodes.as_slice(), &new.acs_nodes];
    let namespaces = [old.burst_namespaces.as_slice(), &new.burst_namespaces];
    let classes = [old.runtime_classes.as_slice(), &new.runtime_classes];
    [
        serverless.into_iter().collect(),
        selectors("virtualNodes", virtual_nodes, WIDENS_EVALUATION),
        names("virtualNodeTaints", taints, WIDENS_EVALUATION),
        names("virtualNodeResources", resources, WIDENS_EVALUATION),
        selectors("acsNodes", acs_nodes, EXEMPTS),
        selectors("burstNamespaces", namespaces, WIDENS_EVALUATION),
        names("runtimeClasses", classes, WIDENS_EVALUATION),
    ]
    .concat()
}

/// Changes of limits and of the eci-profile
fn profile_changes(old: &ClusterSettings, new: &ClusterSettings) -> Vec<SettingChange> {
    let more_tags = Risk::may_allow_if(new.max_custom_tags > old.max_custom_tags);
    let tags = [shown(&old.max_custom_tags), shown(&new.max_custom_tags)];
    let tags = change(SECTION, "maxCustomTags", tags, more_tags);
    let profiles = [shown(&old.eci_profile), shown(&new.eci_profile)];
    let profiles = change(
        SECTION,
        "eciProfile",
        profiles,
        Risk::may_allow_if(old.eci_profile),
    );
    tags.into_iter().chain(profiles).collect()
}

/// Changes of trusted users
fn user_changes(old: &ClusterSettings, new: &ClusterSettings) -> Vec<SettingChange> {
    let carriers = [old.carriers.as_slice(), &new.carriers];
    let carrier = |each: &DelegatedController| format!("{} of {}.{}", each.user, each.resource, each.group);
    let keepers = [old.keepers.as_slice(), &new.keepers];
    let control_plane = [old.control_plane.as_slice(), &new.control_plane];
    let spawners = [old.spawners.as_slice(), &new.spawners];
    [
        list_changes(SECTION, "carriers", carriers, carrier, EXEMPTS),
        names("keepers", keepers, EXEMPTS),
        names("controlPlane", control_plane, EXEMPTS),
        list_changes(SECTION, "spawners", spawners, shown_spawner, EXEMPTS),
    ]
    .concat()
}

fn shown_spawner(spawner: &Spawner) -> String {
    let namespaces = match &spawner.namespaces {
        SpawnerNamespaces::Named(name) => format!("namespace {name}"),
        SpawnerNamespaces::Selected(selector) => format!("namespaces {}", shown_selector(selector)),
    };
    format!("{} of {namespaces}", spawner.service_account)
}

fn names(entry: &str, lists: [&[String]; 2], risks: [Risk; 2]) -> Vec<SettingChange> {
    list_changes(SECTION, entry, lists, Clone::clone, risks)
}
