//! The certificate that every handshake uses.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};

use crate::server::certificate::key_pair::CertificateKeyPair;
use crate::telemetry::metrics::Metrics;

/// Holds the certificate in use; a handshake reads it without a lock, and fails while there is none
#[derive(Debug)]
pub struct CertificateResolver {
    current: ArcSwapOption<CertifiedKey>,
    metrics: Arc<Metrics>,
}

impl CertificateResolver {
    /// A resolver without a certificate
    #[must_use]
    pub fn new(metrics: Arc<Metrics>) -> Arc<Self> {
        Arc::new(Self {
            current: ArcSwapOption::empty(),
            metrics,
        })
    }

    /// Serves this pair from the next handshake on
    pub fn replace(&self, pair: &CertificateKeyPair) {
        self.current.store(Some(Arc::clone(&pair.certified)));
        self.metrics.certificates.expires(pair.not_after());
    }

    /// Whether there is a certificate to serve with
    #[must_use]
    pub fn has_certificate(&self) -> bool {
        self.current.load().is_some()
    }

    /// TLS 1.3 and 1.2 with this certificate, for any client
    ///
    /// # Errors
    /// The crypto provider supports neither version, which a correct build rules out.
    pub fn server_config(self: Arc<Self>) -> Result<Arc<ServerConfig>, rustls::Error> {
        self.server_config_for(WebPkiClientVerifier::no_client_auth())
    }

    /// TLS 1.3 and 1.2 with this certificate, for clients that the verifier accepts
    ///
    /// # Errors
    /// The crypto provider supports neither version, which a correct build rules out.
    pub fn server_config_for(
        self: Arc<Self>,
        clients: Arc<dyn ClientCertVerifier>,
    ) -> Result<Arc<ServerConfig>, rustls::Error> {
        let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_protocol_versions(&[&TLS13, &TLS12])?
            .with_client_cert_verifier(clients)
            .with_cert_resolver(self);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        // An API server keeps connections open and resumes none; a store of sessions would cost a lock a handshake
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Arc::new(config))
    }
}

impl ResolvesServerCert for CertificateResolver {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.current.load_full()
    }
}
