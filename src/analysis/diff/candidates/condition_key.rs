//! Values of a condition key: those of the conditions on it, by the family of their operators, and its absence.

use super::{Candidate, Candidates, address, date, number, string};
use eci_calls::condition_key::{CURRENT_TIME, TagKey};
use ram_policy::{Condition, OperatorFamily};

/// The values of a key to try, those of the policies first
///
/// ```text
/// NumericLessThan acs:RequestTag/cpu 4
///   -> 4, 5, 3, 4.1, 3.9, unreadable, absent
/// ```
pub(crate) fn candidates(key: &str, conditions: &[&Condition]) -> Candidates {
    let of = |family: OperatorFamily| -> Vec<&Condition> {
        let all = conditions.iter().copied();
        all.filter(|condition| condition.operator.family() == family)
            .collect()
    };
    let wanted = |family: OperatorFamily| -> Vec<String> {
        of(family).iter().flat_map(|each| each.wanted()).collect()
    };
    let strings = of(OperatorFamily::String);
    let Candidates { mut all, is_bounded } = string::candidates(&strings);
    let numbers = wanted(OperatorFamily::Numeric);
    all.extend(number::candidates(&numbers));
    if !strings.is_empty() {
        all.extend(numbers.iter().map(|number| number::with_leading_zero(number)));
    }
    all.extend(date::candidates(&wanted(OperatorFamily::Date)));
    all.extend(address::candidates(&wanted(OperatorFamily::IpAddress)));
    if !of(OperatorFamily::Bool).is_empty() {
        all.extend(["true", "false"].map(Candidate::exactly));
    }
    let is_parsed = strings.len() < conditions.len();
    if is_parsed && may_be_unparseable(key) {
        all.push(Candidate::wording("unreadable", "unreadable for an operator"));
    }
    // Every request has the time.
    if key != CURRENT_TIME {
        all.push(Candidate::absent());
    }
    Candidates { all, is_bounded }
}

/// Whether a request can have a value that no number, date or address operator parses; tags can have any value
fn may_be_unparseable(key: &str) -> bool {
    !key.starts_with("acs:") || TagKey::parse(key).is_some()
}
