//! Conditions on one key that no value meets together.
//!
//! A value is looked for that meets all of them. Where the values that matter are few it is searched among them; where
//! they are not, only what is plain to see counts, so that silence is no proof and a warning is.

use super::code::Code;
use super::facts::Facts;
use super::subject::{Finding, listed};
use super::witness;
use eci_calls::condition_key::CURRENT_TIME;
use ram_policy::{Condition, Effect, Operator, Pattern, Statement};

/// Keys whose values the cloud makes, so that one which cannot be read never comes
const READABLE: [&str; 5] = [
    CURRENT_TIME,
    "acs:MFAPresent",
    "acs:SecureTransport",
    "acs:SourceIp",
    "acs:VpcSourceIp",
];

/// A text that is no number, date, address or boolean
const UNREADABLE: &str = "\u{1}";

/// Longer lists of values on one key are not looked through: the time grows with the square
const MOST_CHARACTERS: usize = 4096;

/// Looks for contradictions among the conditions of a statement
pub(crate) fn find(statement: &Statement, facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (at, last) in statement.conditions.iter().enumerate() {
        let same_key = |condition: &&Condition| condition.key == last.key;
        let before: Vec<&Condition> = statement.conditions.iter().take(at).filter(same_key).collect();
        let is_list = facts.given(&last.key).is_some_and(|values| values.len() > 1);
        if before.is_empty() || is_list {
            continue;
        }
        let impossible = |others: &[&Condition]| {
            let all: Vec<&Condition> = others.iter().copied().chain([last]).collect();
            is_impossible(&all, statement.effect, facts)
        };
        let culprit = before.iter().find(|other| impossible(&[**other]));
        if let Some(other) = culprit {
            findings.push(finding(last, other));
        } else if before.len() > 1
            && impossible(&before)
            && let Some(other) = before.last()
        {
            findings.push(finding(last, other));
        }
    }
    findings
}

fn finding(last: &Condition, other: &Condition) -> Finding {
    let words = |condition: &Condition| {
        let wanted = condition.wanted();
        format!(
            "{} {}",
            condition.operator,
            listed(wanted.iter().map(String::as_str))
        )
    };
    Finding {
        code: Code::Contradiction,
        at: last.at,
        message: format!(
            "no value of `{}` meets both {} and {}, so the statement never matches",
            last.key,
            words(other),
            words(last)
        ),
        advice: "list the values under one operator, or write two statements".to_owned(),
    }
}

/// Whether it is certain that no request meets all of these conditions on one key
///
/// An absent key meets negated conditions alone, and those always leave a value too.
fn is_impossible(all: &[&Condition], effect: Effect, facts: &Facts) -> bool {
    let meets = |values: &[String]| all.iter().all(|condition| condition.met(values, effect));
    let values = all.iter().flat_map(|condition| condition.wanted());
    let characters: usize = values.map(|value| value.len().saturating_add(1)).sum();
    let is_readable = |key: &str| READABLE.contains(&key) && facts.given(key).is_none();
    let is_readable = all.iter().all(|condition| is_readable(&condition.key));
    if characters > MOST_CHARACTERS || !is_readable && meets(&[UNREADABLE.to_owned()]) {
        return false;
    }
    match witness::candidates(all) {
        Some(candidates) => !candidates.into_iter().any(|value| meets(&[value])),
        None => texts_exclude_each_other(all),
    }
}

/// Whether patterns, or texts in any case, plainly exclude what the other conditions want
///
/// An operator stands once in a statement, and a key once under it.
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

/// Whether a text may meet a condition in some case; other letters than ASCII's are not looked at
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

/// Whether one of the conditions names all values that can meet it
pub(super) fn exact(condition: &Condition) -> Option<Vec<String>> {
    if let Some(values) = condition.exact_values() {
        return Some(values.map(str::to_owned).collect());
    }
    let is_positive_like = condition.operator.is_like() && !condition.operator.is_negated();
    let values = is_positive_like.then(|| condition.wanted())?;
    (!values.iter().any(|value| Pattern::new(value).is_wild())).then_some(values)
}
