//! Wildcard patterns: `*` matches any number of characters, `?` matches exactly one.
//!
//! Patterns of actions and resources add rules of their own: an [`ActionPattern`](crate::ActionPattern) ignores case, and
//! a [`ResourcePattern`](crate::ResourcePattern) matches segment by segment.

mod combinations;
mod compiled;
mod matcher;
mod relation;
mod token;

pub(crate) use compiled::CompiledPattern;
pub(crate) use matcher::{Case, matches_from, matches_pattern};

pub use combinations::{Combinations, combinations};
pub use token::Tokens;

/// A text in which `*` and `?` are wildcards; every text is a pattern.
///
/// ```
/// use ram_policy::Pattern;
///
/// let pattern = Pattern::new("team-?*");
/// assert!(pattern.matches("team-a") && !pattern.matches("team-"));
/// assert!(Pattern::new("team-*").includes(pattern));
/// assert!(pattern.overlaps(Pattern::new("*-web")));
/// assert_eq!(pattern.literal_prefix(), "team-");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pattern<'a>(&'a str);

impl<'a> Pattern<'a> {
    /// Takes a text as a pattern
    pub fn new(text: &'a str) -> Self {
        Self(text)
    }

    /// The pattern as it is written
    pub fn as_str(self) -> &'a str {
        self.0
    }

    /// Whether it has a wildcard
    pub fn is_wild(self) -> bool {
        self.0.contains(token::is_wildcard)
    }

    /// The only text that it matches; `None` if it has a wildcard
    pub fn literal(self) -> Option<&'a str> {
        (!self.is_wild()).then_some(self.0)
    }

    /// The text before the first wildcard; every text that the pattern matches begins with it
    pub fn literal_prefix(self) -> &'a str {
        self.0.split(token::is_wildcard).next().unwrap_or_default()
    }

    /// Whether it matches a whole text; in the text, `*` and `?` are letters
    pub fn matches(self, text: &str) -> bool {
        matches_pattern(self.0, text, Case::Exact)
    }

    /// Whether it matches a whole text without regard to ASCII case
    pub fn matches_ignoring_case(self, text: &str) -> bool {
        matches_pattern(self.0, text, Case::Ignored)
    }

    /// Whether it matches every text that the other pattern matches; `false` may also mean that this is not certain
    pub fn includes(self, other: Pattern<'_>) -> bool {
        // Without a common prefix, no comparison of the rest is needed.
        other.0.starts_with(self.literal_prefix()) && relation::includes(self.0, other.0)
    }

    /// Whether some text matches both patterns
    pub fn overlaps(self, other: Pattern<'_>) -> bool {
        relation::overlap(self.0, other.0)
    }

    /// A text that it matches: each `*` becomes `run`, each `?` an `x`
    pub fn filled(self, run: &str) -> String {
        self.0.replace('?', "x").replace('*', run)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fits(pattern: &str, text: &str) -> bool {
        Pattern::new(pattern).matches(text)
    }

    #[test]
    fn patterns_are_compared() {
        for (outer, inner, wanted) in [
            ("*", "a*b?", true),
            ("prod-*", "prod-eu-*", true),
            ("prod-*", "prod*", false),
            ("a?c", "abc", true),
            ("a?c", "a*c", false),
            ("a*c", "a?c", true),
            ("a", "a*", false),
            ("", "", true),
            ("*:*", "eci:*", true),
            ("eci:Create*", "eci:*", false),
        ] {
            assert_eq!(
                Pattern::new(outer).includes(Pattern::new(inner)),
                wanted,
                "{outer} {inner}"
            );
        }
        for (one, other, wanted) in [
            ("a*", "*b", true),
            ("a*", "b*", false),
            ("a?", "a", false),
            ("*", "", true),
            ("", "*", true),
            ("prod-*", "test-*", false),
            ("a*z", "*m*", true),
        ] {
            let (one, other) = (Pattern::new(one), Pattern::new(other));
            assert_eq!(one.overlaps(other), wanted, "{one:?} {other:?}");
            assert_eq!(other.overlaps(one), wanted, "{one:?} {other:?}");
        }
        assert!(fits("a*", "a*") && fits("containergroup/*", "containergroup/*"));
        assert!(!fits("containergroup/a", "containergroup/*") && fits("??", "*?"));
    }

    #[test]
    fn patterns_match_what_they_are_filled_to() {
        for pattern in ["a*", "*", "?", "a?c*", "*x*", "", "abc"] {
            for run in ["any", ""] {
                let text = Pattern::new(pattern).filled(run);
                assert!(fits(pattern, &text), "{pattern} on {text}");
            }
        }
        for (pattern, text) in [("a*", "b"), ("?", ""), ("?", "ab"), ("", "a"), ("*ab", "aba")] {
            assert!(!fits(pattern, text), "{pattern} on {text}");
        }
    }

    #[test]
    fn literals_end_at_the_first_wildcard() {
        let literals = |text| (Pattern::new(text).literal(), Pattern::new(text).literal_prefix());
        assert_eq!(literals("abc"), (Some("abc"), "abc"));
        assert_eq!(literals("a?c*"), (None, "a"));
        assert_eq!(literals("*"), (None, ""));
    }

    proptest! {
        #[test]
        fn a_text_that_fits_says_what_patterns_share(one in "[ab*?]{0,6}", other in "[ab*?]{0,6}", text in "[ab]{0,6}") {
            let (one, other) = (Pattern::new(&one), Pattern::new(&other));
            if one.matches(&text) && other.matches(&text) {
                prop_assert!(one.overlaps(other));
            }
            if one.includes(other) && other.matches(&text) {
                prop_assert!(one.matches(&text));
            }
        }
    }
}
