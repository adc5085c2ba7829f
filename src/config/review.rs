//! Judging our own ConfigMaps at `kubectl apply`: what is bad in itself is refused, the rest is a warning.
//!
//! Several ConfigMaps cannot arrive at once, so that a name which is not there yet, or is still in two places, must not
//! stand in the way: the loader is the gate.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Deserialize;
use serde::de;
use serde_json::json;

use crate::admission::Review;
use crate::admission::response::reply::{MAX_NAME, echoed};
use crate::admission::review::Operation;
use crate::analysis::lint;
use crate::analysis::lint::AccountFacts;
use crate::config::config_map;
use crate::config::config_map::LABEL;
use crate::config::directory::{FaultClass, LocatedFault, ParsedDocument, check};
use crate::config::named_document::NamedDocument;
use crate::config::store::ConfigMapDocuments;
use crate::kubernetes::strings::{Pairs, Text, pairs};
use crate::wording::fitted;
use ram_policy::source::Position;

/// How long the message of a denial may be; kubectl shows it whole, an Event keeps 1,024 bytes
const MAX_MESSAGE: usize = 1000;
/// How many warnings one answer carries; the API server cuts them at 4,096 bytes in all
const MAX_WARNINGS: usize = 12;
/// How long one warning may be; 12 of them stay below the API server's limit
const MAX_WARNING: usize = 300;
/// How many faults stand in `status.details.causes`
const MAX_CAUSES: usize = 500;

/// How many keys of one ConfigMap are read; more than 1 MiB of policies has
const MOST_KEYS: usize = 16_384;
/// How many bytes the API server lets a ConfigMap have
const MOST_TEXT: usize = 1024 * 1024;

/// What becomes of a ConfigMap
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ConfigMapVerdict {
    /// Everything that is wrong with it; none means that it may be stored
    pub faults: Vec<LocatedFault>,
    /// Why it is denied, within the length that people get to see; empty if it is allowed
    pub message: String,
    /// What the person who applies it should know anyway
    pub warnings: Vec<String>,
}

impl ConfigMapVerdict {
    /// Whether it may be stored
    pub(crate) fn is_allowed(&self) -> bool {
        self.faults.is_empty()
    }

    /// The answer to the API server, an AdmissionReview in JSON
    pub(crate) fn to_response(&self, review: &Review<'_>) -> Vec<u8> {
        let mut response = json!({"uid": echoed(review.uid()), "allowed": self.is_allowed()});
        let warnings = self.warnings.iter().map(|warning| fitted(warning, MAX_MESSAGE));
        let warnings: Vec<String> = warnings.collect();
        let warnings = (!warnings.is_empty()).then(|| json!(warnings));
        let status = (!self.is_allowed()).then(|| {
            let causes = self.faults.iter().take(MAX_CAUSES);
            let causes: Vec<_> = causes
                .map(|fault| {
                    let told = &fault.fault;
                    let data = match told.message == config_map::BINARY {
                        true => "binaryData",
                        false => "data",
                    };
                    let field = fault.document.split_once('/').map_or_else(
                        || format!("metadata.labels[{LABEL}]"),
                        |(_, key)| format!("{data}[{key}]"),
                    );
                    // What is wrong with a key as a whole stands nowhere in its text
                    let message = match told.at == Position::default() {
                        true => told.message.clone(),
                        false => format!("{}: {}", told.at, told.message),
                    };
                    json!({"reason": "FieldValueInvalid", "field": fitted(&field, MAX_NAME), "message": fitted(&message, MAX_MESSAGE)})
                })
                .collect();
            json!({"status": "Failure", "code": 422, "reason": "Invalid",
                "message": fitted(&self.message, MAX_MESSAGE),
                "details": {"kind": "configmaps", "name": fitted(review.name(), MAX_NAME), "causes": causes}})
        });
        if let Some(fields) = response.as_object_mut() {
            fields.extend(warnings.map(|warnings| ("warnings".to_owned(), warnings)));
            fields.extend(status.map(|status| ("status".to_owned(), status)));
        }
        let body =
            json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response});
        body.to_string().into_bytes()
    }
}

