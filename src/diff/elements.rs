//! The elements of a caller's requests, and what each of their values means to each statement.

use std::collections::{BTreeMap, BTreeSet};

use super::asked::Asked;
use super::axis::Axis;
use super::catalogue::{Known, PRINCIPAL_ARN};
use super::names;
use super::search::Question;
use super::values::{self, RESOURCE_GROUP, Values};
use crate::ram::{Actions, Condition, Effect, Principal, Target};

/// The elements of a request, with all values that are worth trying
#[derive(Debug, Default)]
pub(super) struct Axes {
    pub(super) actions: Axis,
    pub(super) resources: Axis,
    pub(super) groups: Axis,
    pub(super) keys: Vec<(String, Axis)>,
}

/// A condition with its answer for each class of its key
#[derive(Debug)]
pub(super) struct Test {
    pub(super) key: usize,
    pub(super) met: Vec<bool>,
    /// The same for a request without the key
    pub(super) absent: bool,
}

impl Test {
    pub(super) fn holds(&self, class: usize) -> bool {
        self.met.get(class).copied().unwrap_or_default()
    }
}

pub(super) fn acts(known: &Known<'_>, action: &str) -> bool {
    match &known.statement.actions {
        Actions::Listed(patterns) => patterns.iter().any(|each| each.matches(action)),
        Actions::Except(patterns) => !patterns.iter().any(|each| each.matches(action)),
    }
}

pub(super) fn touches(known: &Known<'_>, resource: &str) -> bool {
    match &known.statement.target {
        Target::Resources(patterns) => patterns.iter().any(|each| each.covers(resource)),
        Target::Principals(_) => true,
    }
}

/// Whether the conditions hold on the keys that the engine fills in itself
pub(super) fn fixed_hold(known: &Known<'_>, caller: &Principal, group: Option<&str>) -> bool {
    let effect = known.statement.effect;
    known.statement.conditions.iter().all(|condition| {
        let value = match &*condition.key {
            PRINCIPAL_ARN => caller.arn(known.account),
            RESOURCE_GROUP => group.map(ToOwned::to_owned),
            _ => return true,
        };
        condition.met(&value.into_iter().collect::<Vec<_>>(), effect)
    })
}

/// The conditions that are left to the caller
fn open_conditions<'a>(known: &Known<'a>) -> impl Iterator<Item = &'a Condition> {
    let filled = |condition: &&Condition| ![PRINCIPAL_ARN, RESOURCE_GROUP].contains(&&*condition.key);
    known.statement.conditions.iter().filter(filled)
}

fn met_by(condition: &Condition, value: Option<&str>, effect: Effect) -> bool {
    let values: Vec<String> = value.map(ToOwned::to_owned).into_iter().collect();
    condition.met(&values, effect)
}

/// All elements with the classes that these statements tell apart
pub(super) fn axes(question: &Question<'_>, known: &BTreeMap<usize, &Known<'_>>) -> (Axes, bool) {
    let statements = || known.values().map(|known| known.statement);
    let (actions, resources) = match question.only {
        None => (
            names::actions(statements()),
            names::resources(statements(), question.sides[1]),
        ),
        Some((action, resource)) => (Values::only(action), Values::only(resource)),
    };
    let conditions = |key: &str| -> Vec<(&Condition, Effect)> {
        let all =
            statements().flat_map(|each| each.conditions.iter().map(|condition| (condition, each.effect)));
        all.filter(|(condition, _)| *condition.key == *key).collect()
    };
    let grouped = conditions(RESOURCE_GROUP);
    let granted = question.universe.groups();
    let groups = match question.only {
        None => {
            let conditions: Vec<&Condition> = grouped.iter().map(|(condition, _)| *condition).collect();
            names::groups(&granted, &conditions, question.sides)
        }
        Some(_) => Values::absent(),
    };
    let mut bounded = actions.bounded || resources.bounded || groups.bounded;
    let answers = |asked: &[(&Condition, Effect)], value: Option<&str>| -> Vec<bool> {
        asked
            .iter()
            .map(|(condition, effect)| met_by(condition, value, *effect))
            .collect()
    };
    let names: BTreeSet<&str> = known
        .values()
        .flat_map(|known| open_conditions(known))
        .map(|each| &*each.key)
        .collect();
    let keys = names
        .into_iter()
        .map(|name| {
            let asked = conditions(name);
            let plain: Vec<&Condition> = asked.iter().map(|(condition, _)| *condition).collect();
            let values = values::candidates(name, &plain);
            bounded |= values.bounded;
            (
                name.to_owned(),
                Axis::new(values.candidates, |value| answers(&asked, value)),
            )
        })
        .collect();
    let axes = Axes {
        actions: Axis::new(actions.candidates, |value| {
            let action = value.unwrap_or_default();
            let acting: Vec<bool> = known.values().map(|known| acts(known, action)).collect();
            (Asked::of(action), acting)
        }),
        resources: Axis::new(resources.candidates, |value| {
            let resource = value.unwrap_or_default();
            known
                .values()
                .map(|known| touches(known, resource))
                .collect::<Vec<_>>()
        }),
        groups: Axis::new(groups.candidates, |value| {
            (
                value
                    .filter(|group| granted.contains(group))
                    .map(ToOwned::to_owned),
                answers(&grouped, value),
            )
        }),
        keys,
    };
    (axes, bounded)
}

/// What each class of a key means to each condition
pub(super) fn tests(known: &BTreeMap<usize, &Known<'_>>, axes: &Axes) -> BTreeMap<usize, Vec<Test>> {
    let tests = |known: &Known<'_>| {
        let all = open_conditions(known).filter_map(|condition| {
            let key = axes.keys.iter().position(|(name, _)| **name == *condition.key)?;
            let (_, axis) = axes.keys.get(key)?;
            let effect = known.statement.effect;
            let met = (0..axis.len()).map(|class| met_by(condition, axis.value(class), effect));
            Some(Test {
                key,
                met: met.collect(),
                absent: met_by(condition, None, effect),
            })
        });
        all.collect()
    };
    known
        .iter()
        .map(|(number, known)| (*number, tests(known)))
        .collect()
}
