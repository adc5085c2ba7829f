//! Looks for requests of one caller that the two sets decide differently.
//!
//! Element by element a request is filled in, as long as the open conditions can still make a difference: first the
//! action, then the resource and the group, then the condition keys, those of changed statements before others. A branch
//! ends where no changed statement can match any more, or where both sides are decided. The engine confirms each find.

use std::collections::{BTreeMap, BTreeSet};

use super::axis::{Axis, Candidate};
use super::catalogue::{Catalogue, Known};
use super::cube::{AxisId, Cube, Probe, Verdict};
use super::elements::{self, Axes, Memory, Test};
use super::universe::{Side, Standing, Universe};
use crate::config::directory::Configuration;
use eci_calls::Operation;
use eci_calls::condition_key::QuestionKind;
use ram_policy::{Context, Effect, Principal};

/// Branches that are followed for one caller: some seconds in the slowest build, far more than real policies need
const MOST_STEPS: usize = 50_000;

/// What is searched: a caller, and what binds it on both sides
pub(crate) struct Question<'a> {
    pub(crate) sides: [&'a Configuration; 2],
    pub(crate) catalogue: &'a Catalogue<'a>,
    pub(crate) universe: &'a Universe,
    pub(crate) caller: &'a Principal,
    /// What was worked out for other callers
    pub(crate) memory: &'a Memory,
    /// The one action and resource that are asked about; none means all
    pub(crate) only: Option<(&'a str, &'a str)>,
}

/// What was found for a caller
pub(crate) struct Found {
    pub(crate) cubes: Vec<Cube>,
    pub(crate) axes: Axes,
    /// Whether there may be more
    pub(crate) bounded: bool,
}

/// Asks both engines
pub(crate) type Ask<'a> = &'a dyn Fn(&Probe) -> Verdict;

/// Searches all requests of a caller
pub(crate) fn search(question: &Question<'_>, ask: Ask<'_>) -> Found {
    let known: BTreeMap<usize, &Known<'_>> = question
        .universe
        .statements()
        .into_iter()
        .filter_map(|number| Some((number, question.catalogue.at(number)?)))
        .collect();
    let (axes, bounded) = elements::axes(question, &known);
    let tests = elements::tests(&known, &axes);
    let search = Search {
        question,
        ask,
        changed: question.universe.changed(),
        known: &known,
        axes: &axes,
        tests: &tests,
    };
    let mut progress = Progress {
        steps: 0,
        bounded,
        cubes: Vec::new(),
    };
    search.actions(&mut progress);
    Found {
        cubes: progress.cubes,
        bounded: progress.bounded,
        axes,
    }
}

/// How far the search is
struct Progress {
    steps: usize,
    bounded: bool,
    cubes: Vec<Cube>,
}

/// Statements that may still match, with the tests that are open; none are left where a statement matches
type Open<'t> = BTreeMap<usize, Vec<&'t Test>>;

/// The values chosen so far; an element that is not here may be anything
type Chosen = BTreeMap<AxisId, BTreeSet<usize>>;

/// The keys that have a value, with the classes of it
type Path = Vec<(usize, BTreeSet<usize>)>;

/// What is chosen before the keys
struct Frame<'t> {
    open: Open<'t>,
    chosen: Chosen,
    probe: Probe,
    /// The first cube that was found in this frame
    first: usize,
}

struct Search<'a> {
    question: &'a Question<'a>,
    ask: Ask<'a>,
    known: &'a BTreeMap<usize, &'a Known<'a>>,
    /// None: any statement may make a difference
    changed: Option<BTreeSet<usize>>,
    axes: &'a Axes,
    tests: &'a BTreeMap<usize, Vec<Test>>,
}

