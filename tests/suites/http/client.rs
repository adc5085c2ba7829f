//! A small HTTPS client that shows what it saw, and a server with a judge that does as it is told.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::header::{CONTENT_TYPE, HOST};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use futures::FutureExt;
use futures::future::BoxFuture;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use ramgate::testing::admission::Mode;
use ramgate::testing::server::{
    Aborted, Admin, CertificateResolver, ConnectionLimits, HandledReview, LeafIssuer, Lifetimes, Listener,
    Peers, Phases, Readiness, ReadinessReport, RequestHead, ReviewHandler, ReviewLimits, Reviews, Server,
    UnreadableReview,
};
use ramgate::testing::telemetry::{Endpoint, Metrics, Record};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::session::{Failure, handshake};

/// An answer, read to its end
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Seen {
    pub(crate) async fn of(response: axum::http::Response<Body>) -> Self {
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        Self {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// One open connection
pub(crate) struct Connection {
    sender: http1::SendRequest<Body>,
}

impl Connection {
    pub(crate) async fn plain(address: SocketAddr) -> Result<Self, Failure> {
        Self::over(TcpStream::connect(address).await?).await
    }

    pub(crate) async fn tls(address: SocketAddr, name: &str, bundle: &str) -> Result<Self, Failure> {
        Self::over(handshake(address, name, bundle).await?).await
    }

    pub(crate) async fn over<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
        stream: S,
    ) -> Result<Self, Failure> {
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { sender })
    }

    pub(crate) async fn send(&mut self, request: Request<Body>) -> Result<Seen, Failure> {
        self.sender.ready().await?;
        let response = self.sender.send_request(request).await?;
        Ok(Seen::of(response.map(Body::new)).await)
    }

    pub(crate) async fn get(&mut self, path: &str) -> Result<Seen, Failure> {
        self.send(Request::get(path).header(HOST, "localhost").body(Body::empty())?)
            .await
    }

    pub(crate) async fn review(&mut self, path: &str, review: &Value) -> Result<Seen, Failure> {
        self.send(posted(path, review.to_string())).await
    }
}

/// A review as the API server sends it
pub(crate) fn posted(path: &str, body: impl Into<Body>) -> Request<Body> {
    Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(HOST, "localhost")
        .header(CONTENT_TYPE, "application/json")
        .body(body.into())
        .unwrap()
}

/// A review that the scripted judge treats as it says
pub(crate) fn review(uid: &str, script: &str) -> Value {
    json!({"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": {
        "uid": uid, "resource": {"resource": "pods"}, "namespace": "shop", "operation": "CREATE", "script": script}})
}

/// Does what the review's `script` says: allow, deny, panic, unreadable, `wait MS` (asleep) or `block MS` (at work)
pub(crate) struct Scripted;

impl ReviewHandler for Scripted {
    fn handle<'a>(
        &'a self,
        endpoint: Endpoint,
        body: &'a [u8],
    ) -> BoxFuture<'a, Result<HandledReview, UnreadableReview>> {
        async move {
            let review: Value = serde_json::from_slice(body).unwrap();
            let script = review["request"]["script"].as_str().unwrap();
            let pause = script
                .split_once(' ')
                .map(|(_, number)| Duration::from_millis(number.parse().unwrap()));
            match script {
                "panic" => panic!("as the script says"),
                _ if script.starts_with("wait") => tokio::time::sleep(pause.unwrap()).await,
                _ if script.starts_with("block") => std::thread::sleep(pause.unwrap()),
                _ => {}
            }
            let allowed = script != "deny";
            let uid = review["request"]["uid"].as_str().unwrap();
            let response = json!({"uid": uid, "allowed": allowed, "path": endpoint.name()});
            if script == "unreadable" {
                return Err(UnreadableReview("as the script says".into()));
            }
            Ok(HandledReview {
                body: json!({"kind": "AdmissionReview", "response": response})
                    .to_string()
                    .into_bytes(),
                record: Record {
                    uid: uid.into(),
                    resource: "pods".into(),
                    operation: "CREATE",
                    decision: if allowed { "allow" } else { "deny" },
                    mode: "enforce",
                    ..Record::default()
                },
            })
        }
        .boxed()
    }

    /// Namespace `calm` is in mode warn, and `quiet` in mode audit
    fn mode(&self, head: &RequestHead) -> Mode {
        match head.namespace.as_str() {
            "calm" => Mode::Warn,
            "quiet" => Mode::Audit,
            _ => Mode::Enforce,
        }
    }
}

