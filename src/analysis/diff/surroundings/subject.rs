//! Who Kubernetes' subjects are in RAM, and what binds them beside that.

use std::collections::BTreeMap;

use crate::analysis::diff::surroundings::{Changes, selector};
use crate::config::{Boundary, Configuration, Subject};
use ram_policy::Principal;

/// Subjects that mean another principal, or one at all, or none any more
pub(crate) fn bindings(changes: &mut Changes, old: &Configuration, new: &Configuration) {
    let of = |side: &Configuration| -> BTreeMap<String, (Subject, Principal)> {
        let all = side.bindings.iter();
        all.map(|each| {
            (
                each.subject.to_string(),
                (each.subject.clone(), each.principal.clone()),
            )
        })
        .collect()
    };
    let (before, after) = (of(old), of(new));
    let groups = |side: &Configuration| -> Vec<(String, Principal)> {
        let all = side
            .bindings
            .iter()
            .filter(|each| matches!(each.subject, Subject::Group(_)));
        all.map(|each| (each.subject.to_string(), each.principal.clone()))
            .collect()
    };
    let (groups_before, groups_after) = (groups(old), groups(new));
    for name in before
        .keys()
        .chain(after.keys().filter(|name| !before.contains_key(*name)))
    {
        let side = |all: &BTreeMap<String, (Subject, Principal)>| {
            all.get(name).map(|(_, principal)| principal.to_string())
        };
        let sides = [side(&before), side(&after)];
        // Whose binding is gone falls back on a group, if any is bound.
        let may_allow =
            sides.iter().all(Option::is_some) || after.contains_key(name) || !groups_after.is_empty();
        changes.add("bindings", name, sides, may_allow);
    }
    // Where nothing but the order changed, somebody in two groups is somebody else now.
    let mut sorted = [groups_before.clone(), groups_after.clone()];
    sorted.iter_mut().for_each(|side| side.sort());
    let [sorted_before, sorted_after] = sorted;
    if sorted_before == sorted_after && groups_before != groups_after {
        let order = |groups: &[(String, Principal)]| {
            let names: Vec<&str> = groups.iter().map(|(name, _)| name.as_str()).collect();
            Some(names.join(", "))
        };
        let sides = [order(&groups_before), order(&groups_after)];
        changes.add("bindings", "order of the groups", sides, true);
    }
}

/// Second principals that must be allowed as well
pub(crate) fn boundaries(changes: &mut Changes, old: &Configuration, new: &Configuration) {
    let gone: Vec<&Boundary> = old
        .boundaries
        .iter()
        .filter(|each| !new.boundaries.contains(each))
        .collect();
    let mut come: Vec<&Boundary> = new
        .boundaries
        .iter()
        .filter(|each| !old.boundaries.contains(each))
        .collect();
    for boundary in gone {
        let moved = come
            .iter()
            .position(|each| each.namespaces == boundary.namespaces);
        let after = moved.map(|at| come.remove(at).principal.to_string());
        let sides = [Some(boundary.principal.to_string()), after];
        changes.add("boundaries", selector(&boundary.namespaces), sides, true);
    }
    for boundary in come {
        let sides = [None, Some(boundary.principal.to_string())];
        changes.add("boundaries", selector(&boundary.namespaces), sides, false);
    }
}
