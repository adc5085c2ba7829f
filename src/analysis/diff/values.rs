//! The values of a condition key that are worth trying: those of the policies, their neighbours, and anything else.

pub(crate) mod address;
pub(crate) mod date;
pub(crate) mod number;
pub(crate) mod text;

use super::axis::Candidate;
use eci_calls::condition_key::{CURRENT_TIME, TagKey};
use ram_policy::{Condition, OperatorFamily};

/// What to try
#[derive(Debug, Default)]
pub(crate) struct Values {
    pub(crate) candidates: Vec<Candidate>,
    /// Whether there may be more that the policies tell apart
    pub(crate) bounded: bool,
}

impl Values {
    /// Nothing but absence
    pub(crate) fn absent() -> Self {
        Self {
            candidates: vec![Candidate::absent()],
            bounded: false,
        }
    }
}

/// The values of a key to try, those of the policies first, and its absence where a request can lack it
pub(super) fn candidates(key: &str, conditions: &[&Condition]) -> Values {
    let of = |family: OperatorFamily| -> Vec<&Condition> {
        let all = conditions.iter().copied();
        all.filter(|condition| condition.operator.family() == family)
            .collect()
    };
    let wanted = |family: OperatorFamily| -> Vec<String> {
        of(family).iter().flat_map(|each| each.wanted()).collect()
    };
    let mut values = text::candidates(&of(OperatorFamily::String));
    let numbers = wanted(OperatorFamily::Numeric);
    values.candidates.extend(number::candidates(&numbers));
    if conditions
        .iter()
        .any(|each| each.operator.family() == OperatorFamily::String)
    {
        values
            .candidates
            .extend(numbers.iter().map(|number| number::written_otherwise(number)));
    }
    values
        .candidates
        .extend(date::candidates(&wanted(OperatorFamily::Date)));
    values
        .candidates
        .extend(address::candidates(&wanted(OperatorFamily::IpAddress)));
    if conditions
        .iter()
        .any(|each| each.operator.family() == OperatorFamily::Bool)
    {
        values
            .candidates
            .extend(["true", "false"].map(Candidate::exactly));
    }
    let typed = conditions
        .iter()
        .any(|each| each.operator.family() != OperatorFamily::String);
    // Anybody can write the value of a tag as they like
    let free = !key.starts_with("acs:") || TagKey::parse(key).is_some();
    if typed && free {
        let words = "unreadable for an operator";
        values.candidates.push(Candidate::words("unreadable", words));
    }
    // Whoever asks RAM fills the time in
    if key != CURRENT_TIME {
        values.candidates.push(Candidate::absent());
    }
    values
}

/// How a value between two of the policies' is told
fn between(low: Option<String>, high: Option<String>) -> String {
    let low = low.map(|low| format!("> {low}"));
    let high = high.map(|high| format!("< {high}"));
    let both: Vec<String> = low.into_iter().chain(high).collect();
    both.join(" and ")
}
