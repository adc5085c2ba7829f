//! The elements of a caller's requests, and what each of their values means to each statement.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::axis::{Axis, Candidate};
use super::catalogue::Known;
use super::names;
use super::search::Question;
use super::values::{self, Values};
use eci_calls::condition_key::{PRINCIPAL_ARN, QuestionKind, RESOURCE_GROUP_ID};
use ram_policy::{Condition, Effect, Principal, Target};

/// The elements of a request, with all values that are worth trying
#[derive(Debug, Default)]
pub(crate) struct Axes {
    pub(crate) actions: Arc<Axis>,
    pub(crate) resources: Arc<Axis>,
    pub(crate) groups: Axis,
    pub(crate) keys: Vec<(String, Axis)>,
}

/// A condition with its answer for each class of its key
#[derive(Debug)]
pub(crate) struct Test {
    pub(crate) key: usize,
    pub(crate) met: Vec<bool>,
    /// The same for a request without the key
    pub(crate) absent: bool,
}

impl Test {
    pub(crate) fn holds(&self, class: usize) -> bool {
        self.met.get(class).copied().unwrap_or_default()
    }
}

pub(super) fn touches(known: &Known<'_>, resource: &str) -> bool {
    match &known.statement.target {
        Target::Resources(patterns) => patterns.iter().any(|each| each.covers(resource)),
        Target::Principals(_) => true,
    }
}

/// Whether the conditions hold on the keys that the engine fills in itself
pub(crate) fn fixed_hold(known: &Known<'_>, caller: &Principal, group: Option<&str>) -> bool {
    let effect = known.statement.effect;
    known.statement.conditions.iter().all(|condition| {
        let value = match &*condition.key {
            PRINCIPAL_ARN => caller.arn(known.account),
            RESOURCE_GROUP_ID => group.map(ToOwned::to_owned),
            _ => return true,
        };
        condition.met(&value.into_iter().collect::<Vec<_>>(), effect)
    })
}

/// The conditions that are left to the caller
fn open_conditions<'a>(known: &Known<'a>) -> impl Iterator<Item = &'a Condition> {
    let filled = |condition: &&Condition| ![PRINCIPAL_ARN, RESOURCE_GROUP_ID].contains(&&*condition.key);
    known.statement.conditions.iter().filter(filled)
}

fn met_by(condition: &Condition, value: Option<&str>, effect: Effect) -> bool {
    let values: Vec<String> = value.map(ToOwned::to_owned).into_iter().collect();
    condition.met(&values, effect)
}

/// Actions or resources with the classes that some statements tell apart
#[derive(Clone, Debug)]
struct Named {
    axis: Arc<Axis>,
    bounded: bool,
}

/// Elements that were worked out before: many callers hold statements with the same actions and resources
#[derive(Debug, Default)]
pub(crate) struct Memory(Mutex<HashMap<(usize, BTreeSet<usize>), Named>>);

impl Memory {
    /// The actions and the resources that the statements tell apart
    fn axes(&self, question: &Question<'_>, known: &BTreeMap<usize, &Known<'_>>) -> (Named, Named) {
        let once = |value: &str| Named {
            axis: Arc::new(Axis::new(vec![Candidate::exactly(value)], |_| ())),
            bounded: false,
        };
        if let Some((action, resource)) = question.only {
            return (once(action), once(resource));
        }
        let actions = self.named(0, known, |distinct| {
            let values = names::actions(distinct.iter().map(|known| known.statement));
            let axis = Axis::new(values.candidates, |value| {
                let action = value.unwrap_or_default();
                let acting: Vec<bool> = distinct
                    .iter()
                    .map(|known| known.statement.covers_action(action))
                    .collect();
                (QuestionKind::of_action(action), acting)
            });
            (axis, values.bounded)
        });
        let resources = self.named(1, known, |distinct| {
            let values = names::resources(distinct.iter().map(|known| known.statement), question.sides[1]);
            let axis = Axis::new(values.candidates, |value| {
                let resource = value.unwrap_or_default();
                distinct
                    .iter()
                    .map(|known| touches(known, resource))
                    .collect::<Vec<bool>>()
            });
            (axis, values.bounded)
        });
        (actions, resources)
    }

    /// One of the two, by the elements of the statements, of which equal ones count once
    fn named(
        &self,
        which: usize,
        known: &BTreeMap<usize, &Known<'_>>,
        make: impl Fn(&[&Known<'_>]) -> (Axis, bool),
    ) -> Named {
        let number = |known: &Known<'_>| known.elements.get(which).copied().unwrap_or_default();
        let distinct: BTreeMap<usize, &Known<'_>> =
            known.values().map(|known| (number(known), *known)).collect();
        let key = (which, distinct.keys().copied().collect());
        if let Some(named) = self.lock().get(&key) {
            return named.clone();
        }
        let (axis, bounded) = make(&distinct.into_values().collect::<Vec<_>>());
        let axis = Arc::new(axis);
        let named = Named { axis, bounded };
        self.lock().insert(key, named.clone());
        named
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(usize, BTreeSet<usize>), Named>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All elements with the classes that these statements tell apart
pub(crate) fn axes(question: &Question<'_>, known: &BTreeMap<usize, &Known<'_>>) -> (Axes, bool) {
    let statements = || known.values().map(|known| known.statement);
    let (actions, resources) = question.memory.axes(question, known);
    let conditions = |key: &str| -> Vec<(&Condition, Effect)> {
        let all =
            statements().flat_map(|each| each.conditions.iter().map(|condition| (condition, each.effect)));
        all.filter(|(condition, _)| *condition.key == *key).collect()
    };
    let grouped = conditions(RESOURCE_GROUP_ID);
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
        actions: actions.axis,
        resources: resources.axis,
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
pub(crate) fn tests(known: &BTreeMap<usize, &Known<'_>>, axes: &Axes) -> BTreeMap<usize, Vec<Test>> {
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
