//! Certificates from mounted files, followed by their content.
//!
//! A mounted Secret changes by the swap of a symbolic link, of which file watches tell late, twice or never. Two small
//! files are read and compared every second instead.

use std::fs::File;
use std::io;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::server::certificate::pair::{Pair, PairError};
use crate::server::certificate::slot::Slot;
use crate::telemetry::metrics::Metrics;

/// The kubelet itself takes up to a minute to bring a change; one second more is nothing
pub(crate) const LOOK: Duration = Duration::from_secs(1);

/// A chain with its key is some kilobytes; a Secret holds at most 1 MiB
const LARGEST: u64 = 1024 * 1024;

/// Two files that hold a certificate chain and its key
#[derive(Debug)]
pub struct Mounted {
    certificate: CertificateFile,
    key: KeyFile,
    slot: Arc<Slot>,
    metrics: Arc<Metrics>,
    seen: Content,
    suspect: Option<Content>,
}

/// Path of the chain
#[derive(Clone, Debug)]
pub struct CertificateFile(pub PathBuf);

/// Path of the key
#[derive(Clone, Debug)]
pub struct KeyFile(pub PathBuf);

/// Why the files cannot be used
#[derive(Debug, thiserror::Error)]
pub enum MountedError {
    /// One cannot be read
    #[error("cannot read `{path}`: {source}")]
    Read {
        /// Which file
        path: PathBuf,
        /// What the system says
        source: io::Error,
    },
    /// Together they are no certificate and key
    #[error("`{certificate}` with `{key}`: {source}")]
    Pair {
        /// The file of the chain
        certificate: PathBuf,
        /// The file of the key
        key: PathBuf,
        /// What is wrong
        source: PairError,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Content {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl Mounted {
    /// Reads the files for the first time and puts what they hold in the slot
    ///
    /// # Errors
    /// They cannot be read, do not belong together, or have expired.
    pub fn load(
        certificate: CertificateFile,
        key: KeyFile,
        slot: Arc<Slot>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, MountedError> {
        let seen = content(&certificate, &key)?;
        let mounted = Self {
            certificate,
            key,
            slot,
            metrics,
            seen,
            suspect: None,
        };
        let pair = mounted.parse(&mounted.seen)?;
        mounted.slot.put(&pair);
        Ok(mounted)
    }

    /// Looks at the files every so often, for ever
    pub async fn keep(mut self, every: Duration) {
        loop {
            tokio::time::sleep(every).await;
            self.look();
        }
    }

    /// Takes over what has changed; what is bad is told once and changes nothing
    ///
    /// Two reads can fall on either side of a swap. So a bad pair counts only if the next look finds it again.
    pub fn look(&mut self) {
        let fresh = match content(&self.certificate, &self.key) {
            Ok(fresh) => fresh,
            // In the middle of a change, or gone: the pair in use goes on
            Err(error) => return tracing::debug!("the certificate stays as it is: {error}"),
        };
        if fresh == self.seen {
            return;
        }
        match self.parse(&fresh) {
            Ok(pair) => {
                self.slot.put(&pair);
                self.seen = fresh;
                self.suspect = None;
                tracing::info!(not_after = %pair.not_after(), "a new certificate is in use");
            }
            Err(error) if self.suspect.as_ref() == Some(&fresh) => {
                self.metrics.certificate_failed();
                tracing::error!("the certificate stays as it is: {error}");
                // Told, and not looked at again until it changes
                self.seen = fresh;
                self.suspect = None;
            }
            Err(_) => self.suspect = Some(fresh),
        }
    }

    fn parse(&self, content: &Content) -> Result<Pair, MountedError> {
        Pair::parse(&content.certificate, &content.key, Timestamp::now()).map_err(|source| {
            MountedError::Pair {
                certificate: self.certificate.0.clone(),
                key: self.key.0.clone(),
                source,
            }
        })
    }
}

fn content(certificate: &CertificateFile, key: &KeyFile) -> Result<Content, MountedError> {
    Ok(Content {
        certificate: read(&certificate.0)?,
        key: read(&key.0)?,
    })
}

/// The content of a small file
pub(in crate::server) fn read(path: &Path) -> Result<Vec<u8>, MountedError> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(LARGEST).read_to_end(&mut bytes))
        .map_err(|source| MountedError::Read {
            path: path.to_owned(),
            source,
        })?;
    Ok(bytes)
}
