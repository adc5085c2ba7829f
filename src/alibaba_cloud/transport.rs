//! Sends requests over TLS, one connection for each host, and reads bounded answers.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderValue, Request, StatusCode};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio_rustls::TlsConnector;

use crate::alibaba_cloud::cloud_error::CloudFault;
use crate::alibaba_cloud::secret_text::SecretText;

/// The port of HTTPS
const PORT: u16 = 443;
/// How long a connection may take, TLS included
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long one request may take: longer than a page of a thousand users
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// The longest answer: a page of a thousand users has about 400 KB
const MAX_ANSWER: usize = 8 * 1024 * 1024;

/// Connections to hosts
pub(crate) struct Transport {
    connector: TlsConnector,
    /// Where to connect instead of the host's address; TLS and the request still name the host
    connect_to: Option<SocketAddr>,
    connections: Mutex<HashMap<String, SendRequest<Body>>>,
}

/// A request to a host, whose path is `/`
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) host: String,
    pub(super) query: String,
    pub(super) headers: Vec<(&'static str, SecretText)>,
    pub(super) body: Option<SecretText>,
}

/// The answer as it came; without `Debug`, because it may hold credentials
pub(super) struct Incoming {
    pub(super) status: StatusCode,
    pub(super) body: Vec<u8>,
}

impl Transport {
    /// A transport that trusts the certificate authorities of a PEM file
    ///
    /// # Errors
    /// The file cannot be read, or holds no authority.
    pub(crate) fn new(ca_file: &Path, connect_to: Option<SocketAddr>) -> io::Result<Self> {
        let pem = std::fs::read(ca_file)?;
        let mut roots = RootCertStore::empty();
        let certificates = CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>();
        let certificates = certificates.map_err(|error| io::Error::other(error.to_string()))?;
        // A bundle may have old authorities that rustls does not read
        let (added, _ignored) = roots.add_parsable_certificates(certificates);
        if added == 0 {
            return Err(io::Error::other("it holds no certificate of an authority"));
        }
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            connector: TlsConnector::from(Arc::new(config)),
            connect_to,
            connections: Mutex::default(),
        })
    }

    /// Sends a request and reads its answer
    ///
    /// # Errors
    /// No complete answer comes in time, or it is too long.
    pub(super) async fn send(&self, outgoing: &Outgoing) -> Result<Incoming, CloudFault> {
        let sent = tokio::time::timeout(REQUEST_TIMEOUT, self.exchange(outgoing));
        sent.await.unwrap_or_else(|_| {
            let seconds = REQUEST_TIMEOUT.as_secs();
            Err(CloudFault::Unreachable(format!(
                "no answer from {} within {seconds} s",
                outgoing.host
            )))
        })
    }

    async fn exchange(&self, outgoing: &Outgoing) -> Result<Incoming, CloudFault> {
        let request = request(outgoing)?;
        let mut sender = self.connection(&outgoing.host).await?;
        let failed =
            |error: &dyn std::error::Error| CloudFault::Unreachable(format!("{}: {error}", outgoing.host));
        let response = sender
            .send_request(request)
            .await
            .map_err(|error| failed(&error))?;
        let (head, body) = response.into_parts();
        let too_long = |error: axum::Error| match error.to_string() {
            text if text.contains("length limit") => {
                CloudFault::Unreadable(format!("the answer has more than {MAX_ANSWER} bytes"))
            }
            text => CloudFault::Unreachable(format!("{}: the answer breaks off: {text}", outgoing.host)),
        };
        let body = to_bytes(Body::new(body), MAX_ANSWER).await.map_err(too_long)?;
        self.connections
            .lock()
            .await
            .insert(outgoing.host.clone(), sender);
        Ok(Incoming {
            status: head.status,
            body: body.to_vec(),
        })
    }

    /// The open connection to a host, or a new one
    async fn connection(&self, host: &str) -> Result<SendRequest<Body>, CloudFault> {
        let open = self.connections.lock().await.remove(host);
        if let Some(mut sender) = open
            && sender.ready().await.is_ok()
        {
            return Ok(sender);
        }
        let connected = tokio::time::timeout(CONNECT_TIMEOUT, self.connect(host));
        let connected = connected.await.unwrap_or_else(|_| {
            let seconds = CONNECT_TIMEOUT.as_secs();
            Err(io::Error::other(format!("no connection within {seconds} s")))
        });
        connected.map_err(|error| CloudFault::Unreachable(format!("{host}: {error}")))
    }

    async fn connect(&self, host: &str) -> io::Result<SendRequest<Body>> {
        let stream = match self.connect_to {
            Some(address) => TcpStream::connect(address).await?,
            None => TcpStream::connect((host, PORT)).await?,
        };
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let stream = self.connector.connect(name, stream).await?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        // Ends with the last request; an error of the connection is the error of its request
        tokio::spawn(connection);
        Ok(sender)
    }
}

impl std::fmt::Debug for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transport").finish_non_exhaustive()
    }
}

fn request(outgoing: &Outgoing) -> Result<Request<Body>, CloudFault> {
    let mut request = Request::post(format!("/?{}", outgoing.query)).header("accept", "application/json");
    for (name, value) in &outgoing.headers {
        let value = HeaderValue::from_str(value.expose());
        let mut value = value
            .map_err(|_| CloudFault::Credentials(format!("{name} has no value that a header may have")))?;
        // hyper's and rustls' debug output prints nothing of such a value
        value.set_sensitive(true);
        request = request.header(*name, value);
    }
    let body = match &outgoing.body {
        None => Body::empty(),
        Some(form) => {
            request = request.header("content-type", "application/x-www-form-urlencoded");
            Body::from(form.expose().to_owned())
        }
    };
    request
        .body(body)
        .map_err(|error| CloudFault::Unreadable(error.to_string()))
}
