//! Certificates as a client meets them: trusted, renewed and replaced while it keeps connecting.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic,
    reason = "tests"
)]

mod api;
#[path = "../http/session.rs"]
mod session;

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use api::FakeApi;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, ValidatingWebhookConfiguration,
};
use k8s_openapi::api::core::v1::Secret;
use ramgate::testing::server::Port as Served;
use ramgate::testing::server::{
    Authority, CaBundle, CertificateFile, CertificateResolver, ConnectionLimits, KeyFile, LeafIssuer,
    Lifetimes, Listener, MountedCertificate, Peers, Phases, SharedAuthorities, Transport, ca_injection,
};
use ramgate::testing::telemetry::Metrics;
use rcgen::{CertificateParams, KeyPair};
use serde_json::json;
use session::{Failure, handshake};
use tempfile::TempDir;
use tokio::time::sleep;
use x509_parser::parse_x509_certificate;

const NAMES: [&str; 3] = ["ramgate.ramgate.svc", "127.0.0.1", "::1"];

/// Everything happens within seconds
const BRIEF: Lifetimes = Lifetimes {
    authority: SignedDuration::from_secs(9),
    leaf: SignedDuration::from_secs(3),
    settle: SignedDuration::from_secs(1),
    check_interval: SignedDuration::from_millis(100),
};

/// A listener that serves the certificate of its resolver
struct Port {
    address: SocketAddr,
    resolver: Arc<CertificateResolver>,
    metrics: Arc<Metrics>,
    _phases: Phases,
}

impl Port {
    async fn open() -> Self {
        let metrics = Arc::new(Metrics::new().unwrap());
        let resolver = CertificateResolver::new(Arc::clone(&metrics));
        let listener = Listener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))
            .await
            .unwrap();
        let address = listener.address();
        let phases = Phases::default();
        let transport = Transport::Tls(Arc::clone(&resolver).server_config().unwrap());
        let served = Served {
            transport,
            limits: ConnectionLimits::REVIEWS,
            peers: Peers::default(),
            metrics: Arc::clone(&metrics),
        };
        tokio::spawn(listener.serve(served, axum::Router::new(), phases.watch()));
        Self {
            address,
            resolver,
            metrics,
            _phases: phases,
        }
    }

    fn issuer(&self, lifetimes: Lifetimes) -> LeafIssuer {
        let names = NAMES.map(str::to_owned).to_vec();
        LeafIssuer::new(
            names,
            lifetimes,
            Arc::clone(&self.resolver),
            Arc::clone(&self.metrics),
        )
    }

    /// DER of the leaf that a client is shown, if it trusts the bundle
    async fn leaf(&self, name: &str, bundle: &str) -> Result<Vec<u8>, Failure> {
        let stream = handshake(self.address, name, bundle).await?;
        Ok(stream.get_ref().1.peer_certificates().unwrap()[0].to_vec())
    }

    fn metric(&self, name: &str) -> f64 {
        let text = String::from_utf8(self.metrics.text().unwrap()).unwrap();
        let line = text
            .lines()
            .find(|line| line.starts_with(&format!("{name} ")))
            .unwrap();
        line.rsplit(' ').next().unwrap().parse().unwrap()
    }
}

fn text(bundle: &CaBundle) -> String {
    bundle.borrow().to_string()
}

