//! What the chart installed of the webhook configurations, to be held against what is live.
//!
//! The chart leaves a digest of each field of each entry in a ConfigMap: of the field's JSON with sorted keys. What is
//! written in the cluster (caBundle, metadata) has none, and what the API server fills in with nothing (an empty selector)
//! counts as absent.

use std::collections::BTreeMap;
use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, ValidatingWebhook, ValidatingWebhookConfiguration,
};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Resource;
use kube::core::ClusterResourceScope;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// The key of the ConfigMap
const KEY: &str = "webhooks.json";

/// How many digits of a digest are kept: 128 bits, which nobody hits on purpose
const DIGITS: usize = 32;

/// How many differences one sentence names
const SHOWN: usize = 6;

/// One of the two configurations
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AdmissionPhase {
    /// The mutating one
    Mutating,
    /// The validating one
    Validating,
}

/// Entries by name, each with a digest for each field
type EntryDigests = BTreeMap<String, BTreeMap<String, String>>;

/// The digests that the chart left
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstalledWebhooks {
    mutating: EntryDigests,
    validating: EntryDigests,
}

/// An entry of a live configuration
#[derive(Clone, Debug)]
pub(crate) struct WebhookEntry {
    pub(crate) name: String,
    /// As far as both kinds have the same fields
    pub(crate) hook: ValidatingWebhook,
    fields: BTreeMap<String, String>,
}

/// An entry that is not as it was installed
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WebhookDifference {
    /// In which configuration
    pub phase: AdmissionPhase,
    /// The entry
    pub entry: String,
    /// In what it differs
    pub kind: DifferenceKind,
}

/// In what an entry differs
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DifferenceKind {
    /// It is not there
    Missing,
    /// It is there and was not installed
    Added,
    /// Fields have other values
    Fields(Vec<String>),
}

/// A webhook configuration of either kind
pub(crate) trait WebhookConfiguration:
    Resource<DynamicType = (), Scope = ClusterResourceScope>
    + Clone
    + fmt::Debug
    + DeserializeOwned
    + Send
    + 'static
{
    /// The entries as JSON
    fn webhooks(&self) -> Vec<Value>;

    fn entries(&self) -> Vec<WebhookEntry> {
        self.webhooks()
            .into_iter()
            .filter_map(WebhookEntry::new)
            .collect()
    }
}

impl WebhookConfiguration for MutatingWebhookConfiguration {
    fn webhooks(&self) -> Vec<Value> {
        let entries = self.webhooks.iter().flatten();
        entries
            .filter_map(|entry| serde_json::to_value(entry).ok())
            .collect()
    }
}

impl WebhookConfiguration for ValidatingWebhookConfiguration {
    fn webhooks(&self) -> Vec<Value> {
        let entries = self.webhooks.iter().flatten();
        entries
            .filter_map(|entry| serde_json::to_value(entry).ok())
            .collect()
    }
}

impl WebhookEntry {
    pub(crate) fn new(entry: Value) -> Option<Self> {
        let hook = ValidatingWebhook::deserialize(&entry).ok()?;
        let Value::Object(fields) = entry else { return None };
        let fields = fields.into_iter().filter(|(field, _)| field != "name");
        let digests = fields.filter_map(|(field, mut value)| {
            if let (true, Some(client)) = (field == "clientConfig", value.as_object_mut()) {
                client.remove("caBundle");
            }
            let is_nothing = value.is_null() || value.as_object().is_some_and(Map::is_empty);
            (!is_nothing).then(|| (field, digested(&value)))
        });
        Some(Self {
            name: hook.name.clone(),
            fields: digests.collect(),
            hook,
        })
    }
}

impl InstalledWebhooks {
    /// What a ConfigMap says
    ///
    /// # Errors
    /// It lacks the key, or this is not what the chart writes.
    pub fn read(map: &ConfigMap) -> Result<Self, String> {
        let text = map.data.as_ref().and_then(|data| data.get(KEY));
        let text = text.ok_or_else(|| format!("it has no key {KEY}"))?;
        serde_json::from_str(text).map_err(|error| format!("key {KEY}: {error}"))
    }

