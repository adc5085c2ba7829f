//! Lists and evaluates all workloads of a cluster or namespace, page by page.

use kube::core::params::ListParams;
use serde_json::Value;

use crate::analysis::survey::inventory::Inventory;
use crate::analysis::survey::live::api_client::{ApiClient, ListRequest, Scope};
use crate::analysis::survey::live::read_error::ReadError;
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
    let (mut inventory, mut notes) = (Inventory::default(), Vec::new());
    for kind in WorkloadKind::all(&evaluator.configuration.cluster) {
        if !inventory.needs(&kind) {
            continue;
        }
        let take = |object: Value| inventory.add(evaluator, &kind, &object);
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
        let take = |object: Value| inventory.add_unlisted(evaluator, &kind, &of_kind(object, &kind));
        // A caller who may not list the kind learns of its pods by their owners
        if let Err(error) = list_kind(client, &kind, scope, take).await {
            notes.push(format!(
                "objects with marks of ECI of kind {} are not searched: {error}",
                kind.name()
            ));
        }
    }
    Ok((inventory, notes))
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
    take: impl FnMut(Value),
) -> Result<ListOutcome, ReadError> {
    let Some(path) = client.path(kind, scope).await? else {
        return Ok(ListOutcome::KindNotFound);
    };
    let list = ListRequest {
        params: match kind {
            WorkloadKind::Pod => ListParams::default().fields(ALIVE),
            WorkloadKind::BuiltIn(_) | WorkloadKind::Delegated(_) => ListParams::default(),
        },
        ..ListRequest::objects(kind.resource(), &path)
    };
    match client.list(&list, take).await {
        Ok(()) => Ok(ListOutcome::Complete),
        // The API server may have the group without the kind
        Err(error) if matches!(kind, WorkloadKind::Delegated(_)) && error.is_not_found() => {
            Ok(ListOutcome::KindNotFound)
        }
        Err(error) => Err(error),
    }
}
