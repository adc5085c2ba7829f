//! Reads ramgate's configuration from its ConfigMaps.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::core::params::ListParams;
use serde_json::Value;

use crate::analysis::survey::live::api_client::{ApiClient, ListRequest};
use crate::analysis::survey::live::read_error::ReadError;
use crate::analysis::survey::objects::text;
use crate::config::config_map::LABEL;
use crate::config::{NamedDocument, config_map};

/// The number of ConfigMaps in a page: each may be a mebibyte long
const PAGE: u32 = 8;

/// The live documents of ramgate's ConfigMaps in a namespace, ordered by the ConfigMap's name
///
/// # Errors
///
/// The ConfigMaps cannot be read.
pub(crate) async fn read_configuration(
    client: &ApiClient,
    namespace: &str,
) -> Result<Vec<NamedDocument>, ReadError> {
    let maps = read_config_maps(client, namespace).await?;
    Ok(maps.iter().flat_map(config_map::documents).collect())
}

/// ramgate's ConfigMaps in a namespace with the candidates, ordered by name
///
/// # Errors
///
/// The ConfigMaps cannot be read.
pub(crate) async fn read_config_maps(
    client: &ApiClient,
    namespace: &str,
) -> Result<Vec<ConfigMap>, ReadError> {
    let what = format!("ConfigMaps of namespace {namespace}");
    let path = format!("/api/v1/namespaces/{namespace}/configmaps");
    let list = ListRequest {
        params: ListParams::default().labels(LABEL).limit(PAGE),
        ..ListRequest::objects(&what, &path)
    };
    let mut maps: BTreeMap<String, Result<ConfigMap, String>> = BTreeMap::new();
    let take = |map: Value| {
        let name = text(&map, "/metadata/name").to_owned();
        let read = serde_json::from_value::<ConfigMap>(map);
        maps.insert(name, read.map_err(|error| error.to_string()));
    };
    client.list(&list, take).await?;
    let maps: Result<Vec<_>, _> = maps.into_values().collect();
    maps.map_err(|error| ReadError::new(&what, error))
}
