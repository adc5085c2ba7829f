//! From the source tree to the checked types, element by element.

use super::{Actions, Document, DocumentKind, Parsed, Statement, Target};
use crate::action::ActionPattern;
use crate::arn::ResourcePattern;
use crate::condition;
use crate::effect::Effect;
use crate::principal::TrustedPrincipal;
use crate::source::{Fault, Key, Node, Position, Value, closest, json, utf8};
use crate::warning::{PolicyWarning, WarningKind};

/// The largest text that is read: ten times what RAM stores, so that no real policy is near it
pub const MAX_BYTES: usize = 64 * 1024;

/// The longest custom policy that RAM itself accepts, in characters
const RAM_MAX_CHARACTERS: usize = 6_144;

impl Document {
    /// Reads a document from JSON text
    ///
    /// # Errors
    /// The first thing that is wrong, with its line and column
    pub fn parse(bytes: &[u8], kind: DocumentKind) -> Result<Parsed, Fault> {
        if bytes.len() > MAX_BYTES {
            return Err(too_large(Position { line: 1, column: 1 }, bytes.len()));
        }
        let text = utf8(bytes)?;
        let mut parsed = document(&json::parse(text)?, kind)?;
        let start = Position { line: 1, column: 1 };
        parsed.warnings.extend(too_long(start, text.chars().count()));
        Ok(parsed)
    }

    /// Reads a document that is part of a larger text, such as a role's trust policy in a directory
    ///
    /// # Errors
    /// The first thing that is wrong, with its line and column in the larger text
    pub fn from_node(node: &Node, kind: DocumentKind) -> Result<Parsed, Fault> {
        let text = node.to_json().to_string();
        if text.len() > MAX_BYTES {
            return Err(too_large(node.at, text.len()));
        }
        let mut parsed = document(node, kind)?;
        parsed.warnings.extend(too_long(node.at, text.chars().count()));
        Ok(parsed)
    }
}

fn too_large(at: Position, bytes: usize) -> Fault {
    Fault::new(
        at,
        format!("document has {bytes} bytes: the limit is {MAX_BYTES}"),
    )
}

fn too_long(at: Position, characters: usize) -> Option<PolicyWarning> {
    (characters > RAM_MAX_CHARACTERS).then(|| {
        let message =
            format!("document has {characters} characters: RAM stores at most {RAM_MAX_CHARACTERS}");
        PolicyWarning::new(WarningKind::TooLong, at, message)
    })
}

fn document(node: &Node, kind: DocumentKind) -> Result<Parsed, Fault> {
    let mut version = None;
    let mut statement = None;
    for (key, value) in node.entries("a policy")? {
        match key.text.as_str() {
            "Version" => version = Some(value),
            "Statement" => statement = Some(value),
            _ => return Err(unknown(key, &["Version", "Statement"])),
        }
    }
    let version =
        version.ok_or_else(|| Fault::new(node.at, "policy has no Version: add \"Version\": \"1\""))?;
    if version.value != Value::String("1".to_owned()) {
        return Err(Fault::new(
            version.at,
            "Version must be \"1\", the only one that RAM has",
        ));
    }
    let statement = statement.ok_or_else(|| Fault::new(node.at, "policy has no Statement"))?;
    let Value::List(items) = &statement.value else {
        return Err(Fault::new(
            statement.at,
            format!("Statement must be a list, found {}", statement.kind()),
        ));
    };
    if items.is_empty() {
        return Err(Fault::new(statement.at, "Statement is an empty list"));
    }
    let mut warnings = Vec::new();
    let statements = items
        .iter()
        .map(|item| self::statement(item, kind, &mut warnings))
        .collect::<Result<_, _>>()?;
    Ok(Parsed {
        document: Document { statements },
        warnings,
    })
}

const ELEMENTS: &[&str] = &[
    "Sid",
    "Effect",
    "Action",
    "NotAction",
    "Resource",
    "Principal",
    "Condition",
];

/// The elements of one statement as they stand
#[derive(Default)]
struct Elements<'a> {
    effect: Option<&'a Node>,
    action: Option<&'a Node>,
    not_action: Option<(&'a Key, &'a Node)>,
    resource: Option<(&'a Key, &'a Node)>,
    principal: Option<(&'a Key, &'a Node)>,
    condition: Option<&'a Node>,
}

