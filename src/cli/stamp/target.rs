//! Objects named on the command line: `KIND/NAME`, as in kubectl.

use serde_json::Value;

use crate::analysis::survey::WorkloadKind;
use crate::analysis::survey::live::Scope;
use crate::cli::command_error::CommandError;
use crate::cli::live_cluster::{LiveCluster, check_name};
use crate::config::ClusterSettings;

/// An object of a live cluster
pub(super) struct Target {
    pub(super) kind: WorkloadKind,
    pub(super) object: Value,
}

/// Splits `KIND/NAME`
///
/// # Errors
///
/// There is no `/`, the kind is empty, or the name is no name.
pub(super) fn split(text: &str) -> Result<(&str, &str), CommandError> {
    let pair = text.split_once('/').filter(|(kind, _)| !kind.is_empty());
    let (kind, name) = pair
        .ok_or_else(|| CommandError::Usage(format!("`{text}` is not KIND/NAME, such as deployment/web")))?;
    check_name(text, name)?;
    Ok((kind, name))
}

/// The kind of a word
///
/// # Errors
///
/// The word names no kind that makes pods.
pub(super) fn kind_named(word: &str, settings: &ClusterSettings) -> Result<WorkloadKind, CommandError> {
    WorkloadKind::named(word, settings).ok_or_else(|| {
        CommandError::Usage(format!(
            "no pods come of kind `{word}`, as far as ramgate knows: it is a pod, a workload that Kubernetes has, or a kind of \
             cluster.carriers"
        ))
    })
}

/// Reads an object
///
/// # Errors
///
/// The object does not exist or cannot be read.
pub(super) async fn read(
    live: &LiveCluster<'_>,
    kind: WorkloadKind,
    namespace: &str,
    name: &str,
) -> Result<Target, CommandError> {
    let what = format!("{} {namespace}/{name}", kind.name());
    let scope = Scope::Namespace(namespace.to_owned());
    let object = match live.client.path(&kind, &scope).await? {
        Some(path) => live.client.get(&what, &path, name).await?,
        None => None,
    };
    let object = object.ok_or_else(|| CommandError::Usage(format!("{what} is not there")))?;
    Ok(Target { kind, object })
}
