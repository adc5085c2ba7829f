//! A file with its documents, which is read again only after it changed.

use std::fs::{self, Metadata};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, SystemTime};

use crate::config::config_map::Side;
use crate::config::folder::document_file::{self, MAX_BYTES};
use crate::config::named_document::NamedDocument;
use ram_policy::Interner;

/// A file that was modified this short ago may change again without a new modification time
const RACY: Duration = Duration::from_secs(2);

/// Hashes contents with keys of this process, so that nobody can prepare two files with one hash
static HASHER: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// A file as of its last read
#[derive(Clone, Debug)]
pub(crate) struct CachedFile {
    stat: FileStat,
    read_at: SystemTime,
    hash: u64,
    documents: Arc<[NamedDocument]>,
}

/// The metadata of a file that change with it (see stat(2))
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileStat {
    device: u64,
    inode: u64,
    length: u64,
    modified: Option<SystemTime>,
    changed: (i64, i64),
}

impl FileStat {
    pub(crate) fn new(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            length: metadata.len(),
            modified: metadata.modified().ok(),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

impl CachedFile {
    /// Reads a file; keeps the documents of the last read if the content has not changed
    ///
    /// # Errors
    /// A file that cannot be read
    pub(crate) fn read(
        path: &Path,
        stat: FileStat,
        last: Option<&Self>,
        side: Side,
        interner: &mut Interner,
    ) -> io::Result<Self> {
        let read_at = SystemTime::now();
        let mut bytes = Vec::new();
        fs::File::open(path)?
            .take(MAX_BYTES.saturating_add(1))
            .read_to_end(&mut bytes)?;
        let hash = HASHER.hash_one(&bytes);
        let documents = match last.filter(|last| last.hash == hash) {
            Some(last) => Arc::clone(&last.documents),
            None => {
                let mut documents = document_file::sided_documents(path, &bytes, side);
                for named in &mut documents {
                    named.document.intern(interner);
                }
                documents.into()
            }
        };
        Ok(Self {
            stat,
            read_at,
            hash,
            documents,
        })
    }

    /// Whether the file need not be read again
    pub(crate) fn is_current(&self, stat: &FileStat) -> bool {
        let is_settled = |modified| self.read_at.duration_since(modified).is_ok_and(|age| age > RACY);
        self.stat == *stat && stat.modified.is_some_and(is_settled)
    }

    /// Whether two reads found the same content
    pub(crate) fn has_content_of(&self, other: &Self) -> bool {
        self.hash == other.hash
    }

    pub(crate) fn documents(&self) -> &Arc<[NamedDocument]> {
        &self.documents
    }
}
