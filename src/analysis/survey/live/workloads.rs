//! All workloads of a cluster or namespace, judged page by page.

use kube::core::params::ListParams;
use serde_json::Value;

use crate::analysis::survey::judge::Judge;
use crate::analysis::survey::live::Missing;
use crate::analysis::survey::live::ReadError;
use crate::analysis::survey::live::Reader;
use crate::analysis::survey::live::Scope;
use crate::analysis::survey::source::Source;
use crate::analysis::survey::tally::Tally;

/// Pods that have ended are nobody's business
const ALIVE: &str = "status.phase!=Succeeded,status.phase!=Failed";

/// Everything that makes pods, and the pods that nothing made; with the kinds that are not there
///
/// # Errors
///
/// A kind cannot be listed.
pub(crate) async fn tally(
    reader: &Reader,
    judge: &Judge<'_>,
    scope: &Scope,
) -> Result<(Tally, Vec<Missing>), ReadError> {
    let (mut tally, mut missing) = (Tally::default(), Vec::new());
    for source in Source::all(&judge.configuration.cluster) {
        if !tally.wants(&source) {
            continue;
        }
        let params = match source {
            Source::Pod => ListParams::default().fields(ALIVE),
            Source::Workload(_) | Source::Listed(_) => ListParams::default(),
        };
        let take = |object: Value| tally.take(judge, &source, &object);
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
    Ok((tally, missing))
}
