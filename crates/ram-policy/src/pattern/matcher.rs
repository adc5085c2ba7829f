//! Matches a text against a pattern.
//!
//! Matching allocates nothing. In the worst case its time grows with the product of the two lengths, which are bounded
//! before they get here: policies by 64 KiB, tag values and names by the limits of ECI.

use crate::pattern::token::{Span, Token};

/// Whether letters that differ only in case are equal
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    /// `A` and `a` differ
    Exact,
    /// `A` and `a` are equal, for ASCII letters
    Ignored,
}

/// Whether a pattern matches the whole of a text
pub(crate) fn matches_pattern(pattern: &str, text: &str, case: Case) -> bool {
    let exact = match case {
        Case::Exact => text.len(),
        Case::Ignored => 0,
    };
    matches_from(exact, pattern, text)
}

/// Whether a pattern matches the whole of a text. Letters in the first `exact` bytes of the text compare exactly, the
/// others without ASCII case.
pub(crate) fn matches_from(exact: usize, pattern: &str, text: &str) -> bool {
    let mut wanted = pattern.chars();
    let mut found = text.chars();
    // The latest `*`: what follows it in the pattern, and what follows its run in the text so far. An earlier `*` need
    // not be tried again, because the latest can match whatever the earlier would have matched.
    let mut retry: Option<(std::str::Chars<'_>, std::str::Chars<'_>)> = None;
    loop {
        let mut next = wanted.clone();
        let at = text.len().saturating_sub(found.as_str().len());
        let fits = match next.next().map(|letter| Token::of(letter, Span::Anything)) {
            Some(Token::Run(_)) => {
                retry = Some((next.clone(), found.clone()));
                true
            }
            Some(Token::One(_)) => found.next().is_some(),
            Some(Token::Letter(letter)) => found
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
