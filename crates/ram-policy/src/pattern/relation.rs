//! What two patterns have in common.
//!
//! Both answers come from one table over the two patterns, filled from their ends, in time that grows with the product of
//! their lengths.

use crate::pattern::token::{Span, Token};

/// Whether every text that fits `inner` surely fits `outer` too
pub(super) fn includes(outer: &str, inner: &str) -> bool {
    table(
        outer,
        inner,
        |_| false,
        |wide, narrow, around| match wide {
            Token::Run(_) => around.below || around.right,
            Token::One(_) => !matches!(narrow, Token::Run(_)) && around.diagonal,
            Token::Letter(_) => wide == narrow && around.diagonal,
        },
    )
}

/// Whether some text fits both patterns
pub(super) fn overlap(one: &str, other: &str) -> bool {
    table(
        one,
        other,
        |rest| matches!(rest, Token::Run(_)),
        |one, other, around| match (one, other) {
            (Token::Run(_), _) | (_, Token::Run(_)) => around.below || around.right,
            (Token::One(_), _) | (_, Token::One(_)) => around.diagonal,
            (Token::Letter(_), Token::Letter(_)) => one == other && around.diagonal,
        },
    )
}

/// The answers for patterns that are shorter by one character
struct Around {
    /// The first pattern without its head
    below: bool,
    /// The second pattern without its head
    right: bool,
    /// Both without their heads
    diagonal: bool,
}

fn tokens_from_the_end(pattern: &str) -> impl Iterator<Item = Token> {
    let letters = pattern.chars().rev();
    letters.map(|letter| Token::of(letter, Span::Anything))
}

/// Fills the table; `is_empty_too` says which steps of the second pattern may stand where the first has ended
fn table(
    first: &str,
    second: &str,
    is_empty_too: impl Fn(Token) -> bool,
    step: impl Fn(Token, Token, Around) -> bool,
) -> bool {
    let second: Vec<Token> = tokens_from_the_end(second).collect();
    let ends = second.iter().scan(true, |all, token| {
        *all = *all && is_empty_too(*token);
        Some(*all)
    });
    let mut row: Vec<bool> = std::iter::once(true).chain(ends).collect();
    for head in tokens_from_the_end(first) {
        let mut right = matches!(head, Token::Run(_)) && row.first().copied().unwrap_or_default();
        let mut next = vec![right];
        for (token, pair) in second.iter().zip(row.windows(2)) {
            let &[diagonal, below] = pair else { continue };
            let around = Around {
                below,
                right,
                diagonal,
            };
            right = step(head, *token, around);
            next.push(right);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}