    /// In what both configurations differ from what was installed; one that is not there lacks all its entries
    pub fn differences(
        &self,
        mutating: &MutatingWebhookConfiguration,
        validating: &ValidatingWebhookConfiguration,
    ) -> Vec<WebhookDifference> {
        let mut differences = self.of(AdmissionPhase::Mutating, &mutating.entries());
        differences.extend(self.of(AdmissionPhase::Validating, &validating.entries()));
        differences
    }

    /// The same for one configuration
    pub(crate) fn of(&self, phase: AdmissionPhase, live: &[WebhookEntry]) -> Vec<WebhookDifference> {
        let installed = match phase {
            AdmissionPhase::Mutating => &self.mutating,
            AdmissionPhase::Validating => &self.validating,
        };
        let difference = |entry: &str, kind| WebhookDifference {
            phase,
            entry: entry.to_owned(),
            kind,
        };
        let mut differences = Vec::new();
        for (name, wanted) in installed {
            match live.iter().find(|entry| entry.name == *name) {
                None => differences.push(difference(name, DifferenceKind::Missing)),
                Some(entry) => {
                    let fields = changed(wanted, &entry.fields);
                    if !fields.is_empty() {
                        differences.push(difference(name, DifferenceKind::Fields(fields)));
                    }
                }
            }
        }
        let added = live.iter().filter(|entry| !installed.contains_key(&entry.name));
        differences.extend(added.map(|entry| difference(&entry.name, DifferenceKind::Added)));
        differences
    }
}

/// The fields in which an entry has another value than was installed
fn changed(wanted: &BTreeMap<String, String>, found: &BTreeMap<String, String>) -> Vec<String> {
    let mut fields: Vec<String> = wanted
        .iter()
        .filter(|(field, digest)| found.get(*field) != Some(digest))
        .map(|(field, _)| field.clone())
        .collect();
    fields.extend(found.keys().filter(|field| !wanted.contains_key(*field)).cloned());
    fields.sort_unstable();
    fields
}

/// A few of many differences
pub(crate) fn told(differences: &[WebhookDifference]) -> String {
    let some: Vec<String> = differences.iter().take(SHOWN).map(ToString::to_string).collect();
    match differences.len().saturating_sub(SHOWN) {
        0 => some.join(", "),
        more => format!("{} and {more} more", some.join(", ")),
    }
}

impl fmt::Display for AdmissionPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mutating => "mutating",
            Self::Validating => "validating",
        })
    }
}

impl fmt::Display for WebhookDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { phase, entry, kind } = self;
        match kind {
            DifferenceKind::Missing => write!(f, "{phase} `{entry}` is not there"),
            DifferenceKind::Added => write!(f, "{phase} `{entry}` was not installed"),
            DifferenceKind::Fields(fields) => {
                write!(f, "{phase} `{entry}` has another {}", fields.join(", "))
            }
        }
    }
}

/// The first digits of the SHA-256 of a value's JSON
fn digested(value: &Value) -> String {
    // Go writes these two as escapes wherever it writes JSON
    let json = sorted(value)
        .to_string()
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029");
    let digest = digest(&SHA256, json.as_bytes());
    HEXLOWER.encode(digest.as_ref()).chars().take(DIGITS).collect()
}