/// Waits for something that takes a moment
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    for _ in 0..100 {
        if holds().await {
            return;
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("not within five seconds: {what}");
}

#[tokio::test]
async fn an_own_certificate_serves_its_names_and_no_other() {
    let port = Port::open().await;
    assert!(!port.resolver.has_certificate());
    let mut issuer = port.issuer(Lifetimes::USUAL);
    assert!(port.leaf(NAMES[0], &text(&issuer.bundle())).await.is_err());
    issuer.start_in_memory().unwrap();
    let bundle = text(&issuer.bundle());
    for name in NAMES {
        port.leaf(name, &bundle).await.unwrap();
    }
    assert!(port.leaf("example.com", &bundle).await.is_err());
    let other = Authority::make(Timestamp::now(), &Lifetimes::USUAL).unwrap();
    assert!(port.leaf(NAMES[0], other.certificate()).await.is_err());
}

#[tokio::test]
async fn an_own_certificate_says_what_it_is_for() {
    let port = Port::open().await;
    let mut issuer = port.issuer(Lifetimes::USUAL);
    issuer.start_in_memory().unwrap();
    let bundle = text(&issuer.bundle());
    let leaf = port.leaf(NAMES[0], &bundle).await.unwrap();
    let (_, leaf) = parse_x509_certificate(&leaf).unwrap();
    assert!(!leaf.is_ca());
    assert!(leaf.extended_key_usage().unwrap().unwrap().value.server_auth);
    let month = 30 * 24 * 3600;
    let left = leaf.validity().not_after.timestamp() - Timestamp::now().as_second();
    assert!((month - 60..=month).contains(&left), "{left} s left");
    let metric = port.metric("ramgate_certificate_not_after_timestamp_seconds");
    assert_eq!(
        metric,
        f64::from(u32::try_from(leaf.validity().not_after.timestamp()).unwrap())
    );
    let (_, pem) = x509_parser::pem::parse_x509_pem(bundle.as_bytes()).unwrap();
    let authority = pem.parse_x509().unwrap();
    assert!(authority.is_ca());
    assert_eq!(leaf.issuer(), authority.subject());
}

/// A client that learns of a new bundle late, but within the time it is given, never sees a certificate that it
/// does not trust, over the lives of several leaves and two authorities
#[tokio::test]
async fn renewal_never_leaves_a_client_behind() {
    let port = Port::open().await;
    let mut issuer = port.issuer(BRIEF);
    let authorities = issuer.start_in_memory().unwrap();
    let bundle = issuer.bundle();
    tokio::spawn(issuer.renew_in_memory(authorities));
    let (mut leaves, mut bundles, mut late) = (Vec::new(), Vec::new(), text(&bundle));
    let end = Timestamp::now() + SignedDuration::from_secs(12);
    while Timestamp::now() < end {
        let leaf = port.leaf(NAMES[0], &late).await.unwrap();
        leaves.push(leaf);
        bundles.push(late);
        let next = text(&bundle);
        // Late by well over one `check_interval`, and within `settle`
        sleep(Duration::from_millis(500)).await;
        late = next;
    }
    leaves.dedup();
    bundles.dedup();
    assert!(leaves.len() >= 5, "{} leaves", leaves.len());
    let sizes: Vec<_> = bundles
        .iter()
        .map(|bundle| bundle.matches("BEGIN").count())
        .collect();
    assert!(
        sizes.starts_with(&[1, 2, 1]),
        "authorities in the bundles: {sizes:?}"
    );
    assert_eq!(port.metric("ramgate_certificate_errors_total"), 0.0);
}

/// A mounted Secret: files are links into `..data`, which is a link to a folder of one version
struct Volume {
    folder: TempDir,
}

impl Volume {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        for name in ["tls.crt", "tls.key"] {
            symlink(Path::new("..data").join(name), folder.path().join(name)).unwrap();
        }
        Self { folder }
    }

    /// Puts a version in place as the kubelet does: a new folder, then one rename of the link
    fn swap(&self, version: &str, certificate: &str, key: &str) {
        let root = self.folder.path();
        let folder = root.join(version);
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("tls.crt"), certificate).unwrap();
        fs::write(folder.join("tls.key"), key).unwrap();
        symlink(version, root.join("..data_tmp")).unwrap();
        fs::rename(root.join("..data_tmp"), root.join("..data")).unwrap();
    }

    fn files(&self) -> (CertificateFile, KeyFile) {
        let path = |name: &str| -> PathBuf { self.folder.path().join(name) };
        (CertificateFile(path("tls.crt")), KeyFile(path("tls.key")))
    }

    fn load(&self, port: &Port) -> Result<MountedCertificate, String> {
        let (certificate, key) = self.files();
        MountedCertificate::load(
            certificate,
            key,
            Arc::clone(&port.resolver),
            Arc::clone(&port.metrics),
        )
        .map_err(|error| error.to_string())
    }
}

