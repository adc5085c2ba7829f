//! Texts for every way in which a list of wildcard patterns can match together.
//!
//! All patterns are followed at once, letter by letter; letters that no pattern asks for are one letter. What can be
//! matched by some patterns and not by the others is so found with its shortest text, up to a bound.

use std::collections::{BTreeSet, HashSet, VecDeque};

/// States that are looked at before the search ends: twenty patterns of the length of resource names take a few hundred
const MOST_STATES: usize = 2_000;

/// Letters to stand for what no pattern asks for
const FRESH: &str = "xyzkqw0123456789";

/// One step of a pattern
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Letter(char),
    /// `?`
    One,
    /// `*`
    Run,
    /// `?` that takes no colon
    OneInSegment,
    /// `*` that takes no colon
    RunInSegment,
}

/// A wildcard pattern, taken apart
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Glob(Vec<Token>);

impl Glob {
    /// A pattern whose wildcards take any letter
    pub(crate) fn free(pattern: &str) -> Self {
        Self(tokens(pattern, Token::One, Token::Run).collect())
    }

    /// A pattern whose wildcards take no colon
    pub(crate) fn segmented(pattern: &str) -> Self {
        Self(tokens(pattern, Token::OneInSegment, Token::RunInSegment).collect())
    }

    /// A resource pattern: wildcards take no colon before the last of its segments
    pub(crate) fn resource(pattern: &str) -> Self {
        /// `acs`, the service, the region, the account
        const COLONS: usize = 4;
        let relative = pattern
            .match_indices(':')
            .nth(COLONS.saturating_sub(1))
            .map_or(pattern.len(), |(at, _)| at);
        let (head, tail) = pattern.split_at_checked(relative).unwrap_or((pattern, ""));
        let Self(mut all) = Self::segmented(head);
        all.extend(Self::free(tail).0);
        Self(all)
    }
}

fn tokens(pattern: &str, one: Token, run: Token) -> impl Iterator<Item = Token> {
    pattern.chars().map(move |letter| match letter {
        '?' => one,
        '*' => run,
        letter => Token::Letter(letter),
    })
}

/// Where each pattern may stand after a text: pattern and place
type State = BTreeSet<(usize, usize)>;

/// What was found
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// One text for each way in which the patterns match together
    pub(crate) texts: Vec<String>,
    /// Whether the search ended at its bound
    pub(crate) bounded: bool,
}

/// Texts that fit `frame`, one for every combination of patterns that some text matches, none of them included
pub(crate) fn texts(frame: &Glob, globs: &[Glob]) -> Found {
    let all: Vec<&[Token]> = globs
        .iter()
        .chain([frame])
        .map(|glob| glob.0.as_slice())
        .collect();
    let frame_at = globs.len();
    let fresh = fresh(&all);
    let start = closure((0..all.len()).map(|at| (at, 0)), &all);
    let mut seen = HashSet::from([start.clone()]);
    let mut combinations = HashSet::new();
    let mut queue = VecDeque::from([(start, String::new())]);
    let mut found = Found::default();
    while let Some((state, text)) = queue.pop_front() {
        let ended = |(at, place): &&(usize, usize)| all.get(*at).is_some_and(|glob| glob.len() == *place);
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
        .flat_map(|glob| glob.iter())
        .filter_map(|token| match token {
            Token::Letter(letter) => Some(*letter),
            Token::One | Token::Run | Token::OneInSegment | Token::RunInSegment => None,
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
            Token::One | Token::Run | Token::OneInSegment | Token::RunInSegment => None,
        });
    asked.chain(fresh).collect()
}

fn step(state: &State, letter: char, all: &[&[Token]]) -> State {
    let moved = state.iter().filter_map(|(at, place)| {
        let stays = *place;
        let goes = place.saturating_add(1);
        let place = match all.get(*at)?.get(*place)? {
            Token::Letter(wanted) if *wanted == letter => goes,
            Token::One => goes,
            Token::OneInSegment if letter != ':' => goes,
            Token::Run => stays,
            Token::RunInSegment if letter != ':' => stays,
            Token::Letter(_) | Token::OneInSegment | Token::RunInSegment => return None,
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
            match all.get(at).and_then(|glob| glob.get(place)) {
                Some(Token::Run | Token::RunInSegment) => place = place.saturating_add(1),
                Some(Token::Letter(_) | Token::One | Token::OneInSegment) | None => break,
            }
        }
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(frame: &str, globs: &[&str]) -> Vec<String> {
        let globs: Vec<Glob> = globs.iter().map(|glob| Glob::free(glob)).collect();
        let found = texts(&Glob::free(frame), &globs);
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
        let globs = [Glob::resource("acs:*:*:1:a/*"), Glob::resource("acs:eci:*:*:*b")];
        let found = texts(&Glob::resource("acs:?*:*:*:?*"), &globs).texts;
        assert!(found.contains(&"acs:e::1:a/".to_owned()), "{found:?}");
        assert!(found.contains(&"acs:eci::1:a/b".to_owned()), "{found:?}");
        let crossing = [Glob::segmented("a*:b")];
        let found = texts(&Glob::free("a:c:b"), &crossing).texts;
        assert_eq!(found, ["a:c:b"]);
    }

    #[test]
    fn the_bound_is_told() {
        let globs: Vec<Glob> = ('a'..='l')
            .map(|letter| Glob::free(&format!("*{letter}*")))
            .collect();
        let found = texts(&Glob::free("*"), &globs);
        assert!(found.bounded && found.texts.len() > 500);
    }
}
