//! Changes outside RAM's policies that can change what ramgate admits.
//!
//! No request is tried here. The kind of entry decides whether a change can admit more, and in doubt it can.

pub(crate) mod account;
pub(crate) mod binding;
pub(crate) mod boundary;
mod change;
pub(crate) mod cluster;
pub(crate) mod mapping;

use crate::analysis::diff::diff_report::SettingChange;
use crate::config::directory::Configuration;

/// All such changes, section by section
pub(crate) fn changes(old: &Configuration, new: &Configuration) -> Vec<SettingChange> {
    [
        binding::changes(old, new),
        boundary::changes(old, new),
        account::changes(old, new),
        account::resource_group_changes(old, new),
        mapping::changes(&old.mapping, &new.mapping),
        cluster::changes(&old.cluster, &new.cluster),
    ]
    .concat()
}
