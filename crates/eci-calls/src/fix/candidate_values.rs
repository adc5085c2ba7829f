//! The values that a search tries: those that policies name, one for each combination of conditions that it meets.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::Hash;

use crate::condition_key::{RESOURCE_GROUP_ID, TagKey};
use crate::fix::budget::Budget;
use crate::fix::evaluator::Evaluator;
use ram_policy::{Condition, Effect, Layer, Scope};

/// A condition with the effect of its statement
type EffectCondition<'a> = (&'a Condition, Effect);

/// The values to try for each tag and for the resource group
#[derive(Debug, Default)]
pub(crate) struct CandidateValues {
    pub(crate) tags: BTreeMap<String, Choices>,
    pub(crate) groups: Choices,
}

/// Values in the order in which they are tried; `None` leaves the field out
#[derive(Debug, Default)]
pub(crate) struct Choices {
    all: Vec<Option<String>>,
    positions: HashMap<String, usize>,
}

impl Choices {
    fn new(all: Vec<Option<String>>) -> Self {
        let positions = all.iter().zip(0..);
        let positions = positions.filter_map(|(choice, at)| choice.clone().map(|text| (text, at)));
        Self {
            positions: positions.collect(),
            all,
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Option<String>> {
        self.all.iter()
    }

    /// The values that may meet a condition: if it names exact values, only these and `None`; otherwise all
    pub(crate) fn that_may_meet<'c>(
        &'c self,
        condition: &Condition,
    ) -> Box<dyn Iterator<Item = &'c Option<String>> + 'c> {
        let Some(values) = condition.exact_values() else {
            return Box::new(self.all.iter());
        };
        let mut positions: Vec<usize> = values
            .filter_map(|value| self.positions.get(value).copied())
            .collect();
        positions.extend(self.all.iter().rposition(Option::is_none));
        positions.sort_unstable();
        positions.dedup();
        let found: Vec<_> = positions.into_iter().filter_map(|at| self.all.get(at)).collect();
        Box::new(found.into_iter())
    }
}

impl CandidateValues {
    pub(crate) fn new(evaluator: &impl Evaluator, layers: &[Layer<'_>], budget: &Budget) -> Self {
        let mut on_tags: BTreeMap<&str, Vec<EffectCondition<'_>>> = BTreeMap::new();
        let mut on_groups: Vec<EffectCondition<'_>> = Vec::new();
        for (condition, effect) in conditions(layers) {
            match TagKey::parse(&condition.key) {
                Some(TagKey { tag, .. }) => on_tags.entry(tag).or_default().push((condition, effect)),
                None if *condition.key == *RESOURCE_GROUP_ID => on_groups.push((condition, effect)),
                None => {}
            }
        }
        let tags = on_tags.into_iter();
        Self {
            tags: tags
                .map(|(key, conditions)| (key.to_owned(), tag_values(evaluator, key, &conditions, budget)))
                .collect(),
            groups: group_values(evaluator, layers, &on_groups, budget),
        }
    }
}

fn conditions<'a>(layers: &[Layer<'a>]) -> impl Iterator<Item = EffectCondition<'a>> {
    let policies = layers.iter().flat_map(|layer| layer.policies.iter().copied());
    let statements = policies.flat_map(|attached| &attached.document.statements);
    statements.flat_map(|statement| {
        let conditions = statement.conditions.iter();
        conditions.map(move |condition| (condition, statement.effect))
    })
}

/// The values for a tag: samples of the conditions on it
fn tag_values(
    evaluator: &impl Evaluator,
    key: &str,
    conditions: &[EffectCondition<'_>],
    budget: &Budget,
) -> Choices {
    let samples = conditions.iter().flat_map(|(condition, _)| condition.samples());
    let default = evaluator.default_tag(key);
    let index = ConditionIndex::new(conditions);
    let choices = samples.map(Some).chain([None]);
    distinct(choices, &index, budget, |choice| {
        index.met_by(choice.as_ref().or(default.as_ref()))
    })
}

/// The resource groups. A group with grants may bring other policies, so it is distinct from every other group.
fn group_values(
    evaluator: &impl Evaluator,
    layers: &[Layer<'_>],
    conditions: &[EffectCondition<'_>],
    budget: &Budget,
) -> Choices {
    let groups = evaluator.resource_groups();
    let default = groups.iter().find(|(_, is_default)| *is_default);
    let default = default.map(|(id, _)| (*id).to_owned());
    let choices = groups.iter().map(|(id, _)| Some((*id).to_owned())).chain([None]);
    let index = ConditionIndex::new(conditions);
    distinct(choices, &index, budget, |choice| {
        let effective = choice.as_ref().or(default.as_ref());
        let is_granted = |scope: &&Scope| matches!(scope, Scope::ResourceGroup(id) if effective.is_some_and(|group| **group == **id));
        let scopes = layers.iter().map(|layer| &layer.scope);
        let grants: Vec<&Scope> = scopes.filter(is_granted).collect();
        (grants, index.met_by(effective))
    })
}

/// The conditions on one key: those with exact values by value, and the others
struct ConditionIndex<'a> {
    exact: HashMap<&'a str, Vec<usize>>,
    others: Vec<EffectCondition<'a>>,
}

impl<'a> ConditionIndex<'a> {
    fn new(conditions: &[EffectCondition<'a>]) -> Self {
        let mut exact: HashMap<&str, Vec<usize>> = HashMap::new();
        let mut others = Vec::new();
        for (at, (condition, effect)) in conditions.iter().enumerate() {
            match condition.exact_values() {
                Some(values) => values.for_each(|value| exact.entry(value).or_default().push(at)),
                None => others.push((*condition, *effect)),
            }
        }
        Self { exact, others }
    }

    /// The conditions that a value meets: the numbers of those with exact values, and for each other whether it does
    fn met_by(&self, value: Option<&String>) -> (&[usize], Vec<bool>) {
        let exact = value.and_then(|value| self.exact.get(value.as_str()));
        let values: Vec<String> = value.into_iter().cloned().collect();
        let others = self.others.iter();
        let others = others.map(|(condition, effect)| condition.met(&values, *effect));
        (exact.map_or(&[], Vec::as_slice), others.collect())
    }
}

/// The first choice of each signature, with `None` apart from all others.
///
/// If computing the signatures would cost too much, all choices are kept.
fn distinct<S: Eq + Hash>(
    choices: impl Iterator<Item = Option<String>>,
    index: &ConditionIndex<'_>,
    budget: &Budget,
    signature: impl Fn(&Option<String>) -> S,
) -> Choices {
    let mut known = HashSet::new();
    let choices = choices.filter(|choice| known.insert(choice.clone()));
    let choices: Vec<Option<String>> = choices.collect();
    let work = index.others.len().saturating_add(1).saturating_mul(choices.len());
    if budget.spend_on_option(work).is_err() {
        return Choices::new(choices);
    }
    let mut signatures = HashSet::new();
    let is_first = |choice: &Option<String>| signatures.insert((choice.is_none(), signature(choice)));
    Choices::new(choices.into_iter().filter(is_first).collect())
}
