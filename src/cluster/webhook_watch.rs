//! Watches the live webhook configurations and what the chart installed, and writes Events about differences.

use std::fmt;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, ValidatingWebhookConfiguration,
};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;

use crate::cluster::api;
use crate::cluster::api::LastError;
use crate::cluster::api::watches::Watches;
use crate::cluster::config_map_events::{ConfigMapEvent, EventWriter, MAX_NOTE};
use crate::cluster::failing_open::NamespacedEntries;
use crate::cluster::installed_webhooks::{AdmissionPhase, InstalledWebhooks};
use crate::cluster::observed_webhooks::{FailurePolicies, ObservedWebhooks, WebhookDrift};
use crate::cluster::webhook_entry::WebhookConfiguration;
use crate::wording::bounded;

/// How often to check whether a difference has lasted, for an Event
const CHECK_INTERVAL: Duration = Duration::from_secs(2);

/// The names of the watches, in metrics and messages
const MUTATING: &str = "mutating-webhooks";
const VALIDATING: &str = "validating-webhooks";
const INSTALLED: &str = "installed-webhooks";

/// The live webhook configurations of one name, compared with what the chart installed
pub(crate) struct WebhookWatch {
    watches: Watches,
    name: String,
    namespace: String,
    reporter: String,
    /// The ConfigMap with the digests of the installed entries
    installed: Option<String>,
    observed: Mutex<ObservedWebhooks>,
    /// The UID of that ConfigMap, for Events
    installed_uid: Mutex<Option<String>>,
}

impl WebhookWatch {
    /// Watches the configurations of this name once it [runs](Self::run); until then nothing is known of them
    ///
    /// `installed` is the ConfigMap of `namespace` with the chart's digests, and `reporter` the pod that Events name.
    pub(crate) fn new(
        watches: Watches,
        namespace: &str,
        name: &str,
        installed: Option<String>,
        reporter: &str,
    ) -> Self {
        Self {
            watches,
            name: name.to_owned(),
            namespace: namespace.to_owned(),
            reporter: reporter.to_owned(),
            installed,
            observed: Mutex::default(),
            installed_uid: Mutex::default(),
        }
    }

    /// Whether a resource is sent to both webhooks wherever Deployments are, by entries that are as they were installed
    pub(crate) fn sends(&self, group: &str, resource: &str) -> bool {
        self.observed().sends(&self.namespace, (group, resource))
    }

    /// The failure policies of the live entries; `None` before both configurations were read
    pub(crate) fn failure_policies(&self) -> Option<FailurePolicies> {
        self.observed().failure_policies()
    }

    /// The live entries about requests of namespaces; `None` before both configurations were read
    pub(crate) fn namespaced_entries(&self) -> Option<Arc<NamespacedEntries>> {
        self.observed().namespaced_entries()
    }

    /// The differences from what was installed that have lasted; none if the chart left no digests
    pub(crate) fn drift(&self) -> WebhookDrift {
        match &self.installed {
            Some(config_map) => self.observed().drift(&self.name, config_map),
            None => WebhookDrift::default(),
        }
    }

    /// Follows both configurations and the ConfigMap, for ever
    pub(crate) async fn run(&self) {
        tokio::join!(
            self.follow::<MutatingWebhookConfiguration>(MUTATING, AdmissionPhase::Mutating),
            self.follow::<ValidatingWebhookConfiguration>(VALIDATING, AdmissionPhase::Validating),
            self.follow_installed(),
            self.report_drift(),
        );
    }

    async fn follow<K: WebhookConfiguration>(&self, watch: &'static str, phase: AdmissionPhase) {
        let api = Api::<K>::all(self.watches.watch(watch));
        let mut events = pin!(api::watch_object(api, &self.name, self.watches.call_seconds()));
        let mut last_error = LastError::default();
        while let Some(event) = events.next().await {
            if let Some(error) = last_error.new_error(&event) {
                tracing::warn!("webhook configuration `{}`: {error}", self.name);
            }
            // While the object cannot be read, its last state stays
            if let Ok(object) = event {
                let entries = object.iter().flat_map(WebhookConfiguration::entries).collect();
                self.observed().set_entries(phase, entries);
            }
        }
    }

    async fn follow_installed(&self) {
        let Some(name) = &self.installed else { return };
        let api = Api::<ConfigMap>::namespaced(self.watches.watch(INSTALLED), &self.namespace);
        let mut events = pin!(api::watch_object(api, name, self.watches.call_seconds()));
        let mut last_error = LastError::default();
        while let Some(event) = events.next().await {
            if let Some(error) = last_error.new_error(&event) {
                tracing::warn!("ConfigMap `{name}`: {error}");
            }
            if let Ok(map) = event {
                *self.installed_uid() = map.as_ref().and_then(|map| map.metadata.uid.clone());
                self.observed().set_installed(match &map {
                    Some(map) => InstalledWebhooks::read(map),
                    None => Err("it is not there".to_owned()),
                });
            }
        }
    }

    /// Writes an Event on the ConfigMap for each new state of the differences
    async fn report_drift(&self) {
        let Some(name) = &self.installed else { return };
        let client = self.watches.client().clone();
        let mut events = EventWriter::new(client, &self.namespace, self.reporter.clone());
        let mut before = None;
        loop {
            tokio::time::sleep(CHECK_INTERVAL).await;
            let sentence = self.drift().sentence;
            let note = sentence.map(|sentence| bounded(&[sentence], "", MAX_NOTE));
            let uid = self.installed_uid().clone();
            if note != before
                && let (Some(note), Some(uid)) = (&note, &uid)
            {
                let event = ConfigMapEvent {
                    config_map: name,
                    uid,
                    reason: "WebhooksChanged",
                    action: "Compare",
                    note,
                };
                if let Err(error) = events.write(&event).await {
                    tracing::warn!(config_map = name, "cannot write an Event: {error}");
                    continue;
                }
            }
            before = note;
        }
    }

    fn observed(&self) -> MutexGuard<'_, ObservedWebhooks> {
        self.observed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn installed_uid(&self) -> MutexGuard<'_, Option<String>> {
        self.installed_uid.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for WebhookWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookWatch")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::cluster::fake_api_server::{FakeApiServer, until};

    #[tokio::test]
    async fn both_configurations_and_what_was_installed_are_followed() {
        let fake = FakeApiServer::default();
        let group = "/apis/admissionregistration.k8s.io/v1";
        let object = json!({"metadata": {"name": "gate", "resourceVersion": "5"}, "webhooks": []});
        for kind in ["mutating", "validating"] {
            let path = format!("{group}/{kind}webhookconfigurations");
            fake.list(&path, vec![object.clone()]);
        }
        let digests = json!({"mutating": {"a": {}}, "validating": {}}).to_string();
        let installed = json!({"metadata": {"name": "gate-installed", "uid": "u", "resourceVersion": "5"},
            "data": {"webhooks.json": digests}});
        fake.list("/api/v1/namespaces/gate/configmaps", vec![installed]);
        let config_map = Some("gate-installed".to_owned());
        let watch = Arc::new(WebhookWatch::new(
            fake.watches(),
            "gate",
            "gate",
            config_map,
            "pod-1",
        ));
        assert_eq!(watch.drift(), WebhookDrift::default());
        let running = Arc::clone(&watch);
        tokio::spawn(async move { running.run().await });
        until("the ConfigMap and both configurations", || {
            watch.installed_uid().is_some() && watch.observed().is_complete()
        })
        .await;
        assert_eq!(
            watch.drift(),
            WebhookDrift::default(),
            "no difference has lasted yet"
        );
    }
}
