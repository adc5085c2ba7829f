//! Whether a statement matches a request, and which of its elements is the first that does not.

use super::condition::Condition;
use super::decision::Mismatch;
use super::document::{Actions, Statement, Target};
use super::resolved_request::ResolvedRequest;

/// Which element of a statement did not match first
#[derive(Clone, Copy)]
pub(super) enum FailedElement<'a> {
    Action,
    Target,
    Condition(&'a Condition),
}

/// The first element that does not match; none means that the statement matches
pub(super) fn mismatch<'a>(
    facts: &ResolvedRequest<'_>,
    statement: &'a Statement,
) -> Option<FailedElement<'a>> {
    match action_or_target_mismatch(facts, statement) {
        Some(first) => Some(first),
        None => open(facts, statement).next().map(FailedElement::Condition),
    }
}

/// The first of action and target that does not match
pub(super) fn action_or_target_mismatch<'a>(
    facts: &ResolvedRequest<'_>,
    statement: &'a Statement,
) -> Option<FailedElement<'a>> {
    if !statement.covers_action(facts.action) {
        return Some(FailedElement::Action);
    }
    let target_fits = match &statement.target {
        Target::Resources(patterns) => patterns
            .iter()
            .any(|pattern| pattern.matches(facts.resource.parts)),
        Target::Principals(trusted) => trusted
            .iter()
            .any(|entry| entry.covers(facts.caller, facts.account)),
    };
    (!target_fits).then_some(FailedElement::Target)
}

/// The conditions that do not hold
pub(super) fn open<'a>(
    facts: &ResolvedRequest<'_>,
    statement: &'a Statement,
) -> impl Iterator<Item = &'a Condition> {
    let holds = |condition: &&Condition| condition.met(facts.values(&condition.key), statement.effect);
    statement
        .conditions
        .iter()
        .filter(move |condition| !holds(condition))
}

impl FailedElement<'_> {
    /// The least that a statement which does not match can be away from matching
    pub(super) const NEAREST: usize = 1;

    /// How far from matching: conditions that do not hold, a wrong resource, a wrong action
    pub(super) fn distance(self, facts: &ResolvedRequest<'_>, statement: &Statement) -> usize {
        match self {
            Self::Condition(_) => open(facts, statement).count(),
            Self::Target => usize::MAX - 1,
            Self::Action => usize::MAX,
        }
    }

    /// The same with what was wanted and what was found
    pub(super) fn explain(self, facts: &ResolvedRequest<'_>, statement: &Statement) -> Mismatch {
        match self {
            Self::Action => {
                let wanted = statement.actions.patterns().iter();
                Mismatch::Action {
                    wanted: wanted.map(|each| each.as_str().to_owned()).collect(),
                    negated: matches!(statement.actions, Actions::Except(_)),
                    got: facts.action.to_owned(),
                }
            }
            Self::Target => match &statement.target {
                Target::Resources(patterns) => Mismatch::Resource {
                    wanted: patterns.iter().map(|each| each.as_str().to_owned()).collect(),
                    got: facts.resource.text.to_owned(),
                },
                Target::Principals(trusted) => Mismatch::Principal {
                    wanted: trusted.iter().map(ToString::to_string).collect(),
                    got: facts.caller.to_string(),
                },
            },
            Self::Condition(condition) => Mismatch::Condition {
                operator: condition.operator,
                key: condition.key.to_string(),
                wanted: condition.wanted(),
                got: facts.values(&condition.key).to_vec(),
            },
        }
    }
}
