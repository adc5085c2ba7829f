//! Reads roles and bindings.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::analysis::survey::access::RoleBasedAccess;
use crate::analysis::survey::live::api_client::{ApiClient, ListRequest};
use crate::analysis::survey::live::read_error::ReadError;

/// The roles and bindings of the cluster, or a note why they are not read
///
/// # Errors
///
/// The API server does not answer.
pub(crate) async fn read_access(client: &ApiClient) -> Result<Result<RoleBasedAccess, String>, ReadError> {
    match read(client).await {
        Ok(access) => Ok(Ok(access)),
        Err(error) if error.is_forbidden() || error.is_not_found() => Ok(Err(format!(
            "{error}; identities that RBAC lets act on pods for ECI, and that are in no list, are not looked for"
        ))),
        Err(error) => Err(error),
    }
}

async fn read(client: &ApiClient) -> Result<RoleBasedAccess, ReadError> {
    let mut access = RoleBasedAccess::default();
    list(client, "clusterroles", |role| access.add_cluster_role(role)).await?;
    list(client, "roles", |role| access.add_role(role)).await?;
    list(client, "clusterrolebindings", |binding| {
        access.add_cluster_role_binding(binding)
    })
    .await?;
    list(client, "rolebindings", |binding| access.add_role_binding(binding)).await?;
    Ok(access)
}

/// Passes all objects of a resource to `take`
async fn list<K: DeserializeOwned>(
    client: &ApiClient,
    resource: &str,
    mut take: impl FnMut(K),
) -> Result<(), ReadError> {
    let path = format!("/apis/rbac.authorization.k8s.io/v1/{resource}");
    let mut fault = None;
    let read = |object: Value| match serde_json::from_value(object) {
        Ok(object) => take(object),
        Err(error) => fault = Some(error),
    };
    client.list(&ListRequest::objects(resource, &path), read).await?;
    fault.map_or(Ok(()), |error| Err(ReadError::new(resource, error)))
}
