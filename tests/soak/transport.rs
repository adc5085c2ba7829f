//! HTTPS as the API server's client for webhooks speaks it, and with its rules for what is tried again.
//!
//! From the sources of Kubernetes 1.36 and Go 1.26:
//!
//! - The dispatchers call a webhook once; an error is a matter of failurePolicy (`callHook` in
//!   apiserver/pkg/admission/plugin/webhook). With Fail the request is denied: a lost review lets nothing through.
//! - client-go tries again what broke on its way for GET alone, and anything on a response 429 or 5xx with `Retry-After`
//!   (`isErrRetryableFunc` and `with_retry.go` in client-go/rest). A review is a POST, and ramgate sends no such response.
//! - Go's transport repeats a request on another connection if nothing of it was written on a reused one
//!   (`shouldRetryRequest` in net/http/transport.go: the body can be read again). It repeats no POST of which a byte was
//!   written, also if the server closed the idle connection at that moment: `isReplayable` is false without an
//!   `Idempotency-Key`. A refused connection fails the request at once.
//! - HTTP/1.1 (apiserver/pkg/util/webhook/client.go), the connection that became idle last is used first, at most 25 idle
//!   ones are kept (client-go/transport/cache.go), for 90 s. Each new one goes to some endpoint of the Service.
//!
//! What it leaves out: Go's transport takes an idle connection that comes back while it dials.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use axum::body::{Body, Bytes};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{ACCEPT, CONTENT_TYPE, HOST, USER_AGENT};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::harness::install::{NAMESPACE, RELEASE};
use crate::ledger::{Series, Tally};
use crate::service::Service;

/// `idleConnsPerHost` of client-go
const MAX_IDLE: usize = 25;

/// `IdleConnTimeout` of Go's default transport
const IDLE: Duration = Duration::from_secs(90);

/// `timeoutSeconds` of the chart's entries
const TIMEOUT: Duration = Duration::from_secs(5);

/// The client of one API server
pub(crate) struct Transport {
    service: Arc<Service>,
    trust: ArcSwapOption<Trust>,
}

/// What is trusted, and the connections made with it: another caBundle makes another client
struct Trust {
    bundle: Vec<u8>,
    tls: TlsConnector,
    idle: Mutex<Vec<Connection>>,
}

struct Connection {
    sender: SendRequest<Body>,
    replica: Arc<Tally>,
    idle_since: Instant,
    reused: bool,
}

/// An answer and where it came from
pub(crate) struct Answer {
    pub(crate) replica: Arc<Tally>,
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
}

/// Why there is no answer
pub(crate) enum Failure {
    /// The Service has no endpoint
    NoEndpoint,
    /// No connection to an endpoint
    Connect(Arc<Tally>, io::Error),
    /// A connection that broke under a request, or an answer that never came
    Broken(Arc<Tally>, String),
}

impl Transport {
    pub(crate) fn new(service: Arc<Service>) -> Self {
        Self {
            service,
            trust: ArcSwapOption::empty(),
        }
    }

