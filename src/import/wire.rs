//! Reads fields of JSON answers. Messages name fields and types, never values, because a value may be a secret.

use ram_policy::source::{Fault, Node, Value, json, utf8};

/// The largest file that is read. `terraform show -json` prints a whole state as one file; the largest in use are about 10 MB.
pub(crate) const MAX_BYTES: usize = 64 * 1024 * 1024;

/// Parses a file of JSON; a byte order mark, which shells on Windows write, is passed over
///
/// # Errors
/// The file is empty, too large, not UTF-8, not JSON, or nested too deep
pub(crate) fn parse(bytes: &[u8]) -> Result<Node, Fault> {
    let whole = |message: String| Fault::new(Default::default(), message);
    if bytes.len() > MAX_BYTES {
        return Err(whole(format!("the file is larger than {MAX_BYTES} bytes")));
    }
    let text = utf8(bytes)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() {
        return Err(whole(
            "the file is empty: the command that wrote it failed".to_owned(),
        ));
    }
    json::parse(text).map_err(|fault| {
        // The message for a repeated key quotes it, and a key of a map may be anything
        let message = match fault.message.starts_with("key `") {
            true => "a key is given twice in one object".to_owned(),
            false => fault.message,
        };
        Fault::new(fault.at, message)
    })
}

/// A field of an object; nothing if it is absent or null
pub(crate) fn field<'a>(node: &'a Node, name: &str) -> Option<&'a Node> {
    let Value::Map(entries) = &node.value else {
        return None;
    };
    let (_, value) = entries.iter().find(|(key, _)| key.text == name)?;
    (value.value != Value::Null).then_some(value)
}

/// A field of text
///
/// # Errors
/// It has another type
pub(crate) fn text<'a>(node: &'a Node, name: &str) -> Result<Option<&'a str>, Fault> {
    match field(node, name) {
        None => Ok(None),
        Some(Node {
            value: Value::String(text),
            ..
        }) => Ok(Some(text)),
        Some(other) => Err(wrong(other, name, "text")),
    }
}

/// A field of text that must be there
///
/// # Errors
/// It is absent, empty or of another type
pub(crate) fn required_text<'a>(node: &'a Node, name: &str) -> Result<&'a str, Fault> {
    match text(node, name)? {
        Some(text) if !text.is_empty() => Ok(text),
        _ => Err(Fault::new(node.at, format!("`{name}` is missing"))),
    }
}

/// A field that is true or false
///
/// # Errors
/// It has another type
pub(crate) fn flag(node: &Node, name: &str) -> Result<Option<bool>, Fault> {
    match field(node, name) {
        None => Ok(None),
        Some(Node {
            value: Value::Bool(flag),
            ..
        }) => Ok(Some(*flag)),
        Some(other) => Err(wrong(other, name, "true or false")),
    }
}

/// A field that counts something
///
/// # Errors
/// It is no whole number
pub(crate) fn count(node: &Node, name: &str) -> Result<Option<usize>, Fault> {
    match field(node, name) {
        None => Ok(None),
        Some(found) => match &found.value {
            Value::Number(digits) => digits
                .parse()
                .map(Some)
                .map_err(|_| wrong(found, name, "a count")),
            _ => Err(wrong(found, name, "a count")),
        },
    }
}

/// A field that is a list; empty if it is absent
///
/// # Errors
/// It has another type
pub(crate) fn list<'a>(node: &'a Node, name: &str) -> Result<&'a [Node], Fault> {
    match field(node, name) {
        None => Ok(&[]),
        Some(Node {
            value: Value::List(items),
            ..
        }) => Ok(items),
        Some(other) => Err(wrong(other, name, "a list")),
    }
}

/// Checks that a value is an object
///
/// # Errors
/// It is none
pub(crate) fn object<'a>(node: &'a Node, what: &str) -> Result<&'a Node, Fault> {
    node.entries(what).map(|_| node)
}

fn wrong(node: &Node, name: &str, wanted: &str) -> Fault {
    Fault::new(
        node.at,
        format!("`{name}` must be {wanted}, found {}", node.kind()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_message_has_a_value_in_it() {
        let node = parse(br#"{"a": {"hunter2": 1}, "b": "hunter2", "n": null, "m": -1}"#).unwrap();
        let messages = [
            text(&node, "a").unwrap_err(),
            flag(&node, "b").unwrap_err(),
            count(&node, "b").unwrap_err(),
            count(&node, "m").unwrap_err(),
            list(&node, "b").unwrap_err(),
            required_text(&node, "n").unwrap_err(),
            parse(br#"{"hunter2": 1, "hunter2": 2}"#).unwrap_err(),
            parse(br#"{"a": hunter2}"#).unwrap_err(),
        ];
        for fault in messages {
            assert!(!fault.to_string().contains("hunter2"), "{fault}");
        }
    }

    #[test]
    fn a_file_of_a_failed_command_is_named_as_such() {
        for bytes in [&b""[..], b" \n", b"\xef\xbb\xbf"] {
            assert!(
                parse(bytes)
                    .unwrap_err()
                    .message
                    .contains("the command that wrote it failed")
            );
        }
        assert!(parse(b"\xef\xbb\xbf{}").is_ok());
        assert!(
            parse(b"\xff\xfe{\0}\0")
                .unwrap_err()
                .message
                .contains("not UTF-8")
        );
    }
}