impl<'a> Elements<'a> {
    fn of(node: &'a Node) -> Result<Self, Fault> {
        let mut elements = Self::default();
        for (key, value) in node.entries("a statement")? {
            match key.text.as_str() {
                "Effect" => elements.effect = Some(value),
                "Action" => elements.action = Some(value),
                "NotAction" => elements.not_action = Some((key, value)),
                "Resource" => elements.resource = Some((key, value)),
                "Principal" => elements.principal = Some((key, value)),
                "Condition" => elements.condition = Some(value),
                "Sid" if matches!(value.value, Value::String(_)) => {}
                "Sid" => {
                    return Err(Fault::new(
                        value.at,
                        format!("Sid must be a string, found {}", value.kind()),
                    ));
                }
                "NotResource" => {
                    return Err(Fault::new(
                        key.at,
                        "RAM no longer has NotResource: list the resources",
                    ));
                }
                "NotPrincipal" => {
                    return Err(Fault::new(key.at, "RAM has no NotPrincipal: list the principals"));
                }
                _ => return Err(unknown(key, ELEMENTS)),
            }
        }
        Ok(elements)
    }
}

fn statement(node: &Node, kind: DocumentKind, warnings: &mut Vec<PolicyWarning>) -> Result<Statement, Fault> {
    let elements = Elements::of(node)?;
    let effect = effect(
        elements
            .effect
            .ok_or_else(|| Fault::new(node.at, "statement has no Effect"))?,
    )?;
    let actions = match (elements.action, elements.not_action) {
        (Some(_), Some((key, _))) => {
            return Err(Fault::new(
                key.at,
                "statement has both Action and NotAction: keep one of them",
            ));
        }
        (Some(list), None) => Actions::Listed(texts(list, "Action", ActionPattern::parse)?),
        (None, Some((_, list))) => Actions::Except(texts(list, "NotAction", ActionPattern::parse)?),
        (None, None) => return Err(Fault::new(node.at, "statement has neither Action nor NotAction")),
    };
    let target = match (kind, elements.resource, elements.principal) {
        (DocumentKind::Identity, _, Some((key, _))) => {
            return Err(Fault::new(key.at, "Principal may only stand in a trust policy"));
        }
        (DocumentKind::Identity, Some((_, list)), None) => {
            Target::Resources(texts(list, "Resource", ResourcePattern::parse)?)
        }
        (DocumentKind::Identity, None, None) => return Err(Fault::new(node.at, "statement has no Resource")),
        (DocumentKind::Trust, Some((key, _)), _) => {
            return Err(Fault::new(
                key.at,
                "a trust policy has no Resource: its role is the resource",
            ));
        }
        (DocumentKind::Trust, None, Some((_, list))) => Target::Principals(principals(list)?),
        (DocumentKind::Trust, None, None) => {
            return Err(Fault::new(
                node.at,
                "statement of a trust policy has no Principal",
            ));
        }
    };
    let conditions = elements
        .condition
        .map(|block| condition::parse::parse(block, warnings))
        .transpose()?
        .unwrap_or_default();
    Ok(Statement {
        effect,
        actions,
        target,
        conditions,
        at: node.at,
        actions_at: places(elements.action.or(elements.not_action.map(|(_, list)| list))),
        resources_at: places(elements.resource.map(|(_, list)| list)),
    })
}

/// Where the entries of a list start
fn places(list: Option<&Node>) -> Box<[Position]> {
    list.map(Node::items)
        .unwrap_or_default()
        .iter()
        .map(|item| item.at)
        .collect()
}

fn effect(node: &Node) -> Result<Effect, Fault> {
    match &node.value {
        Value::String(text) if text == "Allow" => Ok(Effect::Allow),
        Value::String(text) if text == "Deny" => Ok(Effect::Deny),
        Value::String(text) => {
            let advice = match closest(text, ["Allow", "Deny"]) {
                Some(meant) => format!("write `{meant}`"),
                None => "write `Allow` or `Deny`".to_owned(),
            };
            Err(Fault::new(node.at, format!("Effect is `{text}`: {advice}")))
        }
        _ => Err(Fault::new(
            node.at,
            format!("Effect must be `Allow` or `Deny`, found {}", node.kind()),
        )),
    }
}

