//! Who may connect, by certificate: signed by an authority of the operator's, and named, if names are given.
//!
//! The file of the authority is mounted and compared as certificates are. A connection that is open stays open; it ends
//! by its age.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore, SignatureScheme,
};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use crate::server::certificate::mounted::{MountedError, read};
use crate::telemetry::metrics::Metrics;

/// Demands a certificate of every client
pub struct Clients {
    current: ArcSwap<Authority>,
    names: Vec<String>,
    algorithms: WebPkiSupportedAlgorithms,
}

/// What certificates are verified with now
struct Authority(Arc<dyn ClientCertVerifier>);

/// The file that the authority stands in
pub struct AuthorityFile {
    path: PathBuf,
    clients: Arc<Clients>,
    metrics: Arc<Metrics>,
    seen: Vec<u8>,
    suspect: Option<Vec<u8>>,
}

/// Why the file of the authority cannot be used
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// It cannot be read
    #[error(transparent)]
    Read(#[from] MountedError),
    /// It holds no authority
    #[error("`{path}` is no PEM file with the certificates of an authority: {why}")]
    Content {
        /// Which file
        path: PathBuf,
        /// What is wrong
        why: String,
    },
}

impl AuthorityFile {
    /// Reads the file for the first time
    ///
    /// # Errors
    /// It cannot be read, or holds no certificates.
    pub fn load(
        path: PathBuf,
        names: Vec<String>,
        metrics: Arc<Metrics>,
    ) -> Result<(Self, Arc<Clients>), AuthorityError> {
        let seen = read(&path)?;
        let authority = parse(&path, &seen)?;
        let clients = Arc::new(Clients {
            current: ArcSwap::from_pointee(authority),
            names,
            algorithms: aws_lc_rs::default_provider().signature_verification_algorithms,
        });
        let file = Self {
            path,
            clients: Arc::clone(&clients),
            metrics,
            seen,
            suspect: None,
        };
        Ok((file, clients))
    }

    /// Looks at the file every so often, for ever
    pub async fn keep(mut self, every: Duration) {
        loop {
            tokio::time::sleep(every).await;
            self.look();
        }
    }

    /// Takes over what has changed; what is bad is told once, if the next look finds it again, and changes nothing
    pub fn look(&mut self) {
        let fresh = match read(&self.path) {
            Ok(fresh) => fresh,
            // In the middle of a change, or gone: the authority in use goes on
            Err(error) => return tracing::debug!("the authority of the clients stays as it is: {error}"),
        };
        if fresh == self.seen {
            return;
        }
        match parse(&self.path, &fresh) {
            Ok(authority) => {
                self.clients.current.store(Arc::new(authority));
                self.seen = fresh;
                self.suspect = None;
                tracing::info!("a new authority of the clients is in use");
            }
            Err(error) if self.suspect.as_ref() == Some(&fresh) => {
                self.metrics.certificate_failed();
                tracing::error!("the authority of the clients stays as it is: {error}");
                self.seen = fresh;
                self.suspect = None;
            }
            Err(_) => self.suspect = Some(fresh),
        }
    }
}

fn parse(path: &Path, pem: &[u8]) -> Result<Authority, AuthorityError> {
    let content = |why: String| AuthorityError::Content {
        path: path.to_owned(),
        why,
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| content(error.to_string()))?;
        roots
            .add(certificate)
            .map_err(|error| content(error.to_string()))?;
    }
    // The builder refuses a store without any
    let provider: Arc<CryptoProvider> = Arc::new(aws_lc_rs::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
    verifier
        .map(Authority)
        .map_err(|error| content(error.to_string()))
}

/// The names that a certificate is asked by: its one common name, and its DNS names
fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let mut common = certificate.subject().iter_common_name();
    // Of several nobody knows which one counts
    let common = match (common.next(), common.next()) {
        (Some(only), None) => only.as_str().ok().map(str::to_owned),
        _ => None,
    };
    let alternative = certificate.subject_alternative_name().ok().flatten();
    let alternative = alternative.iter().flat_map(|names| &names.value.general_names);
    let dns = alternative.filter_map(|name| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        _ => None,
    });
    common.into_iter().chain(dns).collect()
}

impl Clients {
    fn is_named(&self, certificate: &CertificateDer<'_>) -> bool {
        if self.names.is_empty() {
            return true;
        }
        let parsed = X509Certificate::from_der(certificate);
        let found = parsed.map_or_else(|_| Vec::new(), |(_, certificate)| names(&certificate));
        let is_named = found.iter().any(|name| self.names.contains(name));
        if !is_named {
            tracing::debug!(names = ?found, "a client certificate has none of the names that may ask");
        }
        is_named
    }
}

impl fmt::Debug for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clients")
            .field("names", &self.names)
            .finish_non_exhaustive()
    }
}

impl ClientCertVerifier for Clients {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        // They may change at any time; without them a client sends the certificate that it has
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let verified = self
            .current
            .load()
            .0
            .verify_client_cert(end_entity, intermediates, now)?;
        if self.is_named(end_entity) {
            Ok(verified)
        } else {
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
