//! The pods of ramgate's own Deployment, and what they answer at their admin port.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Pod;
use kube::core::params::ListParams;
use serde_json::Value;

use crate::analysis::survey::live::api_client::{ApiClient, ListRequest};
use crate::analysis::survey::live::read_error::ReadError;
use crate::analysis::survey::live::serve_flags::{flag, serve_arguments};

/// The admin port without a flag, as in `ramgate serve`
const ADMIN_PORT: u16 = 8080;

/// A pod of ramgate's Deployment
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReplicaPod {
    pub(crate) name: String,
    /// The port that serves `/candidate`
    admin_port: u16,
    /// Whether it answers reviews
    pub(crate) is_ready: bool,
}

/// The pods of the Deployments in a namespace that run `ramgate serve`
///
/// # Errors
///
/// The API server does not answer, or the caller lacks a right.
pub(crate) async fn read_replicas(client: &ApiClient, namespace: &str) -> Result<Vec<ReplicaPod>, ReadError> {
    let what = format!("Deployments of namespace {namespace}");
    let path = format!("/apis/apps/v1/namespaces/{namespace}/deployments");
    let mut found: Vec<(String, u16)> = Vec::new();
    let take = |object: Value| found.extend(pods_of(object));
    client.list(&ListRequest::objects(&what, &path), take).await?;
    let mut replicas = Vec::new();
    for (selector, port) in found {
        let what = format!("Pods of namespace {namespace}");
        let path = format!("/api/v1/namespaces/{namespace}/pods");
        let list = ListRequest {
            params: ListParams::default().labels(&selector),
            ..ListRequest::objects(&what, &path)
        };
        client
            .list(&list, |object| replicas.extend(replica(object, port)))
            .await?;
    }
    Ok(replicas)
}

/// What a replica says at a path of its admin port, through the API server
///
/// # Errors
///
/// The API server or the pod does not answer, or the caller lacks a right.
pub(crate) async fn read_of_replica(
    client: &ApiClient,
    namespace: &str,
    replica: &ReplicaPod,
    page: &str,
) -> Result<Option<Value>, ReadError> {
    let ReplicaPod { name, admin_port, .. } = replica;
    let what = format!("/{page} of pod {namespace}/{name}");
    let path = format!("/api/v1/namespaces/{namespace}/pods/{name}:{admin_port}/proxy");
    client.get(&what, &path, page).await
}

/// The selector of the pods of a Deployment that runs ramgate, and their admin port
fn pods_of(deployment: Value) -> Option<(String, u16)> {
    let deployment: Deployment = serde_json::from_value(deployment).ok()?;
    let arguments = serve_arguments(&deployment)?;
    let port = flag(&arguments, "--admin-listen");
    let port = port.and_then(|address| address.rsplit_once(':')?.1.parse().ok());
    let labels = deployment.spec?.selector.match_labels?;
    let selector: Vec<String> = labels
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    Some((selector.join(","), port.unwrap_or(ADMIN_PORT)))
}

fn replica(pod: Value, admin_port: u16) -> Option<ReplicaPod> {
    let pod: Pod = serde_json::from_value(pod).ok()?;
    let status = pod.status.unwrap_or_default();
    let mut conditions = status.conditions.iter().flatten();
    let is_ready = conditions.any(|condition| condition.type_ == "Ready" && condition.status == "True");
    let is_ending = pod.metadata.deletion_timestamp.is_some();
    Some(ReplicaPod {
        name: pod.metadata.name?,
        admin_port,
        is_ready: is_ready && !is_ending,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_deployment_says_which_pods_and_which_port() {
        let deployment = |args: Value| {
            json!({"metadata": {"name": "gate"}, "spec": {"selector": {"matchLabels": {"app": "gate", "instance": "x"}},
                "template": {"spec": {"containers": [{"name": "c", "args": args}]}}}})
        };
        let serving = deployment(json!(["serve", "--namespace=n", "--admin-listen=0.0.0.0:9090"]));
        assert_eq!(pods_of(serving), Some(("app=gate,instance=x".to_owned(), 9090)));
        let plain = deployment(json!(["serve", "--namespace=n"]));
        assert_eq!(pods_of(plain).unwrap().1, ADMIN_PORT);
        assert_eq!(pods_of(deployment(json!(["audit", "--namespace=n"]))), None);
    }

    #[test]
    fn a_pod_that_ends_or_is_not_ready_is_not_asked() {
        let ready = json!({"conditions": [{"type": "Ready", "status": "True"}]});
        let pod = |status: &Value, ends: Value| json!({"metadata": {"name": "a", "deletionTimestamp": ends}, "status": status});
        assert!(replica(pod(&ready, Value::Null), 1).unwrap().is_ready);
        assert!(
            !replica(pod(&ready, json!("2026-01-01T00:00:00Z")), 1)
                .unwrap()
                .is_ready
        );
        assert!(!replica(pod(&json!({}), Value::Null), 1).unwrap().is_ready);
    }
}
