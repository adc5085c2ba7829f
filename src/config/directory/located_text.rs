//! A text with its position, so that a later check can point at it.

use std::ops::Deref;

use serde::{Deserialize, Deserializer, de};

use crate::config::directory::faults::Faults;
use crate::config::directory::name_rules::shortened;
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

/// Checks that none of the fields of an object is a text where a list of texts stands
///
/// ```text
/// namespaces: shop, pay  ->  expected a list, found `shop, pay`: write [shop, pay]
/// ```
///
/// # Errors
/// Every such field
pub(crate) fn check_lists<const N: usize>(node: &Node, fields: [&str; N]) -> Result<(), Faults> {
    let mut faults = Faults::default();
    if let Value::Map(entries) = &node.value {
        for (key, item) in entries {
            if let Value::String(text) = &item.value
                && fields.contains(&key.text.as_str())
            {
                let items: Vec<String> = text.split(',').map(|item| plain(item.trim())).collect();
                let message = format!(
                    "expected a list, found `{}`: write [{}]",
                    shortened(text),
                    shortened(&items.join(", "))
                );
                faults.push(Fault::new(item.at, message));
            }
        }
    }
    faults.finish(())
}

/// A text as an item of a list in YAML, in quotes where it would be something else without them
fn plain(text: &str) -> String {
    let is_plain = text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_./:#@".contains(c));
    if is_plain {
        text.to_owned()
    } else {
        format!("'{text}'")
    }
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
    fn a_text_in_place_of_a_list_is_shown_as_a_list() {
        let node = &yaml::parse("{a: shop, b: 'shop, pay', c: P#1, d: '*', e: x, f: [y]}").unwrap()[0];
        let faults = check_lists(node, ["a", "b", "c", "d", "f"]).unwrap_err();
        let faults: Vec<String> = faults.sorted().iter().map(ToString::to_string).collect();
        assert_eq!(
            faults,
            [
                "1:5: expected a list, found `shop`: write [shop]",
                "1:14: expected a list, found `shop, pay`: write [shop, pay]",
                "1:30: expected a list, found `P#1`: write [P#1]",
                "1:38: expected a list, found `*`: write ['*']",
            ]
        );
        assert_eq!(
            yaml::parse("[P#1, eci:A]").unwrap()[0]
                .read::<Vec<LocatedText>>()
                .unwrap()
                .len(),
            2
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