/// A self-signed certificate, which is its own authority, and its key
fn issued(until: i32) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(NAMES.map(str::to_owned).to_vec()).unwrap();
    params.not_after = rcgen::date_time_ymd(until, 1, 1);
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

#[tokio::test]
async fn a_mounted_certificate_is_replaced_when_its_link_swaps() {
    let (port, volume) = (Port::open().await, Volume::new());
    let (first, second) = (issued(2090), issued(2091));
    volume.swap("..v1", &first.0, &first.1);
    tokio::spawn(volume.load(&port).unwrap().run(Duration::from_millis(50)));
    port.leaf(NAMES[0], &first.0).await.unwrap();
    let before = port.metric("ramgate_certificate_not_after_timestamp_seconds");
    volume.swap("..v2", &second.0, &second.1);
    until("the second certificate is served", async || {
        port.leaf(NAMES[0], &second.0).await.is_ok()
    })
    .await;
    assert!(port.leaf(NAMES[0], &first.0).await.is_err());
    assert!(port.metric("ramgate_certificate_not_after_timestamp_seconds") > before);
    assert_eq!(port.metric("ramgate_certificate_errors_total"), 0.0);
}

#[tokio::test]
async fn a_bad_mounted_certificate_keeps_the_old_one() {
    let (port, volume) = (Port::open().await, Volume::new());
    let (good, other, expired, next) = (issued(2090), issued(2091), issued(2020), issued(2092));
    volume.swap("..v1", &good.0, &good.1);
    let mut mounted = volume.load(&port).unwrap();
    for ((certificate, key), number) in [
        ("", ""),
        ("garbage", &good.1),
        (&good.0, &other.1),
        (&expired.0, &expired.1),
    ]
    .into_iter()
    .zip(1_u32..)
    {
        volume.swap(&format!("..bad{number}"), certificate, key);
        for _ in 0..5 {
            mounted.reload();
        }
        port.leaf(NAMES[0], &good.0).await.unwrap();
        assert_eq!(
            port.metric("ramgate_certificate_errors_total"),
            f64::from(number),
            "told once"
        );
    }
    volume.swap("..v2", &next.0, &next.1);
    mounted.reload();
    port.leaf(NAMES[0], &next.0).await.unwrap();
}

#[tokio::test]
async fn a_pair_that_is_only_halfway_there_is_no_failure() {
    let (port, volume) = (Port::open().await, Volume::new());
    let (first, second) = (issued(2090), issued(2091));
    volume.swap("..v1", &first.0, &first.1);
    let mut mounted = volume.load(&port).unwrap();
    volume.swap("..v2", &second.0, &first.1);
    mounted.reload();
    volume.swap("..v3", &second.0, &second.1);
    mounted.reload();
    port.leaf(NAMES[0], &second.0).await.unwrap();
    assert_eq!(port.metric("ramgate_certificate_errors_total"), 0.0);
}

#[tokio::test]
async fn a_bad_certificate_at_the_start_is_told_with_its_file() {
    let (port, volume) = (Port::open().await, Volume::new());
    let error = volume.load(&port).unwrap_err();
    assert!(error.contains("tls.crt`: No such file"), "{error}");
    let (good, other, expired) = (issued(2090), issued(2091), issued(2020));
    for (version, (certificate, key), words) in [
        ("..v1", (&good.0, &other.1), "cannot be used together"),
        (
            "..v2",
            (&expired.0, &expired.1),
            "the certificate expired at 2020-01-01T00:00:00Z",
        ),
        ("..v3", (&good.1, &good.1), "there is no certificate"),
        (
            "..v4",
            (&good.0, &good.0),
            "the private key is not PEM, or there is none",
        ),
    ] {
        volume.swap(version, certificate, key);
        let error = volume.load(&port).unwrap_err();
        assert!(error.contains("tls.crt`") && error.contains(words), "{error}");
    }
    assert!(!port.resolver.has_certificate());
}

