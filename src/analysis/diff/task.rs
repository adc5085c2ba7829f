//! Searches to make, and what they find in the terms of the report.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::axis::Told;
use super::catalogue::Catalogue;
use super::cube::{self, AxisId, Cube, Probe, Verdict};
use super::elements::{Axes, Memory};
use super::report::{Change, Difference, Example};
use super::search::{Found, Question, search};
use super::universe::Universe;
use super::words::Term;
use super::{pattern, words};
use crate::config::Configuration;
use eci_calls::ASSUME_ROLE;
use ram_policy::{Principal, Request};

/// A search to make, for callers that are bound alike
struct Task {
    universe: Universe,
    callers: Vec<Principal>,
    /// The role to be assumed, by its full name, if it is a trust policy that changed
    role: Option<String>,
}

/// All searches to make
#[derive(Default)]
pub(crate) struct Tasks {
    all: Vec<Task>,
    places: HashMap<(Universe, Option<String>), usize>,
}

impl Tasks {
    /// Adds a caller, unless the same binds it on both sides
    pub(crate) fn add(
        &mut self,
        universe: Universe,
        caller: &Principal,
        role: Option<String>,
        catalogue: &Catalogue<'_>,
    ) {
        if universe.old == universe.new {
            return;
        }
        let is_personal = |number: &usize| catalogue.at(*number).is_some_and(|known| known.personal);
        let next = self.all.len();
        // Where a statement depends on who asks, nobody can stand for somebody else.
        let at = if universe.statements().iter().any(is_personal) {
            next
        } else {
            *self
                .places
                .entry((universe.clone(), role.clone()))
                .or_insert(next)
        };
        match self.all.get_mut(at) {
            Some(task) => task.callers.push(caller.clone()),
            None => self.all.push(Task {
                universe,
                callers: vec![caller.clone()],
                role,
            }),
        }
    }
}

/// What one search found
pub(crate) struct Done {
    pub(crate) differences: Vec<Difference>,
    /// Callers who were not searched to the end
    pub(crate) bounded: Vec<Principal>,
}

impl Tasks {
    /// Makes all searches, on as many threads as there are processors, and gives what they found in their order
    pub(crate) fn run(&self, sides: [&Configuration; 2], catalogue: &Catalogue<'_>) -> Vec<Done> {
        let next = AtomicUsize::new(0);
        let found = Mutex::new(BTreeMap::new());
        let memory = Memory::default();
        let work = || {
            while let Some((at, task)) = self.take(&next) {
                let done = task.run(sides, catalogue, &memory);
                found
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .insert(at, done);
            }
        };
        let threads = thread::available_parallelism().map_or(1, usize::from);
        thread::scope(|scope| {
            for _ in 0..threads.min(self.all.len()) {
                scope.spawn(work);
            }
        });
        let found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
        found.into_values().collect()
    }

    fn take(&self, next: &AtomicUsize) -> Option<(usize, &Task)> {
        let at = next.fetch_add(1, Ordering::Relaxed);
        Some((at, self.all.get(at)?))
    }
}

impl Task {
    fn run(&self, sides: [&Configuration; 2], catalogue: &Catalogue<'_>, memory: &Memory) -> Done {
        let mut done = Done {
            differences: Vec::new(),
            bounded: Vec::new(),
        };
        let Some(first) = self.callers.first() else {
            return done;
        };
        let question = Question {
            sides,
            catalogue,
            universe: &self.universe,
            caller: first,
            memory,
            only: self.role.as_deref().map(|role| (ASSUME_ROLE, role)),
        };
        let Found { cubes, axes, bounded } = search(&question, &|probe| self.ask(sides, first, probe));
        if bounded {
            done.bounded.clone_from(&self.callers);
        }
        for cube in cube::merged(cubes, &axes) {
            let alike =
                |caller: &&Principal| self.ask(sides, caller, &cube.probe).cause() == cube.verdict.cause();
            let (principals, others) = self.callers.iter().cloned().partition(|caller| alike(&caller));
            // Who is bound alike is decided alike; whoever should not be is not passed over in silence.
            let others: Vec<Principal> = others;
            done.bounded.extend(others);
            done.differences
                .push(self.difference(first, principals, cube, &axes));
        }
        done
    }

    fn ask(&self, sides: [&Configuration; 2], caller: &Principal, probe: &Probe) -> Verdict {
        let request = Request {
            principal: caller,
            action: &probe.action,
            resource: &probe.resource,
            resource_group: probe.resource_group.as_deref(),
            context: &probe.context,
            session: &[],
        };
        let [before, after] = sides.map(|side| match self.role {
            Some(_) => side.policies.decide_assume_role(&request).into(),
            None => side.policies.decide(&request).into(),
        });
        Verdict { before, after }
    }

    fn difference(
        &self,
        first: &Principal,
        principals: Vec<Principal>,
        cube: Cube,
        axes: &Axes,
    ) -> Difference {
        let Cube {
            chosen,
            verdict,
            probe,
        } = cube;
        let terms = |id: AxisId, matches: fn(&str, &str) -> bool| {
            let axis = axes.get(id)?;
            let (inside, outside) = axis.split(chosen.get(&id)?);
            Some(words::terms(&inside, &outside, matches))
        };
        let named_actions = match chosen.get(&AxisId::Action) {
            Some(classes) => axes.actions.split(classes).0,
            None => axes
                .actions
                .classes
                .iter()
                .flat_map(|class| &class.members)
                .collect(),
        };
        let mut named_actions: Vec<String> = named_actions
            .into_iter()
            .filter(|member| member.told == Told::Exactly)
            .filter_map(|member| member.value.clone())
            .collect();
        named_actions.sort_unstable();
        let conditions = axes.keys.iter().zip(0..).filter_map(|((name, _), at)| {
            let terms = terms(AxisId::Key(at), pattern::matches)?;
            Some((name.clone(), terms))
        });
        let (only_action, only_resource) = match &self.role {
            Some(role) => (Some(ASSUME_ROLE), Some(role.as_str())),
            None => (None, None),
        };
        let exactly = |name: &str| vec![Term::Exactly(name.to_owned())];
        Difference {
            change: if verdict.after.is_allow() {
                Change::Allowed
            } else {
                Change::Denied
            },
            principals,
            actions: only_action
                .map(exactly)
                .or_else(|| terms(AxisId::Action, pattern::matches_action)),
            named_actions,
            resources: only_resource
                .map(exactly)
                .or_else(|| terms(AxisId::Resource, pattern::matches_resource)),
            resource_groups: terms(AxisId::Group, pattern::matches),
            conditions: conditions.collect(),
            before: verdict.before,
            after: verdict.after,
            example: Example {
                principal: first.clone(),
                action: probe.action,
                resource: probe.resource,
                resource_group: probe.resource_group,
                context: probe.context,
                trust: self.role.is_some(),
            },
        }
    }
}
