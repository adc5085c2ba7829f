//! A source text as a tree that keeps the position of every value.
//!
//! [`json::parse`] reads JSON. A reader for another syntax builds the same [`Node`] tree, so a document that is part of
//! a larger file is refused with the line and column of that file.

mod de;
pub mod json;

use std::fmt;

/// How deep lists and objects may nest: a policy needs seven levels, a pod manifest about fifteen
pub const MAX_DEPTH: usize = 64;

/// A place in a source text, counted in lines and characters from 1
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Line, from 1
    pub line: u32,
    /// Character in the line, from 1
    pub column: u32,
}

impl Position {
    /// The position of a byte offset in a text
    pub fn of(text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line = before
            .bytes()
            .filter(|byte| *byte == b'\n')
            .count()
            .saturating_add(1);
        let start = before.rfind('\n').map_or(0, |newline| newline.saturating_add(1));
        let column = before
            .get(start..)
            .unwrap_or_default()
            .chars()
            .count()
            .saturating_add(1);
        Self {
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: u32::try_from(column).unwrap_or(u32::MAX),
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// What is wrong with a text, and where; used for refusals and for warnings
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {message}")]
pub struct Fault {
    /// Where the offending key or value starts
    pub at: Position,
    /// What is wrong and what would be right, in lower case without a full stop
    pub message: String,
}

impl Fault {
    /// A fault at a place
    pub fn new(at: Position, message: impl Into<String>) -> Self {
        Self {
            at,
            message: message.into(),
        }
    }
}

/// One value of a source text
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where the value starts
    pub at: Position,
    /// The value itself
    pub value: Value,
}

/// The shapes that JSON and YAML share
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`, `~` or nothing
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number as it was written, never rounded
    Number(String),
    /// Text
    String(String),
    /// A list
    List(Vec<Node>),
    /// An object in the order of its text; keys are unique
    Map(Vec<(Key, Node)>),
}

impl Value {
    /// An object of these entries
    ///
    /// # Errors
    /// The first key that is given twice.
    pub fn object(entries: Vec<(Key, Node)>) -> Result<Self, Fault> {
        let mut by_name: Vec<&Key> = entries.iter().map(|(key, _)| key).collect();
        by_name.sort_by(|a, b| a.text.cmp(&b.text).then(a.at.cmp(&b.at)));
        let twice = by_name
            .iter()
            .zip(by_name.iter().skip(1))
            .filter(|(first, second)| first.text == second.text);
        match twice.min_by_key(|(_, second)| second.at) {
            Some((first, second)) => Err(Fault::new(
                second.at,
                format!(
                    "key `{}` is given twice in one object, first at {}",
                    first.text, first.at
                ),
            )),
            None => Ok(Self::Map(entries)),
        }
    }
}

/// A key of an object
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Where the key starts
    pub at: Position,
    /// The key's text
    pub text: String,
}

impl Node {
    /// Builds a type from this tree; errors carry the place of the value that was refused
    pub fn read<'de, T: serde::Deserialize<'de>>(&'de self) -> Result<T, Fault> {
        T::deserialize(self).map_err(|error| error.into_fault(self.at))
    }

    /// The entries of an object, or a refusal that names what should have been one
    pub fn entries(&self, what: &str) -> Result<&[(Key, Self)], Fault> {
        match &self.value {
            Value::Map(entries) => Ok(entries),
            _ => Err(Fault::new(
                self.at,
                format!("{what} must be an object, found {}", self.kind()),
            )),
        }
    }

    /// The items of a list; anything else is a list of itself
    pub(crate) fn items(&self) -> &[Self] {
        match &self.value {
            Value::List(items) => items,
            _ => std::slice::from_ref(self),
        }
    }

    /// What the value is, for messages
    pub fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::List(_) => "a list",
            Value::Map(_) => "an object",
        }
    }

    /// The tree as plain JSON; a number that JSON cannot hold becomes text
    pub fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(flag) => serde_json::Value::Bool(*flag),
            Value::Number(text) => serde_json::from_str::<serde_json::Number>(text).map_or_else(
                |_| serde_json::Value::String(text.clone()),
                serde_json::Value::Number,
            ),
            Value::String(text) => serde_json::Value::String(text.clone()),
            Value::List(items) => serde_json::Value::Array(items.iter().map(Self::to_json).collect()),
            Value::Map(entries) => serde_json::Value::Object(
                entries
                    .iter()
                    .map(|(key, node)| (key.text.clone(), node.to_json()))
                    .collect(),
            ),
        }
    }
}

/// The known word that somebody most likely meant, if one is near
pub fn closest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A third of the word may be wrong: enough for a slip, too little to guess a different word.
    let near = (word.chars().count() / 3).max(1);
    let lower = word.to_ascii_lowercase();
    known
        .into_iter()
        .map(|candidate| {
            (
                strsim::damerau_levenshtein(&lower, &candidate.to_ascii_lowercase()),
                candidate,
            )
        })
        .filter(|(distance, _)| *distance <= near)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Turns bytes into text, or says at which byte it stops being UTF-8
pub fn utf8(bytes: &[u8]) -> Result<&str, Fault> {
    std::str::from_utf8(bytes).map_err(|error| {
        let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let text = std::str::from_utf8(good).unwrap_or_default();
        Fault::new(Position::of(text, text.len()), "text is not UTF-8 from here on")
    })
}
