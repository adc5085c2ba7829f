//! Conditions on one key that no value meets together.
//!
//! A value is looked for that meets all of them. Where the values that matter are few it is searched among them; where
//! they are not, only what is plain to see counts, so that silence is no proof and a warning is.

use super::code::Code;
use super::facts::Facts;
use super::glob::{fits, includes, is_wild, overlap};
use super::question::CURRENT_TIME;
use super::subject::{Finding, listed};
use super::witness;
use crate::ram::{Condition, Effect, Statement};

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

/// More values on one key than this are not looked through
const MOST_VALUES: usize = 256;

/// Looks for contradictions among the conditions of a statement
pub(super) fn find(statement: &Statement, facts: &Facts) -> Vec<Finding> {
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
            is_impossible(&all, statement.effect)
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
            condition.operator.name,
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
fn is_impossible(all: &[&Condition], effect: Effect) -> bool {
    let meets = |values: &[String]| all.iter().all(|condition| condition.met(values, effect));
    let count: usize = all.iter().map(|condition| condition.values_at.len()).sum();
    let is_readable = all.iter().all(|condition| READABLE.contains(&&*condition.key));
    if count > MOST_VALUES || meets(&[]) || !is_readable && meets(&[UNREADABLE.to_owned()]) {
        return false;
    }
    match witness::candidates(all) {
        Some(candidates) => !candidates.into_iter().any(|value| meets(&[value])),
        None => texts_exclude_each_other(all),
    }
}

/// Whether patterns, or texts in any case, plainly exclude each other
fn texts_exclude_each_other(all: &[&Condition]) -> bool {
    let named = |name: &'static str| {
        let is_so = move |condition: &&&Condition| condition.operator.name == name;
        all.iter().filter(is_so).map(|condition| condition.wanted())
    };
    let likes: Vec<Vec<String>> = named("StringLike").collect();
    let disjoint = |one: &[String], other: &[String]| {
        !one.iter()
            .any(|pattern| other.iter().any(|each| overlap(pattern, each)))
    };
    let apart = likes.iter().enumerate().any(|(at, one)| {
        likes
            .iter()
            .skip(at.saturating_add(1))
            .any(|other| disjoint(one, other))
    });
    let excluded: Vec<String> = named("StringNotLike").flatten().collect();
    let all_excluded = likes.iter().any(|patterns| {
        patterns
            .iter()
            .all(|pattern| excluded.iter().any(|outer| includes(outer, pattern)))
    });
    let ignoring_case = named("StringEqualsIgnoreCase").any(|values| {
        values.iter().all(|value| {
            !all.iter()
                .all(|condition| may_meet_ignoring_case(condition, value))
        })
    });
    apart || all_excluded || ignoring_case
}

/// Whether a text may meet a condition in some case; other letters than ASCII's are not looked at
fn may_meet_ignoring_case(condition: &Condition, value: &str) -> bool {
    match condition.operator.name {
        "StringEqualsIgnoreCase" | "StringNotEqualsIgnoreCase" => {
            condition.met(&[value.to_owned()], Effect::Allow)
        }
        "StringLike" => condition.wanted().iter().any(|pattern| {
            !(pattern.is_ascii() && value.is_ascii())
                || fits(&pattern.to_ascii_lowercase(), &value.to_ascii_lowercase())
        }),
        _ => true,
    }
}

/// Whether one of the conditions names all values that can meet it
pub(super) fn exact(condition: &Condition) -> Option<Vec<String>> {
    match condition.operator.name {
        "StringEquals" => Some(condition.wanted()),
        "StringLike" => Some(condition.wanted()).filter(|values| !values.iter().any(|value| is_wild(value))),
        _ => None,
    }
}
