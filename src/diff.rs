//! What two configurations decide differently.
//!
//! ```text
//! Configuration x 2 -> surroundings                         bindings, boundaries, account ... that changed
//!                   -> universe (what binds a caller)
//!                        -> elements (values worth trying) -> search -> cube (merged) -> Report
//! ```
//!
//! Callers whom the same statements bind on both sides are passed over, and those that are bound alike are searched
//! once. Values that no statement tells apart are tried once. Every difference is confirmed by both engines, with a
//! request to show for it. Requests give a condition key one value; sessions with policies of their own are not asked.

mod asked;
mod axis;
mod catalogue;
mod cube;
mod elements;
mod glob;
mod names;
mod pattern;
mod report;
mod search;
mod surroundings;
mod trust;
mod universe;
mod values;
mod words;

use std::collections::{BTreeSet, HashMap};

pub use cube::Ruling;
pub use report::{Change, Difference, Example, OtherChange, Report};
pub use words::Term;

use crate::directory::Configuration;
use crate::ram::{Principal, Request};
use catalogue::Catalogue;
use cube::{AxisId, Cube, Probe, Verdict};
use elements::Axes;
use search::{Found, Question, search};
use universe::{Side, Universe};

/// Compares two configurations
pub fn compare(old: &Configuration, new: &Configuration) -> Report {
    let mut catalogue = Catalogue::default();
    let principals = principals(old, new);
    let mut tasks = Tasks::default();
    for principal in &principals {
        let universe = Universe {
            old: Side::of(&old.policies, principal, &mut catalogue),
            new: Side::of(&new.policies, principal, &mut catalogue),
        };
        tasks.add(universe, principal, None, &catalogue);
    }
    trust::add(&mut tasks, &mut catalogue, [old, new], &principals);
    let mut report = Report {
        others: surroundings::changes(old, new),
        ..Report::default()
    };
    for task in &tasks.all {
        task.run([old, new], &catalogue, &mut report);
    }
    report.finish();
    report
}

/// Users and roles of either side; a role written in other letters is the same
fn principals(old: &Configuration, new: &Configuration) -> Vec<Principal> {
    let all = new
        .policies
        .principals()
        .into_iter()
        .chain(old.policies.principals());
    let mut seen = BTreeSet::new();
    let mut principals: Vec<Principal> = all
        .filter(|principal| {
            seen.insert(match principal {
                Principal::Role(name) => Principal::Role(name.to_ascii_lowercase().into()),
                Principal::Account | Principal::User(_) | Principal::Service(_) => principal.clone(),
            })
        })
        .collect();
    principals.sort();
    principals
}

/// A search to make, for callers that are bound alike
struct Task {
    universe: Universe,
    callers: Vec<Principal>,
    /// The role to be assumed, by its full name, if it is a trust policy that changed
    role: Option<String>,
}

#[derive(Default)]
struct Tasks {
    all: Vec<Task>,
    places: HashMap<(Universe, Option<String>), usize>,
}

impl Tasks {
    /// Adds a caller, unless the same binds it on both sides
    fn add(
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

impl Task {
    fn run(&self, sides: [&Configuration; 2], catalogue: &Catalogue<'_>, report: &mut Report) {
        let Some(first) = self.callers.first() else { return };
        let question = Question {
            sides,
            catalogue,
            universe: &self.universe,
            caller: first,
            only: self.role.as_deref().map(|role| (trust::ASSUME_ROLE, role)),
        };
        let Found { cubes, axes, bounded } = search(&question, &|probe| self.ask(sides, first, probe));
        if bounded {
            report.bounded.extend(self.callers.iter().cloned());
        }
        for cube in cube::merged(cubes, &axes) {
            let principals = self.callers.iter().filter(|caller| {
                let verdict = self.ask(sides, caller, &cube.probe);
                verdict.cause() == cube.verdict.cause()
            });
            let principals = principals.cloned().collect();
            report
                .differences
                .push(self.difference(first, principals, cube, &axes));
        }
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
            .filter(|member| member.told == axis::Told::Exactly)
            .filter_map(|member| member.value.clone())
            .collect();
        named_actions.sort_unstable();
        let conditions = axes.keys.iter().zip(0..).filter_map(|((name, _), at)| {
            let terms = terms(AxisId::Key(at), pattern::matches)?;
            Some((name.clone(), terms))
        });
        let (only_action, only_resource) = match &self.role {
            Some(role) => (Some(trust::ASSUME_ROLE), Some(role.as_str())),
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

impl Report {
    /// Puts everything in order, and what differs alike for several searches together
    fn finish(&mut self) {
        self.bounded.sort();
        self.bounded.dedup();
        let mut places = HashMap::new();
        let mut all: Vec<Difference> = Vec::new();
        for difference in std::mem::take(&mut self.differences) {
            let next = all.len();
            let at = *places.entry(difference.likeness()).or_insert(next);
            match all.get_mut(at) {
                Some(known) => known.principals.extend(difference.principals),
                None => all.push(difference),
            }
        }
        for difference in &mut all {
            difference.principals.sort();
        }
        all.sort_by_cached_key(Difference::likeness);
        all.sort_by(|a, b| (&a.principals, a.change).cmp(&(&b.principals, b.change)));
        self.differences = all;
    }
}

impl Difference {
    /// What is the same in differences that are told as one
    fn likeness(&self) -> String {
        let rulings = [&self.before, &self.after].map(|ruling| (ruling.outcome, ruling.statement.clone()));
        let where_ = (
            &self.actions,
            &self.resources,
            &self.resource_groups,
            &self.conditions,
        );
        format!(
            "{:?}",
            (
                self.change,
                self.example.trust,
                &self.named_actions,
                where_,
                rulings
            )
        )
    }
}
