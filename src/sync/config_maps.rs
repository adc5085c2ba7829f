//! Reads and writes the named ConfigMaps: no others, and never creates or deletes one.
//!
//! Server-side apply writes them, so that a key that RAM no longer has goes away. Every write is tried first, and only if the
//! API server would take all of them is any stored.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{Patch, PatchParams};
use kube::{Api, Client};

use crate::cluster::api::{ApiError, in_time};
use crate::config::NamedDocument;
use crate::config::config_map::{self, ConfigKind, LABEL};
use crate::config::sync_status::{MAX_LOSS, SyncStatus};
use crate::sync::placement::{Placed, place_directories, place_policies};
use crate::wording::cut;

/// The field manager of labels and data
const MANAGER: &str = "ramgate-sync";
/// The field manager of the annotations, which are written also where the data stays
const STATUS_MANAGER: &str = "ramgate-sync-status";

/// The waits before a write is repeated: together longer than a webhook or an API server takes to restart its connections
const WAITS: [Duration; 3] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];

/// The ConfigMaps that may be written
#[derive(Clone)]
pub(crate) struct NamedConfigMaps {
    api: Api<ConfigMap>,
    namespace: String,
    policies: Vec<String>,
    directories: Vec<String>,
}

/// ConfigMaps by their names
#[derive(Clone, Debug)]
pub(super) struct ConfigMapSet(BTreeMap<String, ConfigMap>);

/// What is wrong with a ConfigMap
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigMapError {
    #[error("ConfigMap {namespace}/{name}: {source}")]
    Api {
        namespace: String,
        name: String,
        source: ApiError,
    },
    #[error(
        "ConfigMap {namespace}/{name} is not there: create it empty, or install the chart with sync.enabled"
    )]
    Missing { namespace: String, name: String },
    #[error(
        "ConfigMap {namespace}/{name} has keys that somebody else wrote and that would stay: {keys}; remove them"
    )]
    Foreign {
        namespace: String,
        name: String,
        keys: String,
    },
    /// Every write was tried before, and again several times
    #[error(
        "{failed}; only {written} was written, and may not fit the others until a run succeeds: run the sync again"
    )]
    Half { written: String, failed: String },
}

impl ConfigMapError {
    /// Whether some ConfigMaps were written and others not
    pub(crate) fn is_half(&self) -> bool {
        matches!(self, Self::Half { .. })
    }
}

impl NamedConfigMaps {
    /// ConfigMaps of a namespace: those for policies, and those for directory documents
    pub(crate) fn new(
        client: Client,
        namespace: &str,
        policies: Vec<String>,
        directories: Vec<String>,
    ) -> Self {
        Self {
            api: Api::namespaced(client, namespace),
            namespace: namespace.to_owned(),
            policies,
            directories,
        }
    }

    /// Reads all of them
    ///
    /// # Errors
    /// One is not there, or the API server does not give it
    pub(super) async fn read(&self) -> Result<ConfigMapSet, ConfigMapError> {
        let mut set = BTreeMap::new();
        for name in self.policies.iter().chain(&self.directories) {
            let found = in_time(self.api.get_opt(name)).await.and_then(|read| Ok(read?));
            let found = found.map_err(|source| self.failed(name, source))?;
            let config_map = found.ok_or_else(|| ConfigMapError::Missing {
                namespace: self.namespace.clone(),
                name: name.clone(),
            })?;
            set.insert(name.clone(), config_map);
        }
        Ok(ConfigMapSet(set))
    }

    /// The ConfigMaps with these documents
    ///
    /// # Errors
    /// They do not fit
    pub(super) fn place(
        &self,
        policies: &[(String, String)],
        directories: Vec<String>,
    ) -> Result<ConfigMapSet, String> {
        let policies = place_policies(policies, &self.policies)?;
        let directories = place_directories(directories, &self.directories)?;
        let mut set = BTreeMap::new();
        set.extend(self.config_maps(policies, ConfigKind::Policy));
        set.extend(self.config_maps(directories, ConfigKind::Directory));
        Ok(ConfigMapSet(set))
    }

    fn config_maps(&self, placed: Placed, kind: ConfigKind) -> impl Iterator<Item = (String, ConfigMap)> {
        placed.into_iter().map(move |(name, data)| {
            let labels = BTreeMap::from([(LABEL.to_owned(), kind.to_string())]);
            let config_map = ConfigMap {
                metadata: ObjectMeta {
                    name: Some(name.clone()),
                    labels: Some(labels),
                    ..ObjectMeta::default()
                },
                data: Some(data),
                ..ConfigMap::default()
            };
            (name, config_map)
        })
    }

