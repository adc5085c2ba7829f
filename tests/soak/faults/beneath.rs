//! Faults of what the replicas stand on: keys, certificates, API server, etcd.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::PoisonError;
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::api::{Patch, PatchParams};
use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, KeyPair, KeyUsagePurpose};
use serde_json::{Map, Value, json};

use super::Fault;
use crate::harness::install::NAMESPACE;
use crate::harness::wait::within;
use crate::stage::{NewAuthority, Stage};

pub(super) const FAULTS: [Fault; 6] = [
    Fault {
        name: "new certificate authority",
        happen: new_authority,
    },
    Fault {
        name: "new stamp key",
        happen: new_stamp_key,
    },
    Fault {
        name: "API server restarts after SIGTERM",
        happen: |stage| restart(stage, "TERM"),
    },
    Fault {
        name: "API server restarts after kill -9",
        happen: |stage| restart(stage, "KILL"),
    },
    Fault {
        name: "etcd is slow",
        happen: slow_etcd,
    },
    Fault {
        name: "etcd stops for moments",
        happen: etcd_pulses,
    },
];

/// From a new authority's entry to its first signature; the product's day is cut short by an earlier date of birth
const SETTLE: Duration = Duration::from_secs(20);

/// `Lifetimes::settle`
const DAY: Duration = Duration::from_secs(24 * 3600);

/// `SKEW` of the product, by which a certificate begins earlier
const SKEW: Duration = Duration::from_secs(5 * 60);

/// When every replica signs by a new authority: it looks once a minute whether one has settled
const IN_USE: Duration = Duration::from_secs(90);

fn restart(stage: &Stage, signal: &str) {
    stage.weather.storm(|| {
        let _control = stage.fleet.control.lock().unwrap_or_else(PoisonError::into_inner);
        stage.plane.restart_api_server(signal);
        within(Duration::from_secs(120), "the API server is back", || {
            if stage.plane.is_ready() {
                Ok(())
            } else {
                Err("not ready")
            }
        });
    });
}

fn slow_etcd(stage: &Stage) {
    stage.weather.storm(|| {
        for milliseconds in [50, 300, 1000, 100] {
            stage.storage.delay(Duration::from_millis(milliseconds));
            sleep(Duration::from_secs(3));
        }
        stage.storage.delay(Duration::ZERO);
    });
}

fn etcd_pulses(stage: &Stage) {
    stage.weather.storm(|| {
        for _ in 0..4 {
            stage.plane.signal_etcd("STOP");
            sleep(Duration::from_millis(2000));
            stage.plane.signal_etcd("CONT");
            sleep(Duration::from_millis(1000));
        }
    });
}

/// As docs/identity.md says: one key more, with the highest id
fn new_stamp_key(stage: &Stage) {
    let secret = read(stage, "ramgate-stamp");
    // What is on its way has a stamp of the newest so far.
    let old = secret.keys().rev().skip(1).map(|id| (id.clone(), Value::Null));
    let mut data: Map<String, Value> = old.collect();
    let key: Vec<u8> = (0..32).map(|_| RandomState::new().hash_one(0) as u8).collect();
    // The product's own ids begin with a year.
    data.insert(
        format!("9{:019}", after_1970().as_millis()),
        json!(ByteString(key)),
    );
    write(stage, "ramgate-stamp", data);
}

/// As the product does when an authority gets old: a new one joins the bundle, settles, and signs
///
/// Only its date of birth is other than the product's, so that it settles in seconds. What signed before the present one
/// goes, as it would when it expires.
fn new_authority(stage: &Stage) {
    let mut newest = stage.certificates.lock().unwrap_or_else(PoisonError::into_inner);
    let secret = read(stage, "ramgate-ca");
    let made = after_1970() + SETTLE - DAY;
    let present = authorities(&secret).filter(|&other| other < made.as_secs()).max();
    let gone = authorities(&secret).filter(|&other| Some(other) < present);
    let mut data: Map<String, Value> = gone
        .flat_map(|other| ["crt", "key"].map(|end| (format!("authority-{other}.{end}"), Value::Null)))
        .collect();
    let (pem, entries) = authority(made);
    data.extend(entries);
    write(stage, "ramgate-ca", data);
    *newest = Some(NewAuthority {
        in_use: Instant::now() + IN_USE,
        pem,
    });
}

/// When the authorities of the Secret were made
fn authorities(secret: &BTreeMap<String, ByteString>) -> impl Iterator<Item = u64> {
    let stems = secret
        .keys()
        .filter_map(|entry| entry.strip_prefix("authority-")?.strip_suffix(".crt"));
    stems.filter_map(|made| made.parse().ok())
}

/// A new authority that was made at a time after 1970: its certificate, and its entries of the Secret
pub(crate) fn authority(made: Duration) -> (String, [(String, Value); 2]) {
    let key = KeyPair::generate().expect("key");
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = DistinguishedName::new();
    let name = format!("ramgate CA {}", made.as_secs());
    parameters.distinguished_name.push(DnType::CommonName, name);
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    parameters.not_before = epoch + Duration::from_secs(made.as_secs()) - SKEW;
    parameters.not_after = rcgen::date_time_ymd(2040, 1, 1);
    parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let certificate = parameters.self_signed(&key).expect("authority").pem();
    let files = [("crt", certificate.clone()), ("key", key.serialize_pem())];
    let entries = files.map(|(end, text)| {
        let entry = format!("authority-{}.{end}", made.as_secs());
        (entry, json!(ByteString(text.into_bytes())))
    });
    (certificate, entries)
}

/// The time of day
pub(crate) fn after_1970() -> Duration {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .expect("a time after 1970")
}

fn read(stage: &Stage, name: &str) -> BTreeMap<String, ByteString> {
    let secrets: Api<Secret> = Api::namespaced(stage.admin.clone(), NAMESPACE);
    let read = || stage.runtime.block_on(secrets.get(name));
    let secret = within(Duration::from_secs(60), "the Secret is read", read);
    secret.data.unwrap_or_default()
}

fn write(stage: &Stage, name: &str, data: Map<String, Value>) {
    let secrets: Api<Secret> = Api::namespaced(stage.admin.clone(), NAMESPACE);
    let patch = Patch::Merge(json!({"data": data}));
    let parameters = PatchParams::default();
    within(Duration::from_secs(60), "the Secret is written", || {
        stage.runtime.block_on(secrets.patch(name, &parameters, &patch))
    });
}
