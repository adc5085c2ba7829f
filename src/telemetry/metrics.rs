//! Prometheus metrics, every label value from a closed list.
//!
//! A value that is not on its list counts as `other`, so that no tenant can make the series grow.

pub(crate) mod labels;

use std::time::Duration;

use jiff::Timestamp;
use prometheus::process_collector::ProcessCollector;
use prometheus::{
    Encoder, Gauge, GaugeVec, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec,
    Opts, Registry, TextEncoder,
};

use crate::config::Status;
use crate::server::judge::Endpoint;
use crate::server::listener::Refusal;
use crate::telemetry::metrics::labels::{
    ACTIONS, ANSWERS, DECISIONS, MODES, NO_MODE, OPERATIONS, OTHER, RESOURCES, SCOPES,
};
use crate::telemetry::record::Record;

/// Seconds; a judgement takes tens of microseconds, the webhook's own timeout is seconds
const DURATION_BUCKETS: &[f64] = &[
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
];

/// All metrics of the process
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    duration: Histogram,
    decisions: IntCounterVec,
    unlike: IntCounterVec,
    inflight: IntGauge,
    documents: IntGaugeVec,
    reload_success: IntGauge,
    reload_success_time: Gauge,
    reload_errors: IntCounter,
    generation: IntGauge,
    certificate_not_after: Gauge,
    certificate_errors: IntCounter,
    hidden_virtual_nodes: IntGauge,
    unsent_carriers: IntGauge,
    refused_connections: IntCounterVec,
    drift: IntGaugeVec,
    watches: GaugeVec,
}

/// Counts one request as in flight for as long as it lives
#[derive(Debug)]
#[must_use]
pub struct InFlight(IntGauge);

