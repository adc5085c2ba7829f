//! Verifies client certificates: signed by the operator's CA and, if names are given, with one of these names.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{WebPkiSupportedAlgorithms, aws_lc_rs};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

/// Demands a certificate of every client, with a CA that can be replaced while serving
///
/// Another CA is used from the next handshake on. Open connections end by their age.
pub struct ClientVerifier {
    ca: ArcSwap<CaVerifier>,
    allowed_names: Vec<String>,
    algorithms: WebPkiSupportedAlgorithms,
}

/// Verifies against one set of CA certificates
pub(super) struct CaVerifier(pub(super) Arc<dyn ClientCertVerifier>);

/// The names in a certificate: its common name, if it has exactly one, and its DNS names
fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let mut common = certificate.subject().iter_common_name();
    // With several it is unclear which one is meant
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

impl ClientVerifier {
    /// Verifies with this CA; no names stand for any name
    pub(super) fn new(ca: CaVerifier, allowed_names: Vec<String>) -> Self {
        Self {
            ca: ArcSwap::from_pointee(ca),
            allowed_names,
            algorithms: aws_lc_rs::default_provider().signature_verification_algorithms,
        }
    }

    /// Verifies with another CA from the next handshake on
    pub(super) fn replace_ca(&self, ca: CaVerifier) {
        self.ca.store(Arc::new(ca));
    }

    fn has_allowed_name(&self, certificate: &CertificateDer<'_>) -> bool {
        if self.allowed_names.is_empty() {
            return true;
        }
        let parsed = X509Certificate::from_der(certificate);
        let found = parsed.map_or_else(|_| Vec::new(), |(_, certificate)| names(&certificate));
        let is_allowed = found.iter().any(|name| self.allowed_names.contains(name));
        if !is_allowed {
            tracing::debug!(names = ?found, "a client certificate has none of the names that may ask");
        }
        is_allowed
    }
}

impl fmt::Debug for ClientVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientVerifier")
            .field("allowed_names", &self.allowed_names)
            .finish_non_exhaustive()
    }
}

impl ClientCertVerifier for ClientVerifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        // The CA may change at any time; without hints a client sends the certificate that it has
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let verified = self
            .ca
            .load()
            .0
            .verify_client_cert(end_entity, intermediates, now)?;
        if self.has_allowed_name(end_entity) {
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
