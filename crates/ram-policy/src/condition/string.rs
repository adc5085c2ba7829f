//! Values of the string operators: `StringEquals`, `StringEqualsIgnoreCase`, `StringLike` and their negations.
//!
//! Only the IgnoreCase operators ignore case. `*` and `?` are wildcards only under the Like operators.

use crate::condition::operator::StringComparison;
use crate::pattern::{Case, CompiledPattern};

/// A policy's text, compiled as a pattern
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct StringValue(CompiledPattern);

impl StringValue {
    pub(super) fn new(text: &str) -> Self {
        Self(CompiledPattern::new(text))
    }

    pub(super) fn matches(&self, comparison: StringComparison, found: &str) -> bool {
        match comparison {
            StringComparison::Equal => self.as_str() == found,
            // Letters of every script, so that no exclusion by name can be evaded by writing it in capitals.
            StringComparison::EqualIgnoringCase => self
                .as_str()
                .chars()
                .flat_map(char::to_lowercase)
                .eq(found.chars().flat_map(char::to_lowercase)),
            StringComparison::Like => self.0.matches(found, Case::Exact),
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
        let matches =
            |comparison, wanted: &str, found: &str| StringValue::new(wanted).matches(comparison, found);
        assert!(matches(StringComparison::Equal, "a*", "a*"));
        assert!(!matches(StringComparison::Equal, "a*", "ab"));
        assert!(!matches(StringComparison::Equal, "a", "A"));
        assert!(matches(StringComparison::EqualIgnoringCase, "É", "é"));
        assert!(!matches(StringComparison::EqualIgnoringCase, "a*", "ab"));
        assert!(matches(StringComparison::Like, "a?*", "ab"));
        assert!(!matches(StringComparison::Like, "A*", "ab"));
        assert!(matches(StringComparison::Like, "", ""));
    }
}
