//! Changes outside RAM's policies that can change what ramgate admits.
//!
//! No request is tried here. The kind of entry decides whether a change can admit more, and in doubt it can.

mod account_settings;
mod change;
mod cluster_settings;
mod exceptions;
mod mapping_rules;
mod namespace_boundaries;
mod namespace_modes;
mod subject_bindings;

use crate::analysis::diff::diff_report::SettingChange;
use crate::config::Configuration;

/// All such changes, section by section
pub(crate) fn changes(old: &Configuration, new: &Configuration) -> Vec<SettingChange> {
    [
        subject_bindings::changes(old, new),
        namespace_boundaries::changes(old, new),
        exceptions::changes(old, new),
        namespace_modes::changes(old, new),
        account_settings::changes(old, new),
        account_settings::resource_group_changes(old, new),
        mapping_rules::changes(&old.mapping, &new.mapping),
        cluster_settings::changes(&old.cluster, &new.cluster),
    ]
    .concat()
}
