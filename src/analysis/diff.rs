//! The comparison of two configurations: the requests that they decide differently.
//!
//! ```text
//! Configuration x 2 -> setting_changes                      bindings, boundaries, account ... that changed
//!                   -> effective_policies (of each caller, interned in the statement_table)
//!                        -> request_space (values worth trying, in equivalence classes)
//!                             -> region_search -> region (merged) -> difference -> Report
//! ```
//!
//! A caller needs no search if the same statements apply to it before and after. Callers with the same statements share
//! one search. The engine decides a request of every difference in both configurations, which confirms it.
//!
//! Limits: requests have one value of a condition key, and no session policies.

mod candidates;
mod condition_truth;
mod decision_pair;
mod diff_report;
mod difference;
mod dimension;
mod dimension_cache;
mod effective_policies;
mod partial_evaluation;
mod pattern_match;
mod region;
mod region_search;
mod request_space;
mod search_input;
mod search_task;
mod setting_changes;
mod statement_table;
mod term;
mod trust_policy;

use std::collections::BTreeSet;

pub(crate) use crate::analysis::diff::decision_pair::DecisionSummary;
pub use crate::analysis::diff::diff_report::{Change, Difference};
pub(crate) use crate::analysis::diff::diff_report::{Example, Report, SettingChange};
pub use crate::analysis::diff::term::Term;

use crate::analysis::diff::effective_policies::EffectiveChange;
use crate::analysis::diff::search_task::CallerPolicies;
use crate::analysis::diff::statement_table::StatementTable;
use crate::analysis::role_names::with_folded_case;
use crate::config::Configuration;
use ram_policy::Principal;

/// Compares two configurations
///
/// ```text
/// user ann: Allow eci:*  ->  Allow eci:*, Deny eci:Delete*
///   gives one difference: Change::Denied, actions [Like eci:Delete*], example eci:DeleteContainerGroup
/// ```
pub fn compare(old: &Configuration, new: &Configuration) -> Report {
    compare_with_progress(old, new, &|_, _| ())
}

/// [`compare`], which says after each search how many of all are done
pub(crate) fn compare_with_progress(
    old: &Configuration,
    new: &Configuration,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Report {
    let principals = principals(old, new);
    let mut table = StatementTable::default();
    let own: Vec<CallerPolicies> = principals
        .iter()
        .map(|principal| CallerPolicies {
            caller: principal.clone(),
            policies: EffectiveChange::of([&old.policies, &new.policies], principal, &mut table),
            assumed_role: None,
        })
        .collect();
    let assuming = trust_policy::callers([old, new], &principals, &mut table);
    let tasks = search_task::grouped(own.into_iter().chain(assuming), &table);
    table.close();
    let results = search_task::run_all(&tasks, [old, new], &table, progress);
    let incomplete = results.iter().flat_map(|result| result.incomplete.clone());
    let incomplete = incomplete.collect();
    let differences = results.into_iter().flat_map(|result| result.differences);
    Report::new(differences, incomplete, setting_changes::changes(old, new))
}

/// The users and roles of both configurations, and the groups that something is bound to; spellings of one role's name are
/// one role, as the new one spells it
fn principals(old: &Configuration, new: &Configuration) -> Vec<Principal> {
    let of = |configuration: &Configuration| {
        let bound = configuration.bindings.principals().cloned();
        let boundaries = configuration.boundaries.iter();
        let boundaries = boundaries.map(|boundary| boundary.principal.clone());
        let groups = bound
            .chain(boundaries)
            .filter(|each| matches!(each, Principal::Group(_)));
        let mut principals = configuration.policies.principals();
        principals.extend(groups);
        principals
    };
    let all = of(new).into_iter().chain(of(old));
    let mut seen = BTreeSet::new();
    let mut principals: Vec<Principal> = all
        .filter(|principal| seen.insert(with_folded_case(principal)))
        .collect();
    principals.sort();
    principals
}
