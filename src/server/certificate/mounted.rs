//! A certificate and its key in mounted files that somebody else renews.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;

use crate::server::certificate::key_pair::{CertificateKeyPair, KeyPairError};
use crate::server::certificate::resolver::CertificateResolver;
use crate::server::mounted_files::{MountedFiles, MountedSource, ReadError, read_file};
use crate::telemetry::metrics::Metrics;

/// A certificate that follows its files
pub type MountedCertificate = MountedFiles<CertificateFiles>;

/// Path of the certificate chain
#[derive(Clone, Debug)]
pub struct CertificateFile(pub PathBuf);

/// Path of the key
#[derive(Clone, Debug)]
pub struct KeyFile(pub PathBuf);

/// The two files, and the resolver that serves what they hold
#[derive(Debug)]
pub struct CertificateFiles {
    certificate: CertificateFile,
    key: KeyFile,
    resolver: Arc<CertificateResolver>,
}

/// The bytes of both files
#[derive(Debug, PartialEq, Eq)]
pub struct CertificateContent {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

/// Why the files cannot be used
#[derive(Debug, thiserror::Error)]
pub enum MountedError {
    /// One cannot be read
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Together they are no certificate and key
    #[error("`{certificate}` with `{key}`: {source}")]
    KeyPair {
        /// The file of the chain
        certificate: PathBuf,
        /// The file of the key
        key: PathBuf,
        /// What is wrong
        source: KeyPairError,
    },
}

impl MountedCertificate {
    /// Reads the files for the first time and serves what they hold
    ///
    /// # Errors
    /// They cannot be read, do not belong together, or have expired.
    pub fn load(
        certificate: CertificateFile,
        key: KeyFile,
        resolver: Arc<CertificateResolver>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, MountedError> {
        let files = CertificateFiles {
            certificate,
            key,
            resolver,
        };
        let content = files.read()?;
        let pair = files.parse(&content)?;
        files.resolver.replace(&pair);
        Ok(Self::new(files, content, metrics))
    }
}

impl MountedSource for CertificateFiles {
    type Content = CertificateContent;
    type Error = MountedError;
    const NAME: &str = "certificate";

    fn read(&self) -> Result<CertificateContent, ReadError> {
        Ok(CertificateContent {
            certificate: read_file(&self.certificate.0)?,
            key: read_file(&self.key.0)?,
        })
    }

    fn apply(&self, content: &CertificateContent) -> Result<(), MountedError> {
        let pair = self.parse(content)?;
        self.resolver.replace(&pair);
        tracing::info!(not_after = %pair.not_after(), "a new certificate is in use");
        Ok(())
    }
}

impl CertificateFiles {
    fn parse(&self, content: &CertificateContent) -> Result<CertificateKeyPair, MountedError> {
        CertificateKeyPair::parse(&content.certificate, &content.key, Timestamp::now()).map_err(|source| {
            MountedError::KeyPair {
                certificate: self.certificate.0.clone(),
                key: self.key.0.clone(),
                source,
            }
        })
    }
}
