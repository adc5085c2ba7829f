//! The certificate authorities that all replicas share, in one Secret.
//!
//! Server-side apply without force makes the Secret. When two replicas start at once, the first wins and the other reads
//! what the first one wrote. Every later change is a patch of exactly the version that was read.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;

use futures::StreamExt;
use jiff::Timestamp;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{Patch, PatchParams};
use kube::{Api, Client};
use serde_json::json;

use crate::cluster::api;
use crate::cluster::api::{ApiError, LastError, RETRY, in_time, unless_conflict};
use crate::server::certificate::authority::{Authority, AuthorityError};
use crate::server::certificate::leaf_issuer::LeafIssuer;
use crate::server::certificate::rotation::Authorities;

/// The entry of the bundle, for others that need to trust the server
///
/// Every replica writes it with another value, so that a second apply is a conflict.
const BUNDLE: &str = "ca.crt";

/// Authorities are entries `authority-UNIXTIME.crt` and `authority-UNIXTIME.key`
const PREFIX: &str = "authority-";

/// The Secret with the authorities
#[derive(Clone)]
pub struct SharedAuthorities {
    secrets: Api<Secret>,
    name: String,
    manager: String,
}

/// Brings the Secret and this process's leaf up to date
struct Reconciler {
    shared: SharedAuthorities,
    issuer: LeafIssuer,
    /// The Secret as it was read or written last; `None` before the first answer of the API server
    known: Option<SecretState>,
}

/// The content of the Secret
#[derive(Default)]
struct SecretState {
    /// The resourceVersion; `None` while the Secret does not exist
    version: Option<String>,
    entries: BTreeSet<String>,
    authorities: Authorities,
}

/// Why the Secret cannot be brought up to date
#[derive(Debug, thiserror::Error)]
enum SecretError {
    #[error("Secret `{name}`: {source}")]
    Api { name: String, source: ApiError },
    #[error("Secret `{name}`, key `{entry}`: {source}; delete the Secret and a new one is made")]
    Entry {
        name: String,
        entry: String,
        source: AuthorityError,
    },
    #[error("Secret `{name}` has `{entry}` without its key; delete the Secret and a new one is made")]
    NoKey { name: String, entry: String },
    #[error(transparent)]
    Authority(#[from] AuthorityError),
}

impl SharedAuthorities {
    /// The Secret of a namespace; the pod's name is the field manager
    #[must_use]
    pub fn new(client: Client, namespace: &str, name: &str, pod: &str) -> Self {
        Self {
            secrets: Api::namespaced(client, namespace),
            name: name.to_owned(),
            manager: pod.to_owned(),
        }
    }

    /// Keeps the Secret, the leaf and the bundle up to date, for ever
    pub async fn run(self, issuer: LeafIssuer) {
        let mut events = pin!(api::watch_object(
            self.secrets.clone(),
            &self.name,
            api::CALL_SECONDS
        ));
        let mut reconciler = Reconciler {
            shared: self.clone(),
            issuer,
            known: None,
        };
        let mut reported = LastError::default();
        let interval = reconciler.issuer.check_interval();
        let mut pause = interval;
        loop {
            let step = tokio::select! {
                Some(event) = events.next() => match event {
                    Ok(secret) => reconciler.observe(secret).await,
                    Err(error) => Err(self.failed(error)),
                },
                () = tokio::time::sleep(pause) => reconciler.reconcile().await,
            };
            pause = if step.is_ok() {
                interval
            } else {
                RETRY.min(interval)
            };
            if let Some(error) = reported.new_error(&step) {
                reconciler.issuer.failed(&error);
            }
        }
    }

    /// Writes the authorities, and returns what the Secret holds then
    async fn write(&self, state: &SecretState, now: Timestamp) -> Result<SecretState, SecretError> {
        let written = match &state.version {
            None => self.create(&state.authorities, now).await?,
            Some(version) => self.replace(state, version, now).await?,
        };
        let secret = match written {
            Some(secret) => secret,
            // Another replica was first; its authorities are as good
            None => self.get().await?,
        };
        self.read(&secret)
    }

    /// Makes the Secret; `None` if another replica was first
    async fn create(&self, authorities: &Authorities, now: Timestamp) -> Result<Option<Secret>, SecretError> {
        let secret = Secret {
            metadata: ObjectMeta {
                name: Some(self.name.clone()),
                ..ObjectMeta::default()
            },
            data: Some(entries(authorities, now)),
            ..Secret::default()
        };
        let params = PatchParams::apply(&self.manager);
        let patch = Patch::Apply(&secret);
        unless_conflict(self.secrets.patch(&self.name, &params, &patch))
            .await
            .map_err(|error| self.failed(error))
    }