fn principals(node: &Node) -> Result<Box<[TrustedPrincipal]>, Fault> {
    let mut all = Vec::new();
    for (key, list) in node.entries("Principal")? {
        let parse = match key.text.as_str() {
            "RAM" => TrustedPrincipal::parse_ram,
            "Service" => TrustedPrincipal::parse_service,
            "Federated" => TrustedPrincipal::parse_federated,
            other => {
                return Err(Fault::new(
                    key.at,
                    format!("unknown kind of principal `{other}`: RAM has `RAM`, `Service` and `Federated`"),
                ));
            }
        };
        all.extend(texts(list, &key.text, parse)?);
    }
    if all.is_empty() {
        return Err(Fault::new(node.at, "Principal names nobody"));
    }
    Ok(all.into())
}

/// A string or a list of strings, each read by `parse`; scalar and one-item list mean the same
fn texts<T>(node: &Node, what: &str, parse: impl Fn(&str) -> Result<T, String>) -> Result<Box<[T]>, Fault> {
    let items = match &node.value {
        Value::List(items) if items.is_empty() => {
            return Err(Fault::new(node.at, format!("{what} is an empty list")));
        }
        Value::List(items) => items.as_slice(),
        _ => std::slice::from_ref(node),
    };
    items
        .iter()
        .map(|item| match &item.value {
            Value::String(text) if text.contains("${") => Err(Fault::new(
                item.at,
                format!("RAM has no policy variables: `{text}`"),
            )),
            Value::String(text) => parse(text).map_err(|message| Fault::new(item.at, message)),
            _ => Err(Fault::new(
                item.at,
                format!("{what} must hold strings, found {}", item.kind()),
            )),
        })
        .collect()
}

