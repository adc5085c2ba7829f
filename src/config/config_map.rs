//! The documents of a ConfigMap, which comes from the API server or from a manifest on disk.

use std::collections::BTreeMap;
use std::fmt;

use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::config::named_document::NamedDocument;
use crate::config::parsed_document::ParsedDocument;
use crate::config::rights_change::ACCEPT_LOSS;

/// The label of ramgate's ConfigMaps; its value is the [`ConfigKind`]
pub(crate) const LABEL: &str = "ramgate.io/config";

/// The fault of every key under `binaryData`
pub(crate) const BINARY: &str = "binaryData is not read: put the text under data";

/// The kind of document that a ConfigMap holds
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ConfigKind {
    /// Each key is a RAM policy, `NAME.json`
    Policy,
    /// Each key is a directory document
    Directory,
}

impl ConfigKind {
    /// The kind for a value of [`LABEL`]
    ///
    /// # Errors
    /// The message for any other value
    pub(crate) fn of_label(value: &str) -> Result<Self, String> {
        match value {
            "policy" => Ok(Self::Policy),
            "directory" => Ok(Self::Directory),
            other => Err(format!(
                "label {LABEL} is `{other}`: it is `policy` or `directory`"
            )),
        }
    }

    /// Reads a key of a ConfigMap of this kind
    pub(crate) fn read(self, key: &str, text: &[u8]) -> ParsedDocument {
        match (self, key.strip_suffix(".json")) {
            (Self::Directory, _) => ParsedDocument::directory(text),
            (Self::Policy, Some(name)) => ParsedDocument::policy(name, text),
            (Self::Policy, None) => ParsedDocument::refused("the key of a policy is NAME.json"),
        }
    }
}

impl fmt::Display for ConfigKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Policy => "policy",
            Self::Directory => "directory",
        })
    }
}

/// The loss that a ConfigMap's annotation accepts; a text that is no number accepts none
pub(crate) fn accepted_loss(metadata: &ObjectMeta) -> Option<usize> {
    metadata.annotations.as_ref()?.get(ACCEPT_LOSS)?.parse().ok()
}

/// The documents of a ConfigMap in the order of its keys; empty if it has no [`LABEL`]
///
/// ```text
/// metadata: {name: rules, labels: {ramgate.io/config: policy}}
/// data: {P.json: …, Q.json: …}
///   -> "rules/P.json", "rules/Q.json"
/// ```
pub(crate) fn documents(config_map: &ConfigMap) -> Vec<NamedDocument> {
    let name = config_map.metadata.name.as_deref().unwrap_or_default();
    let labels = config_map.metadata.labels.as_ref();
    let Some(value) = labels.and_then(|labels| labels.get(LABEL)) else {
        return Vec::new();
    };
    let kind = match ConfigKind::of_label(value) {
        Ok(kind) => kind,
        Err(message) => return vec![NamedDocument::new(name, ParsedDocument::refused(message))],
    };
    let text = config_map.data.iter().flatten();
    let mut documents: BTreeMap<&str, ParsedDocument> = text
        .map(|(key, text)| (key.as_str(), kind.read(key, text.as_bytes())))
        .collect();
    for key in config_map.binary_data.iter().flat_map(BTreeMap::keys) {
        documents.insert(key, ParsedDocument::refused(BINARY));
    }
    documents
        .into_iter()
        .map(|(key, document)| NamedDocument::new(format!("{name}/{key}"), document))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn names_and_faults(config_map: serde_json::Value) -> Vec<(String, String)> {
        let config_map: ConfigMap = serde_json::from_value(config_map).unwrap();
        let documents = documents(&config_map);
        let fault = |named: &NamedDocument| {
            named
                .faults()
                .next()
                .map_or(String::new(), |fault| fault.to_string())
        };
        documents
            .iter()
            .map(|named| (named.name.clone(), fault(named)))
            .collect()
    }

    const POLICY: &str =
        r#"{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "eci:*", "Resource": "*"}]}"#;

    #[test]
    fn keys_are_read_by_the_kind_in_the_label() {
        let policies = json!({"metadata": {"name": "rules", "labels": {LABEL: "policy"}}, "data": {"P.json": POLICY, "Q": POLICY, "a_b.json": POLICY}});
        let read = names_and_faults(policies);
        assert_eq!(read[0], ("rules/P.json".into(), String::new()));
        assert_eq!(read[1].1, "rules/Q: the key of a policy is NAME.json");
        assert!(
            read[2].1.starts_with("rules/a_b.json: `a_b` is no policy name"),
            "{}",
            read[2].1
        );
        let people = json!({"metadata": {"name": "people", "labels": {LABEL: "directory"}}, "data": {"x": "users: [{name: a}]", "y": "user: []"}});
        let read = names_and_faults(people);
        assert_eq!(read[0], ("people/x".into(), String::new()));
        assert!(
            read[1].1.starts_with("people/y:1:1: unknown section `user`"),
            "{}",
            read[1].1
        );
    }

    #[test]
    fn unreadable_contents_are_faults() {
        let other =
            json!({"metadata": {"name": "c", "labels": {LABEL: "policies"}}, "data": {"P.json": POLICY}});
        let message = "c: label ramgate.io/config is `policies`: it is `policy` or `directory`";
        assert_eq!(names_and_faults(other), [("c".to_owned(), message.to_owned())]);
        let binary =
            json!({"metadata": {"name": "c", "labels": {LABEL: "policy"}}, "binaryData": {"P.json": "e30="}});
        assert_eq!(
            names_and_faults(binary)[0].1,
            "c/P.json: binaryData is not read: put the text under data"
        );
        assert!(names_and_faults(json!({"metadata": {"name": "c"}, "data": {"P.json": "{"}})).is_empty());
    }
}
