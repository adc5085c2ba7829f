//! Changes of bindings: the principal of each Kubernetes subject.

use std::collections::BTreeMap;

use super::change::{Risk, change};
use crate::analysis::diff::diff_report::SettingChange;
use crate::config::{Configuration, Subject};
use ram_policy::Principal;

const SECTION: &str = "bindings";

pub(crate) fn changes(old: &Configuration, new: &Configuration) -> Vec<SettingChange> {
    let subjects = subject_changes(old, new);
    subjects.into_iter().chain(group_order(old, new)).collect()
}

/// Subjects with another principal, with a new one, and without one now
fn subject_changes(old: &Configuration, new: &Configuration) -> Vec<SettingChange> {
    let by_subject = |configuration: &Configuration| -> BTreeMap<String, String> {
        let bindings = configuration.bindings.iter();
        let named = bindings.map(|binding| (binding.subject.to_string(), binding.principal.to_string()));
        named.collect()
    };
    let (before, after) = (by_subject(old), by_subject(new));
    let binds_groups = new.bindings.iter().any(|binding| is_group(&binding.subject));
    let added = after.keys().filter(|subject| !before.contains_key(*subject));
    let subjects = before.keys().chain(added);
    let changes = subjects.filter_map(|subject| {
        let principals = [before.get(subject).cloned(), after.get(subject).cloned()];
        // A subject without a binding gets that of one of its groups, if a group is bound.
        let risk = Risk::may_allow_if(after.contains_key(subject) || binds_groups);
        change(SECTION, subject, principals, risk)
    });
    changes.collect()
}

/// A change of the order alone: a user in two groups then has another principal
fn group_order(old: &Configuration, new: &Configuration) -> Option<SettingChange> {
    let groups = |configuration: &Configuration| -> Vec<(String, Principal)> {
        let groups = configuration
            .bindings
            .iter()
            .filter(|binding| is_group(&binding.subject));
        let named = groups.map(|binding| (binding.subject.to_string(), binding.principal.clone()));
        named.collect()
    };
    let orders = [groups(old), groups(new)];
    let [before, after] = orders.clone().map(|mut groups| {
        groups.sort();
        groups
    });
    if before != after {
        return None;
    }
    let shown = orders.map(|groups| {
        let names: Vec<String> = groups.into_iter().map(|(name, _)| name).collect();
        Some(names.join(", "))
    });
    change(SECTION, "order of the groups", shown, Risk::MayAllow)
}

fn is_group(subject: &Subject) -> bool {
    matches!(subject, Subject::Group(_))
}