    async fn get(&self) -> Result<Secret, SecretError> {
        let read = in_time(self.secrets.get(&self.name))
            .await
            .map_err(|error| self.failed(error))?;
        read.map_err(|error| self.failed(error))
    }

    /// Replaces the authorities in this version of the Secret; `None` if another replica was first
    async fn replace(
        &self,
        state: &SecretState,
        version: &str,
        now: Timestamp,
    ) -> Result<Option<Secret>, SecretError> {
        let wanted = entries(&state.authorities, now);
        let gone = state
            .entries
            .iter()
            .filter(|entry| entry.starts_with(PREFIX) && !wanted.contains_key(*entry));
        let mut data: BTreeMap<&str, Option<&ByteString>> =
            gone.map(|entry| (entry.as_str(), None)).collect();
        data.extend(wanted.iter().map(|(entry, value)| (entry.as_str(), Some(value))));
        let patch = Patch::Merge(json!({"metadata": {"resourceVersion": version}, "data": data}));
        let params = PatchParams {
            field_manager: Some(self.manager.clone()),
            ..PatchParams::default()
        };
        unless_conflict(self.secrets.patch(&self.name, &params, &patch))
            .await
            .map_err(|error| self.failed(error))
    }

    /// Reads the authorities from the Secret's entries
    fn read(&self, secret: &Secret) -> Result<SecretState, SecretError> {
        let empty = BTreeMap::new();
        let data = secret.data.as_ref().unwrap_or(&empty);
        let stems = data
            .keys()
            .filter_map(|entry| entry.strip_suffix(".crt"))
            .filter(|stem| stem.starts_with(PREFIX));
        let authorities = stems.map(|stem| self.authority(data, stem));
        let authorities = authorities.collect::<Result<_, _>>()?;
        Ok(SecretState {
            version: secret.metadata.resource_version.clone(),
            entries: data.keys().cloned().collect(),
            authorities: Authorities::new(authorities),
        })
    }

    /// Reads the authority of the entries `STEM.crt` and `STEM.key`
    fn authority(&self, data: &BTreeMap<String, ByteString>, stem: &str) -> Result<Authority, SecretError> {
        let (name, entry) = (self.name.clone(), format!("{stem}.crt"));
        let (certificate, key) = (data.get(&entry), data.get(&format!("{stem}.key")));
        let Some((certificate, key)) = certificate.zip(key) else {
            return Err(SecretError::NoKey { name, entry });
        };
        let text = |bytes: &ByteString| String::from_utf8_lossy(&bytes.0).into_owned();
        Authority::parse(&text(certificate), &text(key)).map_err(|source| SecretError::Entry {
            name,
            entry,
            source,
        })
    }

    fn failed(&self, error: impl Into<ApiError>) -> SecretError {
        SecretError::Api {
            name: self.name.clone(),
            source: error.into(),
        }
    }
}

impl Reconciler {
    /// Takes over the Secret as the watch shows it; `None` if there is none
    async fn observe(&mut self, secret: Option<Secret>) -> Result<(), SecretError> {
        match secret {
            Some(secret) => self.known = Some(self.shared.read(&secret)?),
            // Never there, or deleted: the authorities that this process knows are written again
            None => self.known.get_or_insert_default().version = None,
        }
        self.reconcile().await
    }

    /// Writes authorities that are missing or due, then issues the leaf by them
    async fn reconcile(&mut self) -> Result<(), SecretError> {
        let Some(known) = &mut self.known else {
            return Ok(());
        };
        let now = Timestamp::now();
        let authorities = &mut known.authorities;
        if known.version.is_none() || authorities.is_due(now) || authorities.has_expired(now) {
            authorities.advance(now, self.issuer.lifetimes())?;
            *known = self.shared.write(known, now).await?;
        }
        self.issuer.follow(&known.authorities, now)?;
        Ok(())
    }
}

/// The Secret's entries for these authorities
///
/// ```text
/// ca.crt                    the bundle of all
/// authority-1700000000.crt  certificate of the authority that was made at second 1700000000
/// authority-1700000000.key  its key
/// ```
fn entries(authorities: &Authorities, now: Timestamp) -> BTreeMap<String, ByteString> {
    let bytes = |text: &str| ByteString(text.as_bytes().to_vec());
    let mut entries = BTreeMap::from([(BUNDLE.to_owned(), bytes(&authorities.bundle(now)))]);
    for authority in authorities.valid(now) {
        let stem = format!("{PREFIX}{}", authority.made().as_second());
        entries.insert(format!("{stem}.crt"), bytes(authority.certificate()));
        entries.insert(format!("{stem}.key"), bytes(authority.key()));
    }
    entries
}