/// Judges a ConfigMap that is to be stored beside the others, of which `sources` says what they hold now
pub(crate) fn judge(review: &Review<'_>, sources: &[ConfigMapDocuments]) -> ConfigMapVerdict {
    let allowed = ConfigMapVerdict {
        faults: Vec::new(),
        message: String::new(),
        warnings: Vec::new(),
    };
    if !matches!(review.operation(), Operation::Create | Operation::Update) {
        return allowed;
    }
    let config_map = match read(review.object().unwrap_or("null")) {
        Ok(config_map) => config_map,
        Err(error) => {
            let message = format!("object is not a ConfigMap: {error}");
            let fault = LocatedFault::whole(review.name(), message.clone(), FaultClass::Document);
            return ConfigMapVerdict {
                faults: vec![fault],
                message,
                ..allowed
            };
        }
    };
    let name = config_map.metadata.name.as_deref().unwrap_or(review.name());
    let documents = config_map::documents(&config_map);
    let faults = own_faults(&documents);
    if !faults.is_empty() {
        let lines: Vec<String> = faults.iter().map(|fault| without_name(fault, name)).collect();
        let head = format!("ConfigMap {name} is no valid ramgate configuration:\n");
        let message = format!(
            "{head}{}",
            bounded(&lines, "\n", MAX_MESSAGE.saturating_sub(head.len()))
        );
        return ConfigMapVerdict {
            faults,
            message,
            ..allowed
        };
    }
    ConfigMapVerdict {
        warnings: warnings(name, &documents, sources),
        ..allowed
    }
}

/// Reads what a ConfigMap says and nothing that others keep in it
fn read(json: &str) -> Result<ConfigMap, serde_json::Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Object<'a> {
        #[serde(borrow, default)]
        metadata: Metadata<'a>,
        #[serde(borrow, default, deserialize_with = "pairs::<MOST_KEYS, _>")]
        data: Pairs<'a>,
        #[serde(borrow, default, deserialize_with = "pairs::<MOST_KEYS, _>")]
        binary_data: Pairs<'a>,
    }
    #[derive(Default, Deserialize)]
    struct Metadata<'a> {
        #[serde(borrow)]
        name: Option<Text<'a>>,
        #[serde(borrow, default)]
        labels: Pairs<'a>,
    }
    let Object {
        metadata,
        data,
        binary_data,
    } = serde_json::from_str(json)?;
    let length = data.iter().fold(0_usize, |length, (key, text)| {
        length.saturating_add(key.len()).saturating_add(text.len())
    });
    if length > MOST_TEXT {
        return Err(de::Error::custom(format_args!(
            "its data has {length} bytes, and no ConfigMap may have more than {MOST_TEXT}"
        )));
    }
    let owned = |pairs: &Pairs<'_>| {
        pairs
            .iter()
            .map(|(key, text)| (key.to_owned(), text.to_owned()))
            .collect()
    };
    let keys = binary_data.iter();
    Ok(ConfigMap {
        metadata: ObjectMeta {
            name: metadata.name.map(|name| name.to_string()),
            labels: Some(owned(&metadata.labels)),
            ..ObjectMeta::default()
        },
        data: Some(owned(&data)),
        // That there is any is all that counts
        binary_data: Some(
            keys.map(|(key, _)| (key.to_owned(), ByteString::default()))
                .collect(),
        ),
        ..ConfigMap::default()
    })
}

/// What is wrong whatever the other ConfigMaps hold
fn own_faults(documents: &[NamedDocument]) -> Vec<LocatedFault> {
    let faults = check(named(documents));
    let own = |fault: &LocatedFault| match fault.class {
        FaultClass::Document => true,
        FaultClass::Reference => false,
        // The configuration as a whole has no `/` in its name: what it lacks may be in another ConfigMap
        FaultClass::Conflict => fault.document.contains('/'),
    };
    faults.into_iter().filter(own).collect()
}

fn warnings(name: &str, documents: &[NamedDocument], sources: &[ConfigMapDocuments]) -> Vec<String> {
    let mut all: BTreeMap<&str, &[NamedDocument]> = sources
        .iter()
        .map(|source| (&*source.name, &*source.documents))
        .collect();
    all.insert(name, documents);
    let together: Vec<(&str, &ParsedDocument)> =
        all.values().flat_map(|documents| named(documents)).collect();
    let faults = check(together.iter().copied());
    let facts = AccountFacts::of(together.iter().map(|(_, document)| *document));
    let mut lines: Vec<String> = documents
        .iter()
        .flat_map(|named| lint::document(&named.name, &named.document, &facts))
        .map(|warning| without_name(&warning.into_fault(), name))
        .collect();
    if !faults.is_empty() {
        lines.push(
            "stored, but not in force as long as the configuration as a whole does not load:".to_owned(),
        );
        lines.extend(faults.iter().map(ToString::to_string));
    }
    let more = lines.len().saturating_sub(MAX_WARNINGS);
    if more > 0 {
        lines.truncate(MAX_WARNINGS.saturating_sub(1));
        lines.push(format!("and {} more", more.saturating_add(1)));
    }
    lines
        .iter()
        .map(|line| cut(line, MAX_WARNING).to_owned())
        .collect()
}

