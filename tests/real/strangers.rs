//! Whoever reaches the ports and is no API server: nobody else waits for them.

use std::fs;
use std::io;
use std::io::Read;
use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use rustls::ClientConfig;
use rustls::ClientConnection;
use rustls::RootCertStore;
use rustls::StreamOwned;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::ServerName;
use rustls::pki_types::pem::PemObject;
use serde_json::json;

use crate::certificates::Pair;
use crate::cluster::exclusive;
use crate::control_plane::ControlPlane;
use crate::http;
use crate::install::{NAMESPACE, RELEASE};
use crate::objects::{TAGS, allow, eci_pod};
use crate::process::unique;

const SECOND: Duration = Duration::from_secs(1);

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
    stream.set_read_timeout(Some(5 * SECOND))?;
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

#[test]
fn idle_connections_delay_neither_probes_nor_creations() {
    let cluster = exclusive();
    let space = cluster.namespace("crowd", &[]);
    space.scale(1);
    space.ram_user(
        "carol",
        &json!([allow(&["eci:CreateContainerGroup"], &json!({}))]),
    );
    let carol = space.editor("carol@example.com");
    let create = || {
        let name = format!("pod-{}", unique());
        let started = Instant::now();
        carol
            .give(&["create"], &eci_pod(&name, &[(TAGS, "env:test")]))
            .success();
        started.elapsed()
    };
    create();
    let (port, admin, probes) = {
        let replica = &space.replicas()[0];
        (replica.port, replica.admin_port, replica.probe_port)
    };
    let crowd = [(port, 1100), (admin, 100), (probes, 100)];
    let _idle: Vec<TcpStream> = crowd
        .into_iter()
        .flat_map(|(port, count)| std::iter::repeat_n(port, count))
        .map(|port| TcpStream::connect(("127.0.0.1", port)).expect("a connection"))
        .collect();
    for _ in 0..3 {
        // As after a restart: the API server has no connection left that it could use
        space.plane.egress().cut();
        let took = create();
        assert!(took < SECOND, "a creation took {took:?}");
        for (port, path) in [
            (probes, "/live"),
            (probes, "/ready"),
            (admin, "/live"),
            (admin, "/ready"),
        ] {
            let started = Instant::now();
            assert_eq!(http::get(port, path).expect(path).status, 200);
            assert!(started.elapsed() < SECOND, "{path} took {:?}", started.elapsed());
        }
    }
    let refused = r#"ramgate_refused_connections_total{reason="limit"}"#;
    assert!(space.replicas()[0].metric(refused) > Some(100.0));
    let memory = space.replicas()[0].metric("process_resident_memory_bytes");
    assert!(memory < Some(128.0 * 1024.0 * 1024.0), "{memory:?}");
}
