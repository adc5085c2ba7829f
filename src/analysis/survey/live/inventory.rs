//! Lists and evaluates all workloads of a cluster or namespace, page by page.

use kube::core::params::ListParams;
use serde_json::Value;

use crate::analysis::survey::inventory::Inventory;
use crate::analysis::survey::live::api_client::{ApiClient, ListRequest, Scope, path_in};
use crate::analysis::survey::live::read_error::ReadError;
use crate::analysis::survey::object_sink::{ListedKind, ObjectSink};
use crate::analysis::survey::workload_evaluator::WorkloadEvaluator;
use crate::analysis::survey::workload_kind::WorkloadKind;

/// Selects pods that have not ended
const ALIVE: &str = "status.phase!=Succeeded,status.phase!=Failed";

/// All workloads and all pods without a controller, with a note for each kind that does not exist
///
/// # Errors
///
/// The API server does not answer, or the caller may not list a kind.
pub(crate) async fn read_inventory(
    client: &ApiClient,
    evaluator: &WorkloadEvaluator<'_>,
    scope: &Scope,
) -> Result<(Inventory, Vec<String>), ReadError> {
    let mut inventory = Inventory::default();
    let notes = read_objects(client, evaluator, scope, &mut inventory).await?;
    Ok((inventory, notes))
}

/// Passes all objects that can lead to ECI to `sink`; returns a note for each kind that does not exist
///
/// # Errors
///
/// The API server does not answer, or the caller may not list a kind.
pub(crate) async fn read_objects(
    client: &ApiClient,
    evaluator: &WorkloadEvaluator<'_>,
    scope: &Scope,
    sink: &mut impl ObjectSink,
) -> Result<Vec<String>, ReadError> {
    let mut notes = Vec::new();
    for kind in WorkloadKind::all(&evaluator.configuration.cluster) {
        if !sink.needs(&kind) {
            continue;
        }
        let take = |listed: &ListedKind<'_>, object: Value| sink.add(evaluator, listed, &object);
        match list_kind(client, &kind, scope, take).await {
            Ok(ListOutcome::Complete) => {}
            Ok(ListOutcome::KindNotFound) => notes.push(format!(
                "kind {} of carriers is not there: the API server does not know {}.{}",
                kind.name(),
                kind.resource(),
                kind.group()
            )),
            Err(error) => return Err(error),
        }
    }
    for kind in WorkloadKind::unlisted(&evaluator.configuration.cluster) {
        let take = |_: &ListedKind<'_>, object: Value| {
            sink.add_unlisted(evaluator, &kind, &of_kind(object, &kind));
        };
        // A caller who may not list the kind learns of its pods by their owners
        if let Err(error) = list_kind(client, &kind, scope, take).await {
            notes.push(format!(
                "objects with marks of ECI of kind {} are not searched: {error}",
                kind.name()
            ));
        }
    }
    Ok(notes)
}

/// An object of a list, whose items do not repeat their kind
fn of_kind(mut object: Value, kind: &WorkloadKind) -> Value {
    if let Some(fields) = object.as_object_mut() {
        fields.insert("apiVersion".to_owned(), format!("{}/v1", kind.group()).into());
        fields.insert("kind".to_owned(), kind.name().into());
    }
    object
}

/// The outcome of a list that did not fail
enum ListOutcome {
    Complete,
    KindNotFound,
}

async fn list_kind(
    client: &ApiClient,
    kind: &WorkloadKind,
    scope: &Scope,
    mut take: impl FnMut(&ListedKind<'_>, Value),
) -> Result<ListOutcome, ReadError> {
    let Some(api_version) = client.api_version(kind).await? else {
        return Ok(ListOutcome::KindNotFound);
    };
    let path = path_in(&api_version, kind, scope);
    let listed = ListedKind {
        kind,
        api_version: &api_version,
    };
    let list = ListRequest {
        params: match kind {
            WorkloadKind::Pod => ListParams::default().fields(ALIVE),
            WorkloadKind::BuiltIn(_) | WorkloadKind::Delegated(_) => ListParams::default(),
        },
        ..ListRequest::objects(kind.resource(), &path)
    };
    match client.list(&list, |object| take(&listed, object)).await {
        Ok(()) => Ok(ListOutcome::Complete),
        // The API server may have the group without the kind
        Err(error) if matches!(kind, WorkloadKind::Delegated(_)) && error.is_not_found() => {
            Ok(ListOutcome::KindNotFound)
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::analysis::survey::large_cluster::{client, peak};
    use crate::analysis::survey::test_cluster::{ALICE, TestCluster, owned, template, workload};

    /// The number of Deployments, each with its ReplicaSet and one pod
    const WORKLOADS: usize = 5_000;

    /// One object of a list; every fourth Deployment has a blank in its tags, and every fourth the wrong tag
    fn object(resource: &str, number: usize) -> Option<Value> {
        let tags = ["env:test", "env:test, a:b", "env:prod", "env:test,a:b"][number % 4];
        let (deployment, set) = (format!("web-{number}"), format!("web-{number}-5d9c"));
        match resource {
            "deployments" => Some(workload("Deployment", &deployment, template(tags))),
            "replicasets" => {
                let set = workload("ReplicaSet", &set, template(tags));
                Some(owned(set, "apps/v1", "Deployment", &deployment))
            }
            "pods" => {
                let mut pod = crate::analysis::survey::test_cluster::pod(&format!("{set}-x"), tags);
                pod["spec"]["nodeName"] = "vk".into();
                Some(owned(pod, "apps/v1", "ReplicaSet", &set))
            }
            _ => None,
        }
    }

    #[tokio::test]
    #[ignore = "a measurement: docs/benchmarks.md"]
    async fn five_thousand_workloads() {
        let test = TestCluster::new("").before_installation().owned_by(ALICE);
        let client = client(|_| WORKLOADS, object);
        let (evaluator, start) = (test.evaluator(), Instant::now());
        let read = read_inventory(&client, &evaluator, &Scope::AllNamespaces).await;
        let inventory = read.unwrap().0;
        let (seconds, mebibytes) = (start.elapsed().as_secs_f64(), peak());
        println!(
            "{} rows, {seconds:.1} s, {mebibytes} MiB",
            inventory.workloads().len()
        );
        let codes = inventory
            .workloads()
            .iter()
            .map(|one| one.obstacles.len())
            .sum::<usize>();
        assert_eq!(
            (inventory.workloads().len(), codes),
            (WORKLOADS, WORKLOADS * 3 / 2)
        );
        assert!(seconds < 5.0 && mebibytes < 200, "{seconds} s, {mebibytes} MiB");
    }
}