/// One replica in the fake cluster, and what clients should trust for it
async fn replica(api: &FakeApi, pod: &str, lifetimes: Lifetimes) -> (Port, CaBundle) {
    let port = Port::open().await;
    let issuer = port.issuer(lifetimes);
    let bundle = issuer.bundle();
    let shared = SharedAuthorities::new(api.client(), "ramgate", "ramgate-ca", pod);
    tokio::spawn(shared.run(issuer));
    (port, bundle)
}

#[tokio::test]
async fn replicas_that_start_at_once_share_one_authority() {
    let api = FakeApi::default();
    let mut replicas = Vec::new();
    for pod in ["pod-a", "pod-b", "pod-c"] {
        replicas.push(replica(&api, pod, Lifetimes::USUAL).await);
    }
    until("every replica has a certificate", async || {
        replicas.iter().all(|(port, _)| port.resolver.has_certificate())
    })
    .await;
    let bundle = text(&replicas[0].1);
    assert_eq!(bundle.matches("BEGIN").count(), 1);
    for (port, _) in &replicas {
        port.leaf(NAMES[0], &bundle).await.unwrap();
        assert_eq!(port.metric("ramgate_certificate_errors_total"), 0.0);
    }
    let secret: Secret = api.object("secrets/ramgate-ca").unwrap();
    let data = secret.data.unwrap();
    assert_eq!(data.len(), 3, "{:?}", data.keys());
    assert_eq!(data["ca.crt"].0, bundle.as_bytes());
}

#[tokio::test]
async fn a_deleted_secret_comes_back_with_the_same_authority() {
    let api = FakeApi::default();
    let (port, bundle) = replica(&api, "pod-a", Lifetimes::USUAL).await;
    until("there is a certificate", async || port.resolver.has_certificate()).await;
    let (before, secret) = (text(&bundle), api.object::<Secret>("secrets/ramgate-ca").unwrap());
    api.delete("secrets/ramgate-ca");
    until("the Secret is back", async || {
        api.object::<Secret>("secrets/ramgate-ca").is_some()
    })
    .await;
    assert_eq!(
        api.object::<Secret>("secrets/ramgate-ca").unwrap().data,
        secret.data
    );
    assert_eq!(text(&bundle), before);
}

#[tokio::test]
async fn a_replaced_secret_is_taken_over() {
    let api = FakeApi::default();
    let (port, bundle) = replica(&api, "pod-a", Lifetimes::USUAL).await;
    until("there is a certificate", async || port.resolver.has_certificate()).await;
    let other = Authority::make(Timestamp::now(), &Lifetimes::USUAL).unwrap();
    let stem = format!("authority-{}", other.made().as_second() + 1);
    api.put(
        "secrets/ramgate-ca",
        json!({"metadata": {"name": "ramgate-ca"}, "data": {
            format!("{stem}.crt"): k8s_openapi::ByteString(other.certificate().into()),
            format!("{stem}.key"): k8s_openapi::ByteString(other.key().into()),
        }}),
    );
    until("the other authority signs", async || {
        port.leaf(NAMES[0], other.certificate()).await.is_ok()
    })
    .await;
    assert_eq!(text(&bundle), other.certificate());
}