/// The same, with an authorization webhook
pub(crate) struct Authorizing;

impl ReviewHandler for Authorizing {
    fn handle<'a>(
        &'a self,
        endpoint: Endpoint,
        body: &'a [u8],
    ) -> BoxFuture<'a, Result<HandledReview, UnreadableReview>> {
        Scripted.handle(endpoint, body)
    }

    fn mode(&self, head: &RequestHead) -> Mode {
        Scripted.mode(head)
    }

    /// Namespace `calm` is in mode warn
    fn mode_of_read(&self, namespace: Option<&str>) -> Mode {
        match namespace {
            Some("calm") => Mode::Warn,
            _ => Mode::Enforce,
        }
    }

    fn authorizes(&self) -> bool {
        true
    }
}

/// Readiness as it is given
pub(crate) struct Reported(pub(crate) ReadinessReport);

impl Readiness for Reported {
    fn report(&self) -> ReadinessReport {
        self.0.clone()
    }
}

/// A server on free ports, with a certificate of its own
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) admin: SocketAddr,
    pub(crate) probes: SocketAddr,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) bundle: String,
    pub(crate) stop: mpsc::Sender<&'static str>,
    pub(crate) ended: JoinHandle<Result<(), Aborted>>,
}

impl Running {
    /// How many connections came to nothing for this reason
    pub(crate) fn refused(&self, reason: &str) -> u64 {
        let text = String::from_utf8(self.metrics.text().unwrap()).unwrap();
        let series = format!("ramgate_refused_connections_total{{reason=\"{reason}\"}} ");
        let line = text.lines().find_map(|line| line.strip_prefix(&series));
        line.unwrap().parse().unwrap()
    }

    pub(crate) async fn connect(&self) -> Connection {
        Connection::tls(self.address, "localhost", &self.bundle)
            .await
            .unwrap()
    }
}

/// Starts a server with the usual bounds but for those given
pub(crate) async fn start(
    limits: ConnectionLimits,
    reviews: ReviewLimits,
    shutdown_delay: Duration,
) -> Running {
    start_for(
        limits,
        reviews,
        shutdown_delay,
        Peers::default(),
        WebPkiClientVerifier::no_client_auth(),
    )
    .await
}

/// The same for some networks and certificates alone
pub(crate) async fn start_for(
    limits: ConnectionLimits,
    reviews: ReviewLimits,
    shutdown_delay: Duration,
    peers: Peers,
    clients: Arc<dyn ClientCertVerifier>,
) -> Running {
    let metrics = Arc::new(Metrics::new().unwrap());
    let resolver = CertificateResolver::new(Arc::clone(&metrics));
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let mut issuer = LeafIssuer::new(
        names,
        Lifetimes::USUAL,
        Arc::clone(&resolver),
        Arc::clone(&metrics),
    );
    issuer.start_in_memory().unwrap();
    let bundle = issuer.bundle().borrow().to_string();
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let (listener, admin_listener, probe_listener) = (
        Listener::bind(any).await.unwrap(),
        Listener::bind(any).await.unwrap(),
        Listener::bind(any).await.unwrap(),
    );
    let (address, admin) = (listener.address(), admin_listener.address());
    let probes = probe_listener.address();
    let phases = Phases::default();
    let server = Server {
        listener,
        admin_listener,
        probe_listener: Some(probe_listener),
        tls: resolver.server_config_for(clients).unwrap(),
        reviews: Reviews::new(Arc::new(Scripted), Arc::clone(&metrics), reviews),
        admin: Arc::new(Admin {
            readiness: Arc::new(Reported(ReadinessReport::default())),
            phases: phases.clone(),
            metrics: Arc::clone(&metrics),
            candidate: None,
        }),
        limits,
        peers,
        shutdown_delay,
        phases,
    };
    let (stop, mut signals) = mpsc::channel(2);
    let ended = tokio::spawn(async move { server.run(&mut signals).await });
    Running {
        address,
        admin,
        probes,
        metrics,
        bundle,
        stop,
        ended,
    }
}

/// A body that never ends
pub(crate) fn endless(part: &'static str) -> Body {
    Body::from_stream(futures::stream::repeat_with(move || Ok::<_, Infallible>(part)))
}
