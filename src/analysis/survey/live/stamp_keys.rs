//! Reads the keys that sign stamps, and the UID that binds stamps to their cluster.

use k8s_openapi::api::core::v1::Secret;

use crate::analysis::survey::live::api_client::ApiClient;
use crate::analysis::survey::live::read_error::ReadError;
use crate::analysis::survey::objects::text;
use crate::stamp::KeyRing;

/// The namespace whose UID identifies the cluster
pub(super) const CLUSTER_NAMESPACE: &str = "kube-system";

/// The keys of a Secret; `None` if it does not exist
///
/// # Errors
///
/// The Secret cannot be read, or holds no keys.
pub(crate) async fn read_ring(
    client: &ApiClient,
    namespace: &str,
    name: &str,
) -> Result<Option<KeyRing>, ReadError> {
    let what = format!("Secret {namespace}/{name}, which holds the keys of the stamps");
    let path = format!("/api/v1/namespaces/{namespace}/secrets");
    let Some(secret) = client.get(&what, &path, name).await? else {
        return Ok(None);
    };
    let secret: Secret = serde_json::from_value(secret).map_err(|error| ReadError::new(&what, error))?;
    let data = secret.data.into_iter().flatten();
    KeyRing::new(data.map(|(id, secret)| (id, secret.0)))
        .map(Some)
        .map_err(|error| ReadError::new(&what, error))
}

/// The UID of namespace kube-system, which identifies the cluster
///
/// # Errors
///
/// The namespace cannot be read, or has no UID.
pub(crate) async fn read_cluster_uid(client: &ApiClient) -> Result<String, ReadError> {
    let what = format!("namespace {CLUSTER_NAMESPACE}, whose UID stands for the cluster");
    let found = client.get(&what, "/api/v1/namespaces", CLUSTER_NAMESPACE).await?;
    match found.as_ref().map(|found| text(found, "/metadata/uid")) {
        None | Some("") => Err(ReadError::new(&what, "it has none")),
        Some(uid) => Ok(uid.to_owned()),
    }
}
