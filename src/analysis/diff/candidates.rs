//! The values that are worth trying for each element of a request.
//!
//! They are the values that the policies name, values beside these, examples of the patterns, and one other value.

pub(crate) mod action;
pub(crate) mod address;
pub(crate) mod condition_key;
pub(crate) mod date;
pub(crate) mod number;
pub(crate) mod resource;
pub(crate) mod resource_group;
pub(crate) mod string;

use ram_policy::pattern::Combinations;

/// A value to try
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// The value; `None` if the request lacks the element
    pub(crate) value: Option<String>,
    pub(crate) description: Description,
}

/// How the report describes a value
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Description {
    /// The element is absent
    Absent,
    /// By the value itself
    Exactly,
    /// By the patterns that it was made from, all of which it matches
    Like(Vec<String>),
    /// By a text that is compared without case
    AnyCase(String),
    /// By a phrase, such as `< 4`
    Wording(String),
    /// Not at all: other values of its class describe the class
    Sample,
    /// By the values that it is not
    Other,
}

/// Candidates for one element
#[derive(Debug, Default)]
pub(crate) struct Candidates {
    pub(crate) all: Vec<Candidate>,
    /// Whether the policies may distinguish further values
    pub(crate) is_bounded: bool,
}

impl Candidates {
    /// Only the absence of the element
    pub(crate) fn absent() -> Self {
        Self {
            all: vec![Candidate::absent()],
            is_bounded: false,
        }
    }

    /// Texts that several patterns match together, each described by the patterns that `matching` gives for it
    ///
    /// A text without such patterns is left out.
    pub(crate) fn of_combinations(found: Combinations, matching: impl Fn(&str) -> Vec<String>) -> Self {
        let like = found.texts.into_iter().filter_map(|text| {
            let patterns = matching(&text);
            (!patterns.is_empty()).then(|| Candidate::like(text, patterns))
        });
        Self {
            all: like.collect(),
            is_bounded: found.bounded,
        }
    }
}

impl Candidate {
    pub(crate) fn absent() -> Self {
        Self {
            value: None,
            description: Description::Absent,
        }
    }

    pub(crate) fn exactly(value: impl Into<String>) -> Self {
        Self {
            value: Some(value.into()),
            description: Description::Exactly,
        }
    }

    pub(crate) fn sample(value: impl Into<String>) -> Self {
        Self {
            value: Some(value.into()),
            description: Description::Sample,
        }
    }

    pub(crate) fn other(value: impl Into<String>) -> Self {
        Self {
            value: Some(value.into()),
            description: Description::Other,
        }
    }

    pub(crate) fn like(value: impl Into<String>, patterns: Vec<String>) -> Self {
        Self {
            value: Some(value.into()),
            description: Description::Like(patterns),
        }
    }

    pub(crate) fn any_case(value: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            value: Some(value.into()),
            description: Description::AnyCase(text.into()),
        }
    }

    pub(crate) fn wording(value: impl Into<String>, wording: impl Into<String>) -> Self {
        Self {
            value: Some(value.into()),
            description: Description::Wording(wording.into()),
        }
    }

    /// A value between two values of the policies: `> 4 and < 5`
    pub(crate) fn between(value: impl Into<String>, low: Option<String>, high: Option<String>) -> Self {
        let low = low.map(|low| format!("> {low}"));
        let high = high.map(|high| format!("< {high}"));
        let both: Vec<String> = low.into_iter().chain(high).collect();
        Self::wording(value, both.join(" and "))
    }
}

/// The candidates as text, for tests: `4.5 Wording("> 4 and < 5")`
#[cfg(test)]
pub(crate) fn shown(candidates: &[Candidate]) -> Vec<String> {
    let shown = |each: &Candidate| format!("{} {:?}", each.value.as_deref().unwrap_or("-"), each.description);
    candidates.iter().map(shown).collect()
}
