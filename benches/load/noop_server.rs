//! The simplest HTTPS webhook: the baseline of the load script for `ramgate serve`.
//!
//! It has the TLS and HTTP stacks of ramgate, but no limits and no policies: it reads the body and always allows.
//!
//! ```text
//! cargo run --release --example noop_server -- 127.0.0.1:8444
//! ```

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::routing::post;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use ramgate::testing::server::{CertificateResolver, LeafIssuer, Lifetimes};
use ramgate::testing::telemetry::Metrics;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

const ALLOWED: &str =
    r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":"u","allowed":true}}"#;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address: SocketAddr = std::env::args()
        .nth(1)
        .ok_or("give an address to listen on")?
        .parse()?;
    let metrics = Arc::new(Metrics::new()?);
    let resolver = CertificateResolver::new(Arc::clone(&metrics));
    LeafIssuer::new(
        vec!["localhost".into()],
        Lifetimes::USUAL,
        Arc::clone(&resolver),
        metrics,
    )
    .start_in_memory()?;
    let tls = TlsAcceptor::from(resolver.server_config()?);
    let router = Router::new().route(
        "/",
        post(async |_: Bytes| ([(CONTENT_TYPE, "application/json")], ALLOWED)),
    );
    let listener = TcpListener::bind(address).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let (tls, service) = (tls.clone(), TowerToHyperService::new(router.clone()));
        tokio::spawn(async move {
            if let Ok(stream) = tls.accept(stream).await {
                // The load generator may close its connections in any way.
                let _closed = http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            }
        });
    }
}
