//! Requests that differ alike, as one: for each element the classes that it may be in.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::analysis::diff::axis::Axis;
use crate::analysis::diff::elements::Axes;
use ram_policy::{Context, Decision, Outcome, PolicyType, StatementId};

/// Which element of a request
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum AxisId {
    /// A condition key, by its place
    Key(usize),
    Group,
    Resource,
    Action,
}

/// A request but for its caller
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Probe {
    pub(crate) action: String,
    pub(crate) resource: String,
    pub(crate) resource_group: Option<String>,
    pub(crate) context: Context,
}

/// What one engine said
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruling {
    /// The answer
    pub outcome: Outcome,
    /// The last layer that was asked
    pub policy_type: PolicyType,
    /// The statement that decided, if one did
    pub statement: Option<StatementId>,
}

/// What both engines said
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) before: Ruling,
    pub(crate) after: Ruling,
}

/// Requests that differ alike; an element that is not chosen may be anything
#[derive(Clone, Debug)]
pub(crate) struct Cube {
    pub(crate) chosen: BTreeMap<AxisId, BTreeSet<usize>>,
    pub(crate) verdict: Verdict,
    /// One of the requests
    pub(crate) probe: Probe,
}

impl Ruling {
    /// Whether the request is allowed
    pub fn is_allow(&self) -> bool {
        self.outcome == Outcome::Allow
    }
}

impl From<Decision> for Ruling {
    fn from(decision: Decision) -> Self {
        Self {
            outcome: decision.outcome,
            policy_type: decision.policy_type,
            statement: decision.statement().cloned(),
        }
    }
}

/// What decided on both sides, whatever layer that was in
type Cause = [(Outcome, Option<StatementId>); 2];

impl Verdict {
    pub(crate) fn cause(&self) -> Cause {
        [&self.before, &self.after].map(|ruling| (ruling.outcome, ruling.statement.clone()))
    }
}

/// Makes few cubes of many: where two differ in one element alone, one says both
pub(crate) fn merged(mut cubes: Vec<Cube>, axes: &Axes) -> Vec<Cube> {
    loop {
        let before = cubes.len();
        let mut ids: BTreeSet<AxisId> = cubes
            .iter()
            .flat_map(|cube| cube.chosen.keys().copied())
            .collect();
        while let Some(id) = ids.pop_first() {
            cubes = merged_along(cubes, id, axes);
        }
        if cubes.len() == before {
            return cubes;
        }
    }
}

fn merged_along(cubes: Vec<Cube>, id: AxisId, axes: &Axes) -> Vec<Cube> {
    let mut merged: Vec<Cube> = Vec::new();
    let mut places = HashMap::new();
    for mut cube in cubes {
        let Some(own) = cube.chosen.remove(&id) else {
            merged.push(cube);
            continue;
        };
        let next = merged.len();
        let at = *places
            .entry((cube.verdict.cause(), cube.chosen.clone()))
            .or_insert(next);
        if at == next {
            cube.chosen.insert(id, own);
            merged.push(cube);
        } else if let Some(known) = merged.get_mut(at) {
            known.chosen.entry(id).or_default().extend(own);
        }
    }
    for cube in &mut merged {
        let is_whole = |classes: &BTreeSet<usize>| axes.get(id).is_some_and(|axis| axis.is_whole(classes));
        if cube.chosen.get(&id).is_some_and(is_whole) {
            cube.chosen.remove(&id);
        }
    }
    merged
}

impl Axes {
    /// One of the axes
    pub(crate) fn get(&self, id: AxisId) -> Option<&Axis> {
        match id {
            AxisId::Key(at) => self.keys.get(at).map(|(_, axis)| axis),
            AxisId::Group => Some(&self.groups),
            AxisId::Resource => Some(&self.resources),
            AxisId::Action => Some(&self.actions),
        }
    }
}
