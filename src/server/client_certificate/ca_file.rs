//! The mounted file with the CA certificates of the clients.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::server::WebPkiClientVerifier;

use crate::server::client_certificate::verifier::{CaVerifier, ClientVerifier};
use crate::server::mounted_files::{MountedFiles, MountedSource, ReadError, read_file};
use crate::telemetry::metrics::Metrics;

/// A client CA that follows its file
pub type ClientCaFile = MountedFiles<ClientCa>;

/// The path of the file, and the verifier that uses what it holds
#[derive(Debug)]
pub struct ClientCa {
    path: PathBuf,
    verifier: Arc<ClientVerifier>,
}

/// Why the file cannot be used
#[derive(Debug, thiserror::Error)]
pub enum ClientCaError {
    /// It cannot be read
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It holds no CA
    #[error("`{path}` is no PEM file with the certificates of an authority: {why}")]
    Content {
        /// The path of the file
        path: PathBuf,
        /// What is wrong
        why: String,
    },
}

impl ClientCaFile {
    /// Reads the file for the first time
    ///
    /// # Errors
    /// It cannot be read, or holds no certificates.
    pub fn load(
        path: PathBuf,
        allowed_names: Vec<String>,
        metrics: Arc<Metrics>,
    ) -> Result<(Self, Arc<ClientVerifier>), ClientCaError> {
        let content = read_file(&path)?;
        let ca = parse(&path, &content)?;
        let verifier = Arc::new(ClientVerifier::new(ca, allowed_names));
        let source = ClientCa {
            path,
            verifier: Arc::clone(&verifier),
        };
        Ok((Self::new(source, content, metrics), verifier))
    }
}

impl MountedSource for ClientCa {
    type Content = Vec<u8>;
    type Error = ClientCaError;
    const NAME: &str = "authority of the clients";

    fn read(&self) -> Result<Vec<u8>, ReadError> {
        read_file(&self.path)
    }

    fn apply(&self, content: &Vec<u8>) -> Result<(), ClientCaError> {
        self.verifier.replace_ca(parse(&self.path, content)?);
        tracing::info!("a new authority of the clients is in use");
        Ok(())
    }
}

fn parse(path: &Path, pem: &[u8]) -> Result<CaVerifier, ClientCaError> {
    let content = |why: String| ClientCaError::Content {
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
        .map(CaVerifier)
        .map_err(|error| content(error.to_string()))
}
