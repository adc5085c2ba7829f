//! A text with its position, so that a later check can point at it.

use std::ops::Deref;

use serde::{Deserialize, Deserializer, de};

use ram_policy::source::{Fault, Node, Position, Value};

/// A string of a directory document with its position
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LocatedText {
    /// Where the string starts
    pub(crate) at: Position,
    value: Box<str>,
}

impl LocatedText {
    /// The string itself
    pub(crate) fn as_str(&self) -> &str {
        &self.value
    }

    /// A fault that points at this string
    pub(crate) fn fault(&self, message: impl Into<String>) -> Fault {
        Fault::new(self.at, message)
    }
}

impl Deref for LocatedText {
    type Target = str;

    fn deref(&self) -> &str {
        &self.value
    }
}

impl From<LocatedText> for String {
    fn from(text: LocatedText) -> Self {
        text.value.into()
    }
}

/// The strings of texts, without their positions
pub(crate) fn strings(texts: Vec<LocatedText>) -> Vec<String> {
    texts.into_iter().map(String::from).collect()
}

impl<'de> Deserialize<'de> for LocatedText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Node { at, value } = Node::deserialize(deserializer)?;
        match value {
            Value::String(text) => Ok(Self {
                at,
                value: text.into(),
            }),
            Value::Number(text) => Err(de::Error::custom(format_args!(
                "expected text, found the number {text}: put it in quotes"
            ))),
            Value::Bool(flag) => Err(de::Error::custom(format_args!(
                "expected text, found the boolean {flag}: put it in quotes"
            ))),
            other => {
                let kind = Node { at, value: other }.kind();
                Err(de::Error::custom(format_args!("expected text, found {kind}")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml;

    fn read(text: &str) -> Result<Vec<LocatedText>, Fault> {
        yaml::parse(text).unwrap()[0].read()
    }

    #[test]
    fn text_keeps_its_position() {
        let texts = read("[a,\n  \"7\"]").unwrap();
        assert_eq!(
            (texts[1].as_str(), texts[1].at),
            ("7", Position { line: 2, column: 3 })
        );
    }

    #[test]
    fn other_values_are_refused_with_the_remedy() {
        assert_eq!(
            read("[a, 7]").unwrap_err().to_string(),
            "1:5: expected text, found the number 7: put it in quotes"
        );
        assert!(
            read("[true]")
                .unwrap_err()
                .message
                .contains("the boolean true: put it in quotes")
        );
        assert_eq!(
            read("- {}").unwrap_err().to_string(),
            "1:3: expected text, found an object"
        );
        assert_eq!(read("- ~").unwrap_err().message, "expected text, found null");
    }
}
