//! The string family. Case counts, but for the operators whose name says otherwise; wildcards only in Like.

use crate::pattern::{Case, Pattern};

/// How two texts are compared
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    EqualIgnoringCase,
    Like,
}

/// A policy's text, ready to be compared
#[derive(Clone, Debug)]
pub(super) struct Wanted(Pattern);

impl Wanted {
    pub(super) fn new(text: &str) -> Self {
        Self(Pattern::new(text))
    }

    pub(super) fn matches(&self, comparison: Comparison, found: &str) -> bool {
        match comparison {
            Comparison::Equal => self.as_str() == found,
            // Letters of every script: an exclusion by name should not be dodged by its capital form.
            Comparison::EqualIgnoringCase => self
                .as_str()
                .chars()
                .flat_map(char::to_lowercase)
                .eq(found.chars().flat_map(char::to_lowercase)),
            Comparison::Like => self.0.matches(found, Case::Exact),
        }
    }

    pub(super) fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_are_literal_outside_like() {
        let matches = |comparison, wanted: &str, found: &str| Wanted::new(wanted).matches(comparison, found);
        assert!(matches(Comparison::Equal, "a*", "a*"));
        assert!(!matches(Comparison::Equal, "a*", "ab"));
        assert!(!matches(Comparison::Equal, "a", "A"));
        assert!(matches(Comparison::EqualIgnoringCase, "É", "é"));
        assert!(!matches(Comparison::EqualIgnoringCase, "a*", "ab"));
        assert!(matches(Comparison::Like, "a?*", "ab"));
        assert!(!matches(Comparison::Like, "A*", "ab"));
        assert!(matches(Comparison::Like, "", ""));
    }
}
