//! Conditions of one statement on the same key that no value satisfies together.
//!
//! The check looks for a value that satisfies all of them. If few values matter, it tries each of these (see
//! [`witness`]). Otherwise it finds only plain contradictions. So a warning is certain, and no warning proves nothing.

use crate::analysis::lint::account_facts::AccountFacts;
use crate::analysis::lint::code::Code;
use crate::analysis::lint::warning::{DocumentWarning, name_list};
use crate::analysis::lint::witness;
use eci_calls::condition_key::CURRENT_TIME;
use ram_policy::{Condition, Effect, LocatedCondition, Operator, Pattern, Statement};

/// Keys whose values the cloud sets, so that every value can be parsed
const PARSEABLE: [&str; 5] = [
    CURRENT_TIME,
    "acs:MFAPresent",
    "acs:SecureTransport",
    "acs:SourceIp",
    "acs:VpcSourceIp",
];

/// A text that is no number, date, address or boolean
const UNPARSEABLE: &str = "\u{1}";

/// Longer lists of values on one key are not checked: the time grows with the square
const MOST_CHARACTERS: usize = 4096;

/// Looks for contradictions among the conditions of a statement
///
/// ```text
/// "StringEquals": {"k": "a"}, "StringNotEquals": {"k": "a"}  ->  Contradiction at the second condition
/// ```
pub(crate) fn find(statement: &Statement, facts: &AccountFacts) -> Vec<DocumentWarning> {
    let conditions = statement.located_conditions().enumerate();
    let contradictions = conditions.filter_map(|(at, last)| {
        let same_key = |condition: &&Condition| condition.key == last.key;
        let earlier: Vec<&Condition> = statement.conditions.iter().take(at).filter(same_key).collect();
        let other = conflicting(&earlier, &last, statement.effect, facts)?;
        Some(warning(last, other))
    });
    contradictions.collect()
}

/// The first of the earlier conditions that excludes `last`; the latest one if only all together exclude it
fn conflicting<'a>(
    earlier: &[&'a Condition],
    last: &'a Condition,
    effect: Effect,
    facts: &AccountFacts,
) -> Option<&'a Condition> {
    let is_list = facts
        .fixed_values(&last.key)
        .is_some_and(|values| values.len() > 1);
    if earlier.is_empty() || is_list {
        return None;
    }
    let excludes = |others: &[&Condition]| {
        let all: Vec<&Condition> = others.iter().copied().chain([last]).collect();
        is_impossible(&all, effect, facts)
    };
    let alone = earlier.iter().find(|other| excludes(&[**other]));
    let together = || earlier.last().filter(|_| earlier.len() > 1 && excludes(earlier));
    alone.or_else(together).copied()
}

fn warning(last: LocatedCondition<'_>, other: &Condition) -> DocumentWarning {
    let described =
        |condition: &Condition| format!("{} {}", condition.operator, name_list(&condition.wanted()));
    DocumentWarning {
        code: Code::Contradiction,
        at: last.at(),
        message: format!(
            "no value of `{}` meets both {} and {}, so the statement never matches",
            last.key,
            described(other),
            described(&last)
        ),
        advice: "list the values under one operator, or write two statements".to_owned(),
    }
}

/// Whether it is certain that no request satisfies all of these conditions on one key
///
/// In a Deny, an absent key satisfies negated conditions and set operators.
fn is_impossible(all: &[&Condition], effect: Effect, facts: &AccountFacts) -> bool {
    let meets = |values: &[String]| all.iter().all(|condition| condition.met(values, effect));
    if meets(&[]) {
        return false;
    }
    let values = all.iter().flat_map(|condition| condition.wanted());
    let characters: usize = values.map(|value| value.len().saturating_add(1)).sum();
    let is_parseable = |key: &str| PARSEABLE.contains(&key) && facts.fixed_values(key).is_none();
    let is_parseable = all.iter().all(|condition| is_parseable(&condition.key));
    if characters > MOST_CHARACTERS || !is_parseable && meets(&[UNPARSEABLE.to_owned()]) {
        return false;
    }
    match witness::candidates(all) {
        Some(candidates) => !candidates.into_iter().any(|value| meets(&[value])),
        None => texts_exclude_each_other(all),
    }
}

/// Whether patterns, or texts in any case, plainly exclude what the other conditions want
///
/// A statement has an operator once, and an operator has a key once. Of an operator and its set operators the first
/// counts here.
fn texts_exclude_each_other(all: &[&Condition]) -> bool {
    let wanted = |is_so: fn(&Operator) -> bool| {
        let found = all.iter().find(|condition| is_so(condition.operator));
        found.map(|condition| condition.wanted())
    };
    let excluded = wanted(|operator| operator.is_like() && operator.is_negated()).unwrap_or_default();
    let is_excluded = |pattern: &String| {
        let mut excluded = excluded.iter().map(|outer| Pattern::new(outer));
        excluded.any(|outer| outer.includes(Pattern::new(pattern)))
    };
    let can_meet = |value: &String| {
        all.iter()
            .all(|condition| may_meet_ignoring_case(condition, value))
    };
    wanted(|operator| operator.is_like() && !operator.is_negated())
        .is_some_and(|patterns| patterns.iter().all(is_excluded))
        || wanted(|operator| operator.ignores_case() && !operator.is_negated())
            .is_some_and(|values| !values.iter().any(can_meet))
}

/// Whether some spelling of a text may satisfy a condition; letters outside ASCII always may
fn may_meet_ignoring_case(condition: &Condition, value: &str) -> bool {
    let operator = condition.operator;
    if operator.ignores_case() {
        condition.met(&[value.to_owned()], Effect::Allow)
    } else if operator.is_like() && !operator.is_negated() {
        condition.wanted().iter().any(|pattern| {
            !(pattern.is_ascii() && value.is_ascii()) || Pattern::new(pattern).matches_ignoring_case(value)
        })
    } else {
        true
    }
}
