//! Keeps the caBundle of the webhook configurations equal to the certificates that sign this server's leaf.
//!
//! Helm makes the configurations, before or after this process starts, and an upgrade may drop the field. So each one is
//! watched by its name, and patched only where it differs.

use std::fmt::Debug;
use std::pin::pin;
use std::sync::Arc;

use futures::StreamExt;
use k8s_openapi::ByteString;
use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, ValidatingWebhookConfiguration, WebhookClientConfig,
};
use kube::api::{Patch, PatchParams};
use kube::{Api, Client, Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::cluster::api;
use crate::cluster::api::{ApiError, LastError, RETRY, unless_conflict};
use crate::server::certificate::ca_bundle::CaBundle;
use crate::telemetry::metrics::Metrics;

/// The field manager; one for all replicas, since all write one value
const MANAGER: &str = "ramgate";

/// Injects the bundle into both configurations of a name, for ever
pub async fn run(client: Client, name: String, bundle: CaBundle, metrics: Arc<Metrics>) {
    let mutating: Api<MutatingWebhookConfiguration> = Api::all(client.clone());
    let validating: Api<ValidatingWebhookConfiguration> = Api::all(client);
    tokio::join!(
        inject_changes(mutating, &name, bundle.clone(), &metrics),
        inject_changes(validating, &name, bundle, &metrics)
    );
}

/// A webhook configuration of either kind
trait WebhookConfiguration:
    Resource<DynamicType = ()> + Clone + Debug + Serialize + DeserializeOwned + Send + 'static
{
    /// Name and client configuration of each webhook
    fn entries(&self) -> Vec<(&str, &WebhookClientConfig)>;
}

impl WebhookConfiguration for MutatingWebhookConfiguration {
    fn entries(&self) -> Vec<(&str, &WebhookClientConfig)> {
        let entries = self.webhooks.iter().flatten();
        entries
            .map(|entry| (entry.name.as_str(), &entry.client_config))
            .collect()
    }
}

impl WebhookConfiguration for ValidatingWebhookConfiguration {
    fn entries(&self) -> Vec<(&str, &WebhookClientConfig)> {
        let entries = self.webhooks.iter().flatten();
        entries
            .map(|entry| (entry.name.as_str(), &entry.client_config))
            .collect()
    }
}

/// Injects the bundle at each change of it or of the configuration; ends when neither can change any more
async fn inject_changes<K: WebhookConfiguration>(
    api: Api<K>,
    name: &str,
    mut bundle: CaBundle,
    metrics: &Metrics,
) {
    let mut events = pin!(api::watch_object(api.clone(), name, api::CALL_SECONDS));
    let mut present: Option<K> = None;
    let mut reported = LastError::default();
    let mut failed = false;
    loop {
        let step = tokio::select! {
            Some(event) = events.next() => event.map(|object| present = object),
            Ok(()) = bundle.changed() => Ok(()),
            () = tokio::time::sleep(RETRY), if failed => Ok(()),
            // Neither will come again: the process is at its end
            else => return,
        };
        let wanted = Arc::clone(&bundle.borrow_and_update());
        let step = match (&step, &present) {
            (Ok(()), Some(object)) if !wanted.is_empty() => inject(&api, object, &wanted).await,
            _ => step,
        };
        failed = step.is_err();
        if let Some(error) = reported.new_error(&step) {
            metrics.certificates.failed();
            tracing::error!("caBundle of {} `{name}` is not in step: {error}", K::kind(&()));
        }
    }
}

/// Patches the configuration if its caBundle differs
async fn inject<K: WebhookConfiguration>(api: &Api<K>, object: &K, bundle: &str) -> Result<(), ApiError> {
    let Some(patch) = patch(object, bundle) else {
        return Ok(());
    };
    let params = PatchParams {
        field_manager: Some(MANAGER.into()),
        ..PatchParams::default()
    };
    // After a conflict the watch brings the newer object, and this is done again
    let patched = unless_conflict(api.patch(&object.name_any(), &params, &Patch::Strategic(patch))).await?;
    if patched.is_some() {
        tracing::info!(
            "caBundle of {} `{}` is in step now",
            K::kind(&()),
            object.name_any()
        );
    }
    Ok(())
}

/// A patch of the webhooks whose caBundle differs, for this version of the object; `None` if all are equal
///
/// Webhooks merge by their names. With the bundle `PEM`:
///
/// ```text
/// [{name: a, caBundle: PEM}, {name: b}] -> {metadata: {resourceVersion: "7"}, webhooks: [{name: b, caBundle: PEM}]}
/// ```
fn patch<K: WebhookConfiguration>(object: &K, bundle: &str) -> Option<Value> {
    let wanted = ByteString(bundle.as_bytes().to_vec());
    let differing: Vec<Value> = object
        .entries()
        .into_iter()
        .filter(|(_, client)| client.ca_bundle.as_ref() != Some(&wanted))
        .map(|(name, _)| json!({"name": name, "clientConfig": {"caBundle": wanted}}))
        .collect();
    let version = object.meta().resource_version.as_deref();
    (!differing.is_empty()).then(|| json!({"metadata": {"resourceVersion": version}, "webhooks": differing}))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configuration(bundles: &[(&str, Option<&str>)]) -> ValidatingWebhookConfiguration {
        let webhooks: Vec<Value> = bundles
            .iter()
            .map(|(name, bundle)| {
                let bundle = bundle.map(|text| ByteString(text.as_bytes().to_vec()));
                json!({"name": name, "clientConfig": {"caBundle": bundle}, "sideEffects": "None",
                    "admissionReviewVersions": ["v1"]})
            })
            .collect();
        let metadata = json!({"name": "ramgate", "resourceVersion": "7"});
        serde_json::from_value(json!({"metadata": metadata, "webhooks": webhooks})).unwrap()
    }

    #[test]
    fn only_what_differs_is_patched() {
        let object = configuration(&[("same", Some("PEM")), ("none", None), ("other", Some("OLD"))]);
        assert_eq!(
            patch(&object, "PEM"),
            Some(json!({"metadata": {"resourceVersion": "7"}, "webhooks": [
                {"name": "none", "clientConfig": {"caBundle": "UEVN"}},
                {"name": "other", "clientConfig": {"caBundle": "UEVN"}},
            ]}))
        );
    }

    #[test]
    fn nothing_is_patched_that_is_in_step() {
        assert_eq!(patch(&configuration(&[("same", Some("PEM"))]), "PEM"), None);
        assert_eq!(patch(&configuration(&[]), "PEM"), None);
    }
}
