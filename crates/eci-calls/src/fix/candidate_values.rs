//! The values worth trying: those that policies speak of, one of each kind that their conditions tell apart.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::Hash;

use crate::condition_key::{RESOURCE_GROUP_ID, TagKey};
use crate::fix::budget::Budget;
use crate::fix::evaluator::Evaluator;
use ram_policy::{Condition, Effect, Layer, Scope};

/// What can be chosen for each tag, and for the resource group
#[derive(Debug, Default)]
pub(super) struct CandidateValues {
    pub(super) tags: BTreeMap<String, Choices>,
    pub(super) groups: Choices,
}

/// CandidateValues in the order in which they are tried; none stands for leaving it out
#[derive(Debug, Default)]
pub(super) struct Choices {
    all: Vec<Option<String>>,
    places: HashMap<String, usize>,
}

impl Choices {
    fn new(all: Vec<Option<String>>) -> Self {
        let places = all.iter().zip(0..);
        let places = places.filter_map(|(choice, at)| choice.clone().map(|text| (text, at)));
        Self {
            places: places.collect(),
            all,
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Option<String>> {
        self.all.iter()
    }

    /// Those that may meet a condition: where it names its values letter by letter, none but these and leaving it out
    pub(super) fn near<'c>(
        &'c self,
        condition: &Condition,
    ) -> Box<dyn Iterator<Item = &'c Option<String>> + 'c> {
        let Some(values) = condition.exact_values() else {
            return Box::new(self.all.iter());
        };
        let mut places: Vec<usize> = values
            .filter_map(|value| self.places.get(value).copied())
            .collect();
        places.extend(self.all.iter().rposition(Option::is_none));
        places.sort_unstable();
        places.dedup();
        let found: Vec<_> = places.into_iter().filter_map(|at| self.all.get(at)).collect();
        Box::new(found.into_iter())
    }
}

impl CandidateValues {
    pub(super) fn new(evaluator: &impl Evaluator, layers: &[Layer<'_>], budget: &Budget) -> Self {
        let mut by_tag: BTreeMap<&str, Vec<(&Condition, Effect)>> = BTreeMap::new();
        let mut of_groups: Vec<(&Condition, Effect)> = Vec::new();
        let policies = layers.iter().flat_map(|layer| &layer.policies);
        let statements = policies.flat_map(|attached| &attached.document.statements);
        for (condition, effect) in statements.flat_map(|statement| {
            let conditions = statement.conditions.iter();
            conditions.map(move |condition| (condition, statement.effect))
        }) {
            match TagKey::parse(&condition.key) {
                Some(TagKey { tag, .. }) => by_tag.entry(tag).or_default().push((condition, effect)),
                None if *condition.key == *RESOURCE_GROUP_ID => of_groups.push((condition, effect)),
                None => {}
            }
        }
        let tags = by_tag.into_iter().map(|(key, conditions)| {
            let samples = conditions.iter().flat_map(|(condition, _)| condition.samples());
            let filled = evaluator.default_tag(key);
            let stands = |choice: &Option<String>| choice.clone().or_else(|| filled.clone());
            let tests = Tests::new(&conditions);
            let choices = samples.map(Some).chain([None]);
            let choices = distinct(choices, &tests, budget, |choice| tests.passed(stands(choice)));
            (key.to_owned(), choices)
        });
        let tags = tags.collect();
        let default = evaluator
            .resource_groups()
            .into_iter()
            .find(|(_, default)| *default);
        let default = default.map(|(id, _)| id.to_owned());
        let choices = evaluator
            .resource_groups()
            .into_iter()
            .map(|(id, _)| Some(id.to_owned()))
            .chain([None]);
        let tests = Tests::new(&of_groups);
        let groups = distinct(choices, &tests, budget, |choice| {
            let stands = choice.clone().or_else(|| default.clone());
            let granted = |layer: &&Layer<'_>| matches!(&layer.scope, Scope::ResourceGroup(id) if stands.as_deref() == Some(id));
            let grants: Vec<_> = layers.iter().filter(granted).map(|layer| &layer.scope).collect();
            // Grants for two groups may hold different policies, so groups with grants are all told apart
            (grants, tests.passed(stands.clone()))
        });
        Self { tags, groups }
    }
}

/// The conditions on one key: those that name their values are looked up, the others are asked
struct Tests<'a> {
    exact: HashMap<&'a str, Vec<usize>>,
    others: Vec<(&'a Condition, Effect)>,
}

impl<'a> Tests<'a> {
    fn new(conditions: &[(&'a Condition, Effect)]) -> Self {
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

    /// Which conditions a value meets
    fn passed(&self, value: Option<String>) -> (&[usize], Vec<bool>) {
        let named = value.as_deref().and_then(|value| self.exact.get(value));
        let values: Vec<String> = value.iter().cloned().collect();
        let asked = self.others.iter();
        (
            named.map_or(&[], Vec::as_slice),
            asked
                .map(|(condition, effect)| condition.met(&values, *effect))
                .collect(),
        )
    }
}

/// The first of the choices that have the same signature, and none of the rest; leaving out always counts
///
/// Where it would take too long to tell, all that differ as text are kept.
fn distinct<S: Eq + Hash>(
    choices: impl Iterator<Item = Option<String>>,
    tests: &Tests<'_>,
    budget: &Budget,
    signature: impl Fn(&Option<String>) -> S,
) -> Choices {
    let mut known = HashSet::new();
    let choices = choices.filter(|choice| known.insert(choice.clone()));
    let choices: Vec<Option<String>> = choices.collect();
    let work = tests.others.len().saturating_add(1).saturating_mul(choices.len());
    if !budget.spend_of_half(work) {
        return Choices::new(choices);
    }
    let mut seen = HashSet::new();
    let first = |choice: &Option<String>| seen.insert((choice.is_none(), signature(choice)));
    Choices::new(choices.into_iter().filter(first).collect())
}
