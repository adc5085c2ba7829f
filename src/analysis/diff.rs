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

mod axis;
mod catalogue;
mod cube;
mod elements;
mod names;
mod pattern;
mod report;
mod search;
mod surroundings;
mod task;
mod trust;
mod universe;
mod values;
mod words;

use std::collections::{BTreeSet, HashMap};

pub(crate) use crate::analysis::diff::cube::Ruling;
pub use crate::analysis::diff::report::{Change, Difference};
pub(crate) use crate::analysis::diff::report::{Example, OtherChange, Report};
pub use crate::analysis::diff::words::Term;

use crate::analysis::diff::catalogue::Catalogue;
use crate::analysis::diff::task::Tasks;
use crate::analysis::diff::universe::{Side, Universe};
use crate::config::Configuration;
use ram_policy::Principal;

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
    for found in tasks.run([old, new], &catalogue) {
        report.differences.extend(found.differences);
        report.bounded.extend(found.bounded);
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
    /// What is the same in differences that are told as one; the same request, so that each of them is confirmed by it
    fn likeness(&self) -> String {
        let rulings = [&self.before, &self.after].map(|ruling| (ruling.outcome, ruling.statement.clone()));
        let told = (
            &self.actions,
            &self.resources,
            &self.resource_groups,
            &self.conditions,
            &self.named_actions,
        );
        let Example {
            principal: _,
            action,
            resource,
            resource_group,
            context,
            trust,
        } = &self.example;
        let request = (action, resource, resource_group, context, trust);
        format!("{:?}", (self.change, told, rulings, request))
    }
}