fn named(documents: &[NamedDocument]) -> impl Iterator<Item = (&str, &ParsedDocument)> + Clone {
    documents
        .iter()
        .map(|named| (named.name.as_str(), &named.document))
}

/// A fault by the key alone, because whoever applies a ConfigMap knows its name
fn without_name(fault: &LocatedFault, name: &str) -> String {
    let text = fault.to_string();
    let key = text.strip_prefix(name).and_then(|rest| rest.strip_prefix('/'));
    key.unwrap_or(&text).to_owned()
}

/// Lines up to a number of bytes, and how many did not fit; `between` stands between them
pub(crate) fn bounded(lines: &[String], between: &str, limit: usize) -> String {
    // Room for the words on what is left out
    let room = limit.saturating_sub(40);
    let mut text = String::new();
    for (index, line) in lines.iter().enumerate() {
        let needed = text
            .len()
            .saturating_add(line.len())
            .saturating_add(between.len());
        if index > 0 && needed > room {
            let more = lines.len().saturating_sub(index);
            text.push_str(&format!("{between}and {more} more"));
            return text;
        }
        if index > 0 {
            text.push_str(between);
        }
        text.push_str(cut(line, room));
    }
    text
}

/// At most this many bytes of a text, cut between characters
fn cut(text: &str, limit: usize) -> &str {
    let end = (0..=limit.min(text.len()))
        .rev()
        .find(|end| text.is_char_boundary(*end));
    text.get(..end.unwrap_or_default()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    const POLICY: &str =
        r#"{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "eci:*", "Resource": "*"}]}"#;

    fn body(operation: &str, kind: &str, data: Value) -> String {
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "new", "namespace": "ramgate",
            "labels": {LABEL: kind}}, "data": data});
        json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {"uid": "u-1",
            "resource": {"group": "", "version": "v1", "resource": "configmaps"}, "name": "new", "namespace": "ramgate",
            "operation": operation, "userInfo": {"username": "alice"}, "object": object}})
        .to_string()
    }

    fn source(name: &str, key: &str, document: ParsedDocument) -> ConfigMapDocuments {
        let documents = Arc::from([NamedDocument::new(format!("{name}/{key}"), document)]);
        ConfigMapDocuments {
            name: name.into(),
            documents,
        }
    }

    fn judged(kind: &str, data: Value, sources: &[ConfigMapDocuments]) -> ConfigMapVerdict {
        let body = body("CREATE", kind, data);
        judge(&Review::parse(body.as_bytes()).unwrap(), sources)
    }

    #[test]
    fn what_is_bad_in_itself_is_refused_with_every_fault() {
        let data = json!({"P.json": "{\n  \"Version\": 1\n}", "Q": POLICY, "R.json": POLICY});
        let body = body("UPDATE", "policy", data);
        let review = Review::parse(body.as_bytes()).unwrap();
        let verdict = judge(&review, &[]);
        assert!(!verdict.is_allowed() && verdict.warnings.is_empty());
        let lines: Vec<&str> = verdict.message.lines().collect();
        assert_eq!(lines[0], "ConfigMap new is no valid ramgate configuration:");
        assert!(lines[1].starts_with("P.json:"), "{}", lines[1]);
        assert_eq!(lines[2], "Q: the key of a policy is NAME.json");
        let response: Value = serde_json::from_slice(&verdict.to_response(&review)).unwrap();
        let response = &response["response"];
        assert_eq!(
            (&response["uid"], &response["allowed"]),
            (&json!("u-1"), &json!(false))
        );
        assert_eq!(
            (&response["status"]["code"], &response["status"]["reason"]),
            (&json!(422), &json!("Invalid"))
        );
        let causes = response["status"]["details"]["causes"].as_array().unwrap();
        assert_eq!((causes.len(), &causes[0]["field"]), (2, &json!("data[P.json]")));
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        let twice = json!({"a": "users: [{name: x}]", "b": "users: [{name: x}]"});
        let verdict = judged("directory", twice, &[]);
        assert!(
            verdict
                .message
                .contains("b:1:16: user `x` is defined twice, first in new/a:1:16"),
            "{}",
            verdict.message
        );
        let label = judged("policies", json!({}), &[]);
        assert!(
            label.message.contains("label ramgate.io/config is `policies`"),
            "{}",
            label.message
        );
    }

    #[test]
    fn what_other_config_maps_may_still_bring_is_a_warning() {
        let people = "users: [{name: a, policies: [{policy: P}]}]";
        let verdict = judged("directory", json!({"x": people}), &[]);
        assert!(verdict.is_allowed());
        assert_eq!(
            verdict.warnings,
            [
                "stored, but not in force as long as the configuration as a whole does not load:",
                "new/x:1:39: no document defines policy `P`",
                "configuration: no directory document holds the section `account` with id and region",
            ]
        );
        let account = source(
            "base",
            "a",
            ParsedDocument::directory(b"account: {id: '1', region: r}"),
        );
        let policy = source("rules", "P.json", ParsedDocument::policy("P", POLICY.as_bytes()));
        let complete = judged("directory", json!({"x": people}), &[account.clone(), policy]);
        assert!(
            complete.is_allowed() && complete.warnings.is_empty(),
            "{:?}",
            complete.warnings
        );
        let other = source("old", "x", ParsedDocument::directory(people.as_bytes()));
        let moved = judged("directory", json!({"x": people}), &[account.clone(), other]);
        assert!(moved.is_allowed());
        assert!(
            moved
                .warnings
                .iter()
                .any(|line| line.contains("user `a` is defined twice")),
            "{:?}",
            moved.warnings
        );
        // Its own old content does not count
        let before = source("new", "x", ParsedDocument::directory(b"users: [{name: a}]"));
        let updated = judged(
            "directory",
            json!({"x": "users: [{name: a}]"}),
            &[account, before],
        );
        assert!(updated.warnings.is_empty(), "{:?}", updated.warnings);
    }

    #[test]
    fn what_its_policies_cannot_mean_is_a_warning() {
        let policy = POLICY.replace("eci:*", "eci:CreateContainerGroup").replace(
            r#""Resource": "*""#,
            r#""Resource": "acs:eci:cn-a:1:containergroup/a""#,
        );
        let account = source(
            "base",
            "a",
            ParsedDocument::directory(b"account: {id: '1', region: cn-a}"),
        );
        let verdict = judged("policy", json!({"P.json": policy}), &[account]);
        assert!(verdict.is_allowed());
        assert_eq!(
            verdict.warnings,
            [
                "P.json:1:102: NameOnCreate: `eci:CreateContainerGroup` is asked before there is a name, and \
              `acs:eci:cn-a:1:containergroup/a` fits names alone, so the statement never matches: \
              write `acs:eci:cn-a:1:containergroup/*`"
            ]
        );
    }

    #[test]
    fn removal_is_not_judged_and_a_config_map_without_label_is_none_of_ours() {
        let body = body("DELETE", "policy", json!({"P.json": "{"}));
        assert!(judge(&Review::parse(body.as_bytes()).unwrap(), &[]).is_allowed());
        let unlabelled = body.replace("DELETE", "CREATE").replace(LABEL, "other");
        let account = source(
            "base",
            "a",
            ParsedDocument::directory(b"account: {id: '1', region: r}"),
        );
        let verdict = judge(&Review::parse(unlabelled.as_bytes()).unwrap(), &[account]);
        assert!(verdict.is_allowed() && verdict.warnings.is_empty());
    }

    #[test]
    fn long_lists_are_cut() {
        let many: serde_json::Map<String, Value> =
            (0..1000).map(|index| (format!("k{index}"), json!("é"))).collect();
        let verdict = judged("directory", json!(many), &[]);
        assert_eq!(verdict.faults.len(), 1000);
        assert!(
            verdict.message.len() <= MAX_MESSAGE && verdict.message.ends_with(" more"),
            "{}",
            verdict.message
        );
        let users: Vec<Value> = (0..100)
            .map(|index| json!({"name": format!("u{index}"), "groups": ["g"]}))
            .collect();
        let verdict = judged(
            "directory",
            json!({"x": json!({"users": users}).to_string()}),
            &[],
        );
        assert_eq!(verdict.warnings.len(), MAX_WARNINGS);
        assert_eq!(verdict.warnings.last().unwrap(), "and 91 more");
        assert_eq!(bounded(&["é".repeat(100)], "\n", 60), "é".repeat(10));
    }

    proptest! {
        #[test]
        fn no_content_makes_it_panic(key in "[-._a-zA-Z0-9]{1,20}", text in "\\PC*", kind in "policy|directory|\\PC*") {
            let verdict = judged(&kind, json!({key: text}), &[]);
            prop_assert!(verdict.message.len() <= MAX_MESSAGE);
        }
    }
}
