//! A configuration without the limits and rules that stop an evaluation before RAM is asked.

use crate::admission::fields::mapping::MappingError;
use crate::config::{Configuration, MappingRules, MappingSource};

/// Takes what caused the error out of the configuration; false if nothing there did
///
/// ```text
/// five tags, and a pod may have three           -> no limit
/// namespace label `team` cannot be tag `team`   -> without the rules that read this label
/// ```
pub(super) fn relax(configuration: &mut Configuration, error: &MappingError) -> bool {
    match error {
        MappingError::TooMany { .. } => {
            let limited = configuration.cluster.max_custom_tags != usize::MAX;
            configuration.cluster.max_custom_tags = usize::MAX;
            limited
        }
        MappingError::Value { from, .. } => skip(&mut configuration.mapping, from),
    }
}

/// Removes the rules that read a source; false if there are none
fn skip(rules: &mut MappingRules, source: &MappingSource) -> bool {
    let before = rules.sources().count();
    rules.tags.retain(|tag| tag.rule.source != *source);
    for rule in [&mut rules.resource_group_id, &mut rules.ram_role_name] {
        rule.take_if(|rule| rule.source == *source);
    }
    rules.sources().count() < before
}
