//! Prometheus metrics of the process, one file for each group.
//!
//! Label values are from closed lists, and a value that is not on its list counts as `other`. Namespaces and the kinds that
//! the configuration lists are the exceptions, and the principals and statements that a candidate decides otherwise: they
//! have a bounded number of series, or only administrators write them. No tenant can make the series grow without end.

pub(crate) mod candidate_metrics;
pub(crate) mod certificate_metrics;
mod closed_counter;
pub(crate) mod cluster_metrics;
pub(crate) mod configuration_metrics;
pub(crate) mod connection_metrics;
mod denial_metrics;
pub(crate) mod labels;
mod registration;
pub(crate) mod review_metrics;
pub(crate) mod sync_metrics;

use prometheus::process_collector::ProcessCollector;
use prometheus::{IntCounter, Registry};

use crate::telemetry::metrics::candidate_metrics::CandidateMetrics;
use crate::telemetry::metrics::certificate_metrics::CertificateMetrics;
use crate::telemetry::metrics::cluster_metrics::ClusterMetrics;
use crate::telemetry::metrics::configuration_metrics::ConfigurationMetrics;
use crate::telemetry::metrics::connection_metrics::ConnectionMetrics;
use crate::telemetry::metrics::registration::{counter, encoded, int_gauge_vec};
use crate::telemetry::metrics::review_metrics::ReviewMetrics;
use crate::telemetry::metrics::sync_metrics::SyncMetrics;

/// All metrics of the process
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    pub(crate) reviews: ReviewMetrics,
    pub(crate) configuration: ConfigurationMetrics,
    pub(crate) candidate: CandidateMetrics,
    pub(crate) certificates: CertificateMetrics,
    pub(crate) connections: ConnectionMetrics,
    pub(crate) cluster: ClusterMetrics,
    pub(crate) sync: SyncMetrics,
    /// Log lines that were not written
    pub(crate) log_lines_dropped: IntCounter,
}

impl Metrics {
    /// All metrics at zero, in a registry of their own
    ///
    /// # Errors
    /// Prometheus refuses names that are malformed or registered twice.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        registry.register(Box::new(ProcessCollector::for_self()))?;
        let build = int_gauge_vec(
            &registry,
            "ramgate_build_info",
            "The running version, always 1",
            &["version"],
        )?;
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        Ok(Self {
            reviews: ReviewMetrics::new(&registry)?,
            configuration: ConfigurationMetrics::new(&registry)?,
            candidate: CandidateMetrics::new(&registry)?,
            certificates: CertificateMetrics::new(&registry)?,
            connections: ConnectionMetrics::new(&registry)?,
            cluster: ClusterMetrics::new(&registry)?,
            sync: SyncMetrics::new(&registry)?,
            log_lines_dropped: counter(
                &registry,
                "ramgate_log_lines_dropped_total",
                "Log lines that were not written: nobody read them in time, or the disk was full",
            )?,
            registry,
        })
    }

    /// All metrics in Prometheus' text format
    ///
    /// # Errors
    /// Prometheus refuses to encode inconsistent families.
    pub fn text(&self) -> Result<Vec<u8>, prometheus::Error> {
        encoded(&self.registry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_build_and_the_process_are_there() {
        let text = String::from_utf8(Metrics::new().unwrap().text().unwrap()).unwrap();
        assert!(text.contains(concat!(
            "ramgate_build_info{version=\"",
            env!("CARGO_PKG_VERSION"),
            "\"} 1"
        )));
        assert!(text.contains("process_resident_memory_bytes"));
    }
}
