//! Changes of boundaries: second principals that must be allowed as well.

use super::change::{Risk, change, shown_selector};
use crate::analysis::diff::diff_report::SettingChange;
use crate::config::{Boundary, Configuration};

const SECTION: &str = "boundaries";

/// Boundaries that are gone or have another principal, and then new ones
pub(crate) fn changes(old: &Configuration, new: &Configuration) -> Vec<SettingChange> {
    let gone = old
        .boundaries
        .iter()
        .filter(|boundary| !new.boundaries.contains(boundary));
    let mut come: Vec<&Boundary> = new
        .boundaries
        .iter()
        .filter(|boundary| !old.boundaries.contains(boundary))
        .collect();
    let mut changes = Vec::new();
    for boundary in gone {
        let moved = come
            .iter()
            .position(|each| each.namespaces == boundary.namespaces);
        let after = moved.map(|at| come.remove(at).principal.to_string());
        let principals = [Some(boundary.principal.to_string()), after];
        let entry = shown_selector(&boundary.namespaces);
        changes.extend(change(SECTION, entry, principals, Risk::MayAllow));
    }
    let added = come.into_iter().filter_map(|boundary| {
        let principals = [None, Some(boundary.principal.to_string())];
        change(
            SECTION,
            shown_selector(&boundary.namespaces),
            principals,
            Risk::AllowsNoMore,
        )
    });
    changes.extend(added);
    changes
}
