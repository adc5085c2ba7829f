//! Objects that somebody names: `KIND/NAME`, as kubectl takes them.

use serde_json::Value;

use crate::analysis::survey::Source;
use crate::analysis::survey::live::Scope;
use crate::cli::report::Problem;
use crate::cli::site::{Site, named, unread};
use crate::config::ClusterSettings;

/// An object of a live cluster
pub(super) struct Target {
    pub(super) source: Source,
    pub(super) object: Value,
}

/// Splits `KIND/NAME`
pub(super) fn split(text: &str) -> Result<(&str, &str), Problem> {
    let parts = text.split_once('/').filter(|(kind, _)| !kind.is_empty());
    let (kind, name) =
        parts.ok_or_else(|| Problem::Usage(format!("`{text}` is not KIND/NAME, such as deployment/web")))?;
    named(text, name)?;
    Ok((kind, name))
}

/// The kind that a word means
pub(super) fn source(kind: &str, settings: &ClusterSettings) -> Result<Source, Problem> {
    Source::meant(kind, settings).ok_or_else(|| {
        Problem::Usage(format!(
            "no pods come of kind `{kind}`, as far as ramgate knows: it is a pod, a workload that Kubernetes has, or a kind of \
             cluster.carriers"
        ))
    })
}

/// Reads an object that must be there
pub(super) async fn read(
    site: &Site<'_>,
    source: Source,
    namespace: &str,
    name: &str,
) -> Result<Target, Problem> {
    let what = format!("{} {namespace}/{name}", source.kind());
    let scope = Scope::Namespace(namespace.to_owned());
    let path = site.reader.path(&source, &scope).await.map_err(unread)?;
    let object = match path {
        Some(path) => site.reader.get(&what, &path, name).await.map_err(unread)?,
        None => None,
    };
    let object = object.ok_or_else(|| Problem::Usage(format!("{what} is not there")))?;
    Ok(Target { source, object })
}
