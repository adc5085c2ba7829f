//! What judging depends on beside the workloads, read once: configuration, namespaces, nodes, keys, rules.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::core::params::ListParams;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::analysis::survey::cluster::SurveyedCluster;
use crate::analysis::survey::live::{Installation, ReadError, Reader};
use crate::analysis::survey::source::text;
use crate::analysis::survey::webhooks::Webhooks;
use crate::cluster::Installed;
use crate::config::config_map::LABEL;
use crate::config::{Configuration, Interest, NamedDocument, config_map};
use crate::kubernetes::cluster::Meta;
use crate::kubernetes::eci_profile;
use crate::kubernetes::eci_profile::Profile;
use crate::kubernetes::snapshot::ClusterSnapshot;
use crate::stamp::{Ring, Signer};

/// The namespace whose UID stands for the cluster
const CLUSTER: &str = "kube-system";

/// How many ConfigMaps are asked for at once: each may have a mebibyte
const CONFIG_MAPS: u32 = 8;

/// Something that is not there, or not as it should be, and without which judging goes on
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Missing(pub String);

/// The documents of ramgate's ConfigMaps in a namespace, in the order in which they count
///
/// # Errors
///
/// They cannot be read.
pub(crate) async fn configuration(reader: &Reader, namespace: &str) -> Result<Vec<NamedDocument>, ReadError> {
    let what = format!("ConfigMaps of namespace {namespace}");
    let path = format!("/api/v1/namespaces/{namespace}/configmaps");
    let params = ListParams::default().labels(LABEL).limit(CONFIG_MAPS);
    let mut maps: BTreeMap<String, Result<Vec<NamedDocument>, String>> = BTreeMap::new();
    let take = |map: Value| {
        let name = text(&map, "/metadata/name").to_owned();
        let documents = serde_json::from_value::<ConfigMap>(map).map(|map| config_map::documents(&map));
        maps.insert(name, documents.map_err(|error| error.to_string()));
    };
    reader.list(&what, &path, &params, false, take).await?;
    let documents: Result<Vec<_>, _> = maps.into_values().collect();
    let documents = documents.map_err(|error| ReadError::new(&what, error))?;
    Ok(documents.into_iter().flatten().collect())
}

/// The cluster around the workloads, with what is missing of it
///
/// # Errors
///
/// Something cannot be read that judging depends on.
pub(crate) async fn cluster(
    reader: &Reader,
    release: &str,
    installation: &Installation,
    configuration: &Configuration,
) -> Result<(SurveyedCluster, Vec<Missing>), ReadError> {
    let interest = configuration.interest();
    let mut missing = Vec::new();
    let (namespaces, cluster) = namespaces(reader, &interest).await?;
    let profile = match configuration.cluster.eci_profile {
        true => eci_profile(reader, &mut missing).await?,
        false => Arc::default(),
    };
    let signer = match ring(reader, release, &installation.stamp_secret).await? {
        Some(ring) => Some(Arc::new(Signer::new(ring, cluster.unwrap_or_default()))),
        None => {
            missing.push(Missing(format!(
                "Secret {release}/{} is not there, so that no stamp can be checked: ramgate makes it when it starts",
                installation.stamp_secret
            )));
            None
        }
    };
    let mut webhooks = webhooks(reader, &installation.webhook_configuration).await?;
    if let Some(name) = &installation.installed_webhooks
        && let Some(live) = webhooks.take()
    {
        webhooks = Some(compared(reader, release, name, live, &mut missing).await?);
    }
    if webhooks.is_none() {
        missing.push(Missing(format!(
            "there are no webhook configurations named {}: namespaces {CLUSTER} and {release} are taken as exempt",
            installation.webhook_configuration
        )));
    }
    let mut snapshot = ClusterSnapshot::unknown();
    snapshot.namespaces = namespaces;
    snapshot.service_accounts = service_accounts(reader, &interest).await?;
    snapshot.nodes = nodes(reader).await?;
    snapshot.profile = profile;
    snapshot.signer = signer;
    let cluster = SurveyedCluster {
        release: release.to_owned(),
        snapshot,
        webhooks,
    };
    Ok((cluster, missing))
}

/// The keys of the stamps, if their Secret is there
///
/// # Errors
///
/// It cannot be read, or holds no keys.
pub(crate) async fn ring(reader: &Reader, namespace: &str, name: &str) -> Result<Option<Ring>, ReadError> {
    let what = format!("Secret {namespace}/{name}, which holds the keys of the stamps");
    let path = format!("/api/v1/namespaces/{namespace}/secrets");
    let Some(secret) = reader.get(&what, &path, name).await? else {
        return Ok(None);
    };
    let secret: Secret = serde_json::from_value(secret).map_err(|error| ReadError::new(&what, error))?;
    let keys = secret
        .data
        .into_iter()
        .flatten()
        .map(|(id, secret)| (id, secret.0));
    Ring::new(keys)
        .map(Some)
        .map_err(|error| ReadError::new(&what, error))
}

/// The UID that stands for the cluster
///
/// # Errors
///
/// It cannot be read.
pub(crate) async fn cluster_uid(reader: &Reader) -> Result<String, ReadError> {
    let what = format!("namespace {CLUSTER}, whose UID stands for the cluster");
    let found = reader.get(&what, "/api/v1/namespaces", CLUSTER).await?;
    let uid = found
        .as_ref()
        .map(|found| text(found, "/metadata/uid"))
        .unwrap_or_default();
    match uid {
        "" => Err(ReadError::new(&what, "it has none")),
        uid => Ok(uid.to_owned()),
    }
}

