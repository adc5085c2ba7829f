//! The live webhook configurations: whether they are as they were installed, and what they send here as far as somebody's
//! trust depends on it.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

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
use crate::cluster::installed_webhooks::{
    AdmissionPhase, InstalledWebhooks, WebhookConfiguration, WebhookDifference, WebhookEntry, told,
};
use crate::cluster::webhook_coverage::sends;
use crate::wording::bounded;

/// How long a difference has to last: an upgrade writes one object after the other
const SETTLE: Duration = Duration::from_secs(10);

/// How often to look whether a difference has lasted, for an Event
const LOOK: Duration = Duration::from_secs(2);

/// The names of the watches, in metrics and messages
const MUTATING: &str = "mutating-webhooks";
const VALIDATING: &str = "validating-webhooks";
const INSTALLED: &str = "installed-webhooks";

/// The live webhook configurations of one name, and what was installed
pub(crate) struct WebhookWatch {
    watches: Watches,
    name: String,
    namespace: String,
    reporter: String,
    /// The ConfigMap in which the chart left what it installed
    installed: Option<String>,
    known: Mutex<Known>,
}

/// What the watches have shown
#[derive(Debug, Default)]
struct Known {
    mutating: Option<Vec<WebhookEntry>>,
    validating: Option<Vec<WebhookEntry>>,
    installed: Option<Result<InstalledWebhooks, String>>,
    /// Of the ConfigMap, for Events
    uid: Option<String>,
    /// Each difference with the moment at which it was first seen
    seen: BTreeMap<WebhookDifference, Instant>,
    /// Since when what was installed is not known
    blind: Option<Instant>,
}

/// How far the live configurations are from what was installed
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct WebhookDrift {
    /// Entries of the mutating one that differ
    pub mutating: usize,
    /// Entries of the validating one that differ
    pub validating: usize,
    /// What it is, and what to do
    pub sentence: Option<String>,
}

