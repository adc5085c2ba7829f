//! `ramgate_certificate_*`.

use jiff::Timestamp;
use prometheus::{Gauge, IntCounter, Registry};

use crate::telemetry::metrics::registration::{counter, gauge, seconds};

/// Metrics of the served certificate
#[derive(Debug)]
pub(crate) struct CertificateMetrics {
    not_after: Gauge,
    errors: IntCounter,
}

impl CertificateMetrics {
    pub(super) fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        Ok(Self {
            not_after: gauge(
                registry,
                "ramgate_certificate_not_after_timestamp_seconds",
                "When the served certificate expires, Unix time",
            )?,
            errors: counter(
                registry,
                "ramgate_certificate_errors_total",
                "Certificates that could not be read, made or put in place",
            )?,
        })
    }

    /// Sets when the served certificate expires
    pub(crate) fn expires(&self, not_after: Timestamp) {
        self.not_after.set(seconds(not_after));
    }

    /// Counts a certificate that could not be read, made or put in place
    pub(crate) fn failed(&self) {
        self.errors.inc();
    }
}
