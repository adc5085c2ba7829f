//! What people paste in the place of a policy: a whole answer of the RAM API, or the policy as a quoted text.

use crate::document::DocumentKind;
use crate::source::{Fault, Key, Node, Value};

/// The elements under which answers of the API hold a policy
const POLICY: &str = "PolicyDocument";
const TRUST_POLICY: &str = "AssumeRolePolicyDocument";

/// How deep in an answer the policy may lie: `PolicyVersions.PolicyVersion[0].PolicyDocument` has four levels
const MAX_LEVELS: usize = 5;

/// The fault of a text that is no policy, but holds one; `None` for everything else
pub(super) fn pasted_whole(node: &Node, kind: DocumentKind) -> Option<Fault> {
    match &node.value {
        Value::String(text) if text.trim_start().starts_with('{') => Some(Fault::new(
            node.at,
            "the policy is quoted, as the API returns it: paste the text between the quotes, without the \
             backslashes",
        )),
        Value::Map(entries) => {
            let is_policy = |(key, _): &(Key, Node)| key.text == "Version" || key.text == "Statement";
            if entries.iter().any(is_policy) {
                return None;
            }
            let (first, _) = entries.first()?;
            let found = find(node, "", MAX_LEVELS)?;
            Some(Fault::new(first.at, found.message(kind)))
        }
        _ => None,
    }
}

/// A policy in an answer of the API
struct Found<'a> {
    path: String,
    key: &'a Key,
}

impl Found<'_> {
    fn message(&self, kind: DocumentKind) -> String {
        let Self { path, key } = self;
        let mut message = format!(
            "this is a whole answer of the API: paste only the policy, which stands in `{path}` at {}",
            key.at
        );
        if key.text == TRUST_POLICY && kind == DocumentKind::Identity {
            message
                .push_str(", and put it under `roles[].trustPolicy` of a directory, as it is a trust policy");
        }
        message
    }
}

/// The first policy in an answer, with its path
fn find<'a>(node: &'a Node, path: &str, levels: usize) -> Option<Found<'a>> {
    let levels = levels.checked_sub(1)?;
    match &node.value {
        Value::Map(entries) => entries.iter().find_map(|(key, value)| {
            let dot = if path.is_empty() { "" } else { "." };
            let path = format!("{path}{dot}{}", key.text);
            if [POLICY, TRUST_POLICY].contains(&key.text.as_str()) {
                return Some(Found { path, key });
            }
            find(value, &path, levels)
        }),
        Value::List(items) => {
            let mut numbered = items.iter().enumerate();
            numbered.find_map(|(at, item)| find(item, &format!("{path}[{at}]"), levels))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Document;

    fn refused(text: &str, kind: DocumentKind) -> (u32, String) {
        let fault = Document::parse(text.as_bytes(), kind).unwrap_err();
        (fault.at.column, fault.message)
    }

    #[test]
    fn an_answer_of_the_api_says_where_its_policy_is() {
        let identity = DocumentKind::Identity;
        let (column, message) = refused(
            r#"{"RequestId": "1", "PolicyVersion": {"VersionId": "v2", "PolicyDocument": "{}"}}"#,
            identity,
        );
        assert_eq!(column, 2);
        assert!(
            message.ends_with("in `PolicyVersion.PolicyDocument` at 1:57"),
            "{message}"
        );
        let list =
            r#"{"PolicyVersions": {"PolicyVersion": [{"VersionId": "v1"}, {"PolicyDocument": "{}"}]}}"#;
        let (_, message) = refused(list, identity);
        assert!(
            message.contains("`PolicyVersions.PolicyVersion[1].PolicyDocument`"),
            "{message}"
        );
        let role = r#"{"Role": {"RoleName": "r", "AssumeRolePolicyDocument": "{}"}}"#;
        let (_, message) = refused(role, identity);
        assert!(message.contains("`roles[].trustPolicy`"), "{message}");
        let (_, message) = refused(role, DocumentKind::Trust);
        assert!(
            message.contains("at 1:28") && !message.contains("trustPolicy"),
            "{message}"
        );
    }

    #[test]
    fn a_quoted_policy_is_named() {
        let (_, message) = refused(r#""{\"Version\": \"1\"}""#, DocumentKind::Identity);
        assert!(message.contains("the policy is quoted"), "{message}");
    }

    #[test]
    fn other_texts_keep_their_own_faults() {
        for text in [
            r#"{"PolicyDocument": "{}", "Version": "1"}"#,
            r#"{"a": 1}"#,
            "{}",
            r#""x""#,
        ] {
            let (_, message) = refused(text, DocumentKind::Identity);
            assert!(
                !message.contains("whole answer") && !message.contains("quoted"),
                "{message}"
            );
        }
    }
}
