//! The least that an HTTPS webhook can do: the load script's yardstick for `ramgate serve`.
//!
//! Same TLS stack, same HTTP stack, no bounds, no judgement: it reads the body and answers with a fixed allowance.
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
                // How the load generator closes its connections does not matter
                let _closed = http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            }
        });
    }
}
