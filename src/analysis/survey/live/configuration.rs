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

/// The documents of ramgate's ConfigMaps in a namespace, ordered by the ConfigMap's name
///
/// # Errors
///
/// The ConfigMaps cannot be read.
pub(crate) async fn read_configuration(
    client: &ApiClient,
    namespace: &str,
) -> Result<Vec<NamedDocument>, ReadError> {
    let what = format!("ConfigMaps of namespace {namespace}");
    let path = format!("/api/v1/namespaces/{namespace}/configmaps");
    let list = ListRequest {
        params: ListParams::default().labels(LABEL).limit(PAGE),
        ..ListRequest::objects(&what, &path)
    };
    let mut maps: BTreeMap<String, Result<Vec<NamedDocument>, String>> = BTreeMap::new();
    let take = |map: Value| {
        let name = text(&map, "/metadata/name").to_owned();
        let documents = serde_json::from_value::<ConfigMap>(map).map(|map| config_map::documents(&map));
        maps.insert(name, documents.map_err(|error| error.to_string()));
    };
    client.list(&list, take).await?;
    let documents: Result<Vec<_>, _> = maps.into_values().collect();
    let documents = documents.map_err(|error| ReadError::new(&what, error))?;
    Ok(documents.into_iter().flatten().collect())
}
