//! What is wrong around ramgate rather than in it: gaps through which a pod could pass, told in `/ready`, as metrics and
//! in the log.

use std::sync::Arc;
use std::time::Duration;

use regex::Regex;

use crate::cluster::api::watches::{Health, Watches};
use crate::cluster::{Followed, View};
use crate::config::Store;
use crate::telemetry::metrics::Metrics;

/// How often to look
const LOOK: Duration = Duration::from_secs(5);

/// What to do about watches without an answer
const RIGHTS: &str = "see the log, and the rights of its service account";

/// How many names one sentence shows
const SHOWN: usize = 5;

/// Looks after what the cluster's owner has to put right
#[derive(Clone)]
pub(super) struct Watchdog {
    pub(super) store: Arc<Store>,
    pub(super) view: Arc<View>,
    pub(super) followed: Followed,
    pub(super) real_node_names: Option<Regex>,
    pub(super) watches: Watches,
}

/// What was found
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// Reviews are judged wrongly or not at all as long as this lasts
    pub(super) missing: Vec<String>,
    /// Something is not as it was meant, and what is judged is judged rightly
    pub(super) concerns: Vec<String>,
    virtual_nodes: usize,
    unsent: usize,
    drift: (usize, usize),
}

impl Watchdog {
    /// What is wrong now
    pub(super) fn look(&self) -> Found {
        let mut found = Found::default();
        if let Some(keys) = &self.followed.keys {
            if keys.signer().is_none() {
                found.missing.push("there are no keys for stamps yet".to_owned());
            }
            found.concerns.extend(keys.trouble());
        }
        found.concerns.extend(
            self.followed
                .profile
                .iter()
                .filter_map(|profile| profile.trouble()),
        );
        if let Some(names) = &self.real_node_names {
            let hidden = self.view.virtual_nodes(|name| names.is_match(name));
            found.virtual_nodes = hidden.len();
            if !hidden.is_empty() {
                found.missing.push(format!(
                    "virtual nodes have names that realNodeNames gives to real ones, so that pods bound to them are never seen \
                     here: {}; narrow realNodeNames",
                    shown(hidden)
                ));
            }
        }
        let configuration = self.store.current();
        let carriers = configuration
            .iter()
            .flat_map(|configuration| &configuration.cluster.carriers);
        let sends = |group: &str, resource: &str| {
            let rules = self.followed.rules.as_ref();
            rules.is_some_and(|rules| rules.sends(group, resource))
        };
        let mut unsent: Vec<String> = carriers
            .filter(|carrier| !sends(&carrier.group, &carrier.resource))
            .map(|carrier| format!("{}.{}", carrier.resource, carrier.group))
            .collect();
        unsent.sort_unstable();
        unsent.dedup();
        found.unsent = unsent.len();
        if !unsent.is_empty() {
            found.concerns.push(format!(
                "the live webhook rules do not send {} wherever they send Deployments, so that stamps in them are not \
                 trusted: install the chart with these carriers",
                shown(unsent)
            ));
        }
        if let Some(rules) = &self.followed.rules {
            let drift = rules.drift();
            found.drift = (drift.mutating, drift.validating);
            found.concerns.extend(drift.told);
        }
        self.look_at_watches(&mut found);
        found
    }

    /// What was seen of the cluster is judged by for a while, and no longer
    fn look_at_watches(&self, found: &mut Found) {
        let health = self.watches.health();
        let named = |wanted: &dyn Fn(&Health) -> bool| -> Vec<String> {
            let those = health.iter().filter(|one| wanted(one));
            those.map(|one| one.watch.to_owned()).collect()
        };
        let is_stale = |one: &Health| self.watches.is_stale(one);
        let (stale, late) = (
            named(&is_stale),
            named(&|one| self.watches.is_late(one) && !is_stale(one)),
        );
        if !stale.is_empty() {
            found.missing.push(format!(
                "the API server has not answered these watches for longer than --stale-after, so that reviews would be judged by \
                 what may have changed: {}; {RIGHTS}",
                shown(stale)
            ));
        }
        if !late.is_empty() {
            found.concerns.push(format!(
                "the API server does not answer these watches, so that what was seen last is in force: {}; {RIGHTS}",
                shown(late)
            ));
        }
    }

    /// Looks again and again; what is new is logged
    pub(super) async fn keep(self, metrics: Arc<Metrics>) {
        let mut before = Found::default();
        loop {
            let found = self.look();
            metrics.gaps(found.virtual_nodes, found.unsent);
            metrics.drifted(found.drift.0, found.drift.1);
            metrics.watched(self.watches.health().iter().map(|one| (one.watch, one.last)));
            for missing in found.missing.iter().filter(|one| !before.missing.contains(one)) {
                tracing::error!("{missing}");
            }
            for concern in found.concerns.iter().filter(|one| !before.concerns.contains(one)) {
                tracing::warn!("{concern}");
            }
            before = found;
            tokio::time::sleep(LOOK).await;
        }
    }
}

fn shown(mut names: Vec<String>) -> String {
    names.sort_unstable();
    let more = names.len().saturating_sub(SHOWN);
    names.truncate(SHOWN);
    match more {
        0 => names.join(", "),
        more => format!("{} and {more} more", names.join(", ")),
    }
}
