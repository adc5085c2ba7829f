//! The search over the condition keys of a request whose action, resource and group are chosen.

use std::collections::BTreeSet;

use super::frame::Frame;
use super::problem::{OpenStatements, SearchProblem, with_value};
use crate::analysis::diff::condition_truth::ConditionTruth;
use crate::analysis::diff::dimension::DimensionId;
use crate::analysis::diff::region::{RequestRegion, narrowed};
use crate::analysis::diff::statement_table::StatementNumber;

/// The results in one frame
pub(super) struct KeySearchResult {
    pub(super) regions: Vec<RequestRegion>,
    pub(super) steps_left: usize,
    /// Whether these are all regions of the frame
    pub(super) is_complete: bool,
}

/// The classes chosen for a key
type KeyChoice = (usize, BTreeSet<usize>);

/// Searches the condition keys of one frame, in `steps_left` steps at most
pub(super) fn search(problem: &SearchProblem<'_>, frame: &Frame<'_>, steps_left: usize) -> KeySearchResult {
    let mut search = KeySearch {
        problem,
        frame,
        path: Vec::new(),
        result: KeySearchResult {
            regions: Vec::new(),
            steps_left,
            is_complete: true,
        },
    };
    search.explore(&frame.open);
    search.result
}

/// A depth-first search with backtracking
struct KeySearch<'a> {
    problem: &'a SearchProblem<'a>,
    frame: &'a Frame<'a>,
    /// The choices of the current branch
    path: Vec<KeyChoice>,
    result: KeySearchResult,
}

impl KeySearch<'_> {
    /// Chooses a value for one key after the other until both sides are decided
    fn explore(&mut self, open: &OpenStatements<'_>) {
        let Some(steps_left) = self.result.steps_left.checked_sub(1) else {
            self.result.is_complete = false;
            return;
        };
        self.result.steps_left = steps_left;
        if !self.problem.can_differ(open.keys()) {
            return;
        }
        match self.decide(open) {
            (Some(before), Some(after)) if before == after => return,
            (Some(before), Some(_)) => return self.record(before),
            (None, _) | (_, None) => {}
        }
        let Some(key) = self.next_key(open) else { return };
        for classes in self.distinguished_classes(open, key) {
            let next = with_value(open, key, &classes);
            self.path.push((key, classes));
            self.explore(&next);
            self.path.pop();
        }
    }

    fn decide(&self, open: &OpenStatements<'_>) -> (Option<bool>, Option<bool>) {
        self.problem
            .decide(open, self.frame.sample.resource_group.as_deref())
    }

    /// A key of the statement with the fewest undecided conditions, of a changed statement if one is open
    fn next_key(&self, open: &OpenStatements<'_>) -> Option<usize> {
        let is_changed = |number: &StatementNumber| self.problem.can_differ([number]);
        let undecided = open.iter().filter(|(_, conditions)| !conditions.is_empty());
        let nearest = undecided.min_by_key(|(number, conditions)| (!is_changed(number), conditions.len()));
        nearest
            .and_then(|(_, conditions)| conditions.first())
            .map(|condition| condition.key)
    }

    /// The classes of a key, in blocks that the undecided conditions do not distinguish
    fn distinguished_classes(&self, open: &OpenStatements<'_>, key: usize) -> Vec<BTreeSet<usize>> {
        let Some((_, dimension)) = self.problem.space.keys.get(key) else {
            return Vec::new();
        };
        let conditions = open.values().flatten().copied();
        let on_key: Vec<&ConditionTruth> = conditions.filter(|condition| condition.key == key).collect();
        dimension.partition(|class| -> Vec<bool> {
            on_key.iter().map(|condition| condition.holds(class)).collect()
        })
    }

    /// Records the region of the current branch, unless a region that was found before contains it
    fn record(&mut self, allowed_before: bool) {
        if self
            .result
            .regions
            .iter()
            .any(|region| self.is_path_within(region))
        {
            return;
        }
        let region = self.region(&self.needed_choices(allowed_before));
        let decisions = &region.decisions;
        if decisions.before.is_allow() == allowed_before && decisions.after.is_allow() != allowed_before {
            self.result.regions.push(region);
        } else {
            // The engine has the last word. If it disagrees with partial evaluation, the report must say so.
            self.result.is_complete = false;
        }
    }

    /// Whether a region of this frame contains the current branch
    fn is_path_within(&self, region: &RequestRegion) -> bool {
        region.choices.iter().all(|(id, classes)| match id {
            DimensionId::Key(key) => self
                .path
                .iter()
                .any(|(own, chosen)| own == key && chosen.is_subset(classes)),
            DimensionId::Group | DimensionId::Resource | DimensionId::Action => true,
        })
    }

    /// The current branch without the choices that the decisions do not need
    fn needed_choices(&self, allowed_before: bool) -> Vec<KeyChoice> {
        let wanted = (Some(allowed_before), Some(!allowed_before));
        let mut needed = self.path.clone();
        for at in (0..self.path.len()).rev() {
            let mut fewer = needed.clone();
            fewer.remove(at);
            let open = fewer
                .iter()
                .fold(self.frame.open.clone(), |open, (key, classes)| {
                    with_value(&open, *key, classes)
                });
            if self.decide(&open) == wanted {
                needed = fewer;
            }
        }
        needed
    }

    /// The region of these choices, with a sample request and what both engines decide about it
    fn region(&self, key_choices: &[KeyChoice]) -> RequestRegion {
        let mut choices = self.frame.choices.clone();
        let mut sample = self.frame.sample.clone();
        for (key, classes) in key_choices {
            let Some((name, dimension)) = self.problem.space.keys.get(*key) else {
                continue;
            };
            let first = classes.first();
            if let Some(value) = first.and_then(|class| dimension.representative(*class)) {
                sample.context.set(name.as_str(), value);
            }
            choices = narrowed(&choices, DimensionId::Key(*key), dimension, classes.clone());
        }
        RequestRegion {
            choices,
            decisions: (self.problem.engines)(&sample),
            sample,
        }
    }
}
