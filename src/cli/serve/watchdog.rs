//! Looks for gaps in the cluster through which a pod could pass unreviewed, and reports them in `/ready`, as metrics and
//! in the log.

use std::sync::Arc;
use std::time::Duration;

use regex::Regex;

use crate::cli::serve::failing_open::EnforcedNamespaces;
use crate::cluster::api::watches::{WatchHealth, Watches};
use crate::cluster::{FailingOpen, FollowedObjects, WatchedCluster};
use crate::config::sync_status::SyncStatus;
use crate::config::{ClusterSettings, Store};
use crate::telemetry::metrics::Metrics;

/// How often to check
const CHECK_INTERVAL: Duration = Duration::from_secs(5);

/// How to repair watches without an answer
const RIGHTS: &str = "see the log, and the rights of its service account";

/// The most names in one sentence
const MAX_NAMES: usize = 5;

/// Checks what the cluster's owner has to repair
#[derive(Clone)]
pub(super) struct Watchdog {
    pub(super) store: Arc<Store>,
    pub(super) view: Arc<WatchedCluster>,
    pub(super) followed: FollowedObjects,
    pub(super) real_node_names: Option<Regex>,
    pub(super) watches: Watches,
}

/// The gaps of one check
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Gaps {
    /// While these last, reviews get no answer or a wrong one
    pub(super) missing: Vec<String>,
    /// Something is not as intended, but reviews that arrive are answered rightly
    pub(super) concerns: Vec<String>,
    hidden_virtual_nodes: usize,
    unsent_carriers: usize,
    mutating_drift: usize,
    validating_drift: usize,
    failing_open: usize,
}

impl Watchdog {
    /// The gaps now
    pub(super) fn check(&self) -> Gaps {
        let hidden = self.hidden_virtual_nodes();
        let unsent = self.unsent_carriers();
        let open = self.failing_open();
        let drift = self.followed.webhooks.as_ref().map(|webhooks| webhooks.drift());
        let drift = drift.unwrap_or_default();
        let keys = self.followed.key_store.as_ref();
        let no_keys = keys.is_some_and(|keys| keys.signer().is_none());
        let profile = self.followed.eci_profile.as_ref();
        let health = self.watches.health();
        let missing = [
            no_keys.then(|| "there are no keys for stamps yet".to_owned()),
            hidden_sentence(&hidden),
            self.stale_watches(&health),
        ];
        let concerns = [
            keys.and_then(|keys| keys.last_error()),
            profile.and_then(|profile| profile.last_error()),
            unsent_sentence(&unsent),
            self.store
                .current()
                .and_then(|configuration| unknown_paths_sentence(&configuration.cluster)),
            drift.sentence,
            failing_open_sentence(&open),
            unjudged_sentence(&open),
            self.late_watches(&health),
            self.store.sync().and_then(|sync| held_back_sentence(&sync)),
        ];
        Gaps {
            missing: missing.into_iter().flatten().collect(),
            concerns: concerns.into_iter().flatten().collect(),
            hidden_virtual_nodes: hidden.len(),
            unsent_carriers: unsent.len(),
            mutating_drift: drift.mutating,
            validating_drift: drift.validating,
            failing_open: open.len(),
        }
    }

    /// Virtual nodes whose names the webhook rules take for names of real nodes
    fn hidden_virtual_nodes(&self) -> Vec<String> {
        self.real_node_names
            .as_ref()
            .map(|names| self.view.virtual_nodes(|name| names.is_match(name)))
            .unwrap_or_default()
    }

    /// Carriers that the live webhook rules do not send wherever they send Deployments
    fn unsent_carriers(&self) -> Vec<String> {
        let Some(configuration) = self.store.current() else {
            return Vec::new();
        };
        let rules = self.followed.webhooks.as_ref();
        let sends = |group: &str, resource: &str| rules.is_some_and(|rules| rules.sends(group, resource));
        let carriers = configuration.cluster.carriers.iter();
        let mut unsent: Vec<String> = carriers
            .filter(|carrier| !sends(&carrier.group, &carrier.resource))
            .map(|carrier| format!("{}.{}", carrier.resource, carrier.group))
            .collect();
        unsent.sort_unstable();
        unsent.dedup();
        unsent
    }

    /// Namespaces that the directory enforces, though an outage lets their requests pass
    fn failing_open(&self) -> Vec<(String, FailingOpen)> {
        let configuration = self.store.current();
        configuration.map_or_else(Vec::new, |configuration| {
            self.enforced_namespaces().failing_open(&configuration)
        })
    }

