//! Issues this process's leaf certificate and renews it in time.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;

use crate::server::certificate::authority::{Authority, AuthorityError};
use crate::server::certificate::ca_bundle::CaBundle;
use crate::server::certificate::lifetimes::Lifetimes;
use crate::server::certificate::resolver::CertificateResolver;
use crate::server::certificate::rotation::Authorities;
use crate::telemetry::metrics::Metrics;

/// Keeps the leaf in the resolver fresh and the bundle published
#[derive(Debug)]
pub struct LeafIssuer {
    names: Vec<String>,
    lifetimes: Lifetimes,
    resolver: Arc<CertificateResolver>,
    metrics: Arc<Metrics>,
    bundle: watch::Sender<Arc<str>>,
    issued: Option<Issued>,
}

/// The origin of the leaf in the resolver
#[derive(Debug)]
struct Issued {
    /// Certificate of the authority that signed it, PEM
    signer: String,
    renew_at: Timestamp,
}

impl LeafIssuer {
    /// An issuer that has not issued anything yet
    #[must_use]
    pub fn new(
        names: Vec<String>,
        lifetimes: Lifetimes,
        resolver: Arc<CertificateResolver>,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            names,
            lifetimes,
            resolver,
            metrics,
            bundle: watch::Sender::new("".into()),
            issued: None,
        }
    }

    /// Follows the certificates that clients must trust
    #[must_use]
    pub fn bundle(&self) -> CaBundle {
        self.bundle.subscribe()
    }

    /// The times by which it works
    pub(super) fn lifetimes(&self) -> &Lifetimes {
        &self.lifetimes
    }

    /// How long to wait between two checks
    pub(super) fn check_interval(&self) -> Duration {
        self.lifetimes.check_interval.unsigned_abs()
    }

    /// Publishes the bundle, then issues a new leaf if the present one is old or another authority signs now
    ///
    /// # Errors
    /// No authority is valid, or the crypto library refuses.
    pub fn follow(&mut self, authorities: &Authorities, now: Timestamp) -> Result<(), AuthorityError> {
        self.publish(authorities.bundle(now).into());
        let signer = authorities
            .signer(now, &self.lifetimes)
            .ok_or(AuthorityError::NoneValid)?;
        if !self.is_current(signer, now) {
            let leaf = signer.issue(&self.names, now, &self.lifetimes)?;
            self.resolver.replace(&leaf.pair);
            tracing::info!(not_after = %leaf.pair.not_after(), "a new certificate is in use");
            self.issued = Some(Issued {
                signer: signer.certificate().to_owned(),
                renew_at: leaf.renew_at,
            });
        }
        Ok(())
    }

    fn publish(&self, bundle: Arc<str>) {
        self.bundle.send_if_modified(|current| {
            let changed = *current != bundle;
            *current = bundle;
            changed
        });
    }

    fn is_current(&self, signer: &Authority, now: Timestamp) -> bool {
        self.issued
            .as_ref()
            .is_some_and(|issued| issued.signer == signer.certificate() && now < issued.renew_at)
    }

    /// Counts and logs a failure; the certificate in use stays
    pub(super) fn failed(&self, error: &dyn Error) {
        self.metrics.certificates.failed();
        tracing::error!("the certificate stays as it is: {error}");
    }

    /// Makes an authority that lives in this process only
    ///
    /// # Errors
    /// The crypto library refuses.
    pub fn start_in_memory(&mut self) -> Result<Authorities, AuthorityError> {
        let now = Timestamp::now();
        let mut authorities = Authorities::default();
        authorities.advance(now, &self.lifetimes)?;
        self.follow(&authorities, now)?;
        Ok(authorities)
    }

    /// Renews leaf and authority, for ever
    pub async fn renew_in_memory(mut self, mut authorities: Authorities) {
        loop {
            tokio::time::sleep(self.check_interval()).await;
            let now = Timestamp::now();
            if let Err(error) = authorities.advance(now, &self.lifetimes) {
                self.failed(&error);
            }
            if let Err(error) = self.follow(&authorities, now) {
                self.failed(&error);
            }
        }
    }
}