/// Labels and annotations of all namespaces, and the UID of the cluster
async fn namespaces(
    reader: &Reader,
    interest: &Interest,
) -> Result<(BTreeMap<String, Arc<Meta>>, Option<String>), ReadError> {
    let (mut namespaces, mut uid) = (BTreeMap::new(), None);
    let take = |object: Value| {
        let name = text(&object, "/metadata/name").to_owned();
        if name == CLUSTER {
            uid = Some(text(&object, "/metadata/uid").to_owned());
        }
        let mut meta = meta(&object);
        meta.annotations
            .retain(|key, _| interest.namespace_annotations.contains(key));
        namespaces.insert(name, Arc::new(meta));
    };
    let params = ListParams::default();
    reader
        .list("namespaces", "/api/v1/namespaces", &params, true, take)
        .await?;
    Ok((namespaces, uid))
}

async fn nodes(reader: &Reader) -> Result<BTreeMap<String, Arc<Meta>>, ReadError> {
    let mut nodes = BTreeMap::new();
    let take = |object: Value| {
        let node = Meta {
            labels: meta(&object).labels,
            ..Meta::default()
        };
        nodes.insert(text(&object, "/metadata/name").to_owned(), Arc::new(node));
    };
    let params = ListParams::default();
    reader.list("nodes", "/api/v1/nodes", &params, true, take).await?;
    Ok(nodes)
}

async fn service_accounts(
    reader: &Reader,
    interest: &Interest,
) -> Result<BTreeMap<(String, String), Arc<Meta>>, ReadError> {
    let mut accounts = BTreeMap::new();
    if !interest.service_accounts() {
        return Ok(accounts);
    }
    let take = |object: Value| {
        let key = |field| text(&object, field).to_owned();
        let key = (key("/metadata/namespace"), key("/metadata/name"));
        let mut meta = meta(&object);
        meta.labels
            .retain(|key, _| interest.service_account_labels.contains(key));
        meta.annotations
            .retain(|key, _| interest.service_account_annotations.contains(key));
        accounts.insert(key, Arc::new(meta));
    };
    let params = ListParams::default();
    reader
        .list("service accounts", "/api/v1/serviceaccounts", &params, true, take)
        .await?;
    Ok(accounts)
}

async fn eci_profile(reader: &Reader, missing: &mut Vec<Missing>) -> Result<Arc<Profile>, ReadError> {
    let what = format!("ConfigMap {}/{}", eci_profile::NAMESPACE, eci_profile::NAME);
    let path = format!("/api/v1/namespaces/{}/configmaps", eci_profile::NAMESPACE);
    let Some(map) = reader.get(&what, &path, eci_profile::NAME).await? else {
        return Ok(Arc::default());
    };
    let data = map.get("data").filter(|data| !data.is_null());
    let data = data.map_or_else(|| Ok(BTreeMap::new()), BTreeMap::deserialize);
    let data = data.map_err(|error| ReadError::new(&what, error))?;
    match Profile::parse(&data) {
        Ok(profile) => Ok(Arc::new(profile)),
        Err(error) => {
            missing.push(Missing(format!("{error}; it is taken as empty here")));
            Ok(Arc::default())
        }
    }
}

/// The live configurations held against what was installed, if that can be read
async fn compared(
    reader: &Reader,
    release: &str,
    name: &str,
    live: Webhooks,
    missing: &mut Vec<Missing>,
) -> Result<Webhooks, ReadError> {
    let what =
        format!("ConfigMap {release}/{name}, which says how the webhook configurations were installed");
    let path = format!("/api/v1/namespaces/{release}/configmaps");
    let read = match reader.get(&what, &path, name).await {
        Ok(found) => found,
        Err(error) if error.is_forbidden() => None,
        Err(error) => return Err(error),
    };
    let installed = read
        .ok_or_else(|| "it is not there, or may not be read".to_owned())
        .and_then(|map| serde_json::from_value(map).map_err(|error| error.to_string()))
        .and_then(|map: ConfigMap| Installed::read(&map));
    match installed {
        Ok(installed) => Ok(live.compared(&installed)),
        Err(error) => {
            missing.push(Missing(format!("{what}: {error}: changes of them are not seen")));
            Ok(live)
        }
    }
}

async fn webhooks(reader: &Reader, name: &str) -> Result<Option<Webhooks>, ReadError> {
    let mutating = webhook(reader, "MutatingWebhookConfiguration", name).await?;
    let validating = webhook(reader, "ValidatingWebhookConfiguration", name).await?;
    Ok(match (mutating, validating) {
        (None, None) => None,
        (mutating, validating) => Some(Webhooks::new(
            mutating.unwrap_or_default(),
            validating.unwrap_or_default(),
        )),
    })
}

async fn webhook<K: DeserializeOwned>(
    reader: &Reader,
    kind: &str,
    name: &str,
) -> Result<Option<K>, ReadError> {
    let what = format!("{kind} {name}");
    let path = format!("/apis/admissionregistration.k8s.io/v1/{}s", kind.to_lowercase());
    let found = reader.get(&what, &path, name).await?;
    let read = found.map(serde_json::from_value).transpose();
    read.map_err(|error| ReadError::new(&what, error))
}

/// Labels and annotations of an object
fn meta(object: &Value) -> Meta {
    let texts = |pointer: &str| {
        let map = object.pointer(pointer).and_then(Value::as_object);
        let text = |(key, value): (&String, &Value)| Some((key.clone(), value.as_str()?.to_owned()));
        map.into_iter().flatten().filter_map(text).collect()
    };
    Meta {
        labels: texts("/metadata/labels"),
        annotations: texts("/metadata/annotations"),
    }
}