    /// What shows whether namespaces fail open
    pub(super) fn enforced_namespaces(&self) -> EnforcedNamespaces {
        EnforcedNamespaces {
            view: Arc::clone(&self.view),
            webhooks: self.followed.webhooks.clone(),
        }
    }

    /// A sentence on the watches whose objects are too old to decide by
    fn stale_watches(&self, health: &[WatchHealth]) -> Option<String> {
        let stale = health.iter().filter(|health| self.watches.is_stale(health));
        let stale: Vec<&str> = stale.map(|health| health.watch).collect();
        let names = listed(&stale)?;
        Some(format!(
            "the API server has not answered these watches for longer than --stale-after, so that reviews would be judged by \
             what may have changed: {names}; {RIGHTS}"
        ))
    }

    /// A sentence on the watches that are not answered any more, but whose objects are fresh enough
    fn late_watches(&self, health: &[WatchHealth]) -> Option<String> {
        let late = health
            .iter()
            .filter(|health| self.watches.is_late(health) && !self.watches.is_stale(health));
        let late: Vec<&str> = late.map(|health| health.watch).collect();
        let names = listed(&late)?;
        Some(format!(
            "the API server does not answer these watches, so that what was seen last is in force: {names}; {RIGHTS}"
        ))
    }

    /// Checks again and again, sets the metrics and logs new gaps
    pub(super) async fn run(self, metrics: Arc<Metrics>) {
        let mut before = Gaps::default();
        loop {
            let gaps = self.check();
            gaps.set_metrics(&metrics);
            metrics.sync.set(self.store.sync().as_deref());
            let health = self.watches.health().into_iter();
            metrics
                .cluster
                .set_watches(health.map(|health| (health.watch, health.last)));
            gaps.log_new(&before);
            before = gaps;
            tokio::time::sleep(CHECK_INTERVAL).await;
        }
    }
}

impl Gaps {
    fn set_metrics(&self, metrics: &Metrics) {
        let cluster = &metrics.cluster;
        cluster.set_hidden_virtual_nodes(self.hidden_virtual_nodes);
        cluster.set_unsent_carriers(self.unsent_carriers);
        cluster.set_drift(self.mutating_drift, self.validating_drift);
        cluster.set_failing_open(self.failing_open);
    }

    /// Logs the gaps that the check before did not find
    fn log_new(&self, before: &Self) {
        for missing in self.missing.iter().filter(|gap| !before.missing.contains(gap)) {
            tracing::error!("{missing}");
        }
        for concern in self.concerns.iter().filter(|gap| !before.concerns.contains(gap)) {
            tracing::warn!("{concern}");
        }
    }
}

fn hidden_sentence(hidden: &[String]) -> Option<String> {
    let names = listed(hidden)?;
    Some(format!(
        "virtual nodes have names that realNodeNames gives to real ones, so that pods bound to them are never seen \
         here: {names}; narrow realNodeNames"
    ))
}

fn unsent_sentence(unsent: &[String]) -> Option<String> {
    let names = listed(unsent)?;
    Some(format!(
        "the live webhook rules do not send {names} wherever they send Deployments, so that stamps in them are not \
         trusted: install the chart with these carriers"
    ))
}

/// A sentence on enforced namespaces that nobody guards while ramgate does not answer
fn failing_open_sentence(open: &[(String, FailingOpen)]) -> Option<String> {
    let names = open_namespaces(open, FailingOpen::is_judged)?;
    Some(format!(
        "failing_open: the directory enforces namespaces whose live webhook entries let requests pass while ramgate does not \
         answer: {names}; write enforce for them under namespaceModes of the chart's values as well"
    ))
}

/// A sentence on enforced namespaces in which nothing is judged
fn unjudged_sentence(open: &[(String, FailingOpen)]) -> Option<String> {
    let names = open_namespaces(open, |open| !open.is_judged())?;
    Some(format!(
        "failing_open: the directory enforces namespaces that the live webhook entries do not send, so that nothing is judged \
         there: {names}; take them out of modes, or out of exemptNamespaces of the chart's values"
    ))
}

fn open_namespaces(
    open: &[(String, FailingOpen)],
    is_wanted: impl Fn(&FailingOpen) -> bool,
) -> Option<String> {
    let open = open.iter().filter(|(_, why)| is_wanted(why));
    let open = open.map(|(namespace, why)| format!("{namespace} ({why})"));
    listed(&open.collect::<Vec<_>>())
}