impl Metrics {
    /// All metrics at zero, in a registry of their own
    ///
    /// # Errors
    /// Prometheus refuses names that are malformed or registered twice.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        registry.register(Box::new(ProcessCollector::for_self()))?;
        let build = IntGaugeVec::new(
            Opts::new("ramgate_build_info", "The running version, always 1"),
            &["version"],
        )?;
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        registry.register(Box::new(build))?;
        let metrics = Self {
            requests: IntCounterVec::new(
                Opts::new(
                    "ramgate_admission_requests_total",
                    "Reviews answered, by what was asked and answered",
                ),
                &["path", "resource", "operation", "decision", "mode"],
            )?,
            duration: Histogram::with_opts(
                HistogramOpts::new(
                    "ramgate_admission_duration_seconds",
                    "Time from a review's headers to its answer",
                )
                .buckets(DURATION_BUCKETS.to_vec()),
            )?,
            decisions: IntCounterVec::new(
                Opts::new(
                    "ramgate_decisions_total",
                    "Questions put to RAM, by action, outcome and deciding layer",
                ),
                &["action", "decision", "scope"],
            )?,
            unlike: IntCounterVec::new(
                Opts::new(
                    "ramgate_pods_unlike_stamp_total",
                    "Pods of controllers that run something else than their stamp was written for, by kind of difference",
                ),
                &["kind"],
            )?,
            inflight: IntGauge::new("ramgate_inflight_requests", "Reviews being read or judged now")?,
            documents: IntGaugeVec::new(
                Opts::new(
                    "ramgate_config_documents",
                    "Documents of the configuration in force, by kind",
                ),
                &["kind"],
            )?,
            reload_success: IntGauge::new(
                "ramgate_config_last_reload_success",
                "1 if the newest documents are in force, 0 if an older set is",
            )?,
            reload_success_time: Gauge::new(
                "ramgate_config_last_reload_success_timestamp_seconds",
                "When a set of documents was last put in force, Unix time",
            )?,
            reload_errors: IntCounter::new(
                "ramgate_config_reload_errors_total",
                "Sets of documents that were refused",
            )?,
            generation: IntGauge::new(
                "ramgate_config_generation",
                "Generation of the set in force, 0 for none",
            )?,
            certificate_not_after: Gauge::new(
                "ramgate_certificate_not_after_timestamp_seconds",
                "When the served certificate expires, Unix time",
            )?,
            certificate_errors: IntCounter::new(
                "ramgate_certificate_errors_total",
                "Certificates that could not be read, made or put in place",
            )?,
            hidden_virtual_nodes: IntGauge::new(
                "ramgate_virtual_nodes_with_real_names",
                "Virtual nodes whose names realNodeNames takes for real ones, so that bindings to them are never seen",
            )?,
            unsent_carriers: IntGauge::new(
                "ramgate_carriers_not_sent",
                "Kinds of listed carriers that the live webhook rules do not send wherever they send Deployments",
            )?,
            refused_connections: IntCounterVec::new(
                Opts::new(
                    "ramgate_refused_connections_total",
                    "Connections that were closed without an answer, by reason",
                ),
                &["reason"],
            )?,
            drift: IntGaugeVec::new(
                Opts::new(
                    "ramgate_webhook_configuration_drift",
                    "Entries of the live webhook configurations that are not as they were installed, by kind",
                ),
                &["kind"],
            )?,
            watches: GaugeVec::new(
                Opts::new(
                    "ramgate_watch_last_success_timestamp_seconds",
                    "When the API server last answered each watch, Unix time; 0 before the first answer",
                ),
                &["watch"],
            )?,
            registry,
        };
        metrics.register()?;
        for refusal in Refusal::ALL {
            metrics.refused_connections.with_label_values(&[refusal.name()]);
        }
        Ok(metrics)
    }

    fn register(&self) -> Result<(), prometheus::Error> {
        self.registry.register(Box::new(self.requests.clone()))?;
        self.registry.register(Box::new(self.duration.clone()))?;
        self.registry.register(Box::new(self.decisions.clone()))?;
        self.registry.register(Box::new(self.unlike.clone()))?;
        self.registry.register(Box::new(self.inflight.clone()))?;
        self.registry.register(Box::new(self.documents.clone()))?;
        self.registry.register(Box::new(self.reload_success.clone()))?;
        self.registry
            .register(Box::new(self.reload_success_time.clone()))?;
        self.registry.register(Box::new(self.reload_errors.clone()))?;
        self.registry.register(Box::new(self.generation.clone()))?;
        self.registry
            .register(Box::new(self.certificate_not_after.clone()))?;
        self.registry
            .register(Box::new(self.certificate_errors.clone()))?;
        self.registry
            .register(Box::new(self.hidden_virtual_nodes.clone()))?;
        self.registry.register(Box::new(self.unsent_carriers.clone()))?;
        self.registry
            .register(Box::new(self.refused_connections.clone()))?;
        self.registry.register(Box::new(self.drift.clone()))?;
        self.registry.register(Box::new(self.watches.clone()))
    }

    /// Counts a review that came to an answer
    pub fn reviewed(&self, endpoint: Endpoint, record: &Record, took: Duration) {
        let labels = [
            endpoint.name(),
            bounded(&record.resource, RESOURCES),
            bounded(record.operation, OPERATIONS),
            bounded(record.decision, ANSWERS),
            bounded(
                if record.mode.is_empty() {
                    NO_MODE
                } else {
                    record.mode
                },
                MODES,
            ),
        ];
        self.requests.with_label_values(&labels).inc();
        self.duration.observe(took.as_secs_f64());
        for asked in &record.asked {
            let labels = [
                bounded(asked.action, ACTIONS),
                bounded(asked.decision, DECISIONS),
                bounded(asked.scope, SCOPES),
            ];
            self.decisions.with_label_values(&labels).inc();
        }
        for kind in &record.unlike {
            self.unlike.with_label_values(&[*kind]).inc();
        }
    }

    /// Counts a request as in flight until the guard goes
    pub fn in_flight(&self) -> InFlight {
        self.inflight.inc();
        InFlight(self.inflight.clone())
    }

    /// Notes what is in force, and what became of the last reload
    pub fn configured(&self, status: &Status) {
        for (kind, count) in [
            ("policy", status.documents.policies),
            ("directory", status.documents.directories),
        ] {
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            self.documents.with_label_values(&[kind]).set(count);
        }
        self.reload_success.set((status.last_reload == Some(true)).into());
        if let Some(loaded_at) = status.loaded_at {
            self.reload_success_time.set(seconds(loaded_at));
        }
        self.reload_errors
            .inc_by(status.failed_reloads.saturating_sub(self.reload_errors.get()));
        self.generation
            .set(i64::try_from(status.generation).unwrap_or(i64::MAX));
    }

    /// Notes when the served certificate expires
    pub fn certificate_expires(&self, not_after: Timestamp) {
        self.certificate_not_after.set(seconds(not_after));
    }

    /// Counts a certificate that could not be read, made or put in place
    pub fn certificate_failed(&self) {
        self.certificate_errors.inc();
    }

    /// Notes the gaps around ramgate: virtual nodes that nobody sees, kinds whose stamps nobody checks
    pub fn gaps(&self, hidden_virtual_nodes: usize, unsent_carriers: usize) {
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        self.hidden_virtual_nodes.set(count(hidden_virtual_nodes));
        self.unsent_carriers.set(count(unsent_carriers));
    }

    /// Counts a connection that came to nothing
    pub fn refused(&self, refusal: Refusal) {
        self.refused_connections
            .with_label_values(&[refusal.name()])
            .inc();
    }

    /// Notes how many entries of each live webhook configuration are not as they were installed
    pub fn drifted(&self, mutating: usize, validating: usize) {
        for (kind, entries) in [("mutating", mutating), ("validating", validating)] {
            let entries = i64::try_from(entries).unwrap_or(i64::MAX);
            self.drift.with_label_values(&[kind]).set(entries);
        }
    }

    /// Notes when each watch was last answered; one that has ended is forgotten
    pub fn watched(&self, watches: impl IntoIterator<Item = (&'static str, Option<Timestamp>)>) {
        self.watches.reset();
        for (watch, last) in watches {
            self.watches
                .with_label_values(&[watch])
                .set(last.map_or(0.0, seconds));
        }
    }

    /// Everything in Prometheus' text format
    ///
    /// # Errors
    /// Prometheus refuses to encode inconsistent families.
    pub fn text(&self) -> Result<Vec<u8>, prometheus::Error> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(text)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

fn bounded(value: &str, list: &[&'static str]) -> &'static str {
    list.iter()
        .find(|known| **known == value)
        .copied()
        .unwrap_or(OTHER)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "Unix milliseconds need 41 bits of the 52"
)]
fn seconds(time: Timestamp) -> f64 {
    time.as_millisecond() as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::DocumentCounts;
    use crate::telemetry::record::Asked;

    fn record() -> Record {
        Record {
            resource: "pods".into(),
            operation: "CREATE",
            decision: "deny",
            mode: "enforce",
            asked: vec![Asked {
                action: "ram:PassRole",
                decision: "ImplicitDeny",
                scope: "account",
            }],
            unlike: vec!["image"],
            ..Record::default()
        }
    }

    fn text(metrics: &Metrics) -> String {
        String::from_utf8(metrics.text().unwrap()).unwrap()
    }

    #[test]
    fn a_review_is_counted_with_its_questions() {
        let metrics = Metrics::new().unwrap();
        metrics.reviewed(Endpoint::Validate, &record(), Duration::from_micros(60));
        let text = text(&metrics);
        for line in [
            r#"ramgate_admission_requests_total{decision="deny",mode="enforce",operation="CREATE",path="validate",resource="pods"} 1"#,
            r#"ramgate_decisions_total{action="ram:PassRole",decision="ImplicitDeny",scope="account"} 1"#,
            r#"ramgate_pods_unlike_stamp_total{kind="image"} 1"#,
            r#"ramgate_admission_duration_seconds_bucket{le="0.00005"} 0"#,
            r#"ramgate_admission_duration_seconds_bucket{le="0.0001"} 1"#,
        ] {
            assert!(text.contains(line), "{line} is not in:\n{text}");
        }
    }

    #[test]
    fn what_is_not_on_a_list_is_other() {
        let metrics = Metrics::new().unwrap();
        let strange = Record {
            resource: "tenant-made".into(),
            operation: "EAT",
            ..record()
        };
        metrics.reviewed(Endpoint::Mutate, &strange, Duration::ZERO);
        let text = text(&metrics);
        assert!(!text.contains("tenant-made") && !text.contains("EAT"), "{text}");
        assert!(
            text.contains(r#"operation="other",path="mutate",resource="other""#),
            "{text}"
        );
    }

    #[test]
    fn a_refused_reload_keeps_generation_and_time() {
        let metrics = Metrics::new().unwrap();
        let loaded = Status {
            generation: 4,
            documents: DocumentCounts {
                policies: 12,
                directories: 2,
            },
            loaded_at: Some(Timestamp::from_second(1_700_000_000).unwrap()),
            last_reload: Some(true),
            failed_reloads: 1,
            ..Status::default()
        };
        metrics.configured(&loaded);
        assert!(text(&metrics).contains("ramgate_config_last_reload_success 1"));
        metrics.configured(&Status {
            last_reload: Some(false),
            failed_reloads: 3,
            ..loaded
        });
        let text = text(&metrics);
        for line in [
            r#"ramgate_config_documents{kind="policy"} 12"#,
            r#"ramgate_config_documents{kind="directory"} 2"#,
            "ramgate_config_last_reload_success 0",
            "ramgate_config_last_reload_success_timestamp_seconds 1700000000",
            "ramgate_config_reload_errors_total 3",
            "ramgate_config_generation 4",
        ] {
            assert!(text.contains(line), "{line} is not in:\n{text}");
        }
    }

    #[test]
    fn in_flight_ends_with_its_guard() {
        let metrics = Metrics::new().unwrap();
        let guard = metrics.in_flight();
        assert!(text(&metrics).contains("ramgate_inflight_requests 1"));
        drop(guard);
        assert!(text(&metrics).contains("ramgate_inflight_requests 0"));
    }

    #[test]
    fn the_build_and_the_process_are_there() {
        let text = text(&Metrics::new().unwrap());
        assert!(text.contains(concat!(
            "ramgate_build_info{version=\"",
            env!("CARGO_PKG_VERSION"),
            "\"} 1"
        )));
        assert!(text.contains("process_resident_memory_bytes"));
    }
}
