//! The certificates that clients must trust, handed to whoever needs them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use tokio::sync::watch;

/// PEM text of all authorities in force; empty until there is one
pub type Bundle = watch::Receiver<Arc<str>>;

/// The file for clients such as curl could not be written
#[derive(Debug, thiserror::Error)]
#[error("cannot write the CA certificate to `{path}`: {source}")]
pub(crate) struct BundleError {
    path: PathBuf,
    source: io::Error,
}

/// Writes the bundle, so that a reader sees the old one or the new one, whole
///
/// # Errors
/// The folder is missing or not writable.
pub(crate) fn write(path: &Path, bundle: &str) -> Result<(), BundleError> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let failed = |source| BundleError {
        path: path.to_owned(),
        source,
    };
    fs::write(&beside, bundle).map_err(failed)?;
    fs::rename(&beside, path).map_err(failed)
}

/// Writes the bundle at each change, for as long as anyone makes one
pub(crate) async fn keep_file(path: PathBuf, mut bundle: Bundle) {
    while bundle.changed().await.is_ok() {
        let text = Arc::clone(&bundle.borrow_and_update());
        if let Err(error) = write(&path, &text) {
            tracing::error!("{error}");
        }
    }
}
