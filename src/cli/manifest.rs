//! Manifests from files, folders and standard input.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::cli::report::Problem;
use crate::kubernetes::workload::Workload;
use crate::yaml;
use ram_policy::source::utf8;

/// What stands for standard input
const STANDARD_INPUT: &str = "-";

/// The most that is read of one file; an API server takes objects of 3 MiB at most
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// How deep folders are followed
const MAX_DEPTH: usize = 16;

/// An object with the file that it stands in
#[derive(Clone, Debug)]
pub(super) struct Manifest {
    /// The file, or `-`
    pub(super) file: String,
    /// The object
    pub(super) object: Value,
}

impl Manifest {
    /// A string in the object, empty where it is not there
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

    /// The namespace, as kubectl completes it
    pub(super) fn namespace(&self) -> &str {
        match self.text("/metadata/namespace") {
            "" => "default",
            namespace => namespace,
        }
    }

    /// The name, or the prefix of one
    pub(super) fn name(&self) -> String {
        match (self.text("/metadata/name"), self.text("/metadata/generateName")) {
            ("", "") => "(unnamed)".to_owned(),
            ("", prefix) => format!("{prefix}*"),
            (name, _) => name.to_owned(),
        }
    }

    /// Whether its kind is known to belong to a namespace
    pub(super) fn is_in_namespace(&self) -> bool {
        matches!(self.kind(), "Pod" | "Binding") || Workload::of_kind(self.kind()).is_some()
    }
}

/// Reads all objects of some paths: several documents in a file, and the items of lists, are objects of their own
pub(super) fn read(paths: &[PathBuf]) -> Result<Vec<Manifest>, Problem> {
    let mut files = Vec::new();
    for path in paths {
        list(path, MAX_DEPTH, &mut files)?;
    }
    let mut manifests = Vec::new();
    for path in files {
        let file = path.display().to_string();
        let bytes = bytes(&path).map_err(|error| Problem::io(file.as_str(), error))?;
        let documents = utf8(&bytes)
            .and_then(yaml::parse)
            .map_err(|fault| Problem::Usage(format!("{file}:{fault}")))?;
        for document in documents {
            add(&file, document.to_json(), &mut manifests)?;
        }
    }
    Ok(manifests)
}

fn add(file: &str, object: Value, manifests: &mut Vec<Manifest>) -> Result<(), Problem> {
    match object {
        Value::Null => Ok(()),
        Value::Object(mut list) if list.get("items").is_some_and(Value::is_array) => {
            match list.remove("items") {
                Some(Value::Array(items)) => {
                    items.into_iter().try_for_each(|item| add(file, item, manifests))
                }
                _ => Ok(()),
            }
        }
        Value::Object(fields) if fields.get("kind").is_some_and(Value::is_string) => {
            manifests.push(Manifest {
                file: file.to_owned(),
                object: Value::Object(fields),
            });
            Ok(())
        }
        _ => Err(Problem::Usage(format!(
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

/// The manifests among the files below a path, in a stable order; a file named itself is read whatever its ending
fn list(path: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), Problem> {
    let failed = |error| Problem::io(path.display().to_string(), error);
    if path == Path::new(STANDARD_INPUT) || !std::fs::metadata(path).map_err(failed)?.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let Some(below) = depth.checked_sub(1) else {
        return Err(Problem::Usage(format!(
            "{}: folders nest deeper than {MAX_DEPTH} levels",
            path.display()
        )));
    };
    let entries = std::fs::read_dir(path).map_err(failed)?;
    let mut entries: Vec<PathBuf> = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()
        .map_err(failed)?;
    entries.sort();
    for entry in entries {
        let is_manifest = entry
            .extension()
            .is_some_and(|ending| ending == "yaml" || ending == "yml" || ending == "json");
        if is_manifest || entry.is_dir() {
            list(&entry, below, files)?;
        }
    }
    Ok(())
}
