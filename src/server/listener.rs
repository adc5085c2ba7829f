//! A port: a socket bound early, a bounded number of connections, an orderly end.

use std::io;
use std::net::{IpAddr, SocketAddr};
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

use crate::server::connection_permits::{ConnectionPermit, ConnectionPermits};
use crate::server::limits::ConnectionLimits;
use crate::server::peers::Peers;
use crate::server::shutdown::{Drained, Phase};
use crate::server::{connection, shutdown};
use crate::telemetry::metrics::Metrics;
use crate::telemetry::metrics::connection_metrics::Refusal;

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

/// The protocol of a port
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
    /// The protocol
    pub transport: Transport,
    /// The bounds of its connections
    pub limits: ConnectionLimits,
    /// The networks that may connect
    pub peers: Peers,
    /// Counts refused connections
    pub metrics: Arc<Metrics>,
}

impl Listener {
    /// Listens on an address; port 0 takes any free port
    ///
    /// # Errors
    /// The address is in use, not of this machine, or not permitted.
    pub async fn bind(address: SocketAddr) -> Result<Self, ListenError> {
        let socket = TcpListener::bind(address)
            .await
            .map_err(|source| ListenError { address, source })?;
        let address = socket
            .local_addr()
            .map_err(|source| ListenError { address, source })?;
        Ok(Self { socket, address })
    }

    /// The address that it listens on
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until the phase is draining, then ends open connections
    pub async fn serve(self, port: Port, router: Router, phase: watch::Receiver<Phase>) -> Drained {
        let mut stop = pin!(shutdown::draining(phase.clone()));
        let permits = ConnectionPermits::new(port.limits.connections);
        let mut open = JoinSet::new();
        loop {
            let (stream, peer) = tokio::select! {
                () = &mut stop => break,
                Some(_) = open.join_next() => continue,
                accepted = self.accept() => match accepted {
                    Some(accepted) => accepted,
                    None => continue,
                },
            };
            if !port.peers.admit(peer) {
                port.metrics.connections.refused(Refusal::Peer);
                continue;
            }
            let permit = tokio::select! {
                () = &mut stop => break,
                permit = permits.acquire(peer) => permit,
            };
            if permit.evicts_another {
                port.metrics.connections.refused(Refusal::Limit);
            }
            open.spawn(handle(
                stream,
                permit,
                port.clone(),
                router.clone(),
                phase.clone(),
            ));
        }
        drop(self.socket);
        let all = async { while open.join_next().await.is_some() {} };
        let _in_time = timeout(port.limits.drain, all).await;
        Drained { cut: open.len() }
    }

    /// The next connection with its peer's address; `None` after an error and a pause
    async fn accept(&self) -> Option<(TcpStream, IpAddr)> {
        match self.socket.accept().await {
            Ok((stream, address)) => {
                let peer = address.ip().to_canonical();
                // Nobody knows the addresses of API servers in advance: this is where an operator finds them
                tracing::debug!(%peer, port = self.address.port(), "connection");
                Some((stream, peer))
            }
            Err(error) => {
                tracing::warn!("cannot accept a connection: {error}");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                None
            }
        }
    }
}

/// Serves one connection, after its TLS handshake if the port has TLS
async fn handle(
    stream: TcpStream,
    permit: ConnectionPermit,
    port: Port,
    router: Router,
    phase: watch::Receiver<Phase>,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!("cannot set TCP_NODELAY: {error}");
    }
    let state = Arc::clone(permit.state());
    match port.transport {
        Transport::Plain => connection::serve(stream, router, port.limits, state, phase).await,
        Transport::Tls(config) => {
            let handshake = timeout(port.limits.handshake, TlsAcceptor::from(config).accept(stream));
            let secured = tokio::select! {
                secured = handshake => secured,
                () = state.evicted() => return,
            };
            match secured {
                Ok(Ok(stream)) => connection::serve(stream, router, port.limits, state, phase).await,
                // Scanners and clients that do not trust the certificate; an operator sees it at debug level
                Ok(Err(error)) => {
                    tracing::debug!("TLS handshake failed: {error}");
                    port.metrics.connections.refused(refusal(&error));
                }
                Err(_) => {
                    tracing::debug!("TLS handshake took too long");
                    port.metrics.connections.refused(Refusal::Handshake);
                }
            }
        }
    }
}

/// The reason that a failed handshake is counted under
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