impl WebhookWatch {
    /// The configurations of this name; nothing is known of them before they are followed
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
            known: Mutex::default(),
        }
    }

    /// Whether a resource is sent to both webhooks wherever Deployments are, by entries that are as they were installed
    pub(crate) fn sends(&self, group: &str, resource: &str) -> bool {
        let known = self.known();
        let (Some(mutating), Some(validating)) = (&known.mutating, &known.validating) else {
            return false;
        };
        // Nobody can see then whether the entries are as they were installed
        if known.blind.is_some_and(|since| since.elapsed() >= SETTLE) {
            return false;
        }
        let settled: Vec<&WebhookDifference> = known.settled(Instant::now()).collect();
        sends(
            mutating,
            validating,
            &settled,
            Some(&self.namespace),
            (group, resource),
        )
    }

    /// How far the live configurations are from what was installed, once that has lasted
    pub(crate) fn drift(&self) -> WebhookDrift {
        let known = self.known();
        let Some(installed) = &self.installed else {
            return WebhookDrift::default();
        };
        let again = format!(
            "install the chart again, with --force-conflicts if somebody has patched `{}`",
            self.name
        );
        if let (Some(Err(reason)), Some(since)) = (&known.installed, known.blind) {
            if since.elapsed() < SETTLE {
                return WebhookDrift::default();
            }
            let count = |entries: &Option<Vec<WebhookEntry>>| {
                entries.as_ref().map_or(1, |entries| entries.len().max(1))
            };
            return WebhookDrift {
                mutating: count(&known.mutating),
                validating: count(&known.validating),
                sentence: Some(format!(
                    "nobody can see whether the webhook configurations `{}` are as they were installed: ConfigMap `{installed}`: \
                     {reason}: {again}",
                    self.name
                )),
            };
        }
        let settled: Vec<WebhookDifference> = known.settled(Instant::now()).cloned().collect();
        let count = |phase| {
            settled
                .iter()
                .filter(|difference| difference.phase == phase)
                .count()
        };
        WebhookDrift {
            mutating: count(AdmissionPhase::Mutating),
            validating: count(AdmissionPhase::Validating),
            sentence: (!settled.is_empty()).then(|| {
                format!(
                    "webhook configurations `{}` are not as they were installed: {}: {again}",
                    self.name,
                    told(&settled)
                )
            }),
        }
    }

    /// Follows both configurations, for ever
    pub(crate) async fn run(&self) {
        tokio::join!(
            self.keep_one::<MutatingWebhookConfiguration>(MUTATING, |known| &mut known.mutating),
            self.keep_one::<ValidatingWebhookConfiguration>(VALIDATING, |known| &mut known.validating),
            self.keep_installed(),
            self.keep_telling(),
        );
    }

    async fn keep_one<K: WebhookConfiguration>(
        &self,
        watch: &'static str,
        part: fn(&mut Known) -> &mut Option<Vec<WebhookEntry>>,
    ) {
        let api = Api::<K>::all(self.watches.watch(watch));
        let mut events = pin!(api::watch_object(api, &self.name, self.watches.call_seconds()));
        let mut told = LastError::default();
        while let Some(event) = events.next().await {
            if told.is_new(&event)
                && let Err(error) = &event
            {
                tracing::warn!("webhook configuration `{}`: {error}", self.name);
            }
            // While it cannot be read, what was known stays
            if let Ok(object) = event {
                let mut known = self.known();
                *part(&mut known) = Some(object.iter().flat_map(WebhookConfiguration::entries).collect());
                known.compare();
            }
        }
    }

    async fn keep_installed(&self) {
        let Some(name) = &self.installed else { return };
        let api = Api::<ConfigMap>::namespaced(self.watches.watch(INSTALLED), &self.namespace);
        let mut events = pin!(api::watch_object(api, name, self.watches.call_seconds()));
        let mut told = LastError::default();
        while let Some(event) = events.next().await {
            if told.is_new(&event)
                && let Err(error) = &event
            {
                tracing::warn!("ConfigMap `{name}`: {error}");
            }
            if let Ok(map) = event {
                let mut known = self.known();
                known.uid = map.as_ref().and_then(|map| map.metadata.uid.clone());
                known.installed = Some(match &map {
                    Some(map) => InstalledWebhooks::read(map),
                    None => Err("it is not there".to_owned()),
                });
                known.compare();
            }
        }
    }

    /// Tells on the ConfigMap what differs
    async fn keep_telling(&self) {
        let Some(name) = &self.installed else { return };
        let mut reports = EventWriter::new(
            self.watches.client().clone(),
            &self.namespace,
            self.reporter.clone(),
        );
        let mut before = None;
        loop {
            tokio::time::sleep(LOOK).await;
            let told = self.drift().sentence.map(|told| bounded(&[told], "", MAX_NOTE));
            let uid = self.known().uid.clone();
            if told != before
                && let (Some(note), Some(uid)) = (&told, &uid)
            {
                let notice = ConfigMapEvent {
                    config_map: name,
                    uid,
                    reason: "WebhooksChanged",
                    action: "Compare",
                    note,
                };
                if let Err(error) = reports.write(&notice).await {
                    tracing::warn!(config_map = name, "cannot write an Event: {error}");
                    continue;
                }
            }
            before = told;
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Compares again; a difference that was there before keeps its time
    fn compare(&mut self) {
        let now = Instant::now();
        let mut found = Vec::new();
        if let Some(Ok(installed)) = &self.installed {
            for (phase, entries) in [
                (AdmissionPhase::Mutating, &self.mutating),
                (AdmissionPhase::Validating, &self.validating),
            ] {
                found.extend(entries.iter().flat_map(|entries| installed.of(phase, entries)));
            }
        }
        let seen = std::mem::take(&mut self.seen);
        // An entry that is changed once more has been another one since the first time
        let since = |difference: &WebhookDifference| {
            let mut seen = seen.iter();
            seen.find(|(other, _)| (other.phase, &other.entry) == (difference.phase, &difference.entry))
                .map_or(now, |(_, since)| *since)
        };
        self.seen = found
            .into_iter()
            .map(|difference| (difference.clone(), since(&difference)))
            .collect();
        let is_blind = matches!(self.installed, Some(Err(_)));
        self.blind = is_blind.then(|| self.blind.unwrap_or(now));
    }

    /// The differences that have lasted
    fn settled(&self, now: Instant) -> impl Iterator<Item = &WebhookDifference> {
        let lasts = move |since: Instant| now.saturating_duration_since(since) >= SETTLE;
        self.seen
            .iter()
            .filter(move |(_, since)| lasts(**since))
            .map(|(difference, _)| difference)
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
    use serde_json::json;

    use super::*;
    use crate::cluster::fake_api_server::{FakeApiServer, until};
    use crate::cluster::installed_webhooks::DifferenceKind;

    fn installed(entries: &[&str]) -> InstalledWebhooks {
        let entries: BTreeMap<&str, BTreeMap<String, String>> =
            entries.iter().map(|entry| (*entry, BTreeMap::new())).collect();
        let text = json!({"mutating": entries, "validating": {}}).to_string();
        InstalledWebhooks::read(&serde_json::from_value(json!({"data": {"webhooks.json": text}})).unwrap())
            .unwrap()
    }

    #[test]
    fn a_difference_counts_once_it_has_lasted() {
        let mut known = Known {
            mutating: Some(vec![]),
            validating: Some(vec![]),
            installed: Some(Ok(installed(&["a", "b"]))),
            ..Known::default()
        };
        known.compare();
        let start = *known.seen.values().next().unwrap();
        let lasting = |known: &Known, after: Duration| known.settled(start + after).count();
        assert_eq!(lasting(&known, SETTLE - Duration::from_millis(1)), 0);
        assert_eq!(lasting(&known, SETTLE), 2);
        // Compared again it keeps its time, and goes with what makes it
        known.compare();
        assert_eq!(lasting(&known, SETTLE), 2);
        // Changed once more it keeps it as well
        let names = |known: &Known| -> Vec<DifferenceKind> {
            known
                .seen
                .keys()
                .map(|difference| difference.kind.clone())
                .collect()
        };
        let before = names(&known);
        let entry = json!({"name": "a", "rules": [], "sideEffects": "None", "admissionReviewVersions": ["v1"], "clientConfig": {}});
        known.mutating = Some(vec![WebhookEntry::new(entry).unwrap()]);
        known.compare();
        assert_ne!(names(&known), before);
        assert_eq!(lasting(&known, SETTLE), 2);
        known.mutating = Some(vec![]);
        known.compare();
        known.installed = Some(Ok(installed(&["b"])));
        known.compare();
        assert_eq!(lasting(&known, SETTLE), 1);
        known.mutating = None;
        known.compare();
        assert_eq!(lasting(&known, SETTLE), 0, "what was not read is no difference");
    }

    #[tokio::test]
    async fn both_configurations_and_what_was_installed_are_followed() {
        let fake = FakeApiServer::default();
        let group = "/apis/admissionregistration.k8s.io/v1";
        let object = json!({"metadata": {"name": "gate", "resourceVersion": "5"}, "webhooks": []});
        for kind in ["mutating", "validating"] {
            fake.list(
                &format!("{group}/{kind}webhookconfigurations"),
                vec![object.clone()],
            );
        }
        fake.list("/api/v1/namespaces/gate/configmaps", vec![]);
        let rules = WebhookWatch::new(
            fake.watches(),
            "gate",
            "gate",
            Some("gate-installed".to_owned()),
            "pod-1",
        );
        let rules = std::sync::Arc::new(rules);
        assert_eq!(rules.drift(), WebhookDrift::default());
        let kept = std::sync::Arc::clone(&rules);
        tokio::spawn(async move { kept.run().await });
        until("the ConfigMap that is missing", || {
            rules.known().installed.is_some()
        })
        .await;
        assert!(rules.known().blind.is_some());
        assert_eq!(
            rules.drift(),
            WebhookDrift::default(),
            "an installation writes it in a moment"
        );
        rules.known().blind = Instant::now().checked_sub(SETTLE);
        let drift = rules.drift();
        assert_eq!((drift.mutating, drift.validating), (1, 1));
        let told = drift.sentence.unwrap();
        assert!(
            told.contains("ConfigMap `gate-installed`: it is not there: install"),
            "{told}"
        );
    }
}
