//! The entries of a live webhook configuration, each with a digest for each of its fields.
//!
//! The digests are those that the chart computes: of the field's JSON with sorted keys. Fields that the cluster fills in
//! have none: the caBundle, and empty values such as the selector that the API server adds.

use std::collections::BTreeMap;
use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, ValidatingWebhook, ValidatingWebhookConfiguration,
};
use kube::Resource;
use kube::core::ClusterResourceScope;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// How many hexadecimal digits of a digest are kept: 128 bits, for which nobody finds a collision
const DIGITS: usize = 32;

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

    /// The entries; one that is no webhook is left out
    fn entries(&self) -> Vec<WebhookEntry> {
        self.webhooks()
            .into_iter()
            .filter_map(WebhookEntry::new)
            .collect()
    }
}

/// An entry of a live configuration
#[derive(Clone, Debug)]
pub(crate) struct WebhookEntry {
    pub(crate) name: String,
    /// The fields that both kinds share
    pub(crate) webhook: ValidatingWebhook,
    /// The digest of each field but the name
    pub(crate) digests: BTreeMap<String, String>,
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
    /// Reads an entry; `None` if it is no webhook
    ///
    /// ```text
    /// {name: marked.ramgate.io, failurePolicy: Fail, namespaceSelector: {}, …}
    ///   -> digests {failurePolicy: <digest of "Fail">, …}
    /// ```
    pub(crate) fn new(entry: Value) -> Option<Self> {
        let webhook = ValidatingWebhook::deserialize(&entry).ok()?;
        let Value::Object(fields) = entry else { return None };
        let fields = fields.into_iter().filter(|(field, _)| field != "name");
        let digests = fields.filter_map(|(field, mut value)| {
            if field == "clientConfig"
                && let Some(client) = value.as_object_mut()
            {
                client.remove("caBundle");
            }
            let is_empty = value.is_null() || value.as_object().is_some_and(Map::is_empty);
            (!is_empty).then(|| (field, json_digest(&value)))
        });
        Some(Self {
            name: webhook.name.clone(),
            digests: digests.collect(),
            webhook,
        })
    }
}

/// The first digits of the SHA-256 of a value's JSON with sorted keys
fn json_digest(value: &Value) -> String {
    // Go writes these two as escapes wherever it writes JSON
    let json = with_sorted_keys(value)
        .to_string()
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029");
    let digest = digest(&SHA256, json.as_bytes());
    HEXLOWER.encode(digest.as_ref()).chars().take(DIGITS).collect()
}

/// A copy whose keys are sorted, whatever order the map of the JSON library keeps
fn with_sorted_keys(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.iter().map(|(key, value)| (key, with_sorted_keys(value)));
            let sorted: BTreeMap<&String, Value> = fields.collect();
            let sorted = sorted.into_iter();
            sorted.map(|(key, value)| (key.clone(), value)).collect()
        }
        Value::Array(items) => items.iter().map(with_sorted_keys).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn digests_are_those_of_the_chart_for_any_text() {
        // printf '%s' '{"a":[1,true],"b":"<&>\n\"\t"}' | sha256sum
        let value = json!({"b": "<&>\n\"\t", "a": [1, true]});
        assert_eq!(
            with_sorted_keys(&value).to_string(),
            r#"{"a":[1,true],"b":"<&>\n\"\t"}"#
        );
        assert_eq!(json_digest(&value).len(), DIGITS);
    }
}
