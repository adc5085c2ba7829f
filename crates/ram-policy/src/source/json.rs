//! JSON with places, strict as RFC 8259: no comments, no trailing comma, no second key, nothing after the value.
//!
//! serde_json does the reading; the places come from where each raw slice lies in the text.

use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::source::{Fault, Key, MAX_DEPTH, Node, Position, Value};

/// Reads one JSON value that fills the whole text
pub fn parse(text: &str) -> Result<Node, Fault> {
    let raw: &RawValue = serde_json::from_str(text).map_err(|error| syntax(&error, stumble(text, &error)))?;
    let lines = Lines::new(text);
    node(raw, &lines, MAX_DEPTH)
}

/// Where each line starts and how many characters came before, so that a place costs no walk through the text
struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
    /// How many characters begin before every [`STEP`]th byte
    counts: Vec<usize>,
}

/// How many bytes are counted again for a place; a text in one long line has thousands of places
const STEP: usize = 64;

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        let after_breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let starts = std::iter::once(0)
            .chain(after_breaks.map(|(at, _)| at.saturating_add(1)))
            .collect();
        let mut before: usize = 0;
        let mut counts = Vec::new();
        for chunk in text.as_bytes().chunks(STEP) {
            counts.push(before);
            before = before.saturating_add(begun(chunk));
        }
        Self { text, starts, counts }
    }

    /// The place of a slice that lies in the text
    fn place(&self, part: &str) -> Position {
        let offset = (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = line
            .checked_sub(1)
            .and_then(|index| self.starts.get(index))
            .copied()
            .unwrap_or(0);
        let column = self
            .characters(offset)
            .saturating_sub(self.characters(start))
            .saturating_add(1);
        Position {
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: u32::try_from(column).unwrap_or(u32::MAX),
        }
    }

    /// How many characters begin before a byte
    fn characters(&self, offset: usize) -> usize {
        let step = offset.checked_div(STEP).unwrap_or(0);
        let rest = self.text.as_bytes().get(step.saturating_mul(STEP)..offset);
        let counted = self.counts.get(step).copied().unwrap_or(0);
        counted.saturating_add(begun(rest.unwrap_or_default()))
    }
}

/// How many characters begin in these bytes of a text
fn begun(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .filter(|byte| **byte & 0b1100_0000 != 0b1000_0000)
        .count()
}

fn node(raw: &RawValue, lines: &Lines<'_>, depth: usize) -> Result<Node, Fault> {
    let text = raw.get();
    let at = lines.place(text);
    let Some(below) = depth.checked_sub(1) else {
        return Err(Fault::new(at, format!("nested deeper than {MAX_DEPTH} levels")));
    };
    let bad = |error: serde_json::Error| syntax(&error, at);
    let value = match text.as_bytes().first() {
        Some(b'{') => {
            let Pairs(pairs) = serde_json::from_str(text).map_err(bad)?;
            let mut entries = Vec::with_capacity(pairs.len());
            for (key, item) in pairs {
                let place = lines.place(key.get());
                let name = serde_json::from_str(key.get()).map_err(|error| syntax(&error, place))?;
                entries.push((
                    Key {
                        at: place,
                        text: name,
                    },
                    node(item, lines, below)?,
                ));
            }
            Value::object(entries)?
        }
        Some(b'[') => {
            let Items(items) = serde_json::from_str(text).map_err(bad)?;
            Value::List(
                items
                    .into_iter()
                    .map(|item| node(item, lines, below))
                    .collect::<Result<_, _>>()?,
            )
        }
        Some(b'"') => Value::String(serde_json::from_str(text).map_err(bad)?),
        Some(b't') => Value::Bool(true),
        Some(b'f') => Value::Bool(false),
        Some(b'n') => Value::Null,
        _ => Value::Number(text.to_owned()),
    };
    Ok(Node { at, value })
}

/// Where a text stops being JSON; serde_json counts the bytes of a line
fn stumble(text: &str, error: &serde_json::Error) -> Position {
    let line = text
        .split('\n')
        .nth(error.line().saturating_sub(1))
        .unwrap_or_default();
    let column = begun(line.as_bytes().get(..error.column()).unwrap_or(line.as_bytes()));
    Position {
        line: u32::try_from(error.line()).unwrap_or(u32::MAX).max(1),
        column: u32::try_from(column).unwrap_or(u32::MAX).max(1),
    }
}

/// A serde_json error without its own tail of line and column
fn syntax(error: &serde_json::Error, at: Position) -> Fault {
    let text = error.to_string();
    let words = text
        .rsplit_once(" at line ")
        .map_or(text.as_str(), |(words, _)| words);
    Fault::new(at, format!("not JSON: {words}"))
}

/// The entries of one object, unread
struct Pairs<'a>(Vec<(&'a RawValue, &'a RawValue)>);

/// The items of one list, unread
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
    fn every_value_knows_where_it_starts() {
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
    fn places_in_a_long_line_are_those_of_a_walk_through_it() {
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
    fn what_is_not_strict_json_is_refused_with_its_place() {
        assert_eq!(refused("{\n \"a\": 1,\n \"a\": 2}").0, 3);
        assert!(refused("{\"a\": 1, \"\\u0061\": 2}").2.contains("given twice"));
        assert_eq!(refused("{} x").1, 4);
        assert_eq!((refused("{\"中中\": x}").1, refused("\n[\"é\",]").1), (8, 6));
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
}
