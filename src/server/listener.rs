//! A port: a socket bound early, a bounded number of connections, an orderly end.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::server::limits::ConnectionLimits;
use crate::server::peers::Peers;
use crate::server::places::{Places, Taken};
use crate::server::shutdown::Phase;
use crate::server::{connection, shutdown};
use crate::telemetry::metrics::Metrics;

/// Long enough not to spin while the process is out of file descriptors, short enough to go unnoticed
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A bound socket
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
}

/// An address that cannot be listened on
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on `{address}`: {source}")]
pub struct ListenError {
    address: SocketAddr,
    source: io::Error,
}

/// What bytes on the wire are
#[derive(Clone)]
pub enum Transport {
    /// HTTP
    Plain,
    /// HTTPS
    Tls(Arc<ServerConfig>),
}

/// How a listener treats its connections
#[derive(Clone)]
pub struct Port {
    /// What bytes on the wire are
    pub transport: Transport,
    /// The bounds
    pub limits: ConnectionLimits,
    /// Who may connect
    pub peers: Peers,
    /// Where connections are counted that came to nothing
    pub metrics: Arc<Metrics>,
}

/// Why a connection came to nothing
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Its address is in none of the networks that may connect
    Peer,
    /// It brought no client certificate, or one that is not good enough
    ClientCertificate,
    /// Its TLS handshake failed or took too long
    Handshake,
    /// It was idle, and another needed its place
    Limit,
}

impl Refusal {
    /// All of them
    pub const ALL: [Self; 4] = [Self::Peer, Self::ClientCertificate, Self::Handshake, Self::Limit];

    /// The word in metrics
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Peer => "peer",
            Self::ClientCertificate => "client_certificate",
            Self::Handshake => "handshake",
            Self::Limit => "limit",
        }
    }
}

/// How a listener ended
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drained {
    /// Connections that were still busy when the time for draining was over
    pub cut: usize,
}

impl Listener {
    /// Takes an address; port 0 takes any
    ///
    /// # Errors
    /// The address is in use, not this machine's, or not permitted.
    pub async fn bind(address: SocketAddr) -> Result<Self, ListenError> {
        let socket = TcpListener::bind(address)
            .await
            .map_err(|source| ListenError { address, source })?;
        let address = socket
            .local_addr()
            .map_err(|source| ListenError { address, source })?;
        Ok(Self { socket, address })
    }

    /// Where it listens
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until the phase is draining, then ends what is open
    pub async fn serve(self, port: Port, router: Router, phase: watch::Receiver<Phase>) -> Drained {
        let mut stop = pin!(shutdown::draining(phase.clone()));
        let places = Places::new(port.limits.connections);
        let mut open = JoinSet::new();
        loop {
            let (stream, peer) = tokio::select! {
                () = &mut stop => break,
                Some(_) = open.join_next() => continue,
                accepted = self.socket.accept() => match accepted {
                    Ok((stream, address)) => (stream, address.ip().to_canonical()),
                    Err(error) => {
                        tracing::warn!("cannot accept a connection: {error}");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                        continue;
                    }
                },
            };
            // Nobody knows the addresses of API servers in advance: this is where an operator finds them
            tracing::debug!(%peer, port = self.address.port(), "connection");
            if !port.peers.admit(peer) {
                port.metrics.refused(Refusal::Peer);
                continue;
            }
            let taken = tokio::select! {
                () = &mut stop => break,
                taken = places.take(peer) => taken,
            };
            if taken.displaced {
                port.metrics.refused(Refusal::Limit);
            }
            open.spawn(talk(stream, taken, port.clone(), router.clone(), phase.clone()));
        }
        drop(self.socket);
        let all = async { while open.join_next().await.is_some() {} };
        let _in_time = timeout(port.limits.drain, all).await;
        Drained { cut: open.len() }
    }
}

async fn talk(stream: TcpStream, taken: Taken, port: Port, router: Router, phase: watch::Receiver<Phase>) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!("cannot set TCP_NODELAY: {error}");
    }
    let place = Arc::clone(taken.place());
    match port.transport {
        Transport::Plain => connection::serve(stream, router, port.limits, place, phase).await,
        Transport::Tls(config) => {
            let handshake = timeout(port.limits.handshake, TlsAcceptor::from(config).accept(stream));
            let shaken = tokio::select! {
                shaken = handshake => shaken,
                () = place.leave() => return,
            };
            match shaken {
                Ok(Ok(stream)) => connection::serve(stream, router, port.limits, place, phase).await,
                // Scanners and clients that do not trust the certificate; an operator sees it at debug level
                Ok(Err(error)) => {
                    tracing::debug!("TLS handshake failed: {error}");
                    port.metrics.refused(refusal(&error));
                }
                Err(_) => {
                    tracing::debug!("TLS handshake took too long");
                    port.metrics.refused(Refusal::Handshake);
                }
            }
        }
    }
}

/// What a failed handshake is counted as
fn refusal(error: &io::Error) -> Refusal {
    let error = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match error {
        // A server verifies no certificates but those of clients
        Some(rustls::Error::NoCertificatesPresented | rustls::Error::InvalidCertificate(_)) => {
            Refusal::ClientCertificate
        }
        _ => Refusal::Handshake,
    }
}
