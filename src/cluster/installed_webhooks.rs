//! The webhook configurations as the chart installed them, compared with the live ones.
//!
//! The chart leaves a ConfigMap with a digest of each field of each entry.

use std::collections::BTreeMap;
use std::fmt;

use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, ValidatingWebhookConfiguration,
};
use k8s_openapi::api::core::v1::ConfigMap;
use serde::Deserialize;

use crate::cluster::webhook_entry::{WebhookConfiguration, WebhookEntry};

/// The key of the ConfigMap
const KEY: &str = "webhooks.json";

/// How many differences one sentence names
const MAX_NAMED: usize = 6;

/// The phase of admission; each has its own webhook configuration
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AdmissionPhase {
    /// The phase of the `MutatingWebhookConfiguration`
    Mutating,
    /// The phase of the `ValidatingWebhookConfiguration`
    Validating,
}

/// The digest of each field, by name of the entry and name of the field
type EntryDigests = BTreeMap<String, BTreeMap<String, String>>;

/// The digests that the chart left
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstalledWebhooks {
    mutating: EntryDigests,
    validating: EntryDigests,
}

/// An entry that is not as it was installed
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WebhookDifference {
    /// The phase whose configuration holds the entry
    pub phase: AdmissionPhase,
    /// The name of the entry
    pub entry: String,
    /// The kind of difference
    pub kind: DifferenceKind,
}

/// How an entry differs
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DifferenceKind {
    /// It was installed and is not there
    Missing,
    /// It is there and was not installed
    Added,
    /// These fields have other values
    Fields(Vec<String>),
}

impl InstalledWebhooks {
    /// Reads the digests from the chart's ConfigMap
    ///
    /// # Errors
    /// The ConfigMap lacks the key, or its text is not what the chart writes.
    pub fn read(map: &ConfigMap) -> Result<Self, String> {
        let text = map.data.as_ref().and_then(|data| data.get(KEY));
        let text = text.ok_or_else(|| format!("it has no key {KEY}"))?;
        serde_json::from_str(text).map_err(|error| format!("key {KEY}: {error}"))
    }

    /// The differences of both live configurations; of one that does not exist all entries are missing
    pub fn differences(
        &self,
        mutating: &MutatingWebhookConfiguration,
        validating: &ValidatingWebhookConfiguration,
    ) -> Vec<WebhookDifference> {
        let mut differences = self.phase_differences(AdmissionPhase::Mutating, &mutating.entries());
        differences.extend(self.phase_differences(AdmissionPhase::Validating, &validating.entries()));
        differences
    }

    /// The differences of the live entries of one phase
    ///
    /// ```text
    /// installed {a: {rules: 1}, b: {rules: 2}}, live {b: {rules: 3}, c: {}}
    ///   -> a is missing, b has other rules, c is added
    /// ```
    pub(crate) fn phase_differences(
        &self,
        phase: AdmissionPhase,
        live: &[WebhookEntry],
    ) -> Vec<WebhookDifference> {
        let installed = match phase {
            AdmissionPhase::Mutating => &self.mutating,
            AdmissionPhase::Validating => &self.validating,
        };
        let changed = installed.iter().filter_map(|(name, digests)| {
            let kind = match live.iter().find(|entry| entry.name == *name) {
                None => DifferenceKind::Missing,
                Some(entry) => DifferenceKind::Fields(changed_fields(digests, &entry.digests)?),
            };
            Some((name, kind))
        });
        let added = live.iter().filter(|entry| !installed.contains_key(&entry.name));
        let added = added.map(|entry| (&entry.name, DifferenceKind::Added));
        let differences = changed.chain(added).map(|(name, kind)| WebhookDifference {
            phase,
            entry: name.clone(),
            kind,
        });
        differences.collect()
    }
}

/// The fields whose digests differ, in order; `None` if all are equal
fn changed_fields(
    installed: &BTreeMap<String, String>,
    live: &BTreeMap<String, String>,
) -> Option<Vec<String>> {
    let changed = installed
        .iter()
        .filter(|(field, digest)| live.get(*field) != Some(digest))
        .map(|(field, _)| field);
    let added = live.keys().filter(|field| !installed.contains_key(*field));
    let mut fields: Vec<String> = changed.chain(added).cloned().collect();
    fields.sort_unstable();
    (!fields.is_empty()).then_some(fields)
}

/// The first differences as text, and how many more there are
pub(crate) fn summarize_differences(differences: &[WebhookDifference]) -> String {
    let named = differences.iter().take(MAX_NAMED).map(ToString::to_string);
    let named: Vec<String> = named.collect();
    match differences.len().saturating_sub(MAX_NAMED) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

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

    fn summary_after(change: impl Fn(&mut Value)) -> String {
        let (installed, mutating, validating) = chart();
        let mut validating = serde_json::to_value(validating).unwrap();
        change(&mut validating);
        let validating = serde_json::from_value(validating).unwrap();
        summarize_differences(&installed.differences(&mutating, &validating))
    }

    fn entry<'a>(object: &'a mut Value, name: &str) -> &'a mut Value {
        let entries = object["webhooks"].as_array_mut().unwrap();
        entries.iter_mut().find(|entry| entry["name"] == name).unwrap()
    }

    #[test]
    fn what_was_rendered_is_what_was_installed() {
        assert_eq!(summary_after(|_| {}), "");
        let filled_in = summary_after(|object| {
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
            let said = summary_after(|object| entry(object, "marked.ramgate.io")[field] = value.clone());
            assert_eq!(
                said,
                format!("validating `marked.ramgate.io` has another {field}")
            );
        }
        let gone = summary_after(|object| {
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
        let all = summary_after(|object| object["webhooks"] = json!([]));
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
}
