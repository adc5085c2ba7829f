//! Parses JSON with positions, strictly by RFC 8259: no comments, no trailing comma, no repeated key, nothing after the
//! value.
//!
//! serde_json does the parsing; a position comes from the offset of each raw slice in the text.

use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::source::line_index::{LineIndex, count_characters};
use crate::source::{Fault, Key, MAX_DEPTH, Node, Position, Value, json_mistake};

/// Parses one JSON value, which must be the whole text.
///
/// # Errors
/// A fault at the first place that is not JSON, repeats a key, or nests deeper than [`MAX_DEPTH`].
pub fn parse(text: &str) -> Result<Node, Fault> {
    let raw: &RawValue = serde_json::from_str(text).map_err(|error| {
        let at = error_position(text, &error);
        json_mistake::first(text, at).unwrap_or_else(|| match text.trim().is_empty() {
            true => Fault::new(at, "not JSON: the text is empty"),
            false => syntax(&error, at),
        })
    })?;
    let lines = LineIndex::new(text);
    node(raw, &lines, MAX_DEPTH)
}

fn node(raw: &RawValue, lines: &LineIndex<'_>, depth: usize) -> Result<Node, Fault> {
    let text = raw.get();
    let at = lines.position(text);
    let Some(depth) = depth.checked_sub(1) else {
        return Err(Fault::new(at, format!("nested deeper than {MAX_DEPTH} levels")));
    };
    let fault = |error: serde_json::Error| syntax(&error, at);
    let value = match text.as_bytes().first() {
        Some(b'{') => {
            let Pairs(pairs) = serde_json::from_str(text).map_err(fault)?;
            let entry = |(name, item)| Ok((key(name, lines)?, node(item, lines, depth)?));
            Value::object(pairs.into_iter().map(entry).collect::<Result<_, _>>()?)?
        }
        Some(b'[') => {
            let Items(items) = serde_json::from_str(text).map_err(fault)?;
            let items = items.into_iter().map(|item| node(item, lines, depth));
            Value::List(items.collect::<Result<_, _>>()?)
        }
        Some(b'"') => Value::String(serde_json::from_str(text).map_err(fault)?),
        Some(b't') => Value::Bool(true),
        Some(b'f') => Value::Bool(false),
        Some(b'n') => Value::Null,
        _ => Value::Number(text.to_owned()),
    };
    Ok(Node { at, value })
}

fn key(raw: &RawValue, lines: &LineIndex<'_>) -> Result<Key, Fault> {
    let at = lines.position(raw.get());
    let text = serde_json::from_str(raw.get()).map_err(|error| syntax(&error, at))?;
    Ok(Key { at, text })
}

/// Where a text stops being JSON; serde_json counts the bytes of a line
fn error_position(text: &str, error: &serde_json::Error) -> Position {
    let line = text
        .split('\n')
        .nth(error.line().saturating_sub(1))
        .unwrap_or_default();
    let column = count_characters(line.as_bytes().get(..error.column()).unwrap_or(line.as_bytes()));
    Position {
        line: u32::try_from(error.line()).unwrap_or(u32::MAX).max(1),
        column: u32::try_from(column).unwrap_or(u32::MAX).max(1),
    }
}

/// A serde_json error as a fault, without the line and column in its text
fn syntax(error: &serde_json::Error, at: Position) -> Fault {
    let text = error.to_string();
    let words = text
        .rsplit_once(" at line ")
        .map_or(text.as_str(), |(words, _)| words);
    Fault::new(at, format!("not JSON: {}", plain(words)))
}

/// The words of serde_json for a text that ends too early or too late, with what to do about it
fn plain(words: &str) -> &str {
    match words {
        "trailing characters" => {
            "the document ends before this: remove what follows, a document is one JSON value"
        }
        "EOF while parsing an object" => "the text ends within an object: add what is cut off, and its `}`",
        "EOF while parsing a list" => "the text ends within a list: add what is cut off, and its `]`",
        "EOF while parsing a string" => "the text ends within a string: add what is cut off, and its `\"`",
        "EOF while parsing a value" => "the text ends where a value should stand: add what is cut off",
        words => words,
    }
}

/// The entries of one object, not yet parsed
struct Pairs<'a>(Vec<(&'a RawValue, &'a RawValue)>);

