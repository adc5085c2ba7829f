//! `ramgate_sync_*`: what [`ramgate sync`](crate::sync) left on its ConfigMap. Without a sync there is no series.

use prometheus::{GaugeVec, IntGaugeVec, Registry};

use crate::config::sync_status::SyncStatus;
use crate::telemetry::metrics::registration::{gauge_vec, int_gauge_vec, seconds};

/// Metrics of the sync
#[derive(Debug)]
pub(crate) struct SyncMetrics {
    last_success: GaugeVec,
    held_back: IntGaugeVec,
}

impl SyncMetrics {
    pub(super) fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        Ok(Self {
            last_success: gauge_vec(
                registry,
                "ramgate_sync_last_success_timestamp_seconds",
                "When the synced ConfigMaps were last as RAM was, Unix time; before the first success, when they were made",
                &[],
            )?,
            held_back: int_gauge_vec(
                registry,
                "ramgate_sync_loss_held_back",
                "1 while the sync holds back a loss that nobody accepted",
                &[],
            )?,
        })
    }

    /// Sets the state of the sync
    pub(crate) fn set(&self, status: Option<&SyncStatus>) {
        let Some(status) = status else {
            self.last_success.reset();
            return self.held_back.reset();
        };
        let none: [&str; 0] = [];
        self.last_success
            .with_label_values(&none)
            .set(seconds(status.fresh_at));
        self.held_back
            .with_label_values(&none)
            .set(status.held_back.is_some().into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::metrics::registration::text_of;

    #[test]
    fn without_a_sync_there_is_no_series() {
        let registry = Registry::new();
        let metrics = SyncMetrics::new(&registry).unwrap();
        metrics.set(None);
        assert_eq!(text_of(&registry), "");
        let status = SyncStatus {
            fresh_at: "2026-01-02T03:04:05Z".parse().unwrap(),
            held_back: None,
        };
        metrics.set(Some(&status));
        let text = text_of(&registry);
        assert!(
            text.contains("ramgate_sync_last_success_timestamp_seconds 1767323045\n"),
            "{text}"
        );
        assert!(text.contains("ramgate_sync_loss_held_back 0\n"), "{text}");
        metrics.set(Some(&SyncStatus {
            held_back: Some("all".to_owned()),
            ..status
        }));
        assert!(text_of(&registry).contains("ramgate_sync_loss_held_back 1\n"));
        metrics.set(None);
        assert_eq!(text_of(&registry), "");
    }
}
