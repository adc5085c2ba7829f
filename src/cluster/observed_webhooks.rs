//! The state of the live webhook configurations, and how far they differ from the installed ones.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::cluster::failing_open::NamespacedEntries;
use crate::cluster::installed_webhooks::{
    AdmissionPhase, InstalledWebhooks, WebhookDifference, summarize_differences,
};
use crate::cluster::webhook_coverage::entries_cover;
use crate::cluster::webhook_entry::WebhookEntry;

/// How long a difference must last before it counts: an upgrade writes one object after the other
pub(crate) const SETTLE: Duration = Duration::from_secs(10);

/// What the watches have shown so far
#[derive(Debug, Default)]
pub(crate) struct ObservedWebhooks {
    mutating: Option<Vec<WebhookEntry>>,
    validating: Option<Vec<WebhookEntry>>,
    /// The entries about requests of namespaces; `None` before both configurations were read
    namespaced: Option<Arc<NamespacedEntries>>,
    installed: Option<Result<InstalledWebhooks, String>>,
    /// When each difference was first observed
    differences: BTreeMap<WebhookDifference, Instant>,
    /// When the installed entries became unknown
    unknown_since: Option<Instant>,
}

/// How many live entries fail closed while ramgate does not answer, and how many fail open
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct FailurePolicies {
    /// Entries with `Fail`
    pub fail: usize,
    /// Entries with `Ignore`
    pub ignore: usize,
}

/// How far the live configurations differ from the installed ones
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct WebhookDrift {
    /// Entries of the mutating configuration that differ
    pub mutating: usize,
    /// Entries of the validating configuration that differ
    pub validating: usize,
    /// The differences, and how to repair them
    pub sentence: Option<String>,
}

impl ObservedWebhooks {
    /// Sets the entries of the configuration of one phase
    pub(crate) fn set_entries(&mut self, phase: AdmissionPhase, entries: Vec<WebhookEntry>) {
        match phase {
            AdmissionPhase::Mutating => self.mutating = Some(entries),
            AdmissionPhase::Validating => self.validating = Some(entries),
        }
        let both = self.mutating.as_ref().zip(self.validating.as_ref());
        self.namespaced = both.map(|(one, other)| Arc::new(NamespacedEntries::new(one, other)));
        self.compare();
    }

    /// Sets what the chart installed, or why it is unknown
    pub(crate) fn set_installed(&mut self, installed: Result<InstalledWebhooks, String>) {
        self.installed = Some(installed);
        self.compare();
    }

    /// Whether a resource is sent to both webhooks wherever Deployments are, by entries that are as they were installed
    ///
    /// `namespace` is the namespace of ramgate's Service.
    pub(crate) fn sends(&self, namespace: &str, resource: (&str, &str)) -> bool {
        let (Some(mutating), Some(validating)) = (&self.mutating, &self.validating) else {
            return false;
        };
        let now = Instant::now();
        // Without the installed entries nobody knows whether somebody changed the live ones
        if self.unknown_since.is_some_and(|since| has_settled(since, now)) {
            return false;
        }
        let settled: Vec<&WebhookDifference> = self.settled(now).collect();
        entries_cover(mutating, validating, &settled, Some(namespace), resource)
    }

    /// The failure policies of all entries; `None` before both configurations were read
    pub(crate) fn failure_policies(&self) -> Option<FailurePolicies> {
        let (mutating, validating) = self.mutating.as_ref().zip(self.validating.as_ref())?;
        let entries = mutating.iter().chain(validating);
        let (ignore, fail): (Vec<_>, Vec<_>) =
            entries.partition(|entry| entry.webhook.failure_policy.as_deref() == Some("Ignore"));
        Some(FailurePolicies {
            fail: fail.len(),
            ignore: ignore.len(),
        })
    }

    /// The entries about requests of namespaces; `None` before both configurations were read
    pub(crate) fn namespaced_entries(&self) -> Option<Arc<NamespacedEntries>> {
        self.namespaced.clone()
    }

