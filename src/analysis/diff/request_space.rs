//! The space of a caller's requests: one dimension for each element, with the classes that its statements distinguish.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::analysis::diff::candidates::{Candidates, condition_key, resource_group};
use crate::analysis::diff::condition_truth::{free_conditions, is_met_by};
use crate::analysis::diff::dimension::{Dimension, DimensionId};
use crate::analysis::diff::dimension_cache::SharedDimension;
use crate::analysis::diff::search_input::SearchInput;
use crate::analysis::diff::statement_table::SelectedStatements;
use eci_calls::ASSUME_ROLE;
use eci_calls::condition_key::RESOURCE_GROUP_ID;
use ram_policy::{Condition, Effect};

/// The dimensions of a caller's requests
#[derive(Debug)]
pub(crate) struct RequestSpace {
    pub(crate) actions: Arc<Dimension>,
    pub(crate) resources: Arc<Dimension>,
    pub(crate) groups: Dimension,
    pub(crate) keys: Vec<(String, Dimension)>,
    /// Whether the statements may distinguish further values
    pub(crate) is_bounded: bool,
}

impl RequestSpace {
    /// The dimensions that the statements of a caller distinguish
    pub(crate) fn new(input: &SearchInput<'_>, statements: &SelectedStatements<'_>) -> Self {
        let [actions, resources] = named_elements(input, statements);
        let groups = group_candidates(input, statements);
        let keys: BTreeSet<&str> = statements
            .values()
            .flat_map(|statement| free_conditions(statement))
            .map(|condition| &*condition.key)
            .collect();
        let keys: Vec<(&str, Candidates)> = keys
            .into_iter()
            .map(|key| {
                let conditions = conditions_on(key, statements);
                (key, condition_key::candidates(key, &without_effects(&conditions)))
            })
            .collect();
        let is_bounded = actions.is_bounded
            || resources.is_bounded
            || groups.is_bounded
            || keys.iter().any(|(_, candidates)| candidates.is_bounded);
        let keys = keys.into_iter().map(|(key, candidates)| {
            let conditions = conditions_on(key, statements);
            let dimension = Dimension::new(candidates.all, |value| truths(&conditions, value));
            (key.to_owned(), dimension)
        });
        Self {
            actions: actions.dimension,
            resources: resources.dimension,
            groups: group_dimension(groups, input, statements),
            keys: keys.collect(),
            is_bounded,
        }
    }

    pub(crate) fn dimension(&self, id: DimensionId) -> Option<&Dimension> {
        match id {
            DimensionId::Key(at) => self.keys.get(at).map(|(_, dimension)| dimension),
            DimensionId::Group => Some(&self.groups),
            DimensionId::Resource => Some(&self.resources),
            DimensionId::Action => Some(&self.actions),
        }
    }
}

/// The actions and the resources; a request to assume a role has one of each
fn named_elements(input: &SearchInput<'_>, statements: &SelectedStatements<'_>) -> [SharedDimension; 2] {
    let single = |value: &str| SharedDimension {
        dimension: Arc::new(Dimension::single(value)),
        is_bounded: false,
    };
    let [_, new] = input.configurations;
    match input.assumed_role {
        Some(role) => [single(ASSUME_ROLE), single(role)],
        None => [
            input.cache.actions(statements),
            input.cache.resources(statements, new),
        ],
    }
}

/// The resource groups to try; a request to assume a role has none
fn group_candidates(input: &SearchInput<'_>, statements: &SelectedStatements<'_>) -> Candidates {
    if input.assumed_role.is_some() {
        return Candidates::absent();
    }
    let conditions = conditions_on(RESOURCE_GROUP_ID, statements);
    let conditions = without_effects(&conditions);
    resource_group::candidates(&input.policies.groups(), &conditions, input.configurations)
}

/// Resource groups differ by their grants and by the conditions that they satisfy
fn group_dimension(
    candidates: Candidates,
    input: &SearchInput<'_>,
    statements: &SelectedStatements<'_>,
) -> Dimension {
    let conditions = conditions_on(RESOURCE_GROUP_ID, statements);
    let granted = input.policies.groups();
    Dimension::new(candidates.all, |value| {
        let with_grants = value.filter(|group| granted.contains(group));
        (with_grants.map(ToOwned::to_owned), truths(&conditions, value))
    })
}

/// All conditions on a key, each with the effect of its statement
fn conditions_on<'a>(key: &str, statements: &SelectedStatements<'a>) -> Vec<(&'a Condition, Effect)> {
    let all = statements.values().flat_map(|each| {
        let conditions = each.statement.conditions.iter();
        conditions.map(|condition| (condition, each.statement.effect))
    });
    all.filter(|(condition, _)| *condition.key == *key).collect()
}

fn without_effects<'a>(conditions: &[(&'a Condition, Effect)]) -> Vec<&'a Condition> {
    conditions.iter().map(|(condition, _)| *condition).collect()
}

/// Which conditions hold for a value: the signature of its class
fn truths(conditions: &[(&Condition, Effect)], value: Option<&str>) -> Vec<bool> {
    conditions
        .iter()
        .map(|(condition, effect)| is_met_by(condition, value, *effect))
        .collect()
}
