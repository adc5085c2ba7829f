//! Statements and exceptions whose time is over.

use jiff::Timestamp;

use crate::analysis::lint::account_facts::AccountFacts;
use crate::analysis::lint::code::Code;
use crate::analysis::lint::warning::DocumentWarning;
use crate::config::{ExceptionEntry, ExceptionState};
use eci_calls::condition_key::CURRENT_TIME;
use ram_policy::{Condition, Document, Effect, OperatorFamily, Statement};

/// A time later than every date of a policy
const LATEST: &str = "9999-12-30T00:00:00Z";

/// Looks for conditions on the time that held once and never will again
pub(crate) fn find(document: &Document, facts: &AccountFacts, now: Timestamp) -> Vec<DocumentWarning> {
    if facts.fixed_values(CURRENT_TIME).is_some() {
        return Vec::new();
    }
    let statements = document.statements.iter();
    let conditions = statements.flat_map(Statement::located_conditions);
    conditions
        .filter(|condition| &*condition.key == CURRENT_TIME && is_over(condition, now))
        .map(|condition| DocumentWarning {
            code: Code::Expired,
            at: condition.at(),
            message: format!(
                "{} {} is over, so the statement never matches again",
                condition.operator,
                condition.wanted().join(", ")
            ),
            advice: "remove the statement, or write a new date".to_owned(),
        })
        .collect()
}

/// Looks for exceptions that do not hold now
pub(crate) fn exceptions(entries: &[ExceptionEntry], now: Timestamp) -> Vec<DocumentWarning> {
    let warning = |entry: &ExceptionEntry| {
        let exception = &entry.exception;
        let (code, message, advice) = match exception.state(now) {
            ExceptionState::Expired => (
                Code::ExceptionOver,
                format!("exception `{}` ended at {}", exception.name, exception.until),
                "remove it, or have its owner set another end",
            ),
            ExceptionState::TooLong => (
                Code::ExceptionTooLong,
                format!(
                    "exception `{}` ends more than 90 days from now, so it does not hold",
                    exception.name
                ),
                "give it an earlier end",
            ),
            ExceptionState::Active | ExceptionState::Expiring => return None,
        };
        Some(DocumentWarning {
            code,
            at: entry.until_at,
            message,
            advice: advice.to_owned(),
        })
    };
    entries.iter().filter_map(warning).collect()
}

/// Whether the condition is met at no time from now on: not now, not at the end of time, and at no date of its own
/// that lies ahead
fn is_over(condition: &Condition, now: Timestamp) -> bool {
    if condition.operator.family() != OperatorFamily::Date {
        return false;
    }
    let is_ahead = |date: &String| date.parse().is_ok_and(|date: Timestamp| date >= now);
    let ahead = condition.wanted().into_iter().filter(is_ahead);
    let times = [now.to_string(), LATEST.to_owned()].into_iter().chain(ahead);
    !times
        .into_iter()
        .any(|time| condition.met(&[time], Effect::Allow))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ram_policy::DocumentKind;

    #[test]
    fn what_can_hold_again_is_not_over() {
        let now: Timestamp = "2026-11-22T08:00:00Z".parse().unwrap();
        for (block, wanted) in [
            (
                r#""DateLessThan": {"acs:CurrentTime": "2026-11-22T08:00:00Z"}"#,
                true,
            ),
            (
                r#""DateLessThan": {"acs:CurrentTime": "2026-11-22T08:00:01Z"}"#,
                false,
            ),
            (
                r#""DateLessThanEquals": {"acs:CurrentTime": "2026-11-22T08:00:00Z"}"#,
                false,
            ),
            (
                r#""DateEquals": {"acs:CurrentTime": "2026-11-22T16:00:01+08:00"}"#,
                false,
            ),
            (
                r#""DateEquals": {"acs:CurrentTime": "2025-01-01T00:00:00Z"}"#,
                true,
            ),
            (
                r#""DateGreaterThan": {"acs:CurrentTime": "2025-01-01T00:00:00Z"}"#,
                false,
            ),
            (
                r#""DateNotEquals": {"acs:CurrentTime": "2025-01-01T00:00:00Z"}"#,
                false,
            ),
            (
                r#""ForAnyValue:DateLessThan": {"acs:CurrentTime": "2025-01-01T00:00:00Z"}"#,
                true,
            ),
            (
                r#""DateLessThan": {"acs:CurrentTime": ["2025-01-01T00:00:00Z", "2027-01-01T00:00:00Z"]}"#,
                false,
            ),
            (
                r#""DateLessThan": {"acs:RequestTag/until": "2025-01-01T00:00:00Z"}"#,
                false,
            ),
        ] {
            let text = format!(
                r#"{{"Version": "1", "Statement": [{{"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {{{block}}}}}]}}"#
            );
            let parsed = Document::parse(text.as_bytes(), DocumentKind::Identity).unwrap();
            let found = find(&parsed.document, &AccountFacts::default(), now);
            assert_eq!(!found.is_empty(), wanted, "{block}: {found:?}");
        }
    }
}
