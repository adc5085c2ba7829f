//! Mounted files that are read again and again, and taken over when their content changes.
//!
//! A mounted Secret changes by the swap of a symbolic link. File watches report such a swap late, twice or never. So the
//! files, which are small, are read and compared every second.

use std::fmt::Display;
use std::fs::File;
use std::io;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::telemetry::metrics::Metrics;

/// The kubelet takes up to a minute to bring a change, so one second more does not matter
pub(crate) const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// A chain with its key is some kilobytes; a Secret holds at most 1 MiB
const MAX_BYTES: u64 = 1024 * 1024;

/// Files that belong together, and what their content is used for
pub trait MountedSource {
    /// The bytes of all files
    type Content: PartialEq;
    /// Why content cannot be used
    type Error: Display;
    /// The name of what the files hold, in log lines
    const NAME: &str;

    /// Reads all files
    ///
    /// # Errors
    /// A file cannot be read.
    fn read(&self) -> Result<Self::Content, ReadError>;

    /// Checks the content and puts it into use
    ///
    /// # Errors
    /// The content cannot be used. What was in use before stays.
    fn apply(&self, content: &Self::Content) -> Result<(), Self::Error>;
}

/// A file that cannot be read
#[derive(Debug, thiserror::Error)]
#[error("cannot read `{path}`: {source}")]
pub struct ReadError {
    path: PathBuf,
    source: io::Error,
}

/// Mounted files with the content that was handled last
#[derive(Debug)]
pub struct MountedFiles<S: MountedSource> {
    source: S,
    metrics: Arc<Metrics>,
    /// In use, or refused and reported
    handled: S::Content,
    /// Refused once, and not yet reported
    suspect: Option<S::Content>,
}

impl<S: MountedSource> MountedFiles<S> {
    /// Follows files whose content is in use already
    pub(super) fn new(source: S, content: S::Content, metrics: Arc<Metrics>) -> Self {
        Self {
            source,
            metrics,
            handled: content,
            suspect: None,
        }
    }

    /// Reloads the files at an interval, for ever
    pub async fn run(mut self, interval: Duration) {
        loop {
            tokio::time::sleep(interval).await;
            self.reload();
        }
    }

    /// Takes over changed content; bad content changes nothing and is reported once
    ///
    /// Two reads can fall on either side of a swap. So bad content is reported only if the next reload finds it again:
    ///
    /// ```text
    /// old  old  new  -> new is in use
    /// old  bad  new  -> new is in use, nothing is reported
    /// old  bad  bad  -> old stays in use, bad is reported
    /// ```
    pub fn reload(&mut self) {
        let fresh = match self.source.read() {
            Ok(fresh) => fresh,
            // In the middle of a change, or gone: what is in use goes on
            Err(error) => return tracing::debug!("the {} stays as it is: {error}", S::NAME),
        };
        if fresh == self.handled {
            return;
        }
        if let Err(error) = self.source.apply(&fresh) {
            if self.suspect.as_ref() != Some(&fresh) {
                self.suspect = Some(fresh);
                return;
            }
            self.metrics.certificates.failed();
            tracing::error!("the {} stays as it is: {error}", S::NAME);
        }
        self.handled = fresh;
        self.suspect = None;
    }
}

/// Reads a file of at most 1 MiB
pub(super) fn read_file(path: &Path) -> Result<Vec<u8>, ReadError> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_BYTES).read_to_end(&mut bytes))
        .map_err(|source| ReadError {
            path: path.to_owned(),
            source,
        })?;
    Ok(bytes)
}
