//! The leaf of this process, signed by an authority of its own and renewed in time.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;

use crate::server::certificate::authority::AuthorityError;
use crate::server::certificate::bundle::Bundle;
use crate::server::certificate::lifetimes::Lifetimes;
use crate::server::certificate::rotation::Authorities;
use crate::server::certificate::slot::Slot;
use crate::telemetry::metrics::Metrics;

/// Keeps a leaf in the slot and the bundle published
#[derive(Debug)]
pub struct Own {
    names: Vec<String>,
    lifetimes: Lifetimes,
    slot: Arc<Slot>,
    metrics: Arc<Metrics>,
    bundle: watch::Sender<Arc<str>>,
    current: Option<Current>,
}

/// What the leaf in the slot was made from
#[derive(Debug)]
struct Current {
    signer: String,
    renew_at: Timestamp,
}

impl Own {
    /// Nothing made yet
    #[must_use]
    pub fn new(names: Vec<String>, lifetimes: Lifetimes, slot: Arc<Slot>, metrics: Arc<Metrics>) -> Self {
        Self {
            names,
            lifetimes,
            slot,
            metrics,
            bundle: watch::Sender::new("".into()),
            current: None,
        }
    }

    /// Follows what clients must trust
    #[must_use]
    pub fn bundle(&self) -> Bundle {
        self.bundle.subscribe()
    }

    /// The times by which it works
    pub(super) fn lifetimes(&self) -> &Lifetimes {
        &self.lifetimes
    }

    /// How long to wait until the next look at the clock
    pub(super) fn pause(&self) -> Duration {
        self.lifetimes.look.unsigned_abs()
    }

    /// Publishes the bundle, then replaces the leaf if it is old or another authority signs now
    ///
    /// # Errors
    /// No authority is valid, or the crypto library refuses.
    pub fn follow(&mut self, authorities: &Authorities, now: Timestamp) -> Result<(), AuthorityError> {
        let bundle: Arc<str> = authorities.bundle(now).into();
        self.bundle.send_if_modified(|current| {
            let changed = *current != bundle;
            *current = bundle;
            changed
        });
        let Some(signer) = authorities.signer(now, &self.lifetimes) else {
            return Err(AuthorityError::NoneValid);
        };
        let keep = self
            .current
            .as_ref()
            .is_some_and(|current| current.signer == signer.certificate() && now < current.renew_at);
        if !keep {
            let leaf = signer.issue(&self.names, now, &self.lifetimes)?;
            self.slot.put(&leaf.pair);
            tracing::info!(not_after = %leaf.pair.not_after(), "a new certificate is in use");
            self.current = Some(Current {
                signer: signer.certificate().to_owned(),
                renew_at: leaf.renew_at,
            });
        }
        Ok(())
    }

    /// Counts and logs a failure; what is in the slot stays
    pub(super) fn failed(&self, error: &dyn std::error::Error) {
        self.metrics.certificate_failed();
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

    /// Renews leaf and authority for ever
    pub async fn keep_in_memory(mut self, mut authorities: Authorities) {
        loop {
            tokio::time::sleep(self.pause()).await;
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
