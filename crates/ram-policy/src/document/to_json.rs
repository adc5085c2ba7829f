//! Prints a document as JSON; parsing the JSON gives an equal document.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::condition::Condition;
use crate::document::{Document, Statement, Target};
use crate::effect::Effect;
use crate::trusted_principal::TrustedPrincipal;

impl Document {
    /// The policy as RAM prints it: lists even of one item, every value a string, no `Sid`
    pub fn to_json(&self) -> Value {
        let statements: Vec<Value> = self.statements.iter().map(statement).collect();
        json!({"Version": "1", "Statement": statements})
    }
}

fn statement(statement: &Statement) -> Value {
    let mut elements = Map::new();
    let effect = match statement.effect {
        Effect::Allow => "Allow",
        Effect::Deny => "Deny",
    };
    elements.insert("Effect".to_owned(), effect.into());
    let patterns = statement.actions.patterns().iter();
    let patterns: Vec<&str> = patterns.map(|pattern| pattern.as_str()).collect();
    elements.insert(statement.actions.element().to_owned(), patterns.into());
    let (element, target) = target(&statement.target);
    elements.insert(element.to_owned(), target);
    if !statement.conditions.is_empty() {
        elements.insert("Condition".to_owned(), conditions(&statement.conditions));
    }
    Value::Object(elements)
}

/// The `Resource` or `Principal` element, with its name
fn target(target: &Target) -> (&'static str, Value) {
    match target {
        Target::Resources(patterns) => {
            let patterns: Vec<&str> = patterns.iter().map(|pattern| pattern.as_str()).collect();
            ("Resource", patterns.into())
        }
        Target::Principals(trusted) => {
            let mut kinds: BTreeMap<&str, Vec<String>> = BTreeMap::new();
            for entry in trusted.iter() {
                kinds.entry(kind(entry)).or_default().push(entry.to_string());
            }
            ("Principal", json!(kinds))
        }
    }
}

/// The `Condition` element. An operator has each key at most once, so grouping by operator loses nothing.
fn conditions(all: &[Condition]) -> Value {
    let mut block = Map::new();
    for condition in all {
        let keys = block
            .entry(condition.operator.name())
            .or_insert_with(|| Value::Object(Map::new()));
        if let Some(keys) = keys.as_object_mut() {
            keys.insert(condition.key.to_string(), condition.wanted().into());
        }
    }
    Value::Object(block)
}

/// The key of `Principal` under which an entry stands
fn kind(trusted: &TrustedPrincipal) -> &'static str {
    match trusted {
        TrustedPrincipal::Account(_) | TrustedPrincipal::User(..) | TrustedPrincipal::Role(..) => "RAM",
        TrustedPrincipal::Service(_) | TrustedPrincipal::ServiceOf(..) => "Service",
        TrustedPrincipal::Federated(_) => "Federated",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::DocumentKind;

    #[test]
    fn every_element_is_written() {
        let text = r#"{"Version": "1", "Statement": [
            {"Effect": "Deny", "NotAction": "eci:*", "Resource": ["*", "acs:eci:*:*:*"], "Sid": "gone", "Condition": {
                "StringLike": {"b": "x*", "a": ["1", "2"]}, "NumericLessThan": {"n": "5.50"}, "Bool": {"t": true},
                "DateLessThan": {"d": "2026-11-22T08:00:00+08:00"}, "IpAddress": {"i": "10.0.0.0/8"}}},
            {"Effect": "Allow", "Action": ["eci:Create*"], "Resource": "*", "Condition": {}}]}"#;
        let written = Document::parse(text.as_bytes(), DocumentKind::Identity)
            .unwrap()
            .document
            .to_json();
        assert_eq!(
            written,
            json!({"Version": "1", "Statement": [
                {"Effect": "Deny", "NotAction": ["eci:*"], "Resource": ["*", "acs:eci:*:*:*"], "Condition": {
                    "StringLike": {"b": ["x*"], "a": ["1", "2"]}, "NumericLessThan": {"n": ["5.5"]}, "Bool": {"t": ["true"]},
                    "DateLessThan": {"d": ["2026-11-22T08:00:00+08:00"]}, "IpAddress": {"i": ["10.0.0.0/8"]}}},
                {"Effect": "Allow", "Action": ["eci:Create*"], "Resource": ["*"]}]})
        );
        let again = Document::parse(written.to_string().as_bytes(), DocumentKind::Identity).unwrap();
        assert_eq!(again.document.to_json(), written);
    }

    #[test]
    fn trust_policies_are_written_by_kind() {
        let trust = json!({"Version": "1", "Statement": [{"Effect": "Allow", "Action": ["sts:AssumeRole"], "Principal": {
            "Federated": ["acs:ram::1:saml-provider/x"], "RAM": ["acs:ram::1:root", "acs:ram::1:user/a"], "Service": ["ecs.aliyuncs.com"]}}]});
        let read = Document::parse(trust.to_string().as_bytes(), DocumentKind::Trust).unwrap();
        assert_eq!(read.document.to_json(), trust);
    }
}