/// The items of one list, not yet parsed
struct Items<'a>(Vec<&'a RawValue>);

impl<'de> Deserialize<'de> for Pairs<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PairsVisitor;
        impl<'de> Visitor<'de> for PairsVisitor {
            type Value = Pairs<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(PairsVisitor)
    }
}

impl<'de> Deserialize<'de> for Items<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ItemsVisitor;
        impl<'de> Visitor<'de> for ItemsVisitor {
            type Value = Items<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
                let mut found = Vec::new();
                while let Some(item) = items.next_element()? {
                    found.push(item);
                }
                Ok(Items(found))
            }
        }
        deserializer.deserialize_seq(ItemsVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> (u32, u32, String) {
        let fault = parse(text).unwrap_err();
        (fault.at.line, fault.at.column, fault.message)
    }

    #[test]
    fn every_value_knows_its_position() {
        let tree = parse("{\n  \"ä\": [1.50, \"x\"],\n  \"b\": {\"c\": null}\n}").unwrap();
        let Value::Map(entries) = &tree.value else {
            panic!("{tree:?}")
        };
        assert_eq!(
            entries[0].0,
            Key {
                at: Position { line: 2, column: 3 },
                text: "ä".into()
            }
        );
        let Value::List(items) = &entries[0].1.value else {
            panic!("{tree:?}")
        };
        assert_eq!(items[0].value, Value::Number("1.50".into()));
        assert_eq!(items[1].at, Position { line: 2, column: 15 });
        assert_eq!(entries[1].1.at, Position { line: 3, column: 8 });
    }

    #[test]
    fn positions_in_a_long_line_are_those_of_a_walk_through_it() {
        let words: Vec<String> = (0..300).map(|count| "é中a".repeat(count % 7)).collect();
        let text = format!("\n{}", serde_json::to_string(&words).unwrap());
        let Value::List(items) = parse(&text).unwrap().value else {
            panic!()
        };
        let quotes = text.match_indices('"').step_by(2);
        for (item, (offset, _)) in items.iter().zip(quotes) {
            assert_eq!(item.at, Position::of(&text, offset));
        }
    }

    #[test]
    fn what_is_not_strict_json_is_refused_with_its_position() {
        assert_eq!(refused("{\n \"a\": 1,\n \"a\": 2}").0, 3);
        assert!(refused("{\"a\": 1, \"\\u0061\": 2}").2.contains("given twice"));
        assert_eq!(refused("{} x").1, 4);
        assert_eq!((refused("{\"中中\": x}").1, refused("\n[\"é\",]").1), (8, 5));
        for text in [
            "",
            "{,}",
            "[1,]",
            "// c\n1",
            "'a'",
            "{\"a\" 1}",
            "01",
            "\"\\ud800\"",
            "nul",
            "\u{feff}{}",
        ] {
            assert!(refused(text).2.starts_with("not JSON"), "{text}");
        }
    }

    #[test]
    fn depth_is_bounded_without_recursion_on_the_text() {
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        assert!(refused(&deep).2.contains("nested deeper"));
        assert!(parse(&("[".repeat(MAX_DEPTH) + &"]".repeat(MAX_DEPTH))).is_ok());
        assert!(refused(&"[".repeat(100_000)).2.starts_with("not JSON"));
    }

    #[test]
    fn a_text_that_ends_too_early_or_too_late_says_what_to_do() {
        for (text, column, words) in [
            ("", 1, "the text is empty"),
            (" \n ", 1, "the text is empty"),
            (
                "{\"a\": 1} x",
                10,
                "the document ends before this: remove what follows",
            ),
            ("{}}", 3, "the document ends before this"),
            (
                "{\"a\": 1",
                7,
                "the text ends within an object: add what is cut off, and its `}`",
            ),
            (
                "[1",
                2,
                "the text ends within a list: add what is cut off, and its `]`",
            ),
            (
                "{\"a",
                3,
                "the text ends within a string: add what is cut off, and its `\"`",
            ),
            ("{\"a\":", 5, "the text ends where a value should stand"),
        ] {
            let (_, at, message) = refused(text);
            assert!(message.contains(words), "{text}: {message}");
            assert_eq!(at, column, "{text}: {message}");
        }
    }
}
