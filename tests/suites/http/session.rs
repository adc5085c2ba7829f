//! A TLS session as any client opens it.

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Any failure; only its text matters
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A TLS session that trusts the certificates of a PEM text, and nothing else
pub(crate) async fn handshake(
    address: SocketAddr,
    name: &str,
    bundle: &str,
) -> Result<TlsStream<TcpStream>, Failure> {
    secured(TcpStream::connect(address).await?, name, bundle, None).await
}

/// The same over a connection that exists, with a certificate and its key, both PEM
pub(crate) async fn secured(
    stream: TcpStream,
    name: &str,
    bundle: &str,
    client: Option<(&str, &str)>,
) -> Result<TlsStream<TcpStream>, Failure> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(bundle.as_bytes()) {
        roots.add(certificate?)?;
    }
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots);
    let config = match client {
        None => config.with_no_client_auth(),
        Some((certificate, key)) => {
            let chain = CertificateDer::pem_slice_iter(certificate.as_bytes()).collect::<Result<_, _>>()?;
            config.with_client_auth_cert(chain, PrivateKeyDer::from_pem_slice(key.as_bytes())?)?
        }
    };
    let name = ServerName::try_from(name.to_owned())?;
    Ok(TlsConnector::from(Arc::new(config)).connect(name, stream).await?)
}
