//! `ramgate_virtual_nodes_with_real_names`, `ramgate_carriers_not_sent`, `ramgate_webhook_configuration_drift`,
//! `ramgate_namespaces_failing_open`, `ramgate_watch_*`.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use prometheus::{GaugeVec, IntGauge, IntGaugeVec, Registry};

use crate::telemetry::metrics::registration::{count, gauge_vec, int_gauge, int_gauge_vec, seconds};

/// Metrics of the cluster around ramgate
#[derive(Debug)]
pub(crate) struct ClusterMetrics {
    hidden_virtual_nodes: IntGauge,
    unsent_carriers: IntGauge,
    drift: IntGaugeVec,
    failing_open: IntGauge,
    watches: GaugeVec,
    /// The watches that have a series
    watch_names: Mutex<Vec<&'static str>>,
}

impl ClusterMetrics {
    pub(super) fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        Ok(Self {
            hidden_virtual_nodes: int_gauge(
                registry,
                "ramgate_virtual_nodes_with_real_names",
                "Virtual nodes whose names realNodeNames takes for real ones, so that bindings to them are never seen",
            )?,
            unsent_carriers: int_gauge(
                registry,
                "ramgate_carriers_not_sent",
                "Kinds of listed carriers that the live webhook rules do not send wherever they send Deployments",
            )?,
            drift: int_gauge_vec(
                registry,
                "ramgate_webhook_configuration_drift",
                "Entries of the live webhook configurations that are not as they were installed, by kind",
                &["kind"],
            )?,
            failing_open: int_gauge(
                registry,
                "ramgate_namespaces_failing_open",
                "Namespaces that the directory enforces, though their live webhook entries let requests pass in an outage",
            )?,
            watches: gauge_vec(
                registry,
                "ramgate_watch_last_success_timestamp_seconds",
                "When the API server last answered each watch, Unix time; 0 before the first answer",
                &["watch"],
            )?,
            watch_names: Mutex::default(),
        })
    }

    /// Sets how many virtual nodes have names of real ones
    pub(crate) fn set_hidden_virtual_nodes(&self, number: usize) {
        self.hidden_virtual_nodes.set(count(number));
    }

    /// Sets how many kinds of carriers the webhook rules do not send
    pub(crate) fn set_unsent_carriers(&self, number: usize) {
        self.unsent_carriers.set(count(number));
    }

    /// Sets how many entries of each live webhook configuration are not as they were installed
    pub(crate) fn set_drift(&self, mutating: usize, validating: usize) {
        for (kind, entries) in [("mutating", mutating), ("validating", validating)] {
            self.drift.with_label_values(&[kind]).set(count(entries));
        }
    }

    /// Sets how many namespaces the directory enforces though an outage lets their requests pass
    pub(crate) fn set_failing_open(&self, number: usize) {
        self.failing_open.set(count(number));
    }

    /// Sets when each watch was last answered, and removes the watches that have ended
    ///
    /// A scrape at the same time sees every watch that goes on.
    pub(crate) fn set_watches(&self, watches: impl IntoIterator<Item = (&'static str, Option<Timestamp>)>) {
        let watches: BTreeMap<_, _> = watches.into_iter().collect();
        for (name, last) in &watches {
            self.watches
                .with_label_values(&[*name])
                .set(last.map_or(0.0, seconds));
        }
        let mut names = self.watch_names.lock().unwrap_or_else(PoisonError::into_inner);
        for name in names.iter().filter(|name| !watches.contains_key(*name)) {
            // Fails only if there is no such series
            let _removed = self.watches.remove_label_values(&[*name]);
        }
        *names = watches.into_keys().collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::metrics::registration::text_of;

    #[test]
    fn a_watch_that_has_ended_has_no_series() {
        let registry = Registry::new();
        let metrics = ClusterMetrics::new(&registry).unwrap();
        let at = Timestamp::from_second(1_700_000_000).unwrap();
        metrics.set_watches([("nodes", None), ("pods", Some(at))]);
        metrics.set_watches([("nodes", Some(at))]);
        let text = text_of(&registry);
        let line = r#"ramgate_watch_last_success_timestamp_seconds{watch="nodes"} 1700000000"#;
        assert!(text.contains(line) && !text.contains("pods"), "{text}");
    }
}
