//! The HTTPS server that API servers call, and the plain ports beside it.
//!
//! ```text
//! socket -> listener (peers, permits, TLS) -> reviews (bounds on bytes, work, time) -> ReviewHandler -> answer
//!             certificate (self-made or mounted, replaced while serving), client_certificate
//! socket -> listener (permits, plain)      -> admin (/live, /ready, /metrics)
//! socket -> listener (permits, plain)      -> probes (/live, /ready)
//! ```
//!
//! HTTP/1.1 only, since API servers speak nothing else to a webhook. One connection carries one request at a time, so
//! that load spreads over the replicas. Every failure here is an explicit answer that names the bound that was hit, and
//! whose outcome is that of the namespace's mode.

pub(crate) mod admin;
mod body;
pub(crate) mod certificate;
pub(crate) mod client_certificate;
mod clock;
mod connection;
mod connection_permits;
mod http_response;
pub(crate) mod limits;
pub(crate) mod listener;
mod memory_budget;
pub(crate) mod mounted_files;
pub(crate) mod peers;
pub(crate) mod request_head;
pub(crate) mod review_handler;
pub(crate) mod reviews;
pub(crate) mod shutdown;

use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::task::JoinSet;

use crate::server::admin::Admin;
use crate::server::limits::ConnectionLimits;
use crate::server::listener::{Listener, Port, Transport};
use crate::server::peers::Peers;
use crate::server::reviews::Reviews;
use crate::server::shutdown::{Aborted, Phase, Phases, Signals};

/// All ports, bound and ready to run
pub struct Server {
    /// The reviews' port
    pub listener: Listener,
    /// The admin port
    pub admin_listener: Listener,
    /// The probes' port, if it is not the admin port
    pub probe_listener: Option<Listener>,
    /// Keys and protocol of the reviews' port
    pub tls: Arc<ServerConfig>,
    /// Answers reviews
    pub reviews: Arc<Reviews>,
    /// Answers probes and scrapes
    pub admin: Arc<Admin>,
    /// The bounds of the reviews' port
    pub limits: ConnectionLimits,
    /// The networks that may connect to the reviews' port
    pub peers: Peers,
    /// How long to go on serving after a signal
    pub shutdown_delay: Duration,
    /// Tells the rest of the process how far the shutdown is; the server moves it on
    pub phases: Phases,
}

impl Server {
    /// Serves until a signal, then shuts down in order
    ///
    /// From the signal on the server is not ready. For the delay it serves on and asks clients to close. Then it accepts
    /// no more connections and answers what is in flight.
    ///
    /// # Errors
    /// A second signal ends it at once.
    pub async fn run(self, signals: &mut Signals) -> Result<(), Aborted> {
        let admin_phases = Phases::default();
        let mut plain_ports = JoinSet::new();
        if let Some(listener) = self.probe_listener {
            let port = plain_port(ConnectionLimits::PROBES, &self.admin);
            let router = admin::probes(Arc::clone(&self.admin));
            plain_ports.spawn(listener.serve(port, router, admin_phases.watch()));
        }
        let port = plain_port(ConnectionLimits::ADMIN, &self.admin);
        let router = admin::router(Arc::clone(&self.admin));
        plain_ports.spawn(self.admin_listener.serve(port, router, admin_phases.watch()));
        let port = Port {
            transport: Transport::Tls(self.tls),
            limits: self.limits,
            peers: self.peers,
            metrics: Arc::clone(&self.admin.metrics),
        };
        let router = reviews::router(self.reviews);
        let serving = tokio::spawn(self.listener.serve(port, router, self.phases.watch()));
        let stopped = shutdown::follow(&self.phases, signals, self.shutdown_delay, serving).await;
        admin_phases.enter(Phase::Draining);
        if stopped.is_ok() {
            // Probes and scrapes are short; nothing waits for their result
            plain_ports.join_all().await;
        }
        stopped
    }
}

/// A port without TLS, for any client
fn plain_port(limits: ConnectionLimits, admin: &Admin) -> Port {
    Port {
        transport: Transport::Plain,
        limits,
        peers: Peers::default(),
        metrics: Arc::clone(&admin.metrics),
    }
}
