//! Texts: the policies' own, those that their patterns match alone and together, and one that is none of them.

use std::collections::BTreeSet;

use super::Values;
use crate::analysis::diff::axis::{Candidate, Told};
use ram_policy::pattern::{Tokens, combinations};
use ram_policy::{Condition, Pattern};

/// What to try as a value that no policy speaks of; the first of them that none does
const OTHERS: [&str; 3] = ["other", "other-value", "no-such-value"];

pub(crate) fn candidates(conditions: &[&Condition]) -> Values {
    let mut values = Values::default();
    if conditions.is_empty() {
        return values;
    }
    let mut literals = BTreeSet::new();
    let mut any_case = BTreeSet::new();
    let mut globs = BTreeSet::new();
    for condition in conditions {
        let operator = condition.operator;
        for wanted in condition.wanted() {
            if operator.is_like() && Pattern::new(&wanted).is_wild() {
                globs.insert(wanted);
            } else {
                if operator.ignores_case() {
                    any_case.insert(wanted.clone());
                }
                literals.insert(wanted);
            }
        }
    }
    let matching = |text: &str| -> Vec<String> {
        let matches = |glob: &&String| Pattern::new(glob).matches(text);
        globs.iter().filter(matches).cloned().collect()
    };
    values.candidates.extend(literals.iter().map(Candidate::exactly));
    for text in &any_case {
        values.candidates.extend(other_cases(text).map(|value| Candidate {
            value: Some(value),
            told: Told::AnyCase(text.clone()),
        }));
    }
    for glob in &globs {
        for text in ["x", ""].map(|run| Pattern::new(glob).filled(run)) {
            values.candidates.push(Candidate::like(text, vec![glob.clone()]));
        }
    }
    let free: Vec<Tokens> = globs.iter().map(|glob| Tokens::free(glob)).collect();
    if free.len() > 1 {
        let found = combinations(&Tokens::free("*"), &free);
        values.bounded = found.bounded;
        for text in found.texts {
            let patterns = matching(&text);
            if !patterns.is_empty() {
                values.candidates.push(Candidate::like(text, patterns));
            }
        }
    }
    let unknown =
        |text: &&str| !any_case.contains(*text) && !literals.contains(*text) && matching(text).is_empty();
    values
        .candidates
        .extend(OTHERS.iter().copied().find(unknown).map(Candidate::other));
    values
}

/// The same letters in other cases, to tell the operators that ignore it from those that do not
fn other_cases(text: &str) -> [String; 3] {
    let (upper, lower) = (text.to_uppercase(), text.to_lowercase());
    let mut letters = text.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    let title = format!("{first}{}", letters.as_str().to_lowercase());
    [upper, lower, title]
}
