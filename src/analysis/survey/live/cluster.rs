//! Reads the cluster around the workloads: namespaces, service accounts, nodes, eci-profile, keys and webhooks.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use crate::analysis::survey::cluster::SurveyedCluster;
use crate::analysis::survey::live::api_client::{ApiClient, ListRequest};
use crate::analysis::survey::live::installation::Installation;
use crate::analysis::survey::live::read_error::ReadError;
use crate::analysis::survey::live::stamp_keys::{CLUSTER_NAMESPACE, read_ring};
use crate::analysis::survey::live::webhook_configurations::read_webhooks;
use crate::analysis::survey::objects::text;
use crate::config::{Configuration, Interest};
use crate::kubernetes::eci_profile;
use crate::kubernetes::eci_profile::Profile;
use crate::kubernetes::meta::Meta;
use crate::kubernetes::snapshot::ClusterSnapshot;
use crate::stamp::Signer;

/// Namespaces by name
type Namespaces = BTreeMap<String, Arc<Meta>>;

/// Service accounts by namespace and name
type ServiceAccounts = BTreeMap<(String, String), Arc<Meta>>;

/// The cluster around the workloads, with notes about what is missing and not necessary
///
/// # Errors
///
/// The API server does not answer, or the caller may not read something that the evaluation depends on.
pub(crate) async fn read_cluster(
    client: &ApiClient,
    release: &str,
    installation: &Installation,
    configuration: &Configuration,
) -> Result<(SurveyedCluster, Vec<String>), ReadError> {
    let interest = configuration.interest();
    let (namespaces, uid) = read_namespaces(client, &interest).await?;
    let (profile, profile_note) = if configuration.cluster.eci_profile {
        read_profile(client).await?
    } else {
        (Arc::default(), None)
    };
    let ring = read_ring(client, release, &installation.stamp_secret).await?;
    let signer = ring.map(|ring| Arc::new(Signer::new(ring, uid.unwrap_or_default())));
    let (webhooks, webhooks_note) = read_webhooks(client, release, installation).await?;
    let notes = [
        profile_note,
        signer.is_none().then(|| no_keys(release, installation)),
        webhooks_note,
        webhooks.is_none().then(|| no_webhooks(release, installation)),
    ];
    let mut snapshot = ClusterSnapshot::unknown();
    snapshot.namespaces = namespaces;
    snapshot.service_accounts = read_service_accounts(client, &interest).await?;
    snapshot.nodes = read_nodes(client).await?;
    snapshot.profile = profile;
    snapshot.signer = signer;
    let cluster = SurveyedCluster {
        release: release.to_owned(),
        snapshot,
        webhooks,
    };
    Ok((cluster, notes.into_iter().flatten().collect()))
}

fn no_keys(release: &str, installation: &Installation) -> String {
    format!(
        "Secret {release}/{} is not there, so that no stamp can be checked: ramgate makes it when it starts",
        installation.stamp_secret
    )
}

fn no_webhooks(release: &str, installation: &Installation) -> String {
    format!(
        "there are no webhook configurations named {}: namespaces {CLUSTER_NAMESPACE} and {release} are taken as exempt",
        installation.webhook_configuration
    )
}

/// Labels and annotations of all namespaces, and the UID of the cluster
async fn read_namespaces(
    client: &ApiClient,
    interest: &Interest,
) -> Result<(Namespaces, Option<String>), ReadError> {
    let (mut namespaces, mut uid) = (BTreeMap::new(), None);
    let take = |object: Value| {
        let name = text(&object, "/metadata/name").to_owned();
        if name == CLUSTER_NAMESPACE {
            uid = Some(text(&object, "/metadata/uid").to_owned());
        }
        let mut meta = meta(&object);
        meta.annotations
            .retain(|key, _| interest.namespace_annotations.contains(key));
        namespaces.insert(name, Arc::new(meta));
    };
    let list = ListRequest::metadata("namespaces", "/api/v1/namespaces");
    client.list(&list, take).await?;
    Ok((namespaces, uid))
}

async fn read_nodes(client: &ApiClient) -> Result<BTreeMap<String, Arc<Meta>>, ReadError> {
    let mut nodes = BTreeMap::new();
    let take = |object: Value| {
        let node = Meta {
            labels: meta(&object).labels,
            ..Meta::default()
        };
        nodes.insert(text(&object, "/metadata/name").to_owned(), Arc::new(node));
    };
    client
        .list(&ListRequest::metadata("nodes", "/api/v1/nodes"), take)
        .await?;
    Ok(nodes)
}

/// The service accounts with what the mapping reads of them; none if it reads nothing
async fn read_service_accounts(
    client: &ApiClient,
    interest: &Interest,
) -> Result<ServiceAccounts, ReadError> {
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
    let list = ListRequest::metadata("service accounts", "/api/v1/serviceaccounts");
    client.list(&list, take).await?;
    Ok(accounts)
}

/// ACK's eci-profile, with a note if it is invalid
async fn read_profile(client: &ApiClient) -> Result<(Arc<Profile>, Option<String>), ReadError> {
    let what = format!("ConfigMap {}/{}", eci_profile::NAMESPACE, eci_profile::NAME);
    let path = format!("/api/v1/namespaces/{}/configmaps", eci_profile::NAMESPACE);
    let Some(map) = client.get(&what, &path, eci_profile::NAME).await? else {
        return Ok((Arc::default(), None));
    };
    let data = map.get("data").filter(|data| !data.is_null());
    let data = data.map_or_else(|| Ok(BTreeMap::new()), BTreeMap::deserialize);
    let data = data.map_err(|error| ReadError::new(&what, error))?;
    Ok(match Profile::parse(&data) {
        Ok(profile) => (Arc::new(profile), None),
        Err(error) => (
            Arc::default(),
            Some(format!("{error}; it is taken as empty here")),
        ),
    })
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
