//! The search for requests of one caller that two configurations decide differently.
//!
//! The search fills in a request element by element: first the action, the resource and the group (see [`frame`]), then
//! the condition keys (see [`key_search`]). It is a branch-and-bound search: a branch ends if no changed statement can
//! match any more, or if partial evaluation decides both sides. The engine confirms every request that the search finds.

mod frame;
mod key_search;
mod problem;

use crate::analysis::diff::condition_truth::truth_tables;
use crate::analysis::diff::region::RequestRegion;
use crate::analysis::diff::region_search::problem::{Engines, SearchProblem};
use crate::analysis::diff::request_space::RequestSpace;
use crate::analysis::diff::search_input::SearchInput;

/// Branches that are followed for one caller: some seconds in the slowest build, far more than real policies need
const MOST_STEPS: usize = 50_000;

/// The regions found for a caller
pub(crate) struct SearchResult {
    pub(crate) regions: Vec<RequestRegion>,
    pub(crate) space: RequestSpace,
    /// Whether these are all regions
    pub(crate) is_complete: bool,
}

/// Searches all requests of a caller
pub(crate) fn search(input: &SearchInput<'_>, engines: Engines<'_>) -> SearchResult {
    let statements = input.table.select(input.policies.statements());
    let space = RequestSpace::new(input, &statements);
    let truths = truth_tables(&statements, &space.keys);
    let problem = SearchProblem {
        input,
        engines,
        changed: input.policies.changed_statements(),
        statements: &statements,
        space: &space,
        truths: &truths,
    };
    let mut steps_left = MOST_STEPS;
    let mut is_complete = !space.is_bounded;
    let mut regions = Vec::new();
    for action in frame::actions(&problem) {
        for resource in frame::resources(&problem, &action) {
            for frame in frame::frames(&problem, &resource) {
                let found = key_search::search(&problem, &frame, steps_left);
                steps_left = found.steps_left;
                is_complete &= found.is_complete;
                regions.extend(found.regions);
            }
        }
    }
    SearchResult {
        regions,
        space,
        is_complete,
    }
}
