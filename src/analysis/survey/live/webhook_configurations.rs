//! Reads the live webhook configurations, and compares them with what the chart installed.

use k8s_openapi::api::core::v1::ConfigMap;
use serde::de::DeserializeOwned;

use crate::analysis::survey::live::api_client::ApiClient;
use crate::analysis::survey::live::installation::Installation;
use crate::analysis::survey::live::read_error::ReadError;
use crate::analysis::survey::webhooks::Webhooks;
use crate::cluster::InstalledWebhooks;

/// The webhook configurations, or `None` if neither exists, and a note if they cannot be compared
///
/// # Errors
///
/// The API server does not answer, or the caller may not read the webhook configurations.
pub(super) async fn read_webhooks(
    client: &ApiClient,
    release: &str,
    installation: &Installation,
) -> Result<(Option<Webhooks>, Option<String>), ReadError> {
    let name = &installation.webhook_configuration;
    let mutating = read_one(client, "MutatingWebhookConfiguration", name).await?;
    let validating = read_one(client, "ValidatingWebhookConfiguration", name).await?;
    if mutating.is_none() && validating.is_none() {
        return Ok((None, None));
    }
    let live = Webhooks::new(mutating.unwrap_or_default(), validating.unwrap_or_default());
    let Some(config_map) = &installation.installed_webhooks else {
        return Ok((Some(live), None));
    };
    Ok(match read_installed(client, release, config_map).await? {
        Ok(installed) => (Some(live.compared_with(&installed)), None),
        Err(note) => (Some(live), Some(note)),
    })
}

async fn read_one<K: DeserializeOwned>(
    client: &ApiClient,
    kind: &str,
    name: &str,
) -> Result<Option<K>, ReadError> {
    let what = format!("{kind} {name}");
    let path = format!("/apis/admissionregistration.k8s.io/v1/{}s", kind.to_lowercase());
    let found = client.get(&what, &path, name).await?;
    let read = found.map(serde_json::from_value).transpose();
    read.map_err(|error| ReadError::new(&what, error))
}

/// The ConfigMap that describes the installed entries, or a note that it cannot be used
async fn read_installed(
    client: &ApiClient,
    release: &str,
    name: &str,
) -> Result<Result<InstalledWebhooks, String>, ReadError> {
    let what =
        format!("ConfigMap {release}/{name}, which says how the webhook configurations were installed");
    let path = format!("/api/v1/namespaces/{release}/configmaps");
    let found = match client.get(&what, &path, name).await {
        Ok(found) => found,
        Err(error) if error.is_forbidden() => None,
        Err(error) => return Err(error),
    };
    let installed = found
        .ok_or_else(|| "it is not there, or may not be read".to_owned())
        .and_then(|map| serde_json::from_value(map).map_err(|error| error.to_string()))
        .and_then(|map: ConfigMap| InstalledWebhooks::read(&map));
    Ok(installed.map_err(|error| format!("{what}: {error}: changes of them are not seen")))
}
