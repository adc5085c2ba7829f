//! What two patterns have in common: `*` stands for any run of characters, `?` for exactly one.
//!
//! All three answers come from one table over the two texts, filled from their ends, in time that grows with the product
//! of their lengths.

/// Whether a text fits a pattern; `*` and `?` in the text are characters like any other
pub(crate) fn fits(pattern: &str, text: &str) -> bool {
    if !is_wild(pattern) {
        return pattern == text;
    }
    text.starts_with(literal_head(pattern))
        && table(
            pattern,
            text,
            |_| false,
            |wanted, found, around| match wanted {
                '*' => around.below || around.right,
                '?' => around.diagonal,
                letter => letter == found && around.diagonal,
            },
        )
}

/// Whether every text that fits `inner` surely fits `outer` too; `false` may also mean that it is not plain to see
pub(crate) fn includes(outer: &str, inner: &str) -> bool {
    inner.starts_with(literal_head(outer))
        && table(
            outer,
            inner,
            |_| false,
            |wide, narrow, around| match wide {
                '*' => around.below || around.right,
                '?' => narrow != '*' && around.diagonal,
                letter => letter == narrow && around.diagonal,
            },
        )
}

/// Whether some text fits both patterns
pub(crate) fn overlap(one: &str, other: &str) -> bool {
    table(
        one,
        other,
        |rest| rest == '*',
        |one, other, around| {
            if one == '*' || other == '*' {
                around.below || around.right
            } else {
                (one == other || one == '?' || other == '?') && around.diagonal
            }
        },
    )
}

/// What stands before the first wildcard, and must be there letter by letter
fn literal_head(pattern: &str) -> &str {
    pattern.split(['*', '?']).next().unwrap_or_default()
}

/// Whether a text holds a wildcard
pub(crate) fn is_wild(text: &str) -> bool {
    text.contains(['*', '?'])
}

/// The answers for texts that are shorter by one character
struct Around {
    /// The first text without its head
    below: bool,
    /// The second text without its head
    right: bool,
    /// Both without their heads
    diagonal: bool,
}

/// Fills the table; `is_empty_too` says which characters of the second text may stand where the first has ended
fn table(
    first: &str,
    second: &str,
    is_empty_too: impl Fn(char) -> bool,
    step: impl Fn(char, char, Around) -> bool,
) -> bool {
    let second: Vec<char> = second.chars().rev().collect();
    let ends = second.iter().scan(true, |all, letter| {
        *all = *all && is_empty_too(*letter);
        Some(*all)
    });
    let mut row: Vec<bool> = std::iter::once(true).chain(ends).collect();
    for head in first.chars().rev() {
        let mut right = head == '*' && row.first().copied().unwrap_or_default();
        let mut next = vec![right];
        for (letter, pair) in second.iter().zip(row.windows(2)) {
            let &[diagonal, below] = pair else { continue };
            right = step(
                head,
                *letter,
                Around {
                    below,
                    right,
                    diagonal,
                },
            );
            next.push(right);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
            assert_eq!(includes(outer, inner), wanted, "{outer} {inner}");
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
            assert_eq!(overlap(one, other), wanted, "{one} {other}");
            assert_eq!(overlap(other, one), wanted, "{other} {one}");
        }
        assert!(fits("a*", "a*") && fits("containergroup/*", "containergroup/*"));
        assert!(!fits("containergroup/a", "containergroup/*") && fits("??", "*?"));
    }

    proptest! {
        #[test]
        fn a_text_that_fits_says_what_patterns_share(one in "[ab*?]{0,6}", other in "[ab*?]{0,6}", text in "[ab]{0,6}") {
            if fits(&one, &text) && fits(&other, &text) {
                prop_assert!(overlap(&one, &other));
            }
            if includes(&one, &other) && fits(&other, &text) {
                prop_assert!(fits(&one, &text));
            }
        }
    }
}
