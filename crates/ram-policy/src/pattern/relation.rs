//! Relations between two patterns: inclusion and overlap.
//!
//! Both fill one table by dynamic programming, from the ends of the patterns, in time that grows with the product of
//! their lengths.

use crate::pattern::token::{Span, Token};

/// Whether `outer` matches every text that `inner` matches; `false` may also mean that this is not certain
pub(super) fn includes(outer: &str, inner: &str) -> bool {
    table(
        outer,
        inner,
        |_| false,
        |wide, narrow, shorter| match wide {
            Token::Run(_) => shorter.below || shorter.right,
            Token::One(_) => !matches!(narrow, Token::Run(_)) && shorter.diagonal,
            Token::Letter(_) => wide == narrow && shorter.diagonal,
        },
    )
}

/// Whether some text matches both patterns
pub(super) fn overlap(one: &str, other: &str) -> bool {
    table(
        one,
        other,
        |rest| matches!(rest, Token::Run(_)),
        |one, other, shorter| match (one, other) {
            (Token::Run(_), _) | (_, Token::Run(_)) => shorter.below || shorter.right,
            (Token::One(_), _) | (_, Token::One(_)) => shorter.diagonal,
            (Token::Letter(_), Token::Letter(_)) => one == other && shorter.diagonal,
        },
    )
}

/// The results for patterns without their first token
struct Shorter {
    /// For the first pattern without its token
    below: bool,
    /// For the second pattern without its token
    right: bool,
    /// For both without their tokens
    diagonal: bool,
}

fn tokens_from_the_end(pattern: &str) -> impl Iterator<Item = Token> {
    let letters = pattern.chars().rev();
    letters.map(|letter| Token::of(letter, Span::Anything))
}

/// Fills the table. `may_be_empty` says which tokens of the second pattern may remain when the first has ended.
fn table(
    first: &str,
    second: &str,
    may_be_empty: impl Fn(Token) -> bool,
    step: impl Fn(Token, Token, Shorter) -> bool,
) -> bool {
    let second: Vec<Token> = tokens_from_the_end(second).collect();
    let ends = second.iter().scan(true, |all, token| {
        *all = *all && may_be_empty(*token);
        Some(*all)
    });
    let mut row: Vec<bool> = std::iter::once(true).chain(ends).collect();
    for head in tokens_from_the_end(first) {
        let mut right = matches!(head, Token::Run(_)) && row.first().copied().unwrap_or_default();
        let mut next = vec![right];
        for (token, pair) in second.iter().zip(row.windows(2)) {
            let &[diagonal, below] = pair else { continue };
            let shorter = Shorter {
                below,
                right,
                diagonal,
            };
            right = step(head, *token, shorter);
            next.push(right);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}
