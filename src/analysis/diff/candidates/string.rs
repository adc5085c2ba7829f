//! Strings: those of the policies, texts that one or several of their patterns match, and one that is none of these.

use std::collections::BTreeSet;

use super::{Candidate, Candidates};
use ram_policy::pattern::{Tokens, combinations};
use ram_policy::{Condition, Pattern};

/// Values that hardly any policy names; the first one that no policy names is tried
const OTHERS: [&str; 3] = ["other", "other-value", "no-such-value"];

/// The candidates for string operators; none without conditions
pub(crate) fn candidates(conditions: &[&Condition]) -> Candidates {
    if conditions.is_empty() {
        return Candidates::default();
    }
    let wanted = WantedStrings::of(conditions);
    let exact = wanted.literals.iter().map(Candidate::exactly);
    let any_case = wanted.any_case.iter().flat_map(|text| {
        let spellings = other_cases(text).into_iter();
        spellings.map(move |value| Candidate::any_case(value, text))
    });
    let examples = wanted.patterns.iter().flat_map(|pattern| {
        let texts = ["x", ""].map(|run| Pattern::new(pattern).filled(run));
        texts.map(|text| Candidate::like(text, vec![pattern.clone()]))
    });
    let overlaps = wanted.overlaps();
    let unnamed = |text: &&str| !wanted.names(text);
    let other = OTHERS.iter().copied().find(unnamed).map(Candidate::other);
    let all = exact.chain(any_case).chain(examples).chain(overlaps.all);
    Candidates {
        all: all.chain(other).collect(),
        is_bounded: overlaps.is_bounded,
    }
}

/// The values of string conditions
#[derive(Default)]
struct WantedStrings {
    literals: BTreeSet<String>,
    /// Those of the literals that an operator compares without case
    any_case: BTreeSet<String>,
    patterns: BTreeSet<String>,
}

impl WantedStrings {
    fn of(conditions: &[&Condition]) -> Self {
        let mut wanted = Self::default();
        for condition in conditions {
            let operator = condition.operator;
            for value in condition.wanted() {
                if operator.is_like() && Pattern::new(&value).is_wild() {
                    wanted.patterns.insert(value);
                } else {
                    if operator.ignores_case() {
                        wanted.any_case.insert(value.clone());
                    }
                    wanted.literals.insert(value);
                }
            }
        }
        wanted
    }

    /// One text for each combination of patterns that match together
    fn overlaps(&self) -> Candidates {
        let tokens: Vec<Tokens> = self
            .patterns
            .iter()
            .map(|pattern| Tokens::free(pattern))
            .collect();
        if tokens.len() < 2 {
            return Candidates::default();
        }
        let found = combinations(&Tokens::free("*"), &tokens);
        Candidates::of_combinations(found, |text| self.matching(text))
    }

    fn matching(&self, text: &str) -> Vec<String> {
        let matches = |pattern: &&String| Pattern::new(pattern).matches(text);
        self.patterns.iter().filter(matches).cloned().collect()
    }

    /// Whether a condition names the text or has a pattern that matches it
    fn names(&self, text: &str) -> bool {
        self.any_case.contains(text) || self.literals.contains(text) || !self.matching(text).is_empty()
    }
}

/// `Test` -> `TEST`, `test`, `Test`: spellings that show how operators with and without case differ
fn other_cases(text: &str) -> [String; 3] {
    let (upper, lower) = (text.to_uppercase(), text.to_lowercase());
    let mut letters = text.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    let title = format!("{first}{}", letters.as_str().to_lowercase());
    [upper, lower, title]
}
