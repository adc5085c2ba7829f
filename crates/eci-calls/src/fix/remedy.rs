//! Remedies for a blocker: changes of which every allowed variant of the fields must make at least one.

mod condition_change;
mod denial;
mod role;

use std::cell::OnceCell;
use std::collections::HashSet;

use crate::fix::budget::Budget;
use crate::fix::candidate_values::CandidateValues;
use crate::fix::desired_fields::{Change, DesiredFields};
use crate::fix::evaluator::{Blocker, Evaluator};
use crate::refusal::Refusal;
use ram_policy::{Layer, PolicySet, Principal};

/// The cost of an evaluation beside that of the statements that it reads, in statements
const EVALUATION_COST: usize = 100;

/// The most statements that are read for remedies; if there are more, no condition is read
const MAX_STATEMENTS: usize = 20_000;

/// The changes that may remove one blocker
pub(crate) struct Remedy {
    /// The alternatives
    pub(crate) changes: Vec<Change>,
    /// A lower bound on the number of changes that it takes, one of `changes` included
    pub(crate) min_changes: usize,
}

impl Remedy {
    /// Alternatives of which one may be enough
    fn of(changes: Vec<Change>) -> Self {
        Self {
            changes,
            min_changes: 1,
        }
    }
}

/// Finds remedies
pub(crate) struct Remedies<'a, E> {
    evaluator: &'a E,
    policies: &'a PolicySet,
    /// The layers of each principal that must be allowed
    layers: Vec<(&'a Principal, Vec<Layer<'a>>)>,
    values: CandidateValues,
    budget: &'a Budget,
    /// The cost of one evaluation
    evaluation_cost: usize,
    /// The role that was written, and the nearest one that all principals may pass; searched for when it is first needed
    role: OnceCell<(String, Option<String>)>,
}

impl<'a, E: Evaluator> Remedies<'a, E> {
    pub(crate) fn new(
        evaluator: &'a E,
        policies: &'a PolicySet,
        principals: &'a [Principal],
        budget: &'a Budget,
    ) -> Self {
        let layers = principals.iter();
        let layers: Vec<_> = layers
            .map(|principal| (principal, policies.layers(principal)))
            .collect();
        let all: Vec<Layer<'_>> = layers.iter().flat_map(|(_, layers)| layers).cloned().collect();
        let (statements, conditions) = size(&all);
        let is_too_large = statements > MAX_STATEMENTS;
        if is_too_large {
            budget.mark_incomplete();
        }
        let size = statements.saturating_add(conditions);
        Self {
            evaluator,
            policies,
            values: if is_too_large {
                CandidateValues::default()
            } else {
                CandidateValues::new(evaluator, &all, budget)
            },
            layers: if is_too_large { Vec::new() } else { layers },
            budget,
            evaluation_cost: size.saturating_add(EVALUATION_COST),
            role: OnceCell::new(),
        }
    }

    /// Everything that blocks the fields; `None` if the budget is exhausted
    pub(crate) fn evaluate(&self, desired: &DesiredFields) -> Option<Vec<Blocker>> {
        self.budget.spend(self.evaluation_cost).ok()?;
        Some(self.evaluator.evaluate(desired))
    }

    /// The remedy for a blocker, without changes that cannot be written or have no effect.
    ///
    /// ```text
    /// TooManyTags                                     remove any one of the tags
    /// Denied: Allow needs acs:RequestTag/env = test   set the tag env to test
    /// Denied: Deny applies if acs:RequestTag/env = prod   remove the tag env, or set any other value
    /// ```
    pub(crate) fn of(&self, desired: &DesiredFields, blocker: &Blocker) -> Remedy {
        let mut remedy = match blocker {
            Blocker::Final => Remedy::of(Vec::new()),
            Blocker::TooManyTags => {
                let keys = desired.tags.iter().map(|(key, _)| key.clone());
                Remedy::of(keys.map(|key| Change::Tag(key, None)).collect())
            }
            Blocker::Refused(refusal) => Remedy::of(self.of_refusal(desired, refusal)),
            Blocker::Denied(principal, denial) => self.of_denial(desired, principal, denial),
        };
        let mut known: HashSet<Change> = HashSet::new();
        remedy.changes.retain(|change| {
            let has_effect = desired.with(change) != *desired && self.evaluator.can_apply(change);
            has_effect && known.insert(change.clone())
        });
        remedy
    }

    fn of_refusal(&self, desired: &DesiredFields, refusal: &Refusal) -> Vec<Change> {
        match (refusal.code, self.evaluator.stored()) {
            ("Forbidden.RamRoleNotExist", None) => self.other_roles(desired),
            ("UnknownResourceGroup", None) => self.other_groups(),
            ("RoleChange", Some(stored)) => vec![Change::Role(stored.role.clone())],
            ("ResourceGroupChange", Some(stored)) => {
                vec![Change::ResourceGroup(stored.resource_group.clone())]
            }
            _ => Vec::new(),
        }
    }

    fn other_groups(&self) -> Vec<Change> {
        let groups = self.values.groups.iter().cloned();
        groups.map(Change::ResourceGroup).collect()
    }
}

/// The number of statements and of conditions in some layers
fn size(layers: &[Layer<'_>]) -> (usize, usize) {
    let attached = layers.iter().flat_map(|layer| &layer.policies);
    let statements = attached.flat_map(|attached| &attached.document.statements);
    statements.fold((0, 0), |(statements, conditions): (usize, usize), statement| {
        (
            statements.saturating_add(1),
            conditions.saturating_add(statement.conditions.len()),
        )
    })
}
