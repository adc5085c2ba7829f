//! The values of a condition key that are worth trying: those of the policies, their neighbours, and anything else.

pub(crate) mod address;
pub(crate) mod date;
pub(crate) mod number;
pub(crate) mod text;

use crate::analysis::diff::axis::Candidate;
use ram_policy::Condition;

/// What every request has, since whoever asks RAM fills it in
const ALWAYS_THERE: &str = "acs:CurrentTime";

/// The key that the engine fills in with the resource group of the request
pub(crate) const RESOURCE_GROUP: &str = "acs:ResourceGroupId";

/// Keys whose values anybody can write as they like
const TAGS: [&str; 3] = ["acs:RequestTag/", "acs:ResourceTag/", "eci:tag/"];

/// How an operator reads values
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Family {
    Text,
    Number,
    Date,
    Boolean,
    Address,
}

impl Family {
    fn of(condition: &Condition) -> Self {
        let name = condition.operator.name;
        if name.starts_with("Numeric") {
            Self::Number
        } else if name.starts_with("Date") {
            Self::Date
        } else if name.starts_with("Bool") {
            Self::Boolean
        } else if name.contains("IpAddress") {
            Self::Address
        } else {
            Self::Text
        }
    }
}

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
pub(crate) fn candidates(key: &str, conditions: &[&Condition]) -> Values {
    let of = |family: Family| -> Vec<&Condition> {
        let all = conditions.iter().copied();
        all.filter(|condition| Family::of(condition) == family).collect()
    };
    let wanted =
        |family: Family| -> Vec<String> { of(family).iter().flat_map(|each| each.wanted()).collect() };
    let mut values = text::candidates(&of(Family::Text));
    let numbers = wanted(Family::Number);
    values.candidates.extend(number::candidates(&numbers));
    if conditions.iter().any(|each| Family::of(each) == Family::Text) {
        values
            .candidates
            .extend(numbers.iter().map(|number| number::written_otherwise(number)));
    }
    values.candidates.extend(date::candidates(&wanted(Family::Date)));
    values
        .candidates
        .extend(address::candidates(&wanted(Family::Address)));
    if conditions.iter().any(|each| Family::of(each) == Family::Boolean) {
        values
            .candidates
            .extend(["true", "false"].map(Candidate::exactly));
    }
    let typed = conditions.iter().any(|each| Family::of(each) != Family::Text);
    let free = !key.starts_with("acs:") || TAGS.iter().any(|prefix| key.starts_with(prefix));
    if typed && free {
        let words = "unreadable for an operator";
        values.candidates.push(Candidate::words("unreadable", words));
    }
    if key != ALWAYS_THERE {
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
