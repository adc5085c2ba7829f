//! Whether a statement matches a request, and the first of its elements that does not.

use crate::condition::Condition;
use crate::decision::Mismatch;
use crate::document::{Actions, Statement, Target};
use crate::resolved_request::ResolvedRequest;

/// The first element of a statement that does not match a request
#[derive(Clone, Copy)]
pub(crate) enum FailedElement<'a> {
    Action,
    Target,
    Condition(&'a Condition),
}

/// The first element that does not match; `None` if the statement matches.
pub(crate) fn first_mismatch<'a>(
    request: &ResolvedRequest<'_>,
    statement: &'a Statement,
) -> Option<FailedElement<'a>> {
    match mismatch_before_conditions(request, statement) {
        Some(failed) => Some(failed),
        None => unmet_conditions(request, statement)
            .next()
            .map(FailedElement::Condition),
    }
}

/// The first of action and target that does not match; `None` if both do.
pub(crate) fn mismatch_before_conditions<'a>(
    request: &ResolvedRequest<'_>,
    statement: &'a Statement,
) -> Option<FailedElement<'a>> {
    if !statement.covers_action(request.action) {
        return Some(FailedElement::Action);
    }
    let is_target_covered = match &statement.target {
        Target::Resources(patterns) => patterns
            .iter()
            .any(|pattern| pattern.matches(request.resource.segments)),
        Target::Principals(trusted) => trusted
            .iter()
            .any(|entry| entry.covers(request.principal, request.account)),
    };
    (!is_target_covered).then_some(FailedElement::Target)
}

/// The conditions that the request does not meet
pub(crate) fn unmet_conditions<'a>(
    request: &ResolvedRequest<'_>,
    statement: &'a Statement,
) -> impl Iterator<Item = &'a Condition> {
    let is_met = |condition: &&Condition| condition.met(request.values(&condition.key), statement.effect);
    statement
        .conditions
        .iter()
        .filter(move |condition| !is_met(condition))
}

impl FailedElement<'_> {
    /// The smallest distance: one unmet condition
    pub(crate) const NEAREST: usize = 1;

    /// How far the statement is from matching: the number of unmet conditions, then a wrong target, then a wrong action.
    pub(crate) fn distance(self, request: &ResolvedRequest<'_>, statement: &Statement) -> usize {
        match self {
            Self::Condition(_) => unmet_conditions(request, statement).count(),
            Self::Target => usize::MAX - 1,
            Self::Action => usize::MAX,
        }
    }

    /// The failed element with the statement's values and the request's
    pub(crate) fn explain(self, request: &ResolvedRequest<'_>, statement: &Statement) -> Mismatch {
        match self {
            Self::Action => {
                let wanted = statement.actions.patterns().iter();
                Mismatch::Action {
                    wanted: wanted.map(|each| each.as_str().to_owned()).collect(),
                    negated: matches!(statement.actions, Actions::Except(_)),
                    got: request.action.to_owned(),
                }
            }
            Self::Target => match &statement.target {
                Target::Resources(patterns) => Mismatch::Resource {
                    wanted: patterns.iter().map(|each| each.as_str().to_owned()).collect(),
                    got: request.resource.text.to_owned(),
                },
                Target::Principals(trusted) => Mismatch::Principal {
                    wanted: trusted.iter().map(ToString::to_string).collect(),
                    got: request.principal.to_string(),
                },
            },
            Self::Condition(condition) => Mismatch::Condition {
                operator: condition.operator,
                key: condition.key.to_string(),
                wanted: condition.wanted(),
                got: request.values(&condition.key).to_vec(),
            },
        }
    }
}