fn unknown(key: &Key, known: &[&'static str]) -> Fault {
    let message = match closest(&key.text, known.iter().copied()) {
        Some(meant) => format!("unknown element `{}`: did you mean `{meant}`?", key.text),
        None => format!("unknown element `{}`: known are {}", key.text, known.join(", ")),
    };
    Fault::new(key.at, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(statements: &str) -> String {
        format!(r#"{{"Version": "1", "Statement": [{statements}]}}"#)
    }

    fn refused(text: &str, kind: DocumentKind) -> (u32, u32, String) {
        let fault = Document::parse(text.as_bytes(), kind).unwrap_err();
        (fault.at.line, fault.at.column, fault.message)
    }

    const ALLOW: &str = r#"{"Effect": "Allow", "Action": "*", "Resource": "*"}"#;

    #[test]
    fn a_whole_policy_is_read() {
        let text = document(
            r#"{"Sid": "a", "Effect": "Deny", "NotAction": ["eci:*"], "Resource": ["acs:eci:*:*:*", "*"],
               "Condition": {"StringEquals": {"acs:RequestTag/env": "test"}}},
               {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {}}"#,
        );
        let parsed = Document::parse(text.as_bytes(), DocumentKind::Identity).unwrap();
        assert!(parsed.warnings.is_empty());
        let [first, second] = &*parsed.document.statements else {
            panic!()
        };
        assert_eq!((first.effect, second.effect), (Effect::Deny, Effect::Allow));
        assert!(matches!(&first.actions, Actions::Except(patterns) if patterns[0].as_str() == "eci:*"));
        assert!(matches!(&first.target, Target::Resources(patterns) if patterns.len() == 2));
        assert_eq!((first.conditions.len(), second.conditions.len()), (1, 0));
        assert_eq!(second.at, Position { line: 3, column: 16 });
    }

    #[test]
    fn elements_must_be_the_right_ones() {
        for (statement, words) in [
            (r#"{"Action": "*", "Resource": "*"}"#, "no Effect"),
            (
                r#"{"Effect": "allow", "Action": "*", "Resource": "*"}"#,
                "`allow`: write `Allow`",
            ),
            (
                r#"{"Effect": "Allow", "Resource": "*"}"#,
                "neither Action nor NotAction",
            ),
            (r#"{"Effect": "Allow", "Action": "*"}"#, "no Resource"),
            (
                r#"{"Effect": "Allow", "Action": "*", "NotAction": "eci:X", "Resource": "*"}"#,
                "both Action and NotAction",
            ),
            (
                r#"{"Effect": "Allow", "Action": "*", "NotResource": "*"}"#,
                "NotResource",
            ),
            (
                r#"{"Effect": "Allow", "Action": "*", "Resource": "*", "NotPrincipal": "*"}"#,
                "NotPrincipal",
            ),
            (
                r#"{"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": {}}"#,
                "only stand in a trust policy",
            ),
            (
                r#"{"Effect": "Allow", "Actions": "*", "Resource": "*"}"#,
                "did you mean `Action`",
            ),
            (
                r#"{"Effect": "Allow", "Action": [], "Resource": "*"}"#,
                "empty list",
            ),
            (
                r#"{"Effect": "Allow", "Action": "*", "Resource": []}"#,
                "empty list",
            ),
            (
                r#"{"Effect": "Allow", "Action": 1, "Resource": "*"}"#,
                "found a number",
            ),
            (
                r#"{"Effect": "Allow", "Action": "*", "Resource": "acs:eci:*"}"#,
                "`acs:eci:*`",
            ),
            (
                r#"{"Effect": "Allow", "Action": "*", "Resource": "acs:oss:*:*:${acs:X}"}"#,
                "variables",
            ),
            (
                r#"{"Effect": "Allow", "Action": "*", "Resource": "*", "Sid": 1}"#,
                "Sid",
            ),
            (r#""x""#, "statement must be an object"),
        ] {
            let (line, _, message) = refused(&document(statement), DocumentKind::Identity);
            assert!(line == 1 && message.contains(words), "{statement}: {message}");
        }
    }

    #[test]
    fn the_frame_must_be_right() {
        for (text, words) in [
            (format!(r#"{{"Statement": [{ALLOW}]}}"#), "no Version"),
            (
                format!(r#"{{"Version": "2", "Statement": [{ALLOW}]}}"#),
                "must be \"1\"",
            ),
            (
                format!(r#"{{"Version": 1, "Statement": [{ALLOW}]}}"#),
                "must be \"1\"",
            ),
            (r#"{"Version": "1"}"#.to_owned(), "no Statement"),
            (r#"{"Version": "1", "Statement": []}"#.to_owned(), "empty list"),
            (
                format!(r#"{{"Version": "1", "Statement": {ALLOW}}}"#),
                "must be a list",
            ),
            (
                format!(r#"{{"Version": "1", "Statement": [{ALLOW}], "Id": "x"}}"#),
                "unknown element `Id`",
            ),
            ("[]".to_owned(), "must be an object"),
            (document(ALLOW) + "x", "not JSON"),
            (" ".repeat(MAX_BYTES + 1), "limit is 65536"),
        ] {
            assert!(refused(&text, DocumentKind::Identity).2.contains(words), "{text}");
        }
        let not_utf8 = Document::parse(b"{\n\"\xff\"", DocumentKind::Identity).unwrap_err();
        assert_eq!((not_utf8.at.line, not_utf8.at.column), (2, 2));
    }

    #[test]
    fn trust_policies_name_principals_instead_of_resources() {
        let trust = |principal: &str| {
            document(&format!(
                r#"{{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {principal}}}"#
            ))
        };
        let text = trust(r#"{"Service": ["ecs.aliyuncs.com"], "RAM": "acs:ram::1:root"}"#);
        let parsed = Document::parse(text.as_bytes(), DocumentKind::Trust).unwrap();
        assert!(matches!(&parsed.document.statements[0].target, Target::Principals(all) if all.len() == 2));
        for (text, words) in [
            (trust("{}"), "names nobody"),
            (trust(r#"{"AWS": "x"}"#), "`AWS`"),
            (trust(r#"{"Service": []}"#), "empty list"),
            (trust(r#""*""#), "must be an object"),
            (document(r#"{"Effect": "Allow", "Action": "*"}"#), "no Principal"),
            (document(ALLOW), "no Resource: its role"),
            (
                document(
                    r#"{"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": {"Service": "a.b"}}"#,
                ),
                "trust policy has no Resource",
            ),
        ] {
            let message = refused(&text, DocumentKind::Trust).2;
            assert!(message.contains(words), "{text}: {message}");
        }
    }

    #[test]
    fn long_documents_are_warned_of() {
        let padded = document(ALLOW) + &" ".repeat(RAM_MAX_CHARACTERS);
        let parsed = Document::parse(padded.as_bytes(), DocumentKind::Identity).unwrap();
        assert!(parsed.warnings[0].fault.message.contains("6144"));
    }
}