    /// Writes those that differ, and notes the success; returns the names of those that differed
    ///
    /// A write that fails although it was tried is repeated. If it still fails and others are stored, the rest is written, so
    /// that as little as possible is of another time.
    ///
    /// # Errors
    /// The API server refuses one; if it would refuse any, or refuses the first, nothing is written
    pub(super) async fn write(
        &self,
        stored: &ConfigMapSet,
        wanted: &ConfigMapSet,
        now: Timestamp,
    ) -> Result<Vec<String>, ConfigMapError> {
        let differs = |(name, wanted): &(&String, &ConfigMap)| {
            stored.0.get(*name).is_none_or(|stored| !is_same(stored, wanted))
        };
        let changed: Vec<(&String, &ConfigMap)> = wanted.0.iter().filter(differs).collect();
        let params = PatchParams::apply(MANAGER).force();
        for (name, config_map) in &changed {
            let tried = self.apply(name, config_map, &params.clone().dry_run()).await?;
            self.check_keys(name, &tried, config_map)?;
        }
        let mut written: Vec<String> = Vec::new();
        let mut failed = Vec::new();
        for (name, config_map) in &changed {
            match repeated(|| self.apply(name, config_map, &params)).await {
                Ok(_) => written.push((*name).clone()),
                // All are as they were, and fit together
                Err(error) if written.is_empty() => return Err(error),
                Err(error) => failed.push(error),
            }
        }
        if failed.is_empty() {
            let noted = repeated(|| self.annotate(SyncStatus::fresh(now))).await;
            failed.extend(noted.err());
        }
        match (written.is_empty(), failed.pop()) {
            (_, None) => Ok(written),
            (true, Some(error)) => Err(error),
            (false, Some(error)) => {
                failed.push(error);
                let failed: Vec<String> = failed.iter().map(ToString::to_string).collect();
                Err(ConfigMapError::Half {
                    written: written.join(", "),
                    failed: failed.join("; "),
                })
            }
        }
    }

    /// Notes a loss that is held back; data and the time of the last success stay
    ///
    /// # Errors
    /// The API server refuses it
    pub(super) async fn hold_back(&self, stored: &ConfigMapSet, loss: &str) -> Result<(), ConfigMapError> {
        let annotations = self
            .status_name()
            .and_then(|name| stored.0.get(name)?.metadata.annotations.as_ref());
        self.annotate(SyncStatus::held_back(annotations, cut(loss, MAX_LOSS)))
            .await
    }

    /// The ConfigMap that has the annotations
    fn status_name(&self) -> Option<&String> {
        self.directories.first()
    }

    async fn annotate(&self, annotations: BTreeMap<String, String>) -> Result<(), ConfigMapError> {
        let Some(name) = self.status_name() else {
            return Ok(());
        };
        let config_map = ConfigMap {
            metadata: ObjectMeta {
                name: Some(name.clone()),
                annotations: Some(annotations),
                ..ObjectMeta::default()
            },
            ..ConfigMap::default()
        };
        let params = PatchParams::apply(STATUS_MANAGER).force();
        self.apply(name, &config_map, &params).await.map(drop)
    }

    async fn apply(
        &self,
        name: &str,
        config_map: &ConfigMap,
        params: &PatchParams,
    ) -> Result<ConfigMap, ConfigMapError> {
        let patch = Patch::Apply(config_map);
        let written = in_time(self.api.patch(name, params, &patch))
            .await
            .and_then(|written| Ok(written?));
        written.map_err(|source| self.failed(name, source))
    }

    /// Refuses a ConfigMap in which keys would stay that are not RAM's
    fn check_keys(&self, name: &str, tried: &ConfigMap, wanted: &ConfigMap) -> Result<(), ConfigMapError> {
        let wanted_keys = wanted.data.iter().flatten().map(|(key, _)| key);
        let wanted_keys: Vec<&String> = wanted_keys.collect();
        let text = tried.data.iter().flatten().map(|(key, _)| key);
        let keys = text.chain(tried.binary_data.iter().flatten().map(|(key, _)| key));
        let foreign: Vec<&str> = keys
            .filter(|key| !wanted_keys.contains(key))
            .map(String::as_str)
            .collect();
        if foreign.is_empty() {
            return Ok(());
        }
        Err(ConfigMapError::Foreign {
            namespace: self.namespace.clone(),
            name: name.to_owned(),
            keys: foreign.join(", "),
        })
    }

    fn failed(&self, name: &str, source: ApiError) -> ConfigMapError {
        ConfigMapError::Api {
            namespace: self.namespace.clone(),
            name: name.to_owned(),
            source,
        }
    }
}

impl ConfigMapSet {
    /// All documents
    pub(super) fn documents(&self) -> Vec<NamedDocument> {
        self.0.values().flat_map(config_map::documents).collect()
    }
}

/// Repeats a write that fails
async fn repeated<T, F: Future<Output = Result<T, ConfigMapError>>>(
    write: impl Fn() -> F,
) -> Result<T, ConfigMapError> {
    let mut result = write().await;
    for wait in WAITS {
        let Err(error) = &result else { break };
        tracing::warn!("{error}: it is written again in {} s", wait.as_secs());
        tokio::time::sleep(wait).await;
        result = write().await;
    }
    result
}

/// Whether a ConfigMap has these data and labels already
fn is_same(stored: &ConfigMap, wanted: &ConfigMap) -> bool {
    let has_labels = wanted.metadata.labels.iter().flatten().all(|(name, value)| {
        let labels = stored.metadata.labels.as_ref();
        labels.and_then(|labels| labels.get(name)) == Some(value)
    });
    let no_binary = stored.binary_data.as_ref().is_none_or(BTreeMap::is_empty);
    let data = |config_map: &ConfigMap| config_map.data.clone().unwrap_or_default();
    has_labels && no_binary && data(stored) == data(wanted)
}