impl Search<'_> {
    fn actions(&self, progress: &mut Progress) {
        for class in 0..self.axes.actions.len() {
            let Some(action) = self.axes.actions.value(class) else {
                continue;
            };
            let speaking = self
                .known
                .iter()
                .filter(|(_, known)| known.statement.covers_action(action));
            let speaking: BTreeSet<usize> = speaking.map(|(number, _)| *number).collect();
            if self.matters(&speaking) {
                let chosen = Chosen::from([(AxisId::Action, BTreeSet::from([class]))]);
                self.resources(action, &speaking, &chosen, progress);
            }
        }
    }

    fn resources(&self, action: &str, speaking: &BTreeSet<usize>, chosen: &Chosen, progress: &mut Progress) {
        let axis = &self.axes.resources;
        let matching = |class: usize| -> BTreeSet<usize> {
            let resource = axis.value(class).unwrap_or_default();
            let touches = |known: &&Known<'_>| elements::touches(known, resource);
            let is_touching = |number: &&usize| self.known.get(number).copied().filter(touches).is_some();
            speaking.iter().filter(is_touching).copied().collect()
        };
        for part in axis.parts(matching) {
            let Some(matching) = part.first().map(|class| matching(*class)) else {
                continue;
            };
            if self.matters(&matching) {
                let probe = Probe {
                    action: action.to_owned(),
                    resource: best_resource(action, &axis.split(&part).0),
                    resource_group: None,
                    context: Context::new(),
                };
                let chosen = narrowed(chosen, AxisId::Resource, axis, part);
                self.groups(&probe, &matching, &chosen, progress);
            }
        }
    }

    fn groups(&self, probe: &Probe, speaking: &BTreeSet<usize>, chosen: &Chosen, progress: &mut Progress) {
        let axis = &self.axes.groups;
        let matching = |class: usize| {
            let group = axis.value(class);
            let holds = |known: &&Known<'_>| elements::fixed_hold(known, self.question.caller, group);
            let fits = |number: &usize| {
                speaking.contains(number) && self.known.get(number).copied().filter(holds).is_some()
            };
            // A statement may stand in several layers, so that only all layers together tell groups apart.
            let asked = |side: &Side| {
                let layers = side.counting(group);
                layers.map(|layer| layer.into_iter().filter(fits).collect::<BTreeSet<usize>>())
            };
            [
                asked(&self.question.universe.old),
                asked(&self.question.universe.new),
            ]
        };
        for part in axis.parts(matching) {
            let Some(first) = part.first().copied() else {
                continue;
            };
            let all = matching(first).into_iter().flatten().flatten();
            let tests = |number: usize| self.tests.get(&number).into_iter().flatten().collect();
            let open = all.map(|number| (number, tests(number))).collect();
            let open = self.without_keys(open, &probe.action);
            let probe = Probe {
                resource_group: axis.value(first).map(ToOwned::to_owned),
                ..probe.clone()
            };
            let frame = Frame {
                open,
                chosen: narrowed(chosen, AxisId::Group, axis, part),
                probe,
                first: progress.cubes.len(),
            };
            self.keys(&frame, &frame.open, &mut Vec::new(), progress);
        }
    }

    /// What is left once the keys are absent that such a request never has
    fn without_keys<'t>(&self, open: Open<'t>, action: &str) -> Open<'t> {
        let kind = QuestionKind::of_action(action);
        let is_absent = |test: &Test| {
            let key = self.axes.keys.get(test.key);
            // Nothing is known of what ECI does not ask, nor of the keys that it does not fill in
            key.is_some_and(|(name, _)| kind.and_then(|kind| kind.supports_key(name)) == Some(false))
        };
        let stands = |tests: &[&Test]| tests.iter().all(|test| !is_absent(test) || test.absent);
        let left = open.into_iter().filter(|(_, tests)| stands(tests));
        left.map(|(number, tests)| {
            (
                number,
                tests.into_iter().filter(|test| !is_absent(test)).collect(),
            )
        })
        .collect()
    }

    /// Chooses a value for one key after the other until both sides are decided
    fn keys(&self, frame: &Frame<'_>, open: &Open<'_>, path: &mut Path, progress: &mut Progress) {
        if progress.steps >= MOST_STEPS {
            progress.bounded = true;
            return;
        }
        progress.steps = progress.steps.saturating_add(1);
        if !self.matters(&open.keys().copied().collect()) {
            return;
        }
        match self.decided(open, frame) {
            (Some(before), Some(after)) if before == after => return,
            (Some(before), Some(_)) => return self.found(before, frame, path, progress),
            (None, _) | (_, None) => {}
        }
        let Some(key) = self.next_key(open) else { return };
        let Some((_, axis)) = self.axes.keys.get(key) else {
            return;
        };
        let all = open.values().flatten().copied();
        let asked: Vec<&Test> = all.filter(|test| test.key == key).collect();
        let answers = |class: usize| -> Vec<bool> { asked.iter().map(|test| test.holds(class)).collect() };
        for part in axis.parts(answers) {
            let next = with(open, key, &part);
            path.push((key, part));
            self.keys(frame, &next, path, progress);
            path.pop();
        }
    }

    /// What each side surely decides, whatever the open tests say
    fn decided(&self, open: &Open<'_>, frame: &Frame<'_>) -> (Option<bool>, Option<bool>) {
        let standing = |number: usize| Standing {
            effect: self
                .known
                .get(&number)
                .map_or(Effect::Deny, |known| known.statement.effect),
            matches: match open.get(&number) {
                None => Some(false),
                Some(tests) if tests.is_empty() => Some(true),
                Some(_) => None,
            },
        };
        let universe = self.question.universe;
        let group = frame.probe.resource_group.as_deref();
        (
            universe.old.decides(group, &standing),
            universe.new.decides(group, &standing),
        )
    }

    /// A key of the statement that waits for the fewest, a changed one if there is any
    fn next_key(&self, open: &Open<'_>) -> Option<usize> {
        let is_changed = |number: &usize| {
            self.changed
                .as_ref()
                .is_none_or(|changed| changed.contains(number))
        };
        let waiting = open.iter().filter(|(_, tests)| !tests.is_empty());
        let nearest = waiting.min_by_key(|(number, tests)| (!is_changed(number), tests.len()));
        nearest.and_then(|(_, tests)| tests.first()).map(|test| test.key)
    }

    /// Notes a difference with the choices that it needs: those are taken back without which both sides decide the same
    fn found(&self, allowed_before: bool, frame: &Frame<'_>, path: &Path, progress: &mut Progress) {
        let is_within = |cube: &Cube| {
            cube.chosen.iter().all(|(id, classes)| match id {
                AxisId::Key(key) => path
                    .iter()
                    .any(|(own, part)| own == key && part.is_subset(classes)),
                AxisId::Group | AxisId::Resource | AxisId::Action => true,
            })
        };
        if progress.cubes.iter().skip(frame.first).any(is_within) {
            return;
        }
        let mut needed = path.clone();
        for at in (0..path.len()).rev() {
            let mut fewer = needed.clone();
            fewer.remove(at);
            let open = fewer
                .iter()
                .fold(frame.open.clone(), |open, (key, part)| with(&open, *key, part));
            if self.decided(&open, frame) == (Some(allowed_before), Some(!allowed_before)) {
                needed = fewer;
            }
        }
        let mut chosen = frame.chosen.clone();
        let mut probe = frame.probe.clone();
        for (key, part) in needed {
            let Some((name, axis)) = self.axes.keys.get(key) else {
                continue;
            };
            if let Some(value) = part.first().and_then(|class| axis.value(*class)) {
                probe.context.set(name.as_str(), value);
            }
            chosen = narrowed(&chosen, AxisId::Key(key), axis, part);
        }
        let verdict = (self.ask)(&probe);
        if verdict.before.is_allow() == allowed_before && verdict.after.is_allow() != allowed_before {
            progress.cubes.push(Cube {
                chosen,
                verdict,
                probe,
            });
        } else {
            // The engine has the last word; that it reads the policies otherwise than this search must not go unseen.
            progress.bounded = true;
        }
    }

    fn matters(&self, statements: &BTreeSet<usize>) -> bool {
        self.changed
            .as_ref()
            .is_none_or(|changed| !changed.is_disjoint(statements))
    }
}

