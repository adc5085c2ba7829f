//! Searches to run, each for all callers to whom the same statements apply.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::analysis::diff::decision_pair::DecisionPair;
use crate::analysis::diff::diff_report::Difference;
use crate::analysis::diff::difference::describe_region;
use crate::analysis::diff::dimension_cache::DimensionCache;
use crate::analysis::diff::effective_policies::EffectiveChange;
use crate::analysis::diff::region::{RequestRegion, merged};
use crate::analysis::diff::region_search::search;
use crate::analysis::diff::search_input::{SampleRequest, SearchInput};
use crate::analysis::diff::statement_table::{StatementNumber, StatementTable};
use crate::config::Configuration;
use ram_policy::{Principal, Request};

/// A caller, and the policies that apply to it
pub(crate) struct CallerPolicies {
    pub(crate) caller: Principal,
    pub(crate) policies: EffectiveChange,
    /// The role, by its resource name, that the caller asks to assume; `None` for all other requests
    pub(crate) assumed_role: Option<String>,
}

/// One search
pub(crate) struct SearchTask {
    policies: EffectiveChange,
    callers: Vec<Principal>,
    assumed_role: Option<String>,
}

/// The results of one search
#[derive(Default)]
pub(crate) struct TaskResult {
    pub(crate) differences: Vec<Difference>,
    /// Callers whose search ended early
    pub(crate) incomplete: Vec<Principal>,
}

/// Groups callers into searches; callers whose policies did not change need none
pub(crate) fn grouped(
    callers: impl IntoIterator<Item = CallerPolicies>,
    table: &StatementTable<'_>,
) -> Vec<SearchTask> {
    let mut tasks: Vec<SearchTask> = Vec::new();
    let mut positions = HashMap::new();
    let changed = callers.into_iter().filter(|each| !each.policies.is_unchanged());
    for CallerPolicies {
        caller,
        policies,
        assumed_role,
    } in changed
    {
        let next = tasks.len();
        let names_caller =
            |number: &StatementNumber| table.get(*number).is_some_and(|each| each.names_caller);
        let at = if policies.statements().iter().any(names_caller) {
            // A statement depends on the caller, so nobody can stand for somebody else.
            next
        } else {
            let key = (policies.clone(), assumed_role.clone());
            *positions.entry(key).or_insert(next)
        };
        match tasks.get_mut(at) {
            Some(task) => task.callers.push(caller),
            None => tasks.push(SearchTask {
                policies,
                callers: vec![caller],
                assumed_role,
            }),
        }
    }
    tasks
}

/// Runs all searches on as many threads as there are processors; returns the results in the order of the searches
///
/// `progress` gets the number of searches that are done, and of all.
pub(crate) fn run_all(
    tasks: &[SearchTask],
    configurations: [&Configuration; 2],
    table: &StatementTable<'_>,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Vec<TaskResult> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(BTreeMap::new());
    let cache = DimensionCache::default();
    let take = || {
        let at = next.fetch_add(1, Ordering::Relaxed);
        Some((at, tasks.get(at)?))
    };
    let work = || {
        while let Some((at, task)) = take() {
            let result = task.run(configurations, table, &cache);
            let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
            results.insert(at, result);
            progress(results.len(), tasks.len());
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads.min(tasks.len()) {
            scope.spawn(work);
        }
    });
    let results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.into_values().collect()
}

impl SearchTask {
    /// Searches for the first caller, and confirms each region for the other callers
    fn run(
        &self,
        configurations: [&Configuration; 2],
        table: &StatementTable<'_>,
        cache: &DimensionCache,
    ) -> TaskResult {
        let Some(first) = self.callers.first() else {
            return TaskResult::default();
        };
        let assumed_role = self.assumed_role.as_deref();
        let input = SearchInput {
            configurations,
            table,
            policies: &self.policies,
            caller: first,
            cache,
            assumed_role,
        };
        let found = search(&input, &|sample| self.decide(configurations, first, sample));
        let mut result = TaskResult::default();
        if !found.is_complete {
            result.incomplete.clone_from(&self.callers);
        }
        for region in merged(found.regions, &found.space) {
            let (alike, others) = self.confirm(configurations, &region);
            // The same statements should decide alike for all callers. If they do not, the report must say so.
            result.incomplete.extend(others);
            let difference = describe_region(region, &found.space, first, alike, assumed_role);
            result.differences.push(difference);
        }
        result
    }

    /// The callers for whom the same statements decide the region's sample request, and the others
    fn confirm(
        &self,
        configurations: [&Configuration; 2],
        region: &RequestRegion,
    ) -> (Vec<Principal>, Vec<Principal>) {
        let wanted = region.decisions.deciding_statements();
        self.callers.iter().cloned().partition(|caller| {
            let decisions = self.decide(configurations, caller, &region.sample);
            decisions.deciding_statements() == wanted
        })
    }

    /// Decides a request of a caller with the engine in both configurations
    fn decide(
        &self,
        configurations: [&Configuration; 2],
        caller: &Principal,
        sample: &SampleRequest,
    ) -> DecisionPair {
        let request = Request {
            principal: caller,
            action: &sample.action,
            resource: &sample.resource,
            resource_group: sample.resource_group.as_deref(),
            context: &sample.context,
            session: &[],
        };
        let [before, after] = configurations.map(|configuration| match self.assumed_role {
            Some(_) => configuration.policies.decide_assume_role(&request).into(),
            None => configuration.policies.decide(&request).into(),
        });
        DecisionPair { before, after }
    }
}
