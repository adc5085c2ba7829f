//! A checked certificate chain with its key.

use std::sync::Arc;

use jiff::Timestamp;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem};
use rustls::sign::CertifiedKey;
use x509_parser::parse_x509_certificate;

/// A certificate chain, and the key of its first certificate
#[derive(Clone, Debug)]
pub struct CertificateKeyPair {
    pub(super) certified: Arc<CertifiedKey>,
    not_after: Timestamp,
}

/// Why bytes are no usable certificate and key
#[derive(Debug, thiserror::Error)]
pub enum KeyPairError {
    /// The chain is not PEM
    #[error("the certificate is not PEM: {0}")]
    Certificate(#[source] pem::Error),
    /// The chain is empty
    #[error("there is no certificate, a PEM block `CERTIFICATE` was wanted")]
    NoCertificate,
    /// The key is not PEM
    #[error("the private key is not PEM, or there is none: {0}")]
    Key(#[source] pem::Error),
    /// One has an unsupported algorithm, or they do not belong together
    #[error("the certificate and the private key cannot be used together: {0}")]
    Unusable(#[source] rustls::Error),
    /// The certificate's own fields cannot be read
    #[error("the certificate is malformed")]
    Malformed,
    /// The certificate has expired
    #[error("the certificate expired at {0}")]
    Expired(Timestamp),
}

impl CertificateKeyPair {
    /// Reads PEM text, and checks that the key belongs to the certificate and that the certificate has not expired
    ///
    /// # Errors
    /// The text is malformed, the two do not belong together, or the certificate has expired.
    pub fn parse(chain: &[u8], key: &[u8], now: Timestamp) -> Result<Self, KeyPairError> {
        let chain: Vec<_> = CertificateDer::pem_slice_iter(chain)
            .collect::<Result<_, _>>()
            .map_err(KeyPairError::Certificate)?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(KeyPairError::Key)?;
        let pair = Self::new(chain, key)?;
        if pair.not_after <= now {
            Err(KeyPairError::Expired(pair.not_after))
        } else {
            Ok(pair)
        }
    }

    /// Joins a chain and a key
    ///
    /// # Errors
    /// The chain is empty or malformed, or the two do not belong together.
    pub(super) fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self, KeyPairError> {
        let not_after = validity(chain.first().ok_or(KeyPairError::NoCertificate)?)?.not_after;
        let certified = CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider())
            .map_err(KeyPairError::Unusable)?;
        Ok(Self {
            certified: Arc::new(certified),
            not_after,
        })
    }

    /// When the first certificate of the chain expires
    #[must_use]
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }
}

/// The time in which a certificate is valid
pub(super) struct Validity {
    pub(super) not_before: Timestamp,
    pub(super) not_after: Timestamp,
}

/// Reads the time in which a certificate is valid
///
/// # Errors
/// The certificate is malformed.
pub(super) fn validity(certificate: &CertificateDer<'_>) -> Result<Validity, KeyPairError> {
    let (_, certificate) = parse_x509_certificate(certificate).map_err(|_| KeyPairError::Malformed)?;
    let time = |seconds| Timestamp::from_second(seconds).map_err(|_| KeyPairError::Malformed);
    let validity = certificate.validity();
    Ok(Validity {
        not_before: time(validity.not_before.timestamp())?,
        not_after: time(validity.not_after.timestamp())?,
    })
}