/// What is left open once a key has a value of these classes; a test that tells them apart stays open
fn with<'t>(open: &Open<'t>, key: usize, part: &BTreeSet<usize>) -> Open<'t> {
    let here = |test: &&Test| test.key == key;
    let never = |test: &Test| !part.iter().any(|class| test.holds(*class));
    let always = |test: &Test| part.iter().all(|class| test.holds(*class));
    open.iter()
        .filter(|(_, tests)| !tests.iter().copied().filter(here).any(never))
        .map(|(number, tests)| {
            let left = tests.iter().copied().filter(|test| !here(test) || !always(test));
            (*number, left.collect())
        })
        .collect()
}

/// With a choice on one more axis, if it is one
fn narrowed(chosen: &Chosen, id: AxisId, axis: &Axis, part: BTreeSet<usize>) -> Chosen {
    let mut chosen = chosen.clone();
    if !axis.is_whole(&part) {
        chosen.insert(id, part);
    }
    chosen
}

/// The name that a reader expects for the action
fn best_resource(action: &str, members: &[&Candidate]) -> String {
    let operation = Operation::ALL.iter().find(|each| each.action() == action);
    let code = action.split_once(':').map_or("", |(code, _)| code);
    let own = format!("acs:{code}:");
    let collection = operation
        .and_then(|each| each.resource_kind())
        .map(|kind| format!(":{kind}/*"));
    let rank = |value: &str| match &collection {
        Some(ending) if value.starts_with(&own) && value.ends_with(ending) => 0,
        Some(_) | None if value.starts_with(&own) && operation.is_none_or(|_| collection.is_some()) => 1,
        _ if value == "*" => 2,
        _ => 3,
    };
    let values = members.iter().filter_map(|member| member.value.as_deref());
    values.min_by_key(|value| rank(value)).unwrap_or("*").to_owned()
}
