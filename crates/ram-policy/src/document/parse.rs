//! Parses a policy document: its size, `Version` and `Statement`.

use crate::document::pasted::pasted_whole;
use crate::document::statement_parser::{ParsedStatement, parse_statement, unknown_element};
use crate::document::{Document, DocumentKind, Parsed};
use crate::source::{Fault, Node, Position, Value, json, utf8};
use crate::warning::{PolicyWarning, WarningKind};

/// The largest text that is read: ten times what RAM stores, so that no real policy comes near it
pub const MAX_BYTES: usize = 64 * 1024;

/// What editors on Windows write before a text
const BYTE_ORDER_MARK: char = '\u{feff}';

/// The longest custom policy that RAM itself accepts, in characters
const RAM_MAX_CHARACTERS: usize = 6_144;

impl Document {
    /// Parses and checks a document in JSON.
    ///
    /// ```
    /// use ram_policy::{Document, DocumentKind, Effect};
    ///
    /// let policy = br#"{"Version": "1", "Statement": [{"Effect": "Deny", "Action": "eci:*", "Resource": "*"}]}"#;
    /// let document = Document::parse(policy, DocumentKind::Identity)?.document;
    /// assert_eq!(document.statements[0].effect, Effect::Deny);
    ///
    /// let typo = br#"{"Version": "1", "Statement": [{"Effect": "deny", "Action": "eci:*", "Resource": "*"}]}"#;
    /// let fault = Document::parse(typo, DocumentKind::Identity).unwrap_err();
    /// assert_eq!(fault.to_string(), "1:43: Effect is `deny`: write `Deny`");
    /// # Ok::<(), ram_policy::source::Fault>(())
    /// ```
    ///
    /// # Errors
    /// The first fault, with its line and column: the text is too large, not UTF-8 or not JSON, or an element is
    /// missing, unknown or malformed.
    pub fn parse(bytes: &[u8], kind: DocumentKind) -> Result<Parsed, Fault> {
        let start = Position { line: 1, column: 1 };
        if bytes.len() > MAX_BYTES {
            return Err(too_large(start, bytes.len()));
        }
        let text = utf8(bytes)?;
        let unmarked = text.strip_prefix(BYTE_ORDER_MARK);
        let text = unmarked.unwrap_or(text);
        let mut parsed = document(&json::parse(text)?, kind)?;
        parsed.warnings.extend(too_long(start, text.chars().count()));
        parsed.warnings.extend(unmarked.map(|_| {
            let message = "the text begins with a byte order mark (BOM), which is not JSON";
            PolicyWarning::new(WarningKind::ByteOrderMark, start, message)
        }));
        Ok(parsed)
    }

    /// Parses a document that is part of a larger text, such as a role's trust policy in a YAML file.
    ///
    /// # Errors
    /// As for [`Document::parse`]; line and column are those of the larger text.
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
    if let Some(fault) = pasted_whole(node, kind) {
        return Err(fault);
    }
    let mut version = None;
    let mut statement = None;
    for (key, value) in node.entries("a policy")? {
        match key.text.as_str() {
            "Version" => version = Some(value),
            "Statement" => statement = Some(value),
            _ => return Err(unknown_element(key, &["Version", "Statement"])),
        }
    }
    let mut warnings = Vec::from_iter(check_version(node, version)?);
    let mut statements = Vec::new();
    for item in statement_list(node, statement)? {
        let parsed: ParsedStatement = parse_statement(item, kind)?;
        statements.push(parsed.statement);
        warnings.extend(parsed.warnings);
    }
    Ok(Parsed {
        document: Document {
            statements: statements.into(),
        },
        warnings,
    })
}

/// Checks the version, which may lack its quotes with a warning
fn check_version(policy: &Node, version: Option<&Node>) -> Result<Option<PolicyWarning>, Fault> {
    let version =
        version.ok_or_else(|| Fault::new(policy.at, "policy has no Version: add \"Version\": \"1\""))?;
    match &version.value {
        Value::String(text) if text == "1" => Ok(None),
        Value::Number(text) if text == "1" => {
            let message = "Version `1` is not quoted: RAM writes it as a string";
            Ok(Some(PolicyWarning::new(
                WarningKind::Unquoted,
                version.at,
                message,
            )))
        }
        _ => Err(Fault::new(
            version.at,
            "Version must be \"1\", the only one that RAM has",
        )),
    }
}

fn statement_list<'a>(policy: &Node, statement: Option<&'a Node>) -> Result<&'a [Node], Fault> {
    let statement = statement.ok_or_else(|| Fault::new(policy.at, "policy has no Statement"))?;
    match &statement.value {
        Value::List(items) if items.is_empty() => Err(Fault::new(statement.at, "Statement is an empty list")),
        Value::List(items) => Ok(items),
        _ => Err(Fault::new(
            statement.at,
            format!("Statement must be a list, found {}", statement.kind()),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Actions, Target};
    use crate::effect::Effect;

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
    fn version_and_statement_are_required() {
        for (text, words) in [
            (format!(r#"{{"Statement": [{ALLOW}]}}"#), "no Version"),
            (
                format!(r#"{{"Version": "2", "Statement": [{ALLOW}]}}"#),
                "must be \"1\"",
            ),
            (
                format!(r#"{{"Version": 1.0, "Statement": [{ALLOW}]}}"#),
                "must be \"1\"",
            ),
            (
                format!(r#"{{"Version": true, "Statement": [{ALLOW}]}}"#),
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

    #[test]
    fn a_deny_reads_a_resource_without_the_blanks_around_it() {
        let with = |effect: &str| {
            document(&format!(
                r#"{{"Effect": "{effect}", "Action": "*", "Resource": " *\u00a0"}}"#
            ))
        };
        for (effect, kind, is_any) in [
            ("Allow", WarningKind::MatchesNothing, false),
            ("Deny", WarningKind::Blanks, true),
        ] {
            let parsed = Document::parse(with(effect).as_bytes(), DocumentKind::Identity).unwrap();
            let Target::Resources(resources) = &parsed.document.statements[0].target else {
                panic!("{effect}")
            };
            assert_eq!(resources[0].is_any(), is_any, "{effect}");
            assert_eq!(parsed.warnings[0].kind, kind, "{effect}");
        }
    }
}
