//! The values worth trying: those that policies speak of, one of each kind that their conditions tell apart.

use std::collections::{BTreeMap, HashSet};

use super::Court;
use crate::eci::question::{ECI_TAG, REQUEST_TAG, RESOURCE_GROUP, RESOURCE_TAG};
use crate::ram::{Condition, Effect, Layer, Scope};

/// What can be chosen for each tag, and for the resource group; none stands for leaving it out
#[derive(Debug, Default)]
pub(super) struct Values {
    pub(super) tags: BTreeMap<String, Vec<Option<String>>>,
    pub(super) groups: Vec<Option<String>>,
}

impl Values {
    pub(super) fn new(court: &impl Court, layers: &[Layer<'_>]) -> Self {
        let mut by_tag: BTreeMap<&str, Vec<(&Condition, Effect)>> = BTreeMap::new();
        let mut of_groups: Vec<(&Condition, Effect)> = Vec::new();
        let policies = layers.iter().flat_map(|layer| &layer.policies);
        let statements = policies.flat_map(|attached| &attached.document.statements);
        for (condition, effect) in statements.flat_map(|statement| {
            let conditions = statement.conditions.iter();
            conditions.map(move |condition| (condition, statement.effect))
        }) {
            match tag_of(&condition.key) {
                Some(key) => by_tag.entry(key).or_default().push((condition, effect)),
                None if *condition.key == *RESOURCE_GROUP => of_groups.push((condition, effect)),
                None => {}
            }
        }
        let tags = by_tag.into_iter().map(|(key, conditions)| {
            let samples = conditions.iter().flat_map(|(condition, _)| condition.samples());
            let choices = samples.map(Some).chain([None]);
            let filled = court.filled(key);
            let stands = |choice: &Option<String>| choice.clone().or_else(|| filled.clone());
            (
                key.to_owned(),
                distinct(choices, |choice| met(&conditions, stands(choice))),
            )
        });
        let default = court.groups().into_iter().find(|(_, default)| *default);
        let default = default.map(|(id, _)| id.to_owned());
        let choices = court
            .groups()
            .into_iter()
            .map(|(id, _)| Some(id.to_owned()))
            .chain([None]);
        let groups = distinct(choices, |choice| {
            let stands = choice.clone().or_else(|| default.clone());
            let granted = |layer: &&Layer<'_>| matches!(&layer.scope, Scope::ResourceGroup(id) if stands.as_deref() == Some(id));
            let grants: Vec<_> = layers.iter().filter(granted).map(|layer| &layer.scope).collect();
            // Grants for two groups may hold different policies, so groups with grants are all told apart
            (grants, met(&of_groups, stands.clone()))
        });
        Self {
            tags: tags.collect(),
            groups,
        }
    }
}

/// The tag that a condition key may stand for
pub(super) fn tag_of(key: &str) -> Option<&str> {
    [REQUEST_TAG, RESOURCE_TAG, ECI_TAG]
        .iter()
        .find_map(|prefix| key.strip_prefix(prefix))
}

/// Which conditions a value meets
fn met(conditions: &[(&Condition, Effect)], value: Option<String>) -> Vec<bool> {
    let values: Vec<String> = value.into_iter().collect();
    conditions
        .iter()
        .map(|(condition, effect)| condition.met(&values, *effect))
        .collect()
}

/// The first of the choices that have the same signature, and none of the rest; leaving out always counts
fn distinct<S: Eq + std::hash::Hash>(
    choices: impl Iterator<Item = Option<String>>,
    signature: impl Fn(&Option<String>) -> S,
) -> Vec<Option<String>> {
    let mut seen = HashSet::new();
    choices
        .filter(|choice| seen.insert((choice.is_none(), signature(choice))))
        .collect()
}
