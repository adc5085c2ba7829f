//! A source text as a tree of values that know their positions.
//!
//! [`json::parse`] parses JSON. A parser for another syntax builds the same [`Node`] tree, so that faults in a document
//! that is part of a larger file have the line and column of that file.
//!
//! ```
//! use ram_policy::source::json;
//!
//! let tree = json::parse(r#"{"name": "alice"}"#)?;
//! let (key, value) = &tree.entries("a user")?[0];
//! assert_eq!((key.text.as_str(), value.kind()), ("name", "a string"));
//! assert_eq!(value.at.to_string(), "1:10");
//! # Ok::<(), ram_policy::source::Fault>(())
//! ```

mod de;
pub mod json;
mod json_mistake;
mod line_index;
mod position;
mod spelling;

pub use position::{Fault, Position, utf8};
pub use spelling::closest;

/// The deepest nesting of lists and objects: a policy needs seven levels, a pod manifest about fifteen
pub const MAX_DEPTH: usize = 64;

/// A value in a source text, with its position
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where the value starts
    pub at: Position,
    /// The value itself
    pub value: Value,
}

/// A value of JSON or YAML
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`, `~` or nothing
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number as it is written, never rounded
    Number(String),
    /// Text
    String(String),
    /// A list
    List(Vec<Node>),
    /// An object in the order of the text; keys are unique
    Map(Vec<(Key, Node)>),
}

impl Value {
    /// An object with these entries
    ///
    /// # Errors
    /// A fault at the first key that is given twice.
    pub fn object(entries: Vec<(Key, Node)>) -> Result<Self, Fault> {
        let mut by_name: Vec<&Key> = entries.iter().map(|(key, _)| key).collect();
        by_name.sort_by(|a, b| a.text.cmp(&b.text).then(a.at.cmp(&b.at)));
        let repeated = by_name
            .iter()
            .zip(by_name.iter().skip(1))
            .filter(|(first, second)| first.text == second.text);
        match repeated.min_by_key(|(_, second)| second.at) {
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
    /// The entries of an object
    ///
    /// # Errors
    /// A fault that says that `what` must be an object, if this is none.
    pub fn entries(&self, what: &str) -> Result<&[(Key, Self)], Fault> {
        match &self.value {
            Value::Map(entries) => Ok(entries),
            _ => Err(Fault::new(
                self.at,
                format!("{what} must be an object, found {}", self.kind()),
            )),
        }
    }

    /// The items of a list; for any other value, the value as the only item
    pub(crate) fn items(&self) -> &[Self] {
        match &self.value {
            Value::List(items) => items,
            _ => std::slice::from_ref(self),
        }
    }

    /// The type of the value, as messages name it
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

    /// The value as JSON without positions; a number that JSON cannot hold becomes a string
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
