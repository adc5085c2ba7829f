//! One file: how to tell that it changed, and which documents it holds.

use std::fs::{self, Metadata};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, SystemTime};

use k8s_openapi::api::core::v1::ConfigMap;

use crate::config::config_map;
use crate::config::config_map::LABEL;
use crate::config::directory::{ParsedDocument, UnreadableDocument};
use crate::config::named_document::NamedDocument;
use crate::yaml;
use ram_policy::source::{Fault, Node, Position, Value, json, utf8};

/// No document needs more: a ConfigMap holds 1 MiB, and a few of them may stand in one file
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// A file changed this short ago may change again without a different time stamp
const RACY: Duration = Duration::from_secs(2);

/// Hashes of contents, with keys of this process, so that nobody can prepare two files with one hash
static HASHER: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// A file as it was when it was last read
#[derive(Clone, Debug)]
pub(crate) struct File {
    stamp: Stamp,
    read_at: SystemTime,
    hash: u64,
    documents: Arc<[NamedDocument]>,
}

/// What the file system says of a file without reading it
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    file: (u64, u64),
    length: u64,
    modified: Option<SystemTime>,
    changed: (i64, i64),
}

impl Stamp {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        Self {
            file: (metadata.dev(), metadata.ino()),
            length: metadata.len(),
            modified: metadata.modified().ok(),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

impl File {
    /// Reads a file; what was known of it is kept if its content is the same
    pub(crate) fn read(path: &Path, stamp: Stamp, known: Option<&Self>) -> io::Result<Self> {
        let read_at = SystemTime::now();
        let mut bytes = Vec::new();
        fs::File::open(path)?
            .take(MAX_BYTES.saturating_add(1))
            .read_to_end(&mut bytes)?;
        let hash = HASHER.hash_one(&bytes);
        let documents = match known.filter(|known| known.hash == hash) {
            Some(known) => Arc::clone(&known.documents),
            None => documents(path, &bytes).into(),
        };
        Ok(Self {
            stamp,
            read_at,
            hash,
            documents,
        })
    }

    /// Whether the file need not be read again
    pub(crate) fn is_unchanged(&self, stamp: &Stamp) -> bool {
        let settled = |modified| self.read_at.duration_since(modified).is_ok_and(|age| age > RACY);
        self.stamp == *stamp && stamp.modified.is_some_and(settled)
    }

    /// Whether two reads found the same content
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.hash == other.hash
    }

    pub(crate) fn documents(&self) -> &Arc<[NamedDocument]> {
        &self.documents
    }
}

/// Whether a file's name is that of a document
pub(crate) fn is_document(path: &Path) -> bool {
    is_json(path)
        || path
            .extension()
            .is_some_and(|extension| extension == "yaml" || extension == "yml")
}

fn is_json(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "json")
}

fn documents(path: &Path, bytes: &[u8]) -> Vec<NamedDocument> {
    let name = path.display().to_string();
    let one = |document| vec![NamedDocument::new(name.as_str(), document)];
    let broken = |fault| {
        ParsedDocument::Broken(UnreadableDocument {
            policy: None,
            faults: vec![fault],
        })
    };
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_BYTES {
        return one(ParsedDocument::refused(format!(
            "the file is larger than {MAX_BYTES} bytes"
        )));
    }
    let parsed = if is_json(path) {
        let policy = path.file_stem().unwrap_or_default().to_string_lossy();
        // Few policies hold this word, so that nearly all are parsed but once
        let parsed = match bytes
            .windows(API_VERSION.len())
            .any(|window| window == API_VERSION)
        {
            false => return one(ParsedDocument::policy(&policy, bytes)),
            true => utf8(bytes).and_then(json::parse).map(|node| vec![node]),
        };
        match parsed.as_deref() {
            Ok([node]) if field(node, "apiVersion").is_some() => parsed,
            _ => return one(ParsedDocument::policy(&policy, bytes)),
        }
    } else if is_document(path) {
        utf8(bytes).and_then(yaml::parse)
    } else {
        return one(ParsedDocument::refused(
            "a document is called NAME.json, NAME.yaml or NAME.yml",
        ));
    };
    match parsed {
        Err(fault) => one(broken(fault)),
        Ok(nodes) if !nodes.iter().any(|node| field(node, "apiVersion").is_some()) => {
            one(ParsedDocument::directory_nodes(&nodes))
        }
        Ok(nodes) => match nodes.iter().find(|node| field(node, "apiVersion").is_none()) {
            Some(odd) => one(broken(Fault::new(
                odd.at,
                "ConfigMap manifests and directory documents do not mix",
            ))),
            None => nodes.iter().flat_map(|node| manifest(&name, node)).collect(),
        },
    }
}

/// What every manifest holds in its JSON form
const API_VERSION: &[u8] = b"\"apiVersion\"";

fn manifest(file: &str, node: &Node) -> Vec<NamedDocument> {
    let broken = |at: Position, message: String| {
        let document = ParsedDocument::Broken(UnreadableDocument {
            policy: None,
            faults: vec![Fault::new(at, message)],
        });
        vec![NamedDocument::new(file, document)]
    };
    let kind = match field(node, "kind").map(|kind| &kind.value) {
        Some(Value::String(kind)) => kind.as_str(),
        _ => return broken(node.at, "a manifest names its kind".to_owned()),
    };
    match (kind, field(node, "items").map(|items| &items.value)) {
        ("List" | "ConfigMapList", Some(Value::List(items))) => {
            return items.iter().flat_map(|item| manifest(file, item)).collect();
        }
        ("ConfigMap", _) => {}
        (other, _) => {
            let message =
                format!("a {other} is no configuration: a manifest is a ConfigMap with label {LABEL}");
            return broken(node.at, message);
        }
    }
    let config_map: ConfigMap = match node.read() {
        Ok(config_map) => config_map,
        Err(fault) => return broken(fault.at, fault.message),
    };
    let name = config_map.metadata.name.as_deref().unwrap_or_default();
    let labelled = config_map
        .metadata
        .labels
        .as_ref()
        .is_some_and(|labels| labels.contains_key(LABEL));
    if !labelled {
        let message = format!("ConfigMap has no label {LABEL}, so nothing reads it");
        return vec![NamedDocument::new(
            format!("{file}[{name}]"),
            ParsedDocument::refused(message),
        )];
    }
    let documents = config_map::documents(&config_map).into_iter();
    documents
        .map(|named| NamedDocument::new(format!("{file}[{}]", named.name), named.document))
        .collect()
}

fn field<'a>(node: &'a Node, name: &str) -> Option<&'a Node> {
    match &node.value {
        Value::Map(entries) => entries
            .iter()
            .find(|(key, _)| key.text == name)
            .map(|(_, value)| value),
        _ => None,
    }
}
