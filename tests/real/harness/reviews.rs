//! The port to which reviews are posted, as anybody reaches it who is in the cluster's network.

use std::fs;
use std::io;
use std::io::Read;
use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::ClientConnection;
use rustls::RootCertStore;
use rustls::StreamOwned;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::ServerName;
use rustls::pki_types::pem::PemObject;

use super::certificates::Pair;
use super::control_plane::ControlPlane;
use super::install::NAMESPACE;
use super::install::RELEASE;

/// Posts an empty object to the reviews' port of a replica whose certificate is of the cluster's authority
pub(crate) fn ask(plane: &ControlPlane, port: u16, path: &str, client: Option<&Pair>) -> io::Result<String> {
    post(&fs::read(plane.certificate())?, port, path, client, "{}")
}

/// Posts a body to the reviews' port of a replica whose certificate is of an authority, and gives all that comes back
pub(crate) fn post(
    authority: &[u8],
    port: u16,
    path: &str,
    client: Option<&Pair>,
    body: &str,
) -> io::Result<String> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(authority) {
        roots
            .add(certificate.map_err(io::Error::other)?)
            .map_err(io::Error::other)?;
    }
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots);
    let config = match client {
        None => config.with_no_client_auth(),
        Some(pair) => {
            let chain = CertificateDer::pem_file_iter(&pair.certificate)
                .and_then(Iterator::collect)
                .map_err(io::Error::other)?;
            let key = PrivateKeyDer::from_pem_file(&pair.key).map_err(io::Error::other)?;
            config
                .with_client_auth_cert(chain, key)
                .map_err(io::Error::other)?
        }
    };
    let name = ServerName::try_from(format!("{RELEASE}.{NAMESPACE}.svc")).map_err(io::Error::other)?;
    let session = ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
    let stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut stream = StreamOwned::new(session, stream);
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nHost: ramgate\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    )?;
    let mut said = String::new();
    stream.read_to_string(&mut said)?;
    Ok(said)
}
