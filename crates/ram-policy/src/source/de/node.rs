//! Deserializes a [`Node`] field: the tree itself, with its positions.
//!
//! Serde has no type for positions, so a node passes through it as a sequence, and an object as a list of entries:
//!
//! ```text
//! node:   line, column, type, content
//! entry:  line, column, key, node
//! ```

use std::fmt;

use serde::Deserialize;
use serde::de::value::{SeqAccessDeserializer, SeqDeserializer};
use serde::de::{self, DeserializeSeed, Deserializer, IntoDeserializer, SeqAccess, Visitor};

use crate::source::de::error::Error;
use crate::source::{Key, Node, Position, Value};

/// The type name by which a [`Node`] field asks for the tree itself instead of a deserialized value
pub(crate) const NODE_TYPE: &str = "$ramgate::source::Node";

/// A node as a sequence
pub(crate) struct NodeParts<'de> {
    node: &'de Node,
    next: u8,
}

impl<'de> NodeParts<'de> {
    pub(crate) fn new(node: &'de Node) -> Self {
        Self { node, next: 0 }
    }
}

impl<'de> SeqAccess<'de> for NodeParts<'de> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        let part = self.next;
        self.next = part.saturating_add(1);
        let Node { at, value } = self.node;
        match part {
            0 => seed.deserialize(at.line.into_deserializer()),
            1 => seed.deserialize(at.column.into_deserializer()),
            2 => seed.deserialize(type_code(value).into_deserializer()),
            3 => content(value, seed),
            _ => return Ok(None),
        }
        .map(Some)
    }
}

fn type_code(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Number(_) => 2,
        Value::String(_) => 3,
        Value::List(_) => 4,
        Value::Map(_) => 5,
    }
}

fn content<'de, T: DeserializeSeed<'de>>(value: &'de Value, seed: T) -> Result<T::Value, Error> {
    match value {
        Value::Null => seed.deserialize(().into_deserializer()),
        Value::Bool(flag) => seed.deserialize((*flag).into_deserializer()),
        Value::Number(text) | Value::String(text) => seed.deserialize(text.as_str().into_deserializer()),
        Value::List(items) => seed.deserialize(SeqDeserializer::new(items.iter().map(Item))),
        Value::Map(entries) => {
            let entries = entries.iter().map(|(key, value)| Entry(key, value));
            seed.deserialize(SeqDeserializer::new(entries))
        }
    }
}

/// An item of a list
struct Item<'de>(&'de Node);

impl<'de> IntoDeserializer<'de, Error> for Item<'de> {
    type Deserializer = &'de Node;

    fn into_deserializer(self) -> &'de Node {
        self.0
    }
}

/// An entry of an object
struct Entry<'de>(&'de Key, &'de Node);

impl<'de> IntoDeserializer<'de, Error> for Entry<'de> {
    type Deserializer = SeqAccessDeserializer<EntryParts<'de>>;

    fn into_deserializer(self) -> Self::Deserializer {
        SeqAccessDeserializer::new(EntryParts { entry: self, next: 0 })
    }
}

/// An entry as a sequence
struct EntryParts<'de> {
    entry: Entry<'de>,
    next: u8,
}

impl<'de> SeqAccess<'de> for EntryParts<'de> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        let part = self.next;
        self.next = part.saturating_add(1);
        let Entry(key, node) = self.entry;
        match part {
            0 => seed.deserialize(key.at.line.into_deserializer()),
            1 => seed.deserialize(key.at.column.into_deserializer()),
            2 => seed.deserialize(key.text.as_str().into_deserializer()),
            3 => seed.deserialize(node),
            _ => return Ok(None),
        }
        .map(Some)
    }
}

/// Only the trees of this module have positions, so no other format can fill a [`Node`] field
impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(NODE_TYPE, NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of a source tree")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Node, A::Error> {
        let line = need(parts.next_element()?)?;
        let column = need(parts.next_element()?)?;
        let value = match need::<u8, _>(parts.next_element()?)? {
            1 => Value::Bool(need(parts.next_element()?)?),
            2 => Value::Number(need(parts.next_element()?)?),
            3 => Value::String(need(parts.next_element()?)?),
            4 => Value::List(need(parts.next_element()?)?),
            5 => {
                let entries: Vec<(u32, u32, String, Node)> = need(parts.next_element()?)?;
                Value::Map(entries.into_iter().map(entry).collect())
            }
            _ => Value::Null,
        };
        let at = Position { line, column };
        Ok(Node { at, value })
    }
}

fn entry((line, column, text, node): (u32, u32, String, Node)) -> (Key, Node) {
    let at = Position { line, column };
    (Key { at, text }, node)
}

fn need<T, E: de::Error>(part: Option<T>) -> Result<T, E> {
    part.ok_or_else(|| E::custom("incomplete source tree"))
}
