//! A denial in RAM's own fields, and the statements that came as near as the explained one.

use crate::wording::{clipped, display_name};
use eci_calls::{ASSUME_ROLE, Denial, INSTANCE_ROLE_SERVICE, PASS_ROLE};
use ram_policy::{Mismatch, Miss, Principal, Reason};

/// Whether a statement is about the action of the question, so that it may be called the nearest
pub(super) fn is_about_action(miss: &Miss) -> bool {
    !matches!(miss.mismatch, Mismatch::Action { .. })
}

/// The other statements that are as near as the explained one
pub(crate) fn other_misses(denial: &Denial) -> String {
    match &denial.decision.reason {
        // The roles that a statement names may be those of others
        Reason::NoMatch(misses) if denial.question.action != PASS_ROLE => misses
            .iter()
            .filter(|miss| is_about_action(miss))
            .skip(1)
            .map(|miss| format!("; just as near is {miss}"))
            .collect(),
        Reason::NoMatch(_)
        | Reason::Root
        | Reason::UnknownPrincipal
        | Reason::UnknownRole
        | Reason::Statement(_) => String::new(),
    }
}

/// The denial in RAM's own fields, such as `AuthAction` and `NoPermissionType`
pub(crate) fn details(denial: &Denial, principal: &Principal, account: &str) -> Vec<(&'static str, String)> {
    let decision = &denial.decision;
    // ECS assumes the role, not the person
    let (kind, name) = match denial.question.action {
        ASSUME_ROLE => ("Service", INSTANCE_ROLE_SERVICE),
        _ => (principal.auth_type(), display_name(principal, account)),
    };
    let mut details = vec![
        ("AuthAction", denial.question.action.to_owned()),
        ("AuthResource", clipped(&denial.question.resource, 200)),
        ("AuthPrincipalType", kind.to_owned()),
        ("AuthPrincipalDisplayName", name.to_owned()),
        ("NoPermissionType", decision.outcome.to_string()),
        ("PolicyType", decision.policy_type.to_string()),
    ];
    match &decision.reason {
        Reason::Statement(statement) => details.push(("Statement", statement.to_string())),
        Reason::NoMatch(misses) => {
            let nearest = misses.first().filter(|miss| is_about_action(miss));
            details.extend(nearest.map(|miss| ("NearestStatement", miss.statement.to_string())));
        }
        Reason::Root | Reason::UnknownPrincipal | Reason::UnknownRole => {}
    }
    details
}
