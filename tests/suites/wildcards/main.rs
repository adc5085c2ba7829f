//! Wildcards held against the regex crate: each pattern is translated to a regular expression, and both must say the same
//! of texts that fit it nearly.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::unreachable,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

use proptest::prelude::*;
use proptest::sample::{Index, select};
use ram_policy::{
    ActionPattern, Actions, Condition, Document, DocumentKind, Effect, ResourcePattern, Target,
};
use regex::Regex;
use serde_json::{Value, json};

/// Letters in both cases, a letter of two bytes in both cases, what regular expressions or ARNs give a meaning, a break
const LETTERS: &[char] = &['a', 'a', 'b', 'A', 'é', 'É', '/', '.', '(', '^', '\\', '\n', ' '];

const ACTION_LETTERS: &[char] = &['a', 'a', 'b', 'A', 'B', '.', '('];
const ACTION_TEXT: &[char] = &['a', 'a', 'b', 'A', 'B', '.', '(', '*', '?', ':'];

/// A wildcard in a text is a letter like any other
const TEXT: &[char] = &[
    'a', 'a', 'b', 'A', 'é', 'É', '/', '.', '(', '^', '\\', '\n', ' ', '*', '?',
];

proptest! {
    // Each case is a pattern with ten texts; a regular expression costs more to make than to ask
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn string_like_is_a_regex_with_case((pattern, texts) in near(LETTERS, TEXT)) {
        let regex = regex(&pattern);
        let (like, unlike) = (condition("StringLike", &pattern), condition("StringNotLike", &pattern));
        for text in texts {
            let expected = regex.is_match(&text);
            let values = [text];
            for effect in [Effect::Allow, Effect::Deny] {
                prop_assert_eq!(like.met(&values, effect), expected, "`{}` like `{}`", pattern, values[0]);
                prop_assert_eq!(unlike.met(&values, effect), !expected, "`{}` not like `{}`", pattern, values[0]);
            }
        }
    }

    #[test]
    fn actions_are_a_regex_without_case((rest, texts) in near(ACTION_LETTERS, ACTION_TEXT)) {
        // The service and the first letter are there, so that the pattern is one
        let pattern = format!("eci:x{rest}");
        let (regex, action) = (regex(&pattern.to_ascii_lowercase()), action(&pattern));
        for rest in texts {
            let text = format!("ECI:X{rest}");
            let expected = regex.is_match(&text.to_ascii_lowercase());
            prop_assert_eq!(action.matches(&text), expected, "`{}` on `{}`", pattern, text);
        }
    }

    #[test]
    fn resources_are_a_regex_of_five_segments(
        code in near_segment(&["eci", "ecs", "ec", "e"]),
        region in near_segment(&["cn-a", "cn-ab", "", "*"]),
        account in near_segment(&["1000", "10001", "100"]),
        relative in near(&['a', 'b', 'A', '/', 'g'], &['a', 'b', 'A', '/', 'g', ':', '*']),
        cut in prop_oneof![3 => Just(None), 1 => (0..5_usize).prop_map(Some)],
    ) {
        let pattern = format!("acs:{}:{}:{}:g{}", code.0, region.0, account.0, relative.0);
        let (regex, resource) = (arn_regex(&pattern, false), resource(&pattern));
        for relative in relative.1 {
            let mut text = format!("acs:{}:{}:{}:g{relative}", code.1, region.1, account.1);
            // A colon too few, now and then
            if let Some((at, _)) = cut.and_then(|cut| text.match_indices(':').nth(cut)) {
                text.remove(at);
            }
            prop_assert_eq!(resource.covers(&text), regex.is_match(&text), "`{}` on `{}`", pattern, text);
        }
    }

    #[test]
    fn names_of_ram_have_no_region_and_roles_no_case(
        code in select(&["ram", "ram", "r*", "*", "r?m", "ra"][..]),
        (wanted, region) in (select(&["", "*", "cn-a", "c*", "?"][..]), select(&["", "*", "cn-a"][..])),
        kind in near_segment(&["role/", "role/", "role", "rol", "user/"]),
        name in near(&['a', 'b', 'A', 'é'], &['a', 'b', 'A', 'é', '/']),
        flips in any::<[Option<Index>; 2]>(),
    ) {
        let flip = |text: String, at: Option<Index>| at.map_or(text.clone(), |at| flipped(&text, at));
        let pattern = format!("acs:{code}:{wanted}:1000:{}", flip(format!("{}{}", kind.0, name.0), flips[0]));
        let (regex, resource) = (arn_regex(&pattern, true), resource(&pattern));
        for name in name.1 {
            let text = format!("acs:ram:{region}:1000:{}", flip(format!("{}{name}", kind.1), flips[1]));
            let expected = regex.is_match(&marked(&text));
            prop_assert_eq!(resource.covers(&text), expected, "`{}` on `{}`", pattern, text);
        }
    }
}

/// A pattern and texts that come from the same letters: most fit, or fail by one letter
fn near(letters: &'static [char], text: &'static [char]) -> impl Strategy<Value = (String, Vec<String>)> {
    let documents = prop_oneof![
        5 => select(letters).prop_map(|letter| (letter.to_string(), letter.to_string())),
        2 => prop::collection::vec(select(text), 0..4).prop_map(|run| ("*".to_owned(), run.into_iter().collect())),
        1 => select(text).prop_map(|letter| ("?".to_owned(), letter.to_string())),
    ];
    let pair = prop::collection::vec(documents, 0..9)
        .prop_map(|documents| -> (String, String) { documents.into_iter().unzip() });
    let slips = prop::collection::vec((any::<Index>(), select(text), 0..3_u8), 9);
    (pair, slips).prop_map(|((pattern, text), slips)| {
        let slipped = slips
            .into_iter()
            .map(|(at, letter, kind)| slipped(&text, at, letter, kind));
        (pattern, std::iter::once(text.clone()).chain(slipped).collect())
    })
}

