//! Keeps the caBundle of the webhook configurations in step with what this server's certificate is signed by.
//!
//! They are made by Helm, before or after this process starts, and an upgrade may drop the field. So each is watched
//! by its name, and patched only where it differs.

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
use crate::cluster::api::{ApiError, RETRY, Told, won};
use crate::server::certificate::bundle::Bundle;
use crate::telemetry::metrics::Metrics;

/// Whose change it is in managedFields: the same for every replica, since all write the same
const MANAGER: &str = "ramgate";

/// Keeps both configurations of a name in step, for ever
pub async fn keep(client: Client, name: String, bundle: Bundle, metrics: Arc<Metrics>) {
    let mutating: Api<MutatingWebhookConfiguration> = Api::all(client.clone());
    let validating: Api<ValidatingWebhookConfiguration> = Api::all(client);
    tokio::join!(
        keep_one(mutating, &name, bundle.clone(), &metrics),
        keep_one(validating, &name, bundle, &metrics)
    );
}

/// A webhook configuration of either kind
trait Configuration:
    Resource<DynamicType = ()> + Clone + Debug + Serialize + DeserializeOwned + Send + 'static
{
    /// Name and client configuration of each entry
    fn entries(&self) -> Vec<(&str, &WebhookClientConfig)>;
}

impl Configuration for MutatingWebhookConfiguration {
    fn entries(&self) -> Vec<(&str, &WebhookClientConfig)> {
        let entries = self.webhooks.iter().flatten();
        entries
            .map(|entry| (entry.name.as_str(), &entry.client_config))
            .collect()
    }
}

impl Configuration for ValidatingWebhookConfiguration {
    fn entries(&self) -> Vec<(&str, &WebhookClientConfig)> {
        let entries = self.webhooks.iter().flatten();
        entries
            .map(|entry| (entry.name.as_str(), &entry.client_config))
            .collect()
    }
}

async fn keep_one<K: Configuration>(api: Api<K>, name: &str, mut bundle: Bundle, metrics: &Metrics) {
    let mut events = pin!(api::follow(api.clone(), name, api::CALL_SECONDS));
    let mut present: Option<K> = None;
    let mut told = Told::default();
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
            (Ok(()), Some(object)) if !wanted.is_empty() => put(&api, object, &wanted).await,
            _ => step,
        };
        failed = step.is_err();
        if told.is_news(&step)
            && let Err(error) = step
        {
            metrics.certificate_failed();
            tracing::error!("caBundle of {} `{name}` is not in step: {error}", K::kind(&()));
        }
    }
}

async fn put<K: Configuration>(api: &Api<K>, object: &K, bundle: &str) -> Result<(), ApiError> {
    let Some(patch) = patch(object, bundle) else {
        return Ok(());
    };
    let params = PatchParams {
        field_manager: Some(MANAGER.into()),
        ..PatchParams::default()
    };
    // After a conflict the watch brings the newer object, and this is done again
    let patch = Patch::Strategic(patch);
    if won(api.patch(&object.name_any(), &params, &patch))
        .await?
        .is_some()
    {
        tracing::info!(
            "caBundle of {} `{}` is in step now",
            K::kind(&()),
            object.name_any()
        );
    }
    Ok(())
}

/// A patch of just the entries that differ, and of just this version of the object; entries merge by their names
fn patch<K: Configuration>(object: &K, bundle: &str) -> Option<Value> {
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