#[tokio::test]
async fn a_spoilt_secret_is_told_and_repaired_by_deleting_it() {
    let api = FakeApi::default();
    let spoilt = json!({"metadata": {"name": "ramgate-ca"}, "data": {"authority-1.crt": "eA==", "authority-1.key": "eA=="}});
    api.put("secrets/ramgate-ca", spoilt);
    let (port, _bundle) = replica(&api, "pod-a", Lifetimes::USUAL).await;
    until("it is told", async || {
        port.metric("ramgate_certificate_errors_total") > 0.0
    })
    .await;
    assert!(!port.resolver.has_certificate());
    api.delete("secrets/ramgate-ca");
    until("there is a certificate", async || port.resolver.has_certificate()).await;
}

#[tokio::test]
async fn replicas_renew_their_shared_authority_together() {
    let api = FakeApi::default();
    let (one, _) = replica(&api, "pod-a", BRIEF).await;
    let (other, bundle) = replica(&api, "pod-b", BRIEF).await;
    until("both have a certificate", async || {
        one.resolver.has_certificate() && other.resolver.has_certificate()
    })
    .await;
    let mut late = text(&bundle);
    let first = late.clone();
    let end = Timestamp::now() + SignedDuration::from_secs(12);
    while Timestamp::now() < end {
        one.leaf(NAMES[0], &late).await.unwrap();
        other.leaf(NAMES[0], &late).await.unwrap();
        let next = text(&bundle);
        sleep(Duration::from_millis(500)).await;
        late = next;
    }
    assert!(!late.contains(&first), "the first authority has expired");
    let secret: Secret = api.object("secrets/ramgate-ca").unwrap();
    let data = secret.data.unwrap();
    assert!(data.len() == 3 || data.len() == 5, "{:?}", data.keys());
    assert_eq!(one.metric("ramgate_certificate_errors_total"), 0.0);
    assert_eq!(other.metric("ramgate_certificate_errors_total"), 0.0);
}

#[tokio::test]
async fn the_webhook_configurations_are_kept_in_step() {
    let api = FakeApi::default();
    let (port, bundle) = replica(&api, "pod-a", Lifetimes::USUAL).await;
    tokio::spawn(ca_injection::run(
        api.client(),
        "ramgate".into(),
        bundle.clone(),
        Arc::clone(&port.metrics),
    ));
    until("there is a certificate", async || port.resolver.has_certificate()).await;
    let entry = |name: &str| {
        json!({"name": name, "clientConfig": {"service": {"namespace": "ramgate", "name": "ramgate"}},
            "sideEffects": "None", "admissionReviewVersions": ["v1"]})
    };
    let (mutating, validating) = (
        "mutatingwebhookconfigurations/ramgate",
        "validatingwebhookconfigurations/ramgate",
    );
    let fresh = json!({"metadata": {"name": "ramgate"}, "webhooks": [entry("marked.ramgate.io"), entry("burst.ramgate.io")]});
    let wanted = text(&bundle).into_bytes();
    for round in ["made by an install", "dropped by an upgrade"] {
        api.put(mutating, fresh.clone());
        api.put(validating, fresh.clone());
        until(round, async || {
            let mutating: MutatingWebhookConfiguration = api.object(mutating).unwrap();
            let validating: ValidatingWebhookConfiguration = api.object(validating).unwrap();
            let mut clients: Vec<_> = mutating
                .webhooks
                .unwrap()
                .into_iter()
                .map(|entry| entry.client_config)
                .collect();
            clients.extend(
                validating
                    .webhooks
                    .unwrap()
                    .into_iter()
                    .map(|entry| entry.client_config),
            );
            clients.len() == 4
                && clients.iter().all(|client| client.service.is_some())
                && clients
                    .iter()
                    .all(|client| client.ca_bundle.as_ref().is_some_and(|have| have.0 == wanted))
        })
        .await;
    }
    let patches = api.patches();
    sleep(Duration::from_millis(300)).await;
    assert_eq!(api.patches(), patches, "what is in step is not patched");
    assert_eq!(port.metric("ramgate_certificate_errors_total"), 0.0);
}
