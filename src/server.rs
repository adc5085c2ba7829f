//! The HTTPS server that the API server asks, and the plain admin port beside it.
//!
//! ```text
//! socket -> listener (TLS, bounds on connections) -> reviews (bounds on bytes, work, time) -> Judge -> answer
//!                certificate (own or mounted, swapped while serving)
//! socket -> listener (plain)                       -> admin (/live, /ready, /metrics)
//! ```
//!
//! HTTP/1.1 only, which is all that an API server speaks to a webhook: one request a connection at a time, so that
//! load spreads over the replicas. Whatever goes wrong here is an explicit denial that says which bound was hit.

pub mod admin;
mod body;
pub mod certificate;
mod connection;
pub mod judge;
pub mod limits;
pub mod listener;
mod reply;
pub mod reviews;
pub mod shutdown;
pub(crate) mod uid;

use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;

use crate::server::admin::Admin;
use crate::server::limits::ConnectionLimits;
use crate::server::listener::{Listener, Transport};
use crate::server::reviews::Reviews;
use crate::server::shutdown::{Aborted, Phase, Phases, Signals};

/// Both ports, bound and ready to run
pub struct Server {
    /// Where reviews arrive
    pub listener: Listener,
    /// Where probes and Prometheus arrive
    pub admin_listener: Listener,
    /// Keys and protocol of the reviews' port
    pub tls: Arc<ServerConfig>,
    /// What answers reviews
    pub reviews: Arc<Reviews>,
    /// What answers probes
    pub admin: Arc<Admin>,
    /// The bounds of the reviews' port
    pub limits: ConnectionLimits,
    /// How long to go on serving once told to stop
    pub shutdown_delay: Duration,
    /// What the rest of the process is told about the stop; the server moves it on
    pub phases: Phases,
}

impl Server {
    /// Serves until a signal, then leaves in order: not ready at once, serving on for the delay while telling
    /// clients to close, then no new connections and the rest brought to an end
    ///
    /// # Errors
    /// A second signal ends it at once.
    pub async fn run(self, signals: &mut Signals) -> Result<(), Aborted> {
        let Self {
            listener,
            admin_listener,
            tls,
            reviews,
            admin,
            limits,
            shutdown_delay,
            phases,
        } = self;
        let admin_phases = Phases::default();
        let watching = phases.watch();
        let serving =
            tokio::spawn(listener.serve(Transport::Tls(tls), reviews::router(reviews), limits, watching));
        let watching = admin_phases.watch();
        let probing = tokio::spawn(admin_listener.serve(
            Transport::Plain,
            admin::router(admin),
            ConnectionLimits::ADMIN,
            watching,
        ));
        let stopped = shutdown::follow(&phases, signals, shutdown_delay, serving).await;
        admin_phases.enter(Phase::Draining);
        if stopped.is_ok() {
            // Probes and scrapes are short; nothing waits for their result
            let _ended = probing.await;
        }
        stopped
    }
}
