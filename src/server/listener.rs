//! A port: a socket bound early, a bounded number of connections, an orderly end.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::connection;
use super::limits::ConnectionLimits;
use super::shutdown;
use super::shutdown::Phase;

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
    pub async fn serve(
        self,
        transport: Transport,
        router: Router,
        limits: ConnectionLimits,
        phase: watch::Receiver<Phase>,
    ) -> Drained {
        let mut stop = pin!(shutdown::draining(phase.clone()));
        let slots = Arc::new(Semaphore::new(limits.connections));
        let mut open = JoinSet::new();
        loop {
            let next = async {
                // The semaphore is never closed
                let slot = Arc::clone(&slots).acquire_owned().await.ok();
                (slot, self.socket.accept().await)
            };
            tokio::select! {
                () = &mut stop => break,
                Some(_) = open.join_next() => {}
                (slot, accepted) = next => match accepted {
                    Ok((stream, _)) => {
                        let talk = talk(stream, transport.clone(), router.clone(), limits, phase.clone());
                        open.spawn(async move {
                            let _slot = slot;
                            talk.await;
                        });
                    }
                    Err(error) => {
                        tracing::warn!("cannot accept a connection: {error}");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                },
            }
        }
        drop(self.socket);
        let all = async { while open.join_next().await.is_some() {} };
        let _in_time = timeout(limits.drain, all).await;
        Drained { cut: open.len() }
    }
}

async fn talk(
    stream: TcpStream,
    transport: Transport,
    router: Router,
    limits: ConnectionLimits,
    phase: watch::Receiver<Phase>,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!("cannot set TCP_NODELAY: {error}");
    }
    match transport {
        Transport::Plain => connection::serve(stream, router, limits, phase).await,
        Transport::Tls(config) => {
            match timeout(limits.handshake, TlsAcceptor::from(config).accept(stream)).await {
                Ok(Ok(stream)) => connection::serve(stream, router, limits, phase).await,
                // Scanners and clients that do not trust the certificate; an operator sees it at debug level
                Ok(Err(error)) => tracing::debug!("TLS handshake failed: {error}"),
                Err(_) => tracing::debug!("TLS handshake took too long"),
            }
        }
    }
}
