//! Reads manifests from files, folders and standard input.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::cli::command_error::CommandError;
use crate::cli::document_files;
use crate::kubernetes::workload::Workload;
use crate::yaml;
use ram_policy::source::utf8;

/// The path that means standard input
const STANDARD_INPUT: &str = "-";

/// The number of bytes that are read of a file; an API server takes objects of 3 MiB at most
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// An object and the file that holds it
#[derive(Clone, Debug)]
pub(super) struct Manifest {
    /// The file, or `-`
    pub(super) file: String,
    /// The object
    pub(super) object: Value,
}

impl Manifest {
    /// The string at a JSON pointer; empty if it is absent
    pub(super) fn text(&self, pointer: &str) -> &str {
        self.object
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// The object's kind
    pub(super) fn kind(&self) -> &str {
        self.text("/kind")
    }

    /// The namespace, or `default`
    pub(super) fn namespace(&self) -> &str {
        match self.text("/metadata/namespace") {
            "" => "default",
            namespace => namespace,
        }
    }

    /// The name, or the prefix of a generated one: `web-*`
    pub(super) fn name(&self) -> String {
        match (self.text("/metadata/name"), self.text("/metadata/generateName")) {
            ("", "") => "(unnamed)".to_owned(),
            ("", prefix) => format!("{prefix}*"),
            (name, _) => name.to_owned(),
        }
    }

    /// Whether its kind is known to be namespaced
    pub(super) fn is_namespaced(&self) -> bool {
        matches!(self.kind(), "Pod" | "Binding") || Workload::of_kind(self.kind()).is_some()
    }
}

/// Reads all objects of files and folders: every document of a file, and every item of a list
///
/// # Errors
///
/// A file cannot be read, is no YAML, or has a document that is no Kubernetes object.
pub(super) fn read(paths: &[PathBuf]) -> Result<Vec<Manifest>, CommandError> {
    let mut files = Vec::new();
    for path in paths {
        files.extend(files_at(path)?);
    }
    let mut manifests = Vec::new();
    for file in files {
        manifests.extend(read_file(&file)?);
    }
    Ok(manifests)
}

fn files_at(path: &Path) -> Result<Vec<PathBuf>, CommandError> {
    if path == Path::new(STANDARD_INPUT) {
        return Ok(vec![path.to_owned()]);
    }
    document_files::find(path)
}

fn read_file(path: &Path) -> Result<Vec<Manifest>, CommandError> {
    let file = path.display().to_string();
    let bytes = bytes(path).map_err(|error| CommandError::io(file.as_str(), error))?;
    let documents = utf8(&bytes)
        .and_then(yaml::parse)
        .map_err(|fault| CommandError::Usage(format!("{file}:{fault}")))?;
    let mut manifests = Vec::new();
    for document in documents {
        manifests.extend(objects(&file, document.to_json())?);
    }
    Ok(manifests)
}

/// The object in a document, or the items of a list
fn objects(file: &str, document: Value) -> Result<Vec<Manifest>, CommandError> {
    match document {
        Value::Null => Ok(Vec::new()),
        Value::Object(mut list) if list.get("items").is_some_and(Value::is_array) => {
            let items = match list.remove("items") {
                Some(Value::Array(items)) => items,
                _ => Vec::new(),
            };
            let mut manifests = Vec::new();
            for item in items {
                manifests.extend(objects(file, item)?);
            }
            Ok(manifests)
        }
        Value::Object(fields) if fields.get("kind").is_some_and(Value::is_string) => Ok(vec![Manifest {
            file: file.to_owned(),
            object: Value::Object(fields),
        }]),
        _ => Err(CommandError::Usage(format!(
            "{file}: a document is no Kubernetes object: it has no `kind`"
        ))),
    }
}

fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if path == Path::new(STANDARD_INPUT) {
        io::stdin().lock().take(MAX_BYTES).read_to_end(&mut bytes)?;
    } else {
        std::fs::File::open(path)?
            .take(MAX_BYTES)
            .read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}
