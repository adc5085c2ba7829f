//! The HTTPS server that the API server asks, and the plain ports beside it.
//!
//! ```text
//! socket -> listener (peers, places, TLS) -> reviews (bounds on bytes, work, time) -> Judge -> answer
//!                certificate (own or mounted, swapped while serving), authority of the clients
//! socket -> listener (places, plain)      -> admin (/live, /ready, /metrics)
//! socket -> listener (places, plain)      -> probes (/live, /ready)
//! ```
//!
//! HTTP/1.1 only, which is all that an API server speaks to a webhook: one request a connection at a time, so that
//! load spreads over the replicas. Whatever goes wrong here is an explicit denial that says which bound was hit.

pub(crate) mod admin;
pub(crate) mod body;
pub(crate) mod certificate;
pub(crate) mod clients;
pub(crate) mod connection;
pub(crate) mod judge;
pub(crate) mod limits;
pub(crate) mod listener;
pub(crate) mod peers;
pub(crate) mod places;
pub(crate) mod reply;
pub(crate) mod reviews;
pub(crate) mod shutdown;
pub(crate) mod uid;

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
    /// Where reviews arrive
    pub listener: Listener,
    /// Where Prometheus and people arrive
    pub admin_listener: Listener,
    /// Where probes arrive, if not at the admin port
    pub probe_listener: Option<Listener>,
    /// Keys and protocol of the reviews' port
    pub tls: Arc<ServerConfig>,
    /// What answers reviews
    pub reviews: Arc<Reviews>,
    /// What answers probes
    pub admin: Arc<Admin>,
    /// The bounds of the reviews' port
    pub limits: ConnectionLimits,
    /// Who may connect to the reviews' port
    pub peers: Peers,
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
            probe_listener,
            tls,
            reviews,
            admin,
            limits,
            peers,
            shutdown_delay,
            phases,
        } = self;
        let plain = |limits| Port {
            transport: Transport::Plain,
            limits,
            peers: Peers::default(),
            metrics: Arc::clone(&admin.metrics),
        };
        let port = Port {
            transport: Transport::Tls(tls),
            peers,
            ..plain(limits)
        };
        let serving = tokio::spawn(listener.serve(port, reviews::router(reviews), phases.watch()));
        let admin_phases = Phases::default();
        let mut beside = JoinSet::new();
        if let Some(listener) = probe_listener {
            let router = admin::probes(Arc::clone(&admin));
            beside.spawn(listener.serve(plain(ConnectionLimits::PROBES), router, admin_phases.watch()));
        }
        let router = admin::router(Arc::clone(&admin));
        beside.spawn(admin_listener.serve(plain(ConnectionLimits::ADMIN), router, admin_phases.watch()));
        let stopped = shutdown::follow(&phases, signals, shutdown_delay, serving).await;
        admin_phases.enter(Phase::Draining);
        if stopped.is_ok() {
            // Probes and scrapes are short; nothing waits for their result
            beside.join_all().await;
        }
        stopped
    }
}
