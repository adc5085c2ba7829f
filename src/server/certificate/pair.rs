//! A certificate chain with its key, checked.

use std::sync::Arc;

use jiff::Timestamp;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem};
use rustls::sign::CertifiedKey;
use x509_parser::parse_x509_certificate;

/// A chain and the key of its first certificate, which belong together
#[derive(Clone, Debug)]
pub struct Pair {
    pub(super) certified: Arc<CertifiedKey>,
    not_after: Timestamp,
}

/// Why bytes are no certificate and key
#[derive(Debug, thiserror::Error)]
pub enum PairError {
    /// The chain is not PEM
    #[error("the certificate is not PEM: {0}")]
    Certificate(#[source] pem::Error),
    /// The chain is empty
    #[error("there is no certificate, a PEM block `CERTIFICATE` was wanted")]
    NoCertificate,
    /// The key is not PEM
    #[error("the private key is not PEM, or there is none: {0}")]
    Key(#[source] pem::Error),
    /// Either is of a kind that cannot be used, or they do not belong together
    #[error("the certificate and the private key cannot be used together: {0}")]
    Unusable(#[source] rustls::Error),
    /// The certificate's own fields cannot be read
    #[error("the certificate is malformed")]
    Malformed,
    /// It is too late for this certificate
    #[error("the certificate expired at {0}")]
    Expired(Timestamp),
}

impl Pair {
    /// Reads PEM text, and checks that the key is the certificate's and that it has not expired
    ///
    /// # Errors
    /// Whatever makes the two useless for serving.
    pub fn parse(chain: &[u8], key: &[u8], now: Timestamp) -> Result<Self, PairError> {
        let chain: Vec<_> = CertificateDer::pem_slice_iter(chain)
            .collect::<Result<_, _>>()
            .map_err(PairError::Certificate)?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(PairError::Key)?;
        let pair = Self::new(chain, key)?;
        if pair.not_after <= now {
            Err(PairError::Expired(pair.not_after))
        } else {
            Ok(pair)
        }
    }

    /// Joins a chain and a key
    ///
    /// # Errors
    /// Whatever makes the two useless for serving.
    pub(super) fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self, PairError> {
        let not_after = validity(chain.first().ok_or(PairError::NoCertificate)?)?.not_after;
        let certified = CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider())
            .map_err(PairError::Unusable)?;
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

/// From when to when a certificate is valid
pub(super) struct Validity {
    pub(super) not_before: Timestamp,
    pub(super) not_after: Timestamp,
}

pub(super) fn validity(certificate: &CertificateDer<'_>) -> Result<Validity, PairError> {
    let (_, certificate) = parse_x509_certificate(certificate).map_err(|_| PairError::Malformed)?;
    let time = |seconds| Timestamp::from_second(seconds).map_err(|_| PairError::Malformed);
    let validity = certificate.validity();
    Ok(Validity {
        not_before: time(validity.not_before.timestamp())?,
        not_after: time(validity.not_after.timestamp())?,
    })
}
