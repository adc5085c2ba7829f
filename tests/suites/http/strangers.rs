//! Who is kept out of the reviews' port: by address, and by certificate.

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use ramgate::testing::server::{ClientCaFile, ConnectionLimits, Network, Peers, ReviewLimits};
use ramgate::testing::telemetry::Metrics;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::server::WebPkiClientVerifier;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpSocket, TcpStream};

use crate::SECOND;
use crate::client::{Connection, Running, posted, review, start_for};
use crate::session::{Failure, secured};

/// A connection from another address of this machine
pub(crate) async fn from(address: [u8; 4], to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(IpAddr::from(address), 0)).unwrap();
    socket.connect(to).await.unwrap()
}

#[tokio::test]
async fn a_connection_from_elsewhere_is_closed_before_a_byte_is_read() {
    let peers: Peers = ["127.0.0.2/32"]
        .map(|text| text.parse::<Network>().unwrap())
        .into_iter()
        .collect();
    let running = start_for(
        ConnectionLimits::REVIEWS,
        ReviewLimits::new(64, SECOND),
        Duration::ZERO,
        peers,
        WebPkiClientVerifier::no_client_auth(),
    )
    .await;
    let mut stranger = from([127, 0, 0, 3], running.address).await;
    let closed = tokio::time::timeout(SECOND, stranger.read(&mut [0]))
        .await
        .unwrap();
    assert_eq!(closed.unwrap(), 0);
    let admitted = from([127, 0, 0, 2], running.address).await;
    let mut admitted = Connection::over(
        secured(admitted, "localhost", &running.bundle, None)
            .await
            .unwrap(),
    )
    .await
    .unwrap();
    let seen = admitted
        .review("/validate", &review("u-1", "allow"))
        .await
        .unwrap();
    assert_eq!(seen.status, StatusCode::OK);
    assert_eq!((running.refused("peer"), running.refused("handshake")), (1, 0));
    // Probes come from everywhere
    for port in [running.admin, running.probes] {
        let mut probe = Connection::plain(port).await.unwrap();
        assert_eq!(probe.get("/live").await.unwrap().status, StatusCode::OK);
    }
}

/// An authority, and what it signs
struct Authority(CertifiedIssuer<'static, KeyPair>);

type Pair = (String, String);

impl Authority {
    fn new() -> Self {
        let mut parameters = CertificateParams::default();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap())
    }

    fn sign(&self, common_names: &[&str], dns: &[&str], until: i32) -> Pair {
        let dns: Vec<String> = dns.iter().map(|&name| name.to_owned()).collect();
        let mut parameters = CertificateParams::new(dns).unwrap();
        parameters.distinguished_name = rcgen::DistinguishedName::new();
        for &name in common_names {
            parameters.distinguished_name.push(DnType::CommonName, name);
        }
        parameters.not_after = date_time_ymd(until, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = parameters.signed_by(&key, &self.0).unwrap();
        (certificate.pem(), key.serialize_pem())
    }
}

/// A server that demands certificates of an authority, whose file can be changed
struct Demanding {
    running: Running,
    file: ClientCaFile,
    path: PathBuf,
    _folder: tempfile::TempDir,
}

impl Demanding {
    async fn start(authority: &Authority, names: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.crt");
        fs::write(&path, authority.0.pem()).unwrap();
        let names = names.iter().map(|&name| name.to_owned()).collect();
        let metrics = Arc::new(Metrics::new().unwrap());
        let (file, clients) = ClientCaFile::load(path.clone(), names, metrics).unwrap();
        let running = start_for(
            ConnectionLimits::REVIEWS,
            ReviewLimits::new(64, SECOND),
            Duration::ZERO,
            Peers::default(),
            clients,
        )
        .await;
        Self {
            running,
            file,
            path,
            _folder: folder,
        }
    }

    async fn ask(&self, path: &str, client: Option<&Pair>) -> Result<StatusCode, Failure> {
        let stream = TcpStream::connect(self.running.address).await?;
        let client = client.map(|(certificate, key)| (certificate.as_str(), key.as_str()));
        let stream = secured(stream, "localhost", &self.running.bundle, client).await?;
        let mut connection = Connection::over(stream).await?;
        let seen = connection
            .send(posted(path, review("u-1", "allow").to_string()))
            .await?;
        Ok(seen.status)
    }

    async fn takes(&self, client: &Pair) -> bool {
        self.ask("/validate", Some(client)).await.is_ok()
    }
}

#[tokio::test]
async fn without_a_certificate_of_the_authority_nobody_is_heard() {
    let (authority, other) = (Authority::new(), Authority::new());
    let server = Demanding::start(&authority, &[]).await;
    let good = authority.sign(&["kube-apiserver"], &[], 2100);
    for path in ["/validate", "/mutate"] {
        assert_eq!(server.ask(path, Some(&good)).await.unwrap(), StatusCode::OK);
        assert!(server.ask(path, None).await.is_err(), "no certificate");
    }
    let strangers = [
        other.sign(&["kube-apiserver"], &[], 2100),
        authority.sign(&["kube-apiserver"], &[], 2001),
    ];
    for stranger in &strangers {
        assert!(server.ask("/validate", Some(stranger)).await.is_err());
    }
    assert_eq!(
        (
            server.running.refused("client_certificate"),
            server.running.refused("handshake")
        ),
        (4, 0)
    );
}

#[tokio::test]
async fn a_name_counts_as_a_whole_and_may_be_a_dns_name() {
    let authority = Authority::new();
    let server = Demanding::start(&authority, &["kube-apiserver", "api.example.com"]).await;
    for (common, dns, taken) in [
        (&["kube-apiserver"][..], &[][..], true),
        (&["other"], &["x.example.com", "api.example.com"], true),
        (&[], &["api.example.com"], true),
        (&["kube-apiserver-kubelet-client"], &[], false),
        (&["Kube-Apiserver"], &[], false),
        (&["api.example.com.evil.org"], &["*.example.com"], false),
        // Nobody knows which one counts
        (&["kube-apiserver", "mallory"], &[], false),
        (&[], &[], false),
    ] {
        let pair = authority.sign(common, dns, 2100);
        assert_eq!(server.takes(&pair).await, taken, "{common:?} {dns:?}");
    }
    assert_eq!(server.running.refused("client_certificate"), 5);
}

#[tokio::test]
async fn the_authority_is_followed_and_a_bad_file_changes_nothing() {
    let (before, after) = (Authority::new(), Authority::new());
    let mut server = Demanding::start(&before, &[]).await;
    let (old, new) = (before.sign(&["a"], &[], 2100), after.sign(&["a"], &[], 2100));
    for bad in [
        "",
        "no certificate",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        fs::write(&server.path, bad).unwrap();
        server.file.reload();
        server.file.reload();
        assert!(server.takes(&old).await && !server.takes(&new).await, "{bad}");
    }
    fs::remove_file(&server.path).unwrap();
    server.file.reload();
    assert!(server.takes(&old).await);
    fs::write(&server.path, before.0.pem() + &after.0.pem()).unwrap();
    server.file.reload();
    assert!(server.takes(&old).await && server.takes(&new).await);
    fs::write(&server.path, after.0.pem()).unwrap();
    server.file.reload();
    assert!(!server.takes(&old).await && server.takes(&new).await);
}