    /// Takes over a caBundle, if it is another than before
    pub(crate) fn trust(&self, bundle: &[u8]) {
        if self.trust.load().as_ref().is_some_and(|now| now.bundle == bundle) {
            return;
        }
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(bundle) {
            roots.add(certificate.expect("caBundle")).expect("caBundle");
        }
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("TLS versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        self.trust.store(Some(Arc::new(Trust {
            bundle: bundle.to_owned(),
            tls: Arc::new(config).into(),
            idle: Mutex::default(),
        })));
    }

    /// Lets the idle connections go, so that the next reviews go to any endpoint
    pub(crate) fn forget(&self) {
        if let Some(trust) = self.trust.load().as_ref() {
            trust.idle.lock().expect("idle connections").clear();
        }
    }

    /// Posts a review, within the time that the API server gives it
    pub(crate) async fn post(&self, path: &str, series: Series, review: &Bytes) -> Result<Answer, Failure> {
        let trust = self.trust.load_full().expect("a caBundle");
        let deadline = tokio::time::Instant::now() + TIMEOUT;
        loop {
            let mut connection = match trust.idle_connection() {
                Some(connection) => connection,
                None => self.connect(&trust).await?,
            };
            let replica = Arc::clone(&connection.replica);
            replica.sent(series);
            let exchange = exchange(&mut connection, path, review);
            match tokio::time::timeout_at(deadline, exchange).await {
                Ok(Ok((status, body, keep))) => {
                    replica.answered(series);
                    if keep {
                        trust.keep(connection);
                    }
                    return Ok(Answer {
                        replica,
                        status,
                        body,
                    });
                }
                Ok(Err(Broken { written: false, .. })) if connection.reused => replica.unsent(series),
                Ok(Err(broken)) => {
                    let reused = if connection.reused { "a reused" } else { "a new" };
                    let error = format!("{reused} connection broke: {}", broken.error);
                    return Err(Failure::Broken(replica, error));
                }
                Err(_) => return Err(Failure::Broken(replica, "no answer in time".to_owned())),
            }
        }
    }

    async fn connect(&self, trust: &Trust) -> Result<Connection, Failure> {
        let replica = self.service.pick().ok_or(Failure::NoEndpoint)?;
        let connect = async {
            let stream = TcpStream::connect(("127.0.0.1", replica.port)).await?;
            stream.set_nodelay(true)?;
            let name =
                ServerName::try_from(format!("{RELEASE}.{NAMESPACE}.svc")).map_err(io::Error::other)?;
            let stream = trust.tls.connect(name, stream).await?;
            handshake(TokioIo::new(stream)).await.map_err(io::Error::other)
        };
        let connected = tokio::time::timeout(TIMEOUT, connect).await;
        let connected = connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        match connected {
            Ok((sender, connection)) => {
                // Its errors come out where the request waits.
                tokio::spawn(connection);
                Ok(Connection {
                    sender,
                    replica,
                    idle_since: Instant::now(),
                    reused: false,
                })
            }
            Err(error) => Err(Failure::Connect(replica, error)),
        }
    }
}

impl Trust {
    /// The connection that became idle last, of those that are still open
    fn idle_connection(&self) -> Option<Connection> {
        let mut idle = self.idle.lock().expect("idle connections");
        idle.retain(|one| !one.sender.is_closed() && one.idle_since.elapsed() < IDLE);
        let mut connection = idle.pop()?;
        connection.reused = true;
        Some(connection)
    }

    fn keep(&self, mut connection: Connection) {
        let mut idle = self.idle.lock().expect("idle connections");
        if idle.len() < MAX_IDLE {
            connection.idle_since = Instant::now();
            idle.push(connection);
        }
    }
}

struct Broken {
    written: bool,
    error: String,
}

/// Sends a request on a connection; gives status, body and whether the connection can be used again
async fn exchange(
    connection: &mut Connection,
    path: &str,
    review: &Bytes,
) -> Result<(StatusCode, Bytes, bool), Broken> {
    // After an answer the connection may need another moment before it takes the next request.
    let ready = connection.sender.ready().await;
    ready.map_err(|error| Broken {
        written: false,
        error: error.to_string(),
    })?;
    let request = Request::builder()
        .method(Method::POST)
        .uri(format!("{path}?timeout={}s", TIMEOUT.as_secs()))
        .header(HOST, format!("{RELEASE}.{NAMESPACE}.svc:443"))
        .header(USER_AGENT, "kube-apiserver-admission")
        .header(ACCEPT, "application/json, */*")
        .header(CONTENT_TYPE, "application/json")
        .body(Body::from(review.clone()))
        .expect("a request");
    let response = match connection.sender.try_send_request(request).await {
        Ok(response) => response,
        Err(mut unsent) => {
            return Err(Broken {
                // What comes back was never written.
                written: unsent.take_message().is_none(),
                error: unsent.into_error().to_string(),
            });
        }
    };
    let (head, body) = response.into_parts();
    let keep = head
        .headers
        .get("connection")
        .is_none_or(|value| value != "close");
    let mut body = Body::new(body).into_data_stream();
    let mut bytes = Vec::new();
    while let Some(piece) = futures::StreamExt::next(&mut body).await {
        let piece = piece.map_err(|error| Broken {
            written: true,
            error: error.to_string(),
        })?;
        bytes.extend_from_slice(&piece);
    }
    Ok((head.status, bytes.into(), keep))
}
