//! The CA certificates that clients must trust, for everyone who needs them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use tokio::sync::watch;

/// The PEM text of all authorities in force; empty until there is one
pub type CaBundle = watch::Receiver<Arc<str>>;

/// The file for clients such as curl cannot be written
#[derive(Debug, thiserror::Error)]
#[error("cannot write the CA certificate to `{path}`: {source}")]
pub(crate) struct BundleError {
    path: PathBuf,
    source: io::Error,
}

/// Writes the bundle, so that a reader sees either the old one or the new one, never a part
///
/// # Errors
/// The folder is missing or not writable.
pub(crate) fn write(path: &Path, bundle: &str) -> Result<(), BundleError> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".new");
    let failed = |source| BundleError {
        path: path.to_owned(),
        source,
    };
    fs::write(&temporary, bundle).map_err(failed)?;
    fs::rename(&temporary, path).map_err(failed)
}

/// Writes the bundle at each change, until its sender is gone
pub(crate) async fn write_changes(path: PathBuf, mut bundle: CaBundle) {
    while bundle.changed().await.is_ok() {
        let text = Arc::clone(&bundle.borrow_and_update());
        if let Err(error) = write(&path, &text) {
            tracing::error!("{error}");
        }
    }
}
