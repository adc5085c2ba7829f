//! Changes of bindings: the principal of each Kubernetes subject.

use std::collections::{BTreeMap, BTreeSet};

use super::change::{Risk, change};
use crate::analysis::diff::diff_report::SettingChange;
use crate::config::{Configuration, Subject};
use ram_policy::Principal;

const SECTION: &str = "bindings";

pub(crate) fn changes(old: &Configuration, new: &Configuration) -> Vec<SettingChange> {
    let subjects = subject_changes(old, new).into_iter();
    let ids = id_changes(old, new);
    let patterns = pattern_changes(old, new);
    subjects
        .chain(ids)
        .chain(patterns)
        .chain(group_order(old, new))
        .collect()
}

/// Ids that are another principal's, or new, or gone: whoever has one then counts by a star or by a group
fn id_changes(old: &Configuration, new: &Configuration) -> Vec<SettingChange> {
    let [before, after] = [old, new].map(|configuration| -> BTreeMap<String, String> {
        let ids = configuration.bindings.ids().into_iter();
        ids.map(|(id, principal)| (id.to_owned(), principal.to_string()))
            .collect()
    });
    let ids: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let changes = ids.into_iter().filter_map(|id| {
        let principals = [before.get(id).cloned(), after.get(id).cloned()];
        let risk = Risk::may_allow_if(after.contains_key(id) || binds_others(new));
        change(SECTION, format!("id {id}"), principals, risk)
    });
    changes.collect()
}

fn pattern_changes(old: &Configuration, new: &Configuration) -> Vec<SettingChange> {
    let [before, after] = [old, new].map(|configuration| -> BTreeSet<String> {
        let patterns = configuration.bindings.patterns().iter();
        patterns.map(ToString::to_string).collect()
    });
    let patterns: BTreeSet<&String> = before.union(&after).collect();
    let changes = patterns.into_iter().filter_map(|pattern| {
        let bound = [&before, &after].map(|all| all.contains(pattern).then(|| "user/*".to_owned()));
        // Without one of two stars that disagree, the other one counts
        let risk = Risk::may_allow_if(after.contains(pattern) || binds_others(new));
        change(SECTION, format!("User {pattern}"), bound, risk)
    });
    changes.collect()
}

/// Whether a user without a binding, or without this one, may be somebody by another one
fn binds_others(configuration: &Configuration) -> bool {
    let bindings = &configuration.bindings;
    !bindings.patterns().is_empty()
        || !bindings.trusted_extra().is_empty()
        || !bindings.ids().is_empty()
        || bindings.iter().any(|binding| is_group(&binding.subject))
}

/// Subjects with another principal, with a new one, and without one now
fn subject_changes(old: &Configuration, new: &Configuration) -> Vec<SettingChange> {
    let by_subject = |configuration: &Configuration| -> BTreeMap<String, String> {
        let bindings = configuration.bindings.iter();
        let named = bindings.map(|binding| (binding.subject.to_string(), binding.principal.to_string()));
        named.collect()
    };
    let (before, after) = (by_subject(old), by_subject(new));
    let added = after.keys().filter(|subject| !before.contains_key(*subject));
    let subjects = before.keys().chain(added);
    let changes = subjects.filter_map(|subject| {
        let principals = [before.get(subject).cloned(), after.get(subject).cloned()];
        // A subject without a binding is then somebody by its id, its extra information, a star or one of its groups
        let risk = Risk::may_allow_if(after.contains_key(subject) || binds_others(new));
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
