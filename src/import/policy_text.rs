//! The text of a policy: what the engine makes of it, and how it is written.

use crate::import::written;
use ram_policy::source::{Fault, Node, Value, json};
use ram_policy::{Document, DocumentKind, Effect};

/// A policy's text, as far as ramgate can use it
#[derive(Clone, Debug)]
pub(crate) enum PolicyText {
    /// The engine reads it
    Readable {
        /// The JSON to write
        json: String,
    },
    /// The engine does not read it; no statement of it denies anything, so without it less is allowed
    OnlyAllows {
        /// The fault
        reason: String,
        /// The text in one form, to tell two of them apart
        json: String,
    },
    /// The engine does not read it, and it denies something, or nobody can tell
    MayDeny {
        /// The fault
        reason: String,
    },
}

impl PolicyText {
    /// Reads the value of a field: a text that holds JSON, or an object
    pub(crate) fn read(value: &Node) -> Self {
        let node = match contents(value) {
            Ok(node) => node,
            Err(fault) => {
                return Self::MayDeny {
                    reason: fault.to_string(),
                };
            }
        };
        let json = written::json(&node);
        match Document::parse(json.as_bytes(), DocumentKind::Identity) {
            Ok(_) => Self::Readable { json },
            Err(fault) if only_allows(&node) => Self::OnlyAllows {
                reason: fault.message,
                json,
            },
            Err(fault) => Self::MayDeny {
                reason: fault.message,
            },
        }
    }

    /// The text in one form; nothing if there is no safe way to read it at all
    pub(crate) fn json(&self) -> Option<&str> {
        match self {
            Self::Readable { json } | Self::OnlyAllows { json, .. } => Some(json),
            Self::MayDeny { .. } => None,
        }
    }

    /// Whether the engine reads it and every statement denies
    pub(crate) fn only_denies(&self) -> bool {
        let Self::Readable { json } = self else {
            return false;
        };
        let parsed = Document::parse(json.as_bytes(), DocumentKind::Identity);
        parsed.is_ok_and(|parsed| {
            let mut statements = parsed.document.statements.iter();
            statements.all(|statement| statement.effect == Effect::Deny)
        })
    }
}

/// Reads the value of a field as a trust policy
///
/// # Errors
/// The engine does not read it
pub(crate) fn read_trust(value: &Node) -> Result<Node, Fault> {
    let unreadable = |fault: Fault| {
        let message = format!("ramgate cannot read the trust policy: {}", fault.message);
        Fault::new(value.at, message)
    };
    let node = contents(value).map_err(unreadable)?;
    Document::from_node(&node, DocumentKind::Trust).map_err(unreadable)?;
    Ok(node)
}

/// The JSON in a field: RAM answers with a text that holds it, and some examples show an object
fn contents(value: &Node) -> Result<Node, Fault> {
    match &value.value {
        Value::String(text) => json::parse(text),
        Value::Map(_) => Ok(value.clone()),
        _ => Err(Fault::new(
            value.at,
            format!(
                "a policy document must be text or an object, found {}",
                value.kind()
            ),
        )),
    }
}

/// Whether every statement plainly allows; whatever is not plain counts as a denial
fn only_allows(policy: &Node) -> bool {
    let Value::Map(entries) = &policy.value else {
        return false;
    };
    // Elements are matched without case: RAM may take what the engine does not
    let named = |wanted: &str| {
        let found = entries
            .iter()
            .filter(|(key, _)| key.text.eq_ignore_ascii_case(wanted));
        found.map(|(_, value)| value).collect::<Vec<_>>()
    };
    let statements = named("Statement");
    let [statements] = statements.as_slice() else {
        return false;
    };
    match &statements.value {
        Value::List(items) => items.iter().all(is_allow),
        Value::Map(_) => is_allow(statements),
        _ => false,
    }
}

fn is_allow(statement: &Node) -> bool {
    let Value::Map(entries) = &statement.value else {
        return false;
    };
    let effects: Vec<&Node> = entries
        .iter()
        .filter(|(key, _)| key.text.trim().eq_ignore_ascii_case("Effect"))
        .map(|(_, value)| value)
        .collect();
    matches!(effects.as_slice(), [Node { value: Value::String(effect), .. }] if effect == "Allow")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(document: &str) -> PolicyText {
        PolicyText::read(&json::parse(document).unwrap())
    }

    fn statement(rest: &str) -> String {
        format!(r#"{{"Version": "1", "Statement": [{rest}]}}"#)
    }

    const PLAIN: &str = r#"{"Effect": "Allow", "Action": "eci:*", "Resource": "*"}"#;
    const UNREADABLE: &str = r#"{"Effect": "Allow", "Action": "eci:*", "NotResource": "*"}"#;

    #[test]
    fn text_and_object_are_the_same_policy() {
        let object = statement(PLAIN);
        let quoted = serde_json::to_string(&object).unwrap();
        let (PolicyText::Readable { json: a }, PolicyText::Readable { json: b }) =
            (read(&object), read(&quoted))
        else {
            panic!()
        };
        assert_eq!(a, b);
    }

    #[test]
    fn only_what_plainly_allows_can_be_left_out() {
        assert!(matches!(
            read(&statement(UNREADABLE)),
            PolicyText::OnlyAllows { .. }
        ));
        let bare = format!(r#"{{"Version": "1", "Statement": {UNREADABLE}}}"#);
        assert!(matches!(read(&bare), PolicyText::OnlyAllows { .. }));
        for document in [
            statement(&format!(
                r#"{UNREADABLE}, {{"Effect": "Deny", "Action": "*", "NotResource": "*"}}"#
            )),
            statement(r#"{"Effect": "deny", "Action": "*", "Resource": "*"}"#),
            statement(r#"{"Effect": "Allow", "effect": "Deny", "Action": "*", "Resource": "*"}"#),
            statement(r#"{"Action": "*", "Resource": "*"}"#),
            statement("7"),
            r#"{"Version": "1", "Statement": "x"}"#.to_owned(),
            r#"{"Version": "1", "Statement": [], "statement": []}"#.to_owned(),
            r#"{"Version": "1"}"#.to_owned(),
            "[]".to_owned(),
            "\"{\"".to_owned(),
            "7".to_owned(),
        ] {
            assert!(
                matches!(read(&document), PolicyText::MayDeny { .. }),
                "{document}"
            );
        }
    }

    #[test]
    fn a_version_that_is_a_number_stays_one() {
        let text = statement(PLAIN).replace(r#""1""#, "1");
        match read(&text) {
            PolicyText::Readable { json } | PolicyText::OnlyAllows { json, .. } => {
                assert!(json.contains(r#""Version": 1"#), "{json}");
            }
            PolicyText::MayDeny { reason } => panic!("{reason}"),
        }
    }
}
