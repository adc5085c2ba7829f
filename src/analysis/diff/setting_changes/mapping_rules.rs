//! Changes of mapping: what ramgate writes into pods.
//!
//! ramgate evaluates the pod after mapping, so a rule can turn the decision both ways.

use std::collections::BTreeSet;

use super::change::{Risk, change};
use crate::analysis::diff::diff_report::SettingChange;
use crate::config::{FieldRule, MappingMode, MappingRules, MappingSource};

const SECTION: &str = "mapping";

pub(crate) fn changes(old: &MappingRules, new: &MappingRules) -> Vec<SettingChange> {
    let both = [old, new];
    let keys: BTreeSet<&String> = old.tags.iter().chain(&new.tags).map(|tag| &tag.key).collect();
    let tags = keys.into_iter().filter_map(|key| {
        let rules = both.map(|rules| {
            let tag = rules.tags.iter().find(|tag| tag.key == *key);
            tag.map(|tag| shown_rule(&tag.rule))
        });
        change(SECTION, format!("tag {key}"), rules, Risk::MayAllow)
    });
    let groups = both.map(|rules| rules.resource_group_id.as_ref().map(shown_rule));
    let groups = change(SECTION, "resourceGroupId", groups, Risk::MayAllow);
    let roles = both.map(|rules| rules.ram_role_name.as_ref().map(shown_rule));
    let roles = change(SECTION, "ramRoleName", roles, Risk::MayAllow);
    tags.chain(groups).chain(roles).collect()
}

/// `namespaceLabel team, enforce`: the source of a value, and what happens to a value that a pod has
fn shown_rule(rule: &FieldRule) -> String {
    let (source, name) = match &rule.source {
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
    format!("{source} {name}, {mode}")
}
