//! `ramgate_refused_connections_total`.

use prometheus::{IntCounterVec, Registry};

use crate::telemetry::metrics::registration::counter_vec;

/// Metrics of connections
#[derive(Debug)]
pub(crate) struct ConnectionMetrics {
    refused: IntCounterVec,
}

/// Why a connection was closed without an answer
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Its address is in none of the networks that may connect
    Peer,
    /// It presented no client certificate, or one that does not verify
    ClientCertificate,
    /// Its TLS handshake failed or took too long
    Handshake,
    /// It was idle, and another connection needed its permit
    Limit,
}

impl Refusal {
    const ALL: [Self; 4] = [Self::Peer, Self::ClientCertificate, Self::Handshake, Self::Limit];

    /// The value of the label
    fn name(self) -> &'static str {
        match self {
            Self::Peer => "peer",
            Self::ClientCertificate => "client_certificate",
            Self::Handshake => "handshake",
            Self::Limit => "limit",
        }
    }
}

impl ConnectionMetrics {
    pub(super) fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let refused = counter_vec(
            registry,
            "ramgate_refused_connections_total",
            "Connections that were closed without an answer, by reason",
            &["reason"],
        )?;
        for refusal in Refusal::ALL {
            refused.with_label_values(&[refusal.name()]);
        }
        Ok(Self { refused })
    }

    /// Counts a connection that was closed without an answer
    pub(crate) fn refused(&self, refusal: Refusal) {
        self.refused.with_label_values(&[refusal.name()]).inc();
    }
}