    /// The differences that have lasted, of the configurations `name`; `config_map` holds the installed entries
    pub(crate) fn drift(&self, name: &str, config_map: &str) -> WebhookDrift {
        let now = Instant::now();
        let repair =
            format!("install the chart again, with --force-conflicts if somebody has patched `{name}`");
        if let (Some(Err(reason)), Some(since)) = (&self.installed, self.unknown_since) {
            if !has_settled(since, now) {
                return WebhookDrift::default();
            }
            let count = |entries: &Option<Vec<WebhookEntry>>| {
                entries.as_ref().map_or(1, |entries| entries.len().max(1))
            };
            return WebhookDrift {
                mutating: count(&self.mutating),
                validating: count(&self.validating),
                sentence: Some(format!(
                    "nobody can see whether the webhook configurations `{name}` are as they were installed: ConfigMap \
                     `{config_map}`: {reason}: {repair}"
                )),
            };
        }
        let settled: Vec<WebhookDifference> = self.settled(now).cloned().collect();
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
                let differences = summarize_differences(&settled);
                format!(
                    "webhook configurations `{name}` are not as they were installed: {differences}: {repair}"
                )
            }),
        }
    }

    /// Whether all three objects were read
    #[cfg(test)]
    pub(crate) fn is_complete(&self) -> bool {
        self.mutating.is_some() && self.validating.is_some() && self.installed.is_some()
    }

    /// Compares the live entries with the installed ones; a difference that was there before keeps its time
    fn compare(&mut self) {
        let now = Instant::now();
        // An entry that changes once more has differed since the first change
        let since = |difference: &WebhookDifference| {
            let mut before = self.differences.iter();
            before
                .find(|(other, _)| (other.phase, &other.entry) == (difference.phase, &difference.entry))
                .map_or(now, |(_, since)| *since)
        };
        let differences = self.current_differences().into_iter();
        let differences = differences.map(|difference| (difference.clone(), since(&difference)));
        self.differences = differences.collect();
        let is_unknown = matches!(self.installed, Some(Err(_)));
        self.unknown_since = is_unknown.then(|| self.unknown_since.unwrap_or(now));
    }

    /// The differences now, whether they have lasted or not; a configuration that was not read yet has none
    fn current_differences(&self) -> Vec<WebhookDifference> {
        let Some(Ok(installed)) = &self.installed else {
            return Vec::new();
        };
        let phases = [
            (AdmissionPhase::Mutating, &self.mutating),
            (AdmissionPhase::Validating, &self.validating),
        ];
        let read = phases
            .into_iter()
            .filter_map(|(phase, live)| Some((phase, live.as_ref()?)));
        read.flat_map(|(phase, live)| installed.phase_differences(phase, live))
            .collect()
    }

    /// The differences that have lasted
    fn settled(&self, now: Instant) -> impl Iterator<Item = &WebhookDifference> {
        let settled = self
            .differences
            .iter()
            .filter(move |(_, since)| has_settled(**since, now));
        settled.map(|(difference, _)| difference)
    }
}

fn has_settled(since: Instant, now: Instant) -> bool {
    now.saturating_duration_since(since) >= SETTLE
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
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
        let mut observed = ObservedWebhooks::default();
        observed.set_entries(AdmissionPhase::Mutating, vec![]);
        observed.set_entries(AdmissionPhase::Validating, vec![]);
        observed.set_installed(Ok(installed(&["a", "b"])));
        let start = *observed.differences.values().next().unwrap();
        let lasting = |observed: &ObservedWebhooks, after: Duration| observed.settled(start + after).count();
        assert_eq!(lasting(&observed, SETTLE - Duration::from_millis(1)), 0);
        assert_eq!(lasting(&observed, SETTLE), 2);
        // A difference that is found again keeps its time
        observed.compare();
        assert_eq!(lasting(&observed, SETTLE), 2);
        // An entry that changes once more keeps it as well
        let kinds = |observed: &ObservedWebhooks| -> Vec<DifferenceKind> {
            let differences = observed.differences.keys();
            differences.map(|difference| difference.kind.clone()).collect()
        };
        let before = kinds(&observed);
        let entry = json!({"name": "a", "rules": [], "sideEffects": "None", "admissionReviewVersions": ["v1"], "clientConfig": {}});
        observed.set_entries(AdmissionPhase::Mutating, vec![WebhookEntry::new(entry).unwrap()]);
        assert_ne!(kinds(&observed), before);
        assert_eq!(lasting(&observed, SETTLE), 2);
        observed.set_entries(AdmissionPhase::Mutating, vec![]);
        observed.set_installed(Ok(installed(&["b"])));
        assert_eq!(lasting(&observed, SETTLE), 1);
        observed.mutating = None;
        observed.compare();
        assert_eq!(
            lasting(&observed, SETTLE),
            0,
            "what was not read is no difference"
        );
    }

    #[test]
    fn failure_policies_are_counted_once_both_configurations_are_known() {
        let entry = |policy: Option<&str>| {
            let entry = json!({"name": "a", "rules": [], "sideEffects": "None", "admissionReviewVersions": ["v1"],
                "clientConfig": {}, "failurePolicy": policy});
            WebhookEntry::new(entry).unwrap()
        };
        let mut observed = ObservedWebhooks::default();
        observed.set_entries(
            AdmissionPhase::Mutating,
            vec![entry(Some("Fail")), entry(Some("Ignore"))],
        );
        assert_eq!(observed.failure_policies(), None);
        // The API server's default is Fail
        observed.set_entries(AdmissionPhase::Validating, vec![entry(None)]);
        let wanted = FailurePolicies { fail: 2, ignore: 1 };
        assert_eq!(observed.failure_policies(), Some(wanted));
    }

    #[test]
    fn installed_entries_that_are_unknown_are_a_drift_once_that_has_lasted() {
        let mut observed = ObservedWebhooks::default();
        observed.set_installed(Err("it is not there".to_owned()));
        assert!(observed.unknown_since.is_some());
        let drift = observed.drift("gate", "gate-installed");
        assert_eq!(
            drift,
            WebhookDrift::default(),
            "an installation writes it in a moment"
        );
        observed.unknown_since = Instant::now().checked_sub(SETTLE);
        let drift = observed.drift("gate", "gate-installed");
        assert_eq!((drift.mutating, drift.validating), (1, 1));
        let sentence = drift.sentence.unwrap();
        assert!(
            sentence.contains("ConfigMap `gate-installed`: it is not there: install"),
            "{sentence}"
        );
    }
}
