//! The authorities that all replicas share, in one Secret.
//!
//! Made by server-side apply without force: when two replicas start at once the first wins, and the other reads what
//! that one wrote. Every later change is a patch of the version that was read, and of no other.

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
use crate::cluster::api::{ApiError, RETRY, Told, answered, won};
use crate::server::certificate::authority::{Authority, AuthorityError};
use crate::server::certificate::own::Own;
use crate::server::certificate::rotation::Authorities;

/// The bundle, for whoever else needs to trust the server
///
/// Every replica writes it with another value, so that a second apply is a conflict.
const BUNDLE: &str = "ca.crt";

/// Authorities are entries `authority-UNIXTIME.crt` and `authority-UNIXTIME.key`
const PREFIX: &str = "authority-";

/// The Secret of one name
#[derive(Clone)]
pub struct SharedAuthorities {
    secrets: Api<Secret>,
    name: String,
    manager: String,
}

/// What is known of the Secret
#[derive(Default)]
struct Known {
    /// Of the Secret as it was read or written last; nothing while it does not exist
    version: Option<String>,
    entries: BTreeSet<String>,
    authorities: Authorities,
}

/// Why the Secret could not be brought in order
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
    /// The Secret in a namespace, written in the name of one pod
    #[must_use]
    pub fn new(client: Client, namespace: &str, name: &str, pod: &str) -> Self {
        Self {
            secrets: Api::namespaced(client, namespace),
            name: name.to_owned(),
            manager: pod.to_owned(),
        }
    }

    /// Keeps the Secret, the leaf and the bundle in step, for ever
    pub async fn keep(self, mut own: Own) {
        let mut events = pin!(api::follow(self.secrets.clone(), &self.name, api::CALL_SECONDS));
        let mut known = None;
        let mut told = Told::default();
        let mut pause = own.pause();
        loop {
            let step = tokio::select! {
                Some(event) = events.next() => match event {
                    Ok(secret) => self.changed(&mut own, &mut known, secret).await,
                    Err(error) => Err(self.failed(error)),
                },
                () = tokio::time::sleep(pause) => match &mut known {
                    Some(known) => self.look(&mut own, known).await,
                    None => Ok(()),
                },
            };
            pause = if step.is_ok() {
                own.pause()
            } else {
                RETRY.min(own.pause())
            };
            if told.is_news(&step)
                && let Err(error) = step
            {
                own.failed(&error);
            }
        }
    }

    async fn changed(
        &self,
        own: &mut Own,
        known: &mut Option<Known>,
        secret: Option<Secret>,
    ) -> Result<(), SecretError> {
        let known = match secret {
            Some(secret) => known.insert(self.read(&secret)?),
            None => {
                // Never there, or deleted: then what this process knows is written again
                let known = known.get_or_insert_default();
                known.version = None;
                known
            }
        };
        self.look(own, known).await
    }

    /// Writes what is missing or due, then follows what is known
    async fn look(&self, own: &mut Own, known: &mut Known) -> Result<(), SecretError> {
        let now = Timestamp::now();
        let authorities = &mut known.authorities;
        if known.version.is_none() || authorities.is_due(now) || authorities.has_expired(now) {
            authorities.advance(now, own.lifetimes())?;
            let written = match &known.version {
                None => self.create(authorities, now).await?,
                Some(version) => self.replace(authorities, now, version, &known.entries).await?,
            };
            let secret = match written {
                Some(secret) => secret,
                // Another replica was first; its authorities are as good
                None => self.get().await?,
            };
            *known = self.read(&secret)?;
        }
        own.follow(&known.authorities, now)?;
        Ok(())
    }

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
        won(self.secrets.patch(&self.name, &params, &patch))
            .await
            .map_err(|error| self.failed(error))
    }

    async fn get(&self) -> Result<Secret, SecretError> {
        let read = answered(self.secrets.get(&self.name))
            .await
            .map_err(|error| self.failed(error))?;
        read.map_err(|error| self.failed(error))
    }

    async fn replace(
        &self,
        authorities: &Authorities,
        now: Timestamp,
        version: &str,
        present: &BTreeSet<String>,
    ) -> Result<Option<Secret>, SecretError> {
        let wanted = entries(authorities, now);
        let gone = present
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
        won(self.secrets.patch(&self.name, &params, &patch))
            .await
            .map_err(|error| self.failed(error))
    }

    fn read(&self, secret: &Secret) -> Result<Known, SecretError> {
        let empty = BTreeMap::new();
        let data = secret.data.as_ref().unwrap_or(&empty);
        let mut authorities = Vec::new();
        for (entry, certificate) in data {
            let Some(stem) = entry.strip_suffix(".crt").filter(|stem| stem.starts_with(PREFIX)) else {
                continue;
            };
            let name = self.name.clone();
            let Some(key) = data.get(&format!("{stem}.key")) else {
                return Err(SecretError::NoKey {
                    name,
                    entry: entry.clone(),
                });
            };
            let (certificate, key) = (
                String::from_utf8_lossy(&certificate.0),
                String::from_utf8_lossy(&key.0),
            );
            let authority = Authority::parse(&certificate, &key).map_err(|source| SecretError::Entry {
                name,
                entry: entry.clone(),
                source,
            })?;
            authorities.push(authority);
        }
        Ok(Known {
            version: secret.metadata.resource_version.clone(),
            entries: data.keys().cloned().collect(),
            authorities: Authorities::new(authorities),
        })
    }

    fn failed(&self, error: impl Into<ApiError>) -> SecretError {
        SecretError::Api {
            name: self.name.clone(),
            source: error.into(),
        }
    }
}

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