/// A sentence on written paths that lead nowhere: the rules send no object for them, so nobody else would say it
fn unknown_paths_sentence(settings: &ClusterSettings) -> Option<String> {
    let paths = settings.carriers.iter().flat_map(|carrier| {
        let paths = carrier.unknown_paths.iter();
        paths.map(|path| format!("{} of {}", path.as_str(), carrier.kind))
    });
    let names = listed(&paths.collect::<Vec<_>>())?;
    Some(format!(
        "paths of carriers lead to no pod metadata that the presets know of, so that no stamp is written there: {names}; list \
         the preset, or correct them"
    ))
}

/// A sentence on a loss that the sync holds back
fn held_back_sentence(sync: &SyncStatus) -> Option<String> {
    let loss = sync.held_back.as_ref()?;
    Some(format!(
        "the sync holds back a loss, so that RAM's state of {:.0} stays in force: {loss}; run it with --accept-loss if that is \
         meant",
        sync.fresh_at
    ))
}

/// The first names in order, and how many more there are; `None` without any
fn listed<T: AsRef<str>>(names: &[T]) -> Option<String> {
    let mut names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    names.sort_unstable();
    let more = names.len().saturating_sub(MAX_NAMES);
    names.truncate(MAX_NAMES);
    let shown = names.join(", ");
    match (names.is_empty(), more) {
        (true, _) => None,
        (false, 0) => Some(shown),
        (false, more) => Some(format!("{shown} and {more} more")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::installed_webhooks::AdmissionPhase;

    #[test]
    fn paths_that_lead_nowhere_are_said() {
        let settings = |path: &str| {
            let text = format!(
                "cluster: {{carriers: [{{user: u, group: argoproj.io, kind: Rollout, resource: rollouts, templates: [{path}]}}]}}"
            );
            let document = crate::config::ParsedDocument::directory(text.as_bytes());
            match document {
                crate::config::ParsedDocument::Directory(directory) => directory.clusters[0].1.clone(),
                _ => panic!("{document:?}"),
            }
        };
        assert_eq!(unknown_paths_sentence(&settings("spec.template")), None);
        let sentence = unknown_paths_sentence(&settings("spec.pod")).unwrap();
        assert!(
            sentence.contains("written there: spec.pod of Rollout; list"),
            "{sentence}"
        );
    }

    #[test]
    fn enforced_namespaces_that_fail_open_are_said_with_their_entries() {
        assert_eq!((failing_open_sentence(&[]), unjudged_sentence(&[])), (None, None));
        let open = [
            (
                "team-b".to_owned(),
                FailingOpen::NotSent(AdmissionPhase::Validating),
            ),
            (
                "team-a".to_owned(),
                FailingOpen::Ignored(["marked".to_owned()].into()),
            ),
        ];
        for (sentence, named) in [
            (
                failing_open_sentence(&open),
                "answer: team-a (marked); write enforce",
            ),
            (
                unjudged_sentence(&open),
                "there: team-b (no validating entry sends its pods); take them out",
            ),
        ] {
            let sentence = sentence.unwrap();
            assert!(
                sentence.starts_with("failing_open: ") && sentence.contains(named),
                "{sentence}"
            );
        }
    }

    #[test]
    fn a_loss_that_is_held_back_is_said() {
        let mut sync = SyncStatus {
            fresh_at: "2026-01-02T03:04:05Z".parse().unwrap(),
            held_back: None,
        };
        assert_eq!(held_back_sentence(&sync), None);
        sync.held_back = Some("5 of 5 users (`user/a`)".to_owned());
        let sentence = held_back_sentence(&sync).unwrap();
        assert!(
            sentence.contains("2026-01-02T03:04:05Z stays in force: 5 of 5 users (`user/a`); run"),
            "{sentence}"
        );
    }

    #[test]
    fn five_names_are_listed_and_the_others_counted() {
        assert_eq!(listed::<&str>(&[]), None);
        assert_eq!(listed(&["b", "a"]).unwrap(), "a, b");
        assert_eq!(listed(&["e", "d", "c", "b", "a"]).unwrap(), "a, b, c, d, e");
        assert_eq!(
            listed(&["g", "f", "e", "d", "c", "b", "a"]).unwrap(),
            "a, b, c, d, e and 2 more"
        );
    }
}
