//! Wildcards: `*` stands for any run of characters, also none, `?` for exactly one.
//!
//! Matching needs no memory of its own. Its time grows with the product of the two lengths in the worst case;
//! both are bounded before they get here (a policy by 64 KiB, tag values and names by the limits of ECI).

use std::fmt;

/// Whether letters that differ only in case are the same
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    /// `A` and `a` differ
    Exact,
    /// ASCII letters are the same in both cases
    Ignored,
}

/// A text in which `*` and `?` are wildcards
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Pattern {
    text: Box<str>,
    shape: Shape,
}

/// The shapes that need no search
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Shape {
    All,
    Literal,
    Prefix,
    Other,
}

impl Pattern {
    /// A pattern; every text is one
    pub(super) fn new(text: &str) -> Self {
        let shape = match text.find(['*', '?']) {
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

    /// Whether the whole of `text` fits
    pub(super) fn matches(&self, text: &str, case: Case) -> bool {
        match self.shape {
            Shape::All => true,
            Shape::Literal => same(&self.text, text, case),
            Shape::Prefix => {
                let prefix = self.text.strip_suffix('*').unwrap_or_default();
                text.get(..prefix.len())
                    .is_some_and(|start| same(prefix, start, case))
            }
            Shape::Other => wild(&self.text, text, case),
        }
    }

    /// The pattern as it was written
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Whether `text` fits `pattern` as a whole
pub(super) fn wild(pattern: &str, text: &str, case: Case) -> bool {
    let exact = match case {
        Case::Exact => text.len(),
        Case::Ignored => 0,
    };
    wild_behind(exact, pattern, text)
}

/// The same, where letters that begin in the first `exact` bytes of the text compare exactly, and the others without
/// ASCII case
pub(super) fn wild_behind(exact: usize, pattern: &str, text: &str) -> bool {
    let mut wanted = pattern.chars();
    let mut found = text.chars();
    // The latest `*`: what follows it in the pattern, and where its run ends so far. Going back to an earlier
    // one is never needed, for the latest can take whatever an earlier one would have taken.
    let mut retry: Option<(std::str::Chars<'_>, std::str::Chars<'_>)> = None;
    loop {
        let mut next = wanted.clone();
        let at = text.len().saturating_sub(found.as_str().len());
        let fits = match next.next() {
            Some('*') => {
                retry = Some((next.clone(), found.clone()));
                true
            }
            Some('?') => found.next().is_some(),
            Some(letter) => found
                .next()
                .is_some_and(|other| letter == other || at >= exact && letter.eq_ignore_ascii_case(&other)),
            None if found.as_str().is_empty() => return true,
            None => false,
        };
        if fits {
            wanted = next;
            continue;
        }
        let Some((after_star, run_end)) = &mut retry else {
            return false;
        };
        if run_end.next().is_none() {
            return false;
        }
        wanted = after_star.clone();
        found = run_end.clone();
    }
}

fn same(wanted: &str, found: &str, case: Case) -> bool {
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
                Pattern::new(pattern).matches(text, Case::Exact),
                expected,
                "`{pattern}` on `{text}`"
            );
        }
        assert!(Pattern::new("eci:Create*").matches("ECI:createX", Case::Ignored));
        assert!(!Pattern::new("É").matches("é", Case::Ignored));
    }

    /// The definition, one character at a time, with no shortcut
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
            prop_assert_eq!(Pattern::new(&pattern).matches(&text, Case::Exact), oracle(&wanted, &found));
            prop_assert_eq!(wild(&pattern, &text, Case::Ignored), oracle(&wanted, &found));
        }
    }
}
