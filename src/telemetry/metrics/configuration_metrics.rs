//! `ramgate_config_*`, `ramgate_bindings`, `ramgate_principals`, `ramgate_exceptions`.

use std::sync::Arc;

use jiff::Timestamp;
use prometheus::{Gauge, IntCounter, IntGauge, IntGaugeVec, Registry};

use crate::config::{Exception, ExceptionState, Status};
use crate::telemetry::metrics::registration::{count, counter, gauge, int_gauge, int_gauge_vec, seconds};

/// Metrics of the configuration in force and its reloads
#[derive(Debug)]
pub(crate) struct ConfigurationMetrics {
    documents: IntGaugeVec,
    bindings: IntGauge,
    principals: IntGauge,
    reload_success: IntGauge,
    reload_success_time: Gauge,
    reload_errors: IntCounter,
    generation: IntGauge,
    held_loss: IntGauge,
    exceptions: IntGaugeVec,
}

impl ConfigurationMetrics {
    pub(super) fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        Ok(Self {
            documents: int_gauge_vec(
                registry,
                "ramgate_config_documents",
                "Documents of the configuration in force, by kind",
                &["kind"],
            )?,
            bindings: int_gauge(
                registry,
                "ramgate_bindings",
                "Kubernetes subjects that the configuration in force binds to a RAM principal",
            )?,
            principals: int_gauge(
                registry,
                "ramgate_principals",
                "RAM users and roles of the configuration in force",
            )?,
            reload_success: int_gauge(
                registry,
                "ramgate_config_last_reload_success",
                "1 if the newest documents are in force, 0 if an older set is",
            )?,
            reload_success_time: gauge(
                registry,
                "ramgate_config_last_reload_success_timestamp_seconds",
                "When a set of documents was last put in force, Unix time",
            )?,
            reload_errors: counter(
                registry,
                "ramgate_config_reload_errors_total",
                "Sets of documents that were refused",
            )?,
            generation: int_gauge(
                registry,
                "ramgate_config_generation",
                "Generation of the set in force, 0 for none",
            )?,
            held_loss: int_gauge(
                registry,
                "ramgate_config_held_loss",
                "Principals and subjects that would lose rights by the set that is held back, 0 if none is",
            )?,
            exceptions: int_gauge_vec(
                registry,
                "ramgate_exceptions",
                "Exceptions of the configuration in force, by state",
                &["state"],
            )?,
        })
    }

    /// Counts exceptions by their state now
    pub(crate) fn set_exceptions(&self, exceptions: &[Arc<Exception>], now: Timestamp) {
        for state in ExceptionState::ALL {
            let number = exceptions.iter().filter(|one| one.state(now) == state).count();
            self.exceptions
                .with_label_values(&[state.name()])
                .set(count(number));
        }
    }

    /// Sets the configuration in force and the result of the last reload
    pub(crate) fn set(&self, status: &Status) {
        for (kind, number) in [
            ("policy", status.documents.policies),
            ("directory", status.documents.directories),
        ] {
            self.documents.with_label_values(&[kind]).set(count(number));
        }
        self.bindings.set(count(status.bindings));
        self.principals.set(count(status.principals));
        self.held_loss.set(count(status.held_loss));
        self.reload_success.set((status.last_reload == Some(true)).into());
        if let Some(loaded_at) = status.loaded_at {
            self.reload_success_time.set(seconds(loaded_at));
        }
        self.reload_errors
            .inc_by(status.failed_reloads.saturating_sub(self.reload_errors.get()));
        self.generation
            .set(i64::try_from(status.generation).unwrap_or(i64::MAX));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::DocumentCounts;
    use crate::telemetry::metrics::registration::text_of;

    #[test]
    fn exceptions_are_counted_by_their_state_at_the_time() {
        let registry = Registry::new();
        let metrics = ConfigurationMetrics::new(&registry).unwrap();
        let directory = crate::config::ParsedDocument::directory(
            b"exceptions: [{name: a, subjects: [{kind: User, name: u}], namespaces: [n], codes: [UnboundIdentity], until: '2026-12-31T18:00:00Z', reason: r, owner: o}]",
        );
        let exceptions: Vec<_> = directory
            .exceptions()
            .iter()
            .map(|entry| Arc::clone(&entry.exception))
            .collect();
        for (now, state) in [
            ("2026-01-01T00:00:00Z", "too_long"),
            ("2026-11-01T00:00:00Z", "active"),
            ("2026-12-30T00:00:00Z", "expiring"),
            ("2026-12-31T18:00:00Z", "expired"),
        ] {
            metrics.set_exceptions(&exceptions, now.parse().unwrap());
            let text = text_of(&registry);
            assert_eq!(text.matches("ramgate_exceptions{").count(), 4, "{text}");
            assert_eq!(text.matches("} 1\n").count(), 1, "{text}");
            let line = format!("ramgate_exceptions{{state=\"{state}\"}} 1");
            assert!(text.contains(&line), "{line} is not in:\n{text}");
        }
    }

    #[test]
    fn a_refused_reload_keeps_generation_and_time() {
        let registry = Registry::new();
        let metrics = ConfigurationMetrics::new(&registry).unwrap();
        let loaded = Status {
            generation: 4,
            documents: DocumentCounts {
                policies: 12,
                directories: 2,
            },
            bindings: 7,
            principals: 5,
            loaded_at: Some(Timestamp::from_second(1_700_000_000).unwrap()),
            last_reload: Some(true),
            failed_reloads: 1,
            ..Status::default()
        };
        metrics.set(&loaded);
        assert!(text_of(&registry).contains("ramgate_config_last_reload_success 1"));
        metrics.set(&Status {
            last_reload: Some(false),
            failed_reloads: 3,
            ..loaded
        });
        let text = text_of(&registry);
        for line in [
            r#"ramgate_config_documents{kind="policy"} 12"#,
            r#"ramgate_config_documents{kind="directory"} 2"#,
            "ramgate_bindings 7",
            "ramgate_principals 5",
            "ramgate_config_last_reload_success 0",
            "ramgate_config_last_reload_success_timestamp_seconds 1700000000",
            "ramgate_config_reload_errors_total 3",
            "ramgate_config_generation 4",
        ] {
            assert!(text.contains(line), "{line} is not in:\n{text}");
        }
    }
}
