//! Values as text: JSON for policies, and YAML's flow style for entries of a directory.
//!
//! Every string is written by one function that escapes it, so nothing in a value can become syntax.

use ram_policy::source::{Key, Node, Position, Value};

/// The longest policy that is written with line breaks: RAM's own limit in characters, from which on `lint` warns
const LONGEST_SPACED: usize = 6_144;

/// A value with no position, for documents that are made here
pub(crate) fn node(value: Value) -> Node {
    Node {
        at: Position::default(),
        value,
    }
}

/// A text
pub(crate) fn text(text: &str) -> Node {
    node(Value::String(text.to_owned()))
}

/// A list
pub(crate) fn list(items: impl IntoIterator<Item = Node>) -> Node {
    node(Value::List(items.into_iter().collect()))
}

/// An object; `fields` must differ in their names
pub(crate) fn object<'a>(fields: impl IntoIterator<Item = (&'a str, Node)>) -> Node {
    let entry = |(name, value): (&str, Node)| {
        let key = Key {
            at: Position::default(),
            text: name.to_owned(),
        };
        (key, value)
    };
    node(Value::Map(fields.into_iter().map(entry).collect()))
}

/// JSON with the keys in their order, over several lines if it is short enough; ends with a line break
pub(crate) fn json(node: &Node) -> String {
    let mut spaced = String::new();
    write_json(node, Some(0), &mut spaced);
    if spaced.chars().count() > LONGEST_SPACED {
        spaced.clear();
        write_json(node, None, &mut spaced);
    }
    spaced.push('\n');
    spaced
}

/// Writes a value; `indent` is the depth, or nothing for a single line
fn write_json(node: &Node, indent: Option<usize>, out: &mut String) {
    match &node.value {
        Value::Null => out.push_str("null"),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        // The parser keeps a number as the text that it checked
        Value::Number(digits) => out.push_str(digits),
        Value::String(text) => out.push_str(&quoted(text)),
        Value::List(items) => {
            // Lists of values fit on a line, lists of objects do not
            let inner = indent.filter(|_| items.iter().any(|item| matches!(item.value, Value::Map(_))));
            enclosed(('[', ']'), inner, items, out, |item, depth, out| {
                write_json(item, depth, out)
            });
        }
        Value::Map(entries) => enclosed(('{', '}'), indent, entries, out, |(key, value), depth, out| {
            out.push_str(&quoted(&key.text));
            out.push_str(": ");
            write_json(value, depth, out);
        }),
    }
}

fn enclosed<T>(
    (open, close): (char, char),
    indent: Option<usize>,
    items: &[T],
    out: &mut String,
    write: impl Fn(&T, Option<usize>, &mut String),
) {
    let depth = indent.map(|depth| depth.saturating_add(1));
    let line_break = |depth: Option<usize>, out: &mut String| {
        if let Some(depth) = depth {
            out.push('\n');
            out.push_str(&"  ".repeat(depth));
        }
    };
    out.push(open);
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push_str(if depth.is_some() { "," } else { ", " });
        }
        line_break(depth, out);
        write(item, depth, out);
    }
    if !items.is_empty() {
        line_break(indent, out);
    }
    out.push(close);
}

/// YAML on one line: words stand as they are, everything else in double quotes
///
/// ```text
/// {name: alice, id: "201", policies: [{policy: EciTestOnly}]}
/// ```
pub(crate) fn flow(node: &Node) -> String {
    match &node.value {
        Value::String(text) if is_word(text) => text.clone(),
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(flow).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Map(entries) => {
            let word = |text: &str| {
                if is_word(text) {
                    text.to_owned()
                } else {
                    quoted(text)
                }
            };
            let entries: Vec<String> = entries
                .iter()
                .map(|(key, value)| format!("{}: {}", word(&key.text), flow(value)))
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
        _ => {
            let mut out = String::new();
            write_json(node, None, &mut out);
            out
        }
    }
}

/// Whether YAML of every version reads a plain text as this text
fn is_word(text: &str) -> bool {
    // YAML 1.1 also takes single letters and these words for booleans
    const OTHER: [&str; 7] = ["yes", "no", "on", "off", "true", "false", "null"];
    text.len() > 1
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/'))
        && !OTHER.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// A string in double quotes that JSON and YAML both read
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            // YAML takes no control characters, line separators, marks of byte order and noncharacters as they are
            _ if c.is_control()
                || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}'..='\u{ffff}') =>
            {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            _ => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::yaml;
    use ram_policy::source::json as reader;

    #[test]
    fn entries_are_written_as_people_write_them() {
        let grant = object([("policy", text("EciTestOnly")), ("resourceGroup", text("rg-1"))]);
        let user = object([
            ("name", text("alice")),
            ("id", text("201")),
            ("policies", list([grant])),
        ]);
        assert_eq!(
            flow(&user),
            r#"{name: alice, id: "201", policies: [{policy: EciTestOnly, resourceGroup: rg-1}]}"#
        );
        for word in ["no", "Off", "y", "1e3", "", "a: b", "- a", "#", "~", "0x1F", ".5"] {
            assert!(flow(&text(word)).starts_with('"'), "{word}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(key in "\\PC{0,6}", value in any::<String>(), word in "[a-zA-Z0-9._/-]{0,5}") {
            let node = object([("k", list([text(&value), text(&word)])), (&format!("x{key}"), text(&key))]);
            let wanted = node.to_json();
            prop_assert_eq!(reader::parse(json(&node).trim_end()).unwrap().to_json(), wanted.clone());
            prop_assert_eq!(yaml::parse(&flow(&node)).unwrap()[0].to_json(), wanted);
        }
    }
}
