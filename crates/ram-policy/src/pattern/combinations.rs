//! One text for every combination of wildcard patterns that some text matches.
//!
//! This is the subset construction on one automaton of all patterns, searched breadth first, so each combination is
//! found with a shortest text. Letters that no pattern names are equal to each other, and one stands for all.

use std::collections::{BTreeSet, HashSet, VecDeque};

use crate::pattern::token::{Token, Tokens};

/// States before the search ends: twenty patterns of the length of resource names take a few hundred
const MAX_STATES: usize = 2_000;

/// Letters that may stand for all letters that no pattern names
const FRESH: &str = "xyzkqw0123456789";

/// The positions in the patterns after a text: number of the pattern, and position in it
type State = BTreeSet<(usize, usize)>;

/// Texts for combinations of patterns
#[derive(Debug, Default)]
pub struct Combinations {
    /// One text for each combination
    pub texts: Vec<String>,
    /// Whether the search ended at its bound, so that combinations may be missing
    pub bounded: bool,
}

/// Finds texts that match `frame`, one for every combination of the patterns that such a text can match, the empty
/// combination included.
///
/// ```
/// use ram_policy::pattern::{Tokens, combinations};
///
/// let patterns = [Tokens::free("a*"), Tokens::free("*b")];
/// let found = combinations(&Tokens::free("*"), &patterns);
/// assert_eq!(found.texts, ["", "a", "b", "ab"]);
/// ```
pub fn combinations(frame: &Tokens, patterns: &[Tokens]) -> Combinations {
    let automaton = Automaton::new(frame, patterns);
    let start = automaton.start();
    let mut states = HashSet::from([start.clone()]);
    let mut combinations = HashSet::new();
    let mut queue = VecDeque::from([(start, String::new())]);
    let mut found = Combinations::default();
    while let Some((state, text)) = queue.pop_front() {
        let matched = automaton.matched(&state);
        if matched.last() == Some(&automaton.frame) && combinations.insert(matched) {
            found.texts.push(text.clone());
        }
        for letter in automaton.letters(&state) {
            let next = automaton.step(&state, letter);
            if automaton.is_dead(&next) || states.contains(&next) {
                continue;
            }
            if states.len() >= MAX_STATES {
                found.bounded = true;
                return found;
            }
            states.insert(next.clone());
            let mut text = text.clone();
            text.push(letter);
            queue.push_back((next, text));
        }
    }
    found
}

/// A nondeterministic automaton that follows all patterns at once
struct Automaton<'a> {
    /// The patterns, and the frame behind them
    patterns: Vec<&'a [Token]>,
    /// The number of the frame
    frame: usize,
    /// A letter that is in no pattern
    fresh: Option<char>,
}

impl<'a> Automaton<'a> {
    fn new(frame: &'a Tokens, patterns: &'a [Tokens]) -> Self {
        let all = patterns.iter().chain([frame]);
        let all: Vec<&[Token]> = all.map(|tokens| tokens.0.as_slice()).collect();
        let used: HashSet<char> = all
            .iter()
            .flat_map(|tokens| tokens.iter())
            .filter_map(|token| token.letter())
            .collect();
        Self {
            frame: patterns.len(),
            fresh: FRESH.chars().find(|letter| !used.contains(letter)),
            patterns: all,
        }
    }

    fn token(&self, (pattern, position): (usize, usize)) -> Option<Token> {
        self.patterns.get(pattern)?.get(position).copied()
    }

    fn start(&self) -> State {
        self.closure((0..self.patterns.len()).map(|pattern| (pattern, 0)))
    }

    /// The patterns that match the text which leads to a state
    fn matched(&self, state: &State) -> Vec<usize> {
        let is_at_end = |(pattern, position): &&(usize, usize)| {
            let tokens = self.patterns.get(*pattern);
            tokens.is_some_and(|tokens| tokens.len() == *position)
        };
        state
            .iter()
            .filter(is_at_end)
            .map(|(pattern, _)| *pattern)
            .collect()
    }

    /// Whether no further text can match the frame
    fn is_dead(&self, state: &State) -> bool {
        state.last().is_none_or(|(pattern, _)| *pattern != self.frame)
    }

    /// The letters that lead to different states: those that a pattern names next, and the fresh one
    fn letters(&self, state: &State) -> BTreeSet<char> {
        let next = state.iter().filter_map(|at| self.token(*at)?.letter());
        next.chain(self.fresh).collect()
    }

    fn step(&self, state: &State, letter: char) -> State {
        let moved = state.iter().filter_map(|(pattern, position)| {
            let behind = position.saturating_add(1);
            let position = match self.token((*pattern, *position))? {
                Token::Letter(wanted) if wanted == letter => behind,
                Token::One(span) if span.takes(letter) => behind,
                Token::Run(span) if span.takes(letter) => *position,
                Token::Letter(_) | Token::One(_) | Token::Run(_) => return None,
            };
            Some((*pattern, position))
        });
        self.closure(moved)
    }

    /// The positions, and those behind a `*`, which may match no letter
    fn closure(&self, positions: impl Iterator<Item = (usize, usize)>) -> State {
        let mut state = State::new();
        for (pattern, mut position) in positions {
            state.insert((pattern, position));
            while let Some(Token::Run(_)) = self.token((pattern, position)) {
                position = position.saturating_add(1);
                state.insert((pattern, position));
            }
        }
        state
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(frame: &str, patterns: &[&str]) -> Vec<String> {
        let patterns: Vec<Tokens> = patterns.iter().map(|pattern| Tokens::free(pattern)).collect();
        let found = combinations(&Tokens::free(frame), &patterns);
        assert!(!found.bounded);
        found.texts
    }

    #[test]
    fn every_combination_has_its_text() {
        assert_eq!(found("*", &[]), [""]);
        assert_eq!(found("*", &["a*"]), ["", "a"]);
        // None, the first, the second, both
        assert_eq!(found("*", &["a*", "*b"]), ["", "a", "b", "ab"]);
        assert_eq!(found("*", &["a*", "a?*", "a??*"]), ["", "a", "ax", "axx"]);
        assert_eq!(found("?*", &["*"]), ["x"]);
    }

    #[test]
    fn wildcards_stay_inside_their_segment() {
        let patterns = [
            Tokens::resource("acs:*:*:1:a/*"),
            Tokens::resource("acs:eci:*:*:*b"),
        ];
        let found = combinations(&Tokens::resource("acs:?*:*:*:?*"), &patterns).texts;
        assert!(found.contains(&"acs:e::1:a/".to_owned()), "{found:?}");
        assert!(found.contains(&"acs:eci::1:a/b".to_owned()), "{found:?}");
        let crossing = [Tokens::segmented("a*:b")];
        let found = combinations(&Tokens::free("a:c:b"), &crossing).texts;
        assert_eq!(found, ["a:c:b"]);
    }

    #[test]
    fn the_bound_is_reported() {
        let patterns: Vec<Tokens> = ('a'..='l')
            .map(|letter| Tokens::free(&format!("*{letter}*")))
            .collect();
        let found = combinations(&Tokens::free("*"), &patterns);
        assert!(found.bounded && found.texts.len() > 500);
    }
}