/// A text with one letter changed, left out or added
fn slipped(text: &str, at: Index, letter: char, kind: u8) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    let at = at.index(letters.len() + 1);
    match (kind, at < letters.len()) {
        (0, true) => letters[at] = letter,
        (1, true) => drop(letters.remove(at)),
        _ => letters.insert(at, letter),
    }
    letters.into_iter().collect()
}

/// A segment, perhaps with a wildcard in it, and one that it fits or nearly fits
fn near_segment(words: &'static [&'static str]) -> impl Strategy<Value = (String, String)> {
    (
        select(words),
        any::<Option<(Index, Index, bool)>>(),
        select(words),
        0..4_u8,
    )
        .prop_map(|(word, blur, other, same)| {
            let pattern = match blur {
                Some((from, to, true)) => {
                    let (from, to) = (from.index(word.len() + 1), to.index(word.len() + 1));
                    format!("{}*{}", &word[..from.min(to)], &word[from.max(to)..])
                }
                Some((at, _, false)) if !word.is_empty() => {
                    let at = at.index(word.len());
                    format!("{}?{}", &word[..at], &word[at + 1..])
                }
                _ => word.to_owned(),
            };
            // No empty code, which a pattern must have
            let pattern = if pattern.is_empty() {
                "*".to_owned()
            } else {
                pattern
            };
            (pattern, if same > 0 { word } else { other }.to_owned())
        })
}

/// One letter in its other case
fn flipped(text: &str, at: Index) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    if let Some(letter) = (!letters.is_empty())
        .then(|| at.index(letters.len()))
        .and_then(|at| letters.get_mut(at))
    {
        *letter = match letter.is_ascii_uppercase() {
            true => letter.to_ascii_lowercase(),
            false => letter.to_ascii_uppercase(),
        };
    }
    letters.into_iter().collect()
}

/// The whole text, with every letter behind a wildcard
fn regex(pattern: &str) -> Regex {
    Regex::new(&format!("(?s)^(?:{})$", translated(pattern, "."))).unwrap()
}

/// `any` for what a wildcard stands for
fn translated(pattern: &str, any: &str) -> String {
    let letter = |letter: char| match letter {
        '*' => format!("{any}*"),
        '?' => any.to_owned(),
        letter => regex::escape(&letter.to_string()),
    };
    pattern.chars().map(letter).collect()
}

/// Segments, the last of which may hold colons; a wildcard stays inside the others
fn arn_regex(pattern: &str, of_ram: bool) -> Regex {
    let parts: Vec<&str> = pattern.splitn(5, ':').collect();
    let [_, code, region, account, relative] = parts[..] else {
        panic!("{pattern} has five segments")
    };
    let inside = |part: &str| translated(part, "[^:]");
    let region = match region {
        "" | "*" if of_ram => format!(r"(?:|\*|{})", inside(region)),
        region => inside(region),
    };
    let relative: String = match of_ram {
        true => relative.chars().map(role_letter).collect(),
        false => translated(relative, "."),
    };
    let (code, account) = (inside(code), inside(account));
    Regex::new(&format!("(?s)^acs:{code}:{region}:{account}:{relative}$")).unwrap()
}

/// The letters of a role's name have stand-ins in a text, which fit in either case; all others fit as they are
fn role_letter(letter: char) -> String {
    match letter {
        letter if letter.is_ascii_alphabetic() => {
            let either = [letter.to_ascii_lowercase(), letter.to_ascii_uppercase()].map(stand_in);
            format!("[{letter}{}]", String::from_iter(either))
        }
        letter => translated(&letter.to_string(), "."),
    }
}

/// The text with the name behind `role/` in stand-ins
fn marked(text: &str) -> String {
    match text.split_once(":role/") {
        Some((before, name)) if before.matches(':').count() == 3 => {
            let name: String = name.chars().map(stand_in).collect();
            format!("{before}:role/{name}")
        }
        _ => text.to_owned(),
    }
}

/// A letter out of the range of private use, for a letter whose case does not count
fn stand_in(letter: char) -> char {
    match letter.is_ascii_alphabetic() {
        true => char::from_u32(0xe000 + u32::from(letter)).unwrap(),
        false => letter,
    }
}

fn condition(operator: &str, pattern: &str) -> Condition {
    let statement = json!({"Action": "*", "Resource": "*", "Condition": {operator: {"key": pattern}}});
    document(statement).statements[0].conditions[0].clone()
}

fn action(pattern: &str) -> ActionPattern {
    let document = document(json!({"Action": pattern, "Resource": "*"}));
    match &document.statements[0].actions {
        Actions::Listed(patterns) | Actions::Except(patterns) => patterns[0].clone(),
    }
}

fn resource(pattern: &str) -> ResourcePattern {
    let document = document(json!({"Action": "*", "Resource": pattern}));
    match &document.statements[0].target {
        Target::Resources(patterns) => patterns[0].clone(),
        Target::Principals(_) => unreachable!("an identity policy has resources"),
    }
}

fn document(mut statement: Value) -> Document {
    statement["Effect"] = "Allow".into();
    let text = json!({"Version": "1", "Statement": [statement]}).to_string();
    Document::parse(text.as_bytes(), DocumentKind::Identity)
        .unwrap()
        .document
}