/// The same value with sorted keys, whatever order the map of the JSON library keeps
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let sorted: BTreeMap<&String, Value> =
                fields.iter().map(|(key, value)| (key, sorted(value))).collect();
            sorted
                .into_iter()
                .map(|(key, value)| (key.clone(), value))
                .collect()
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The three objects of the chart with default values
    fn chart() -> (
        InstalledWebhooks,
        MutatingWebhookConfiguration,
        ValidatingWebhookConfiguration,
    ) {
        let text = include_str!("../../deploy/manifests/ramgate.yaml");
        let documents = crate::yaml::parse(text).unwrap();
        let objects: Vec<Value> = documents.iter().map(|document| document.to_json()).collect();
        let find = |kind: &str, name: &str| {
            let mut found = objects.iter();
            let found = found.find(|object| object["kind"] == kind && object["metadata"]["name"] == name);
            found.unwrap().clone()
        };
        let map = serde_json::from_value(find("ConfigMap", "ramgate-installed")).unwrap();
        (
            InstalledWebhooks::read(&map).unwrap(),
            serde_json::from_value(find("MutatingWebhookConfiguration", "ramgate")).unwrap(),
            serde_json::from_value(find("ValidatingWebhookConfiguration", "ramgate")).unwrap(),
        )
    }

    fn said(change: impl Fn(&mut Value)) -> String {
        let (installed, mutating, validating) = chart();
        let mut validating = serde_json::to_value(validating).unwrap();
        change(&mut validating);
        let validating = serde_json::from_value(validating).unwrap();
        told(&installed.differences(&mutating, &validating))
    }

    fn entry<'a>(object: &'a mut Value, name: &str) -> &'a mut Value {
        let entries = object["webhooks"].as_array_mut().unwrap();
        entries.iter_mut().find(|entry| entry["name"] == name).unwrap()
    }

    #[test]
    fn what_was_rendered_is_what_was_installed() {
        assert_eq!(said(|_| {}), "");
        let filled_in = said(|object| {
            object["metadata"]["annotations"] = json!({"argocd.argoproj.io/tracking-id": "x"});
            for entry in object["webhooks"].as_array_mut().unwrap() {
                entry["clientConfig"]["caBundle"] = "Y2E=".into();
                for selector in ["namespaceSelector", "objectSelector"] {
                    if entry[selector].is_null() {
                        entry[selector] = json!({});
                    }
                }
            }
            object["webhooks"].as_array_mut().unwrap().reverse();
        });
        assert_eq!(filled_in, "");
    }

    #[test]
    fn every_change_of_an_entry_is_named() {
        let changes: [(&str, Value); 8] = [
            ("rules", json!([])),
            ("namespaceSelector", json!({"matchLabels": {"never": "x"}})),
            ("objectSelector", json!({"matchLabels": {"never": "x"}})),
            (
                "matchConditions",
                json!([{"name": "marked", "expression": "false"}]),
            ),
            ("failurePolicy", json!("Fail")),
            ("timeoutSeconds", json!(1)),
            ("matchPolicy", json!("Exact")),
            (
                "clientConfig",
                json!({"url": "https://elsewhere.example.com/validate"}),
            ),
        ];
        for (field, value) in changes {
            let said = said(|object| entry(object, "marked.ramgate.io")[field] = value.clone());
            assert_eq!(
                said,
                format!("validating `marked.ramgate.io` has another {field}")
            );
        }
        let gone = said(|object| {
            let entries = object["webhooks"].as_array_mut().unwrap();
            entries.retain(|entry| entry["name"] != "connect.ramgate.io");
            let mut other = entries[0].clone();
            other["name"] = "other.example.com".into();
            entries.push(other);
        });
        assert_eq!(
            gone,
            "validating `connect.ramgate.io` is not there, validating `other.example.com` was not installed"
        );
        let all = said(|object| object["webhooks"] = json!([]));
        assert!(all.starts_with("validating `") && all.ends_with(" more"), "{all}");
    }

    #[test]
    fn what_the_chart_did_not_write_is_no_answer() {
        let read = |data: Value| {
            InstalledWebhooks::read(&serde_json::from_value(json!({"metadata": {}, "data": data})).unwrap())
        };
        assert_eq!(read(json!({})).unwrap_err(), "it has no key webhooks.json");
        for text in ["", "[]", "{}", r#"{"mutating": {}, "validating": {"a": 1}}"#] {
            let error = read(json!({"webhooks.json": text})).unwrap_err();
            assert!(error.starts_with("key webhooks.json: "), "{error}");
        }
    }

    #[test]
    fn digests_are_those_of_the_chart_for_any_text() {
        // printf '%s' '{"a":[1,true],"b":"<&>\n\"\t"}' | sha256sum
        let value = json!({"b": "<&>\n\"\t", "a": [1, true]});
        assert_eq!(sorted(&value).to_string(), r#"{"a":[1,true],"b":"<&>\n\"\t"}"#);
        assert_eq!(digested(&value).len(), DIGITS);
    }
}
