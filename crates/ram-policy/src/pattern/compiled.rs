//! Patterns that are compiled once and matched against many requests. Common shapes need no search.

use std::fmt;

use crate::pattern::matcher::{Case, matches_pattern};
use crate::pattern::token::is_wildcard;

/// A pattern with its shape
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct CompiledPattern {
    text: Box<str>,
    shape: Shape,
}

/// The shape of a pattern; only `Other` needs a search
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Shape {
    /// `*`
    All,
    /// No wildcard
    Literal,
    /// One `*`, at the end
    Prefix,
    Other,
}

impl CompiledPattern {
    pub(crate) fn new(text: &str) -> Self {
        let shape = match text.find(is_wildcard) {
            None => Shape::Literal,
            Some(0) if text == "*" => Shape::All,
            Some(at) if at.saturating_add(1) == text.len() && text.ends_with('*') => Shape::Prefix,
            Some(_) => Shape::Other,
        };
        Self {
            text: text.into(),
            shape,
        }
    }

    /// Whether it matches the whole of `text`
    pub(crate) fn matches(&self, text: &str, case: Case) -> bool {
        match self.shape {
            Shape::All => true,
            Shape::Literal => equals(&self.text, text, case),
            Shape::Prefix => {
                let prefix = self.text.strip_suffix('*').unwrap_or_default();
                text.get(..prefix.len())
                    .is_some_and(|start| equals(prefix, start, case))
            }
            Shape::Other => matches_pattern(&self.text, text, case),
        }
    }

    /// The pattern as it is written
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for CompiledPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn equals(wanted: &str, found: &str, case: Case) -> bool {
    match case {
        Case::Exact => wanted == found,
        Case::Ignored => wanted.eq_ignore_ascii_case(found),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn wildcards_cover_whole_texts() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("*", "a/b:c", true),
            ("", "", true),
            ("", "a", false),
            ("?", "", false),
            ("?", "é", true),
            ("*?*?", "é", false),
            ("a*", "a", true),
            ("a*", "ab", true),
            ("a*", "ba", false),
            ("a*", "é", false),
            ("a*c", "abcbc", true),
            ("a*c", "abcb", false),
            ("a?c", "ac", false),
            ("*ab*ab", "abab", true),
            ("*ab*ab", "ab", false),
            ("a**b", "ab", true),
            ("A", "a", false),
        ] {
            assert_eq!(
                CompiledPattern::new(pattern).matches(text, Case::Exact),
                expected,
                "`{pattern}` on `{text}`"
            );
        }
        assert!(CompiledPattern::new("eci:Create*").matches("ECI:createX", Case::Ignored));
        assert!(!CompiledPattern::new("É").matches("é", Case::Ignored));
    }

    /// Matching by definition, one character at a time, without a shortcut
    fn oracle(pattern: &[char], text: &[char]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some(('*', rest)) => (0..=text.len()).any(|skip| oracle(rest, &text[skip..])),
            Some(('?', rest)) => !text.is_empty() && oracle(rest, &text[1..]),
            Some((letter, rest)) => text.first() == Some(letter) && oracle(rest, &text[1..]),
        }
    }

    proptest! {
        #[test]
        fn matching_follows_the_definition(pattern in "[abé*?]{0,8}", text in "[abé]{0,10}") {
            let wanted: Vec<char> = pattern.chars().collect();
            let found: Vec<char> = text.chars().collect();
            prop_assert_eq!(CompiledPattern::new(&pattern).matches(&text, Case::Exact), oracle(&wanted, &found));
            prop_assert_eq!(matches_pattern(&pattern, &text, Case::Ignored), oracle(&wanted, &found));
        }
    }
}
