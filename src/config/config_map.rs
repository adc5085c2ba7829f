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

/// The label that takes a ConfigMap out of the live set and makes its documents candidates; its only value is `true`
pub(crate) const CANDIDATE: &str = "ramgate.io/candidate";

/// The fault of every key under `binaryData`
pub(crate) const BINARY: &str = "binaryData is not read: put the text under data";

/// Whether the documents of a ConfigMap are in force or on trial
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// They belong to the set in force
    Live,
    /// They take the place of live documents in the candidate set, which only counts
    Candidate,
}

impl Side {
    /// The side of a ConfigMap
    ///
    /// # Errors
    /// What to write, if the mark is there in another form: whoever writes it believes that nothing is live
    pub(crate) fn of(metadata: &ObjectMeta) -> Result<Self, String> {
        let annotations = metadata.annotations.as_ref();
        if annotations.is_some_and(|annotations| annotations.contains_key(CANDIDATE)) {
            return Err(format!(
                "annotation {CANDIDATE} means nothing: write it as a label, with the value \"true\", or remove it"
            ));
        }
        let labels = metadata.labels.as_ref();
        match labels
            .and_then(|labels| labels.get(CANDIDATE))
            .map(String::as_str)
        {
            None => Ok(Self::Live),
            Some("true") => Ok(Self::Candidate),
            Some(other) => Err(format!(
                "label {CANDIDATE} is `{other}`: a candidate has \"true\", and a live ConfigMap does not have the label"
            )),
        }
    }
}

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

/// The live documents of a ConfigMap in the order of its keys; empty if it has no [`LABEL`], or is a candidate
///
/// ```text
/// metadata: {name: rules, labels: {ramgate.io/config: policy}}
/// data: {P.json: …, Q.json: …}
///   -> "rules/P.json", "rules/Q.json"
/// ```
pub(crate) fn documents(config_map: &ConfigMap) -> Vec<NamedDocument> {
    match sided_documents(config_map) {
        (Side::Live, documents) => documents,
        (Side::Candidate, _) => Vec::new(),
    }
}

/// Reads the text of a key in a ConfigMap of this kind
type ReadText<'a> = dyn FnMut(ConfigKind, &str, &[u8]) -> ParsedDocument + 'a;

/// The documents of a ConfigMap with their side; a mark that may be meant for a candidate is a fault of the live set, since
/// nobody must lose or get rights by a slip of the pen
pub(crate) fn sided_documents(config_map: &ConfigMap) -> (Side, Vec<NamedDocument>) {
    sided_documents_by(config_map, &mut ConfigKind::read)
}

/// The same with another way to read a text: a cache knows documents that it has read before
pub(crate) fn sided_documents_by(
    config_map: &ConfigMap,
    read: &mut ReadText<'_>,
) -> (Side, Vec<NamedDocument>) {
    let name = config_map.metadata.name.as_deref().unwrap_or_default();
    let labels = config_map.metadata.labels.as_ref();
    let Some(value) = labels.and_then(|labels| labels.get(LABEL)) else {
        return (Side::Live, Vec::new());
    };
    match Side::of(&config_map.metadata) {
        Ok(side) => (side, documents_of(config_map, name, value, read)),
        Err(message) => {
            let refused = NamedDocument::new(name, ParsedDocument::refused(message));
            (Side::Live, vec![refused])
        }
    }
}

/// The documents of a ConfigMap with this name and this value of [`LABEL`]
fn documents_of(
    config_map: &ConfigMap,
    name: &str,
    value: &str,
    read: &mut ReadText<'_>,
) -> Vec<NamedDocument> {
    let kind = match ConfigKind::of_label(value) {
        Ok(kind) => kind,
        Err(message) => return vec![NamedDocument::new(name, ParsedDocument::refused(message))],
    };
    let text = config_map.data.iter().flatten();
    let mut documents: BTreeMap<&str, ParsedDocument> = text
        .map(|(key, text)| (key.as_str(), read(kind, key, text.as_bytes())))
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
    fn a_candidate_is_not_live_and_any_other_form_of_the_mark_is_a_fault() {
        let marked = |labels: serde_json::Value, annotations: serde_json::Value| {
            let mut config_map = json!({"metadata": {"name": "next", "labels": {LABEL: "policy"}, "annotations": annotations},
                "data": {"P.json": POLICY}});
            config_map["metadata"]["labels"]
                .as_object_mut()
                .unwrap()
                .extend(labels.as_object().unwrap().clone());
            config_map
        };
        let candidate = marked(json!({CANDIDATE: "true"}), json!({}));
        assert!(names_and_faults(candidate.clone()).is_empty());
        let (side, read) = sided_documents(&serde_json::from_value(candidate).unwrap());
        assert_eq!((side, read[0].name.as_str()), (Side::Candidate, "next/P.json"));
        for value in ["True", "false", "", "yes"] {
            let read = names_and_faults(marked(json!({CANDIDATE: value}), json!({})));
            assert_eq!((read.len(), read[0].0.as_str()), (1, "next"));
            let wanted = format!("next: label ramgate.io/candidate is `{value}`: a candidate has \"true\"");
            assert!(read[0].1.starts_with(&wanted), "{}", read[0].1);
        }
        for labels in [json!({}), json!({CANDIDATE: "true"})] {
            let read = names_and_faults(marked(labels, json!({CANDIDATE: "true"})));
            assert!(
                read[0]
                    .1
                    .starts_with("next: annotation ramgate.io/candidate means nothing"),
                "{}",
                read[0].1
            );
        }
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
