//! All workloads of a cluster or namespace, judged page by page.

use kube::core::params::ListParams;
use serde_json::Value;

use crate::analysis::survey::inventory::Inventory;
use crate::analysis::survey::judge::Judge;
use crate::analysis::survey::live::{Missing, ReadError, Reader, Scope};
use crate::analysis::survey::source::Source;

/// Pods that have ended are nobody's business
const ALIVE: &str = "status.phase!=Succeeded,status.phase!=Failed";

/// Everything that makes pods, and the pods that nothing made; with the kinds that are not there
///
/// # Errors
///
/// A kind cannot be listed.
pub(crate) async fn inventory(
    reader: &Reader,
    judge: &Judge<'_>,
    scope: &Scope,
) -> Result<(Inventory, Vec<Missing>), ReadError> {
    let (mut inventory, mut missing) = (Inventory::default(), Vec::new());
    for source in Source::all(&judge.configuration.cluster) {
        if !inventory.wants(&source) {
            continue;
        }
        let params = match source {
            Source::Pod => ListParams::default().fields(ALIVE),
            Source::Workload(_) | Source::Listed(_) => ListParams::default(),
        };
        let take = |object: Value| inventory.take(judge, &source, &object);
        let listed = match reader.path(&source, scope).await? {
            Some(path) => reader
                .list(source.resource(), &path, &params, false, take)
                .await
                .map(Some),
            None => Ok(None),
        };
        let is_ours = matches!(source, Source::Listed(_));
        match listed {
            Ok(Some(())) => {}
            Err(error) if !is_ours || !error.is_absent() => return Err(error),
            Ok(None) | Err(_) => missing.push(Missing(format!(
                "kind {} of carriers is not there: the API server does not know {}.{}",
                source.kind(),
                source.resource(),
                source.group()
            ))),
        }
    }
    Ok((inventory, missing))
}
