//! A RAM policy document, checked: what could be read in two ways, or not at all, never becomes a [`Document`].

mod read;
mod write;

use crate::source::{Fault, Node, Position, json, utf8};

use super::action::ActionPattern;
use super::arn::ResourcePattern;
use super::condition::Condition;
use super::doubt::{Doubt, DoubtKind};
use super::effect::Effect;
use super::principal::Trusted;

/// The largest text that is read: ten times what RAM stores, so that no real policy is near it
pub const MAX_BYTES: usize = 64 * 1024;

/// The longest custom policy that RAM itself accepts, in characters
pub const RAM_MAX_CHARACTERS: usize = 6_144;

/// What a document is attached to, which decides the elements it may have
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentKind {
    /// Attached to users, groups, roles, folders or a session: statements have a Resource
    Identity,
    /// The trust policy of a role: statements have a Principal
    Trust,
}

/// A checked policy
#[derive(Clone, Debug)]
pub struct Document {
    /// The statements in the order of the text
    pub statements: Box<[Statement]>,
}

/// A checked policy with what its author should look at
#[derive(Clone, Debug)]
pub struct Parsed {
    /// The policy
    pub document: Document,
    /// What is accepted but doubtful
    pub warnings: Vec<Doubt>,
}

/// One statement of a policy
#[derive(Clone, Debug)]
pub struct Statement {
    /// What it does when it matches
    pub effect: Effect,
    /// Which actions it speaks of
    pub actions: Actions,
    /// Which resources or callers it speaks of
    pub target: Target,
    /// All of them must hold
    pub conditions: Box<[Condition]>,
    /// Where the statement starts in its document
    pub at: Position,
    /// Where each entry of `actions` starts
    pub actions_at: Box<[Position]>,
    /// Where each resource of `target` starts; empty in a trust policy
    pub resources_at: Box<[Position]>,
}

/// The `Action` or `NotAction` element
#[derive(Clone, Debug)]
pub enum Actions {
    /// One of these
    Listed(Box<[ActionPattern]>),
    /// None of these
    Except(Box<[ActionPattern]>),
}

/// The `Resource` or, in a trust policy, the `Principal` element
#[derive(Clone, Debug)]
pub enum Target {
    /// One of these resources
    Resources(Box<[ResourcePattern]>),
    /// One of these callers
    Principals(Box<[Trusted]>),
}

impl Statement {
    /// Whether the statement speaks of an action
    pub fn covers_action(&self, action: &str) -> bool {
        match &self.actions {
            Actions::Listed(patterns) => patterns.iter().any(|pattern| pattern.matches(action)),
            Actions::Except(patterns) => !patterns.iter().any(|pattern| pattern.matches(action)),
        }
    }
}

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
        let mut parsed = read::document(&json::parse(text)?, kind)?;
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
        let mut parsed = read::document(node, kind)?;
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

fn too_long(at: Position, characters: usize) -> Option<Doubt> {
    (characters > RAM_MAX_CHARACTERS).then(|| {
        let message =
            format!("document has {characters} characters: RAM stores at most {RAM_MAX_CHARACTERS}");
        Doubt::new(DoubtKind::TooLong, at, message)
    })
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
