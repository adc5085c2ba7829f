//! Texts for every way in which a list of wildcard patterns can match together.
//!
//! All patterns are followed at once, letter by letter; letters that no pattern asks for are one letter. What can be
//! matched by some patterns and not by the others is so found with its shortest text, up to a bound.

use std::collections::{BTreeSet, HashSet, VecDeque};

use crate::pattern::token::{Token, Tokens};

/// States that are looked at before the search ends: twenty patterns of the length of resource names take a few hundred
const MOST_STATES: usize = 2_000;

/// Letters to stand for what no pattern asks for
const FRESH: &str = "xyzkqw0123456789";

/// Where each pattern may stand after a text: pattern and place
type State = BTreeSet<(usize, usize)>;

/// The ways in which patterns match together
#[derive(Debug, Default)]
pub struct Combinations {
    /// One text for each way in which the patterns match together
    pub texts: Vec<String>,
    /// Whether the search ended at its bound
    pub bounded: bool,
}

/// Texts that fit `frame`, one for every combination of patterns that some text matches, none of them included
pub fn combinations(frame: &Tokens, patterns: &[Tokens]) -> Combinations {
    let all = patterns.iter().chain([frame]);
    let all: Vec<&[Token]> = all.map(|tokens| tokens.0.as_slice()).collect();
    let frame_at = patterns.len();
    let fresh = fresh(&all);
    let start = closure((0..all.len()).map(|at| (at, 0)), &all);
    let mut seen = HashSet::from([start.clone()]);
    let mut combinations = HashSet::new();
    let mut queue = VecDeque::from([(start, String::new())]);
    let mut found = Combinations::default();
    while let Some((state, text)) = queue.pop_front() {
        let ended = |(at, place): &&(usize, usize)| all.get(*at).is_some_and(|tokens| tokens.len() == *place);
        let matched: Vec<usize> = state.iter().filter(ended).map(|(at, _)| *at).collect();
        if matched.last() == Some(&frame_at) && combinations.insert(matched) {
            found.texts.push(text.clone());
        }
        for letter in letters(&state, &all, fresh) {
            let next = step(&state, letter, &all);
            // Dead once the frame cannot be completed any more
            if next.last().is_none_or(|(at, _)| *at != frame_at) || seen.contains(&next) {
                continue;
            }
            if seen.len() >= MOST_STATES {
                found.bounded = true;
                return found;
            }
            seen.insert(next.clone());
            let mut text = text.clone();
            text.push(letter);
            queue.push_back((next, text));
        }
    }
    found
}

/// A letter that is in no pattern
fn fresh(all: &[&[Token]]) -> Option<char> {
    let used: HashSet<char> = all
        .iter()
        .flat_map(|tokens| tokens.iter())
        .filter_map(|token| match token {
            Token::Letter(letter) => Some(*letter),
            Token::One(_) | Token::Run(_) => None,
        })
        .collect();
    FRESH.chars().find(|letter| !used.contains(letter))
}

/// The letters that make a difference: those that a pattern asks for next, and any other one
fn letters(state: &State, all: &[&[Token]], fresh: Option<char>) -> BTreeSet<char> {
    let asked = state
        .iter()
        .filter_map(|(at, place)| match all.get(*at)?.get(*place)? {
            Token::Letter(letter) => Some(*letter),
            Token::One(_) | Token::Run(_) => None,
        });
    asked.chain(fresh).collect()
}

fn step(state: &State, letter: char, all: &[&[Token]]) -> State {
    let moved = state.iter().filter_map(|(at, place)| {
        let stays = *place;
        let goes = place.saturating_add(1);
        let place = match all.get(*at)?.get(*place)? {
            Token::Letter(wanted) if *wanted == letter => goes,
            Token::One(span) if span.takes(letter) => goes,
            Token::Run(span) if span.takes(letter) => stays,
            Token::Letter(_) | Token::One(_) | Token::Run(_) => return None,
        };
        Some((*at, place))
    });
    closure(moved, all)
}

/// With the places behind runs, which may be empty
fn closure(places: impl Iterator<Item = (usize, usize)>, all: &[&[Token]]) -> State {
    let mut state = State::new();
    for (at, place) in places {
        let mut place = place;
        loop {
            state.insert((at, place));
            match all.get(at).and_then(|tokens| tokens.get(place)) {
                Some(Token::Run(_)) => place = place.saturating_add(1),
                Some(Token::Letter(_) | Token::One(_)) | None => break,
            }
        }
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(frame: &str, globs: &[&str]) -> Vec<String> {
        let globs: Vec<Tokens> = globs.iter().map(|glob| Tokens::free(glob)).collect();
        let found = combinations(&Tokens::free(frame), &globs);
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
    fn segments_hold_their_wildcards() {
        let globs = [
            Tokens::resource("acs:*:*:1:a/*"),
            Tokens::resource("acs:eci:*:*:*b"),
        ];
        let found = combinations(&Tokens::resource("acs:?*:*:*:?*"), &globs).texts;
        assert!(found.contains(&"acs:e::1:a/".to_owned()), "{found:?}");
        assert!(found.contains(&"acs:eci::1:a/b".to_owned()), "{found:?}");
        let crossing = [Tokens::segmented("a*:b")];
        let found = combinations(&Tokens::free("a:c:b"), &crossing).texts;
        assert_eq!(found, ["a:c:b"]);
    }

    #[test]
    fn the_bound_is_told() {
        let globs: Vec<Tokens> = ('a'..='l')
            .map(|letter| Tokens::free(&format!("*{letter}*")))
            .collect();
        let found = combinations(&Tokens::free("*"), &globs);
        assert!(found.bounded && found.texts.len() > 500);
    }
}
