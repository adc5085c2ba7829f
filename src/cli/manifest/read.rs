//! Reads files and folders.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::cli::command_error::CommandError;
use crate::cli::document_files;
use crate::cli::manifest::classify::{Document, document, is_helm_template, may_be_manifest};
use crate::cli::manifest::kustomization;
use crate::cli::manifest::malformed::without_nulls;
use crate::cli::manifest::{Located, Manifest, ManifestFiles, PassedOver, PassedOverReason};
use crate::yaml;
use ram_policy::source::{Fault, Key, Node, Position, Value, json, utf8};

/// The number of bytes that are read of a file; an API server takes objects of 3 MiB at most
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// A file
struct Source {
    path: PathBuf,
    /// Whether it was found in a folder rather than named
    is_found: bool,
    /// Whether a kustomization of the same search lists it as a patch
    is_patch: bool,
}

/// Reads all objects of files and folders: every document of a file, and every item of a list
///
/// A file of a folder that holds no manifest is passed over. A file that was named must hold some.
///
/// # Errors
///
/// A file or folder cannot be opened.
pub(in crate::cli) fn read(paths: &[PathBuf]) -> Result<ManifestFiles, CommandError> {
    let mut files = ManifestFiles::default();
    for path in paths {
        for source in sources(path)? {
            files.add(&source)?;
        }
    }
    Ok(files)
}

/// Reads all objects of a text that somebody wrote just now; `name` stands for its file
pub(in crate::cli) fn read_text(name: &str, text: &str) -> ManifestFiles {
    let mut files = ManifestFiles::default();
    let source = Source {
        path: PathBuf::from(name),
        is_found: false,
        is_patch: false,
    };
    files.add_text(&source, name.to_owned(), text);
    files
}

fn sources(path: &Path) -> Result<Vec<Source>, CommandError> {
    let is_found = path.is_dir();
    let found = document_files::find(path)?;
    let patches = if is_found {
        kustomization::patches(&found)
    } else {
        BTreeSet::new()
    };
    let sources = found.into_iter().map(|path| Source {
        is_patch: patches.contains(&path),
        path,
        is_found,
    });
    Ok(sources.collect())
}

impl ManifestFiles {
    fn add(&mut self, source: &Source) -> Result<(), CommandError> {
        let file = source.path.display().to_string();
        if source.is_patch {
            self.pass_over(file, PassedOverReason::KustomizePatch);
            return Ok(());
        }
        let bytes = document_files::bytes(&source.path, MAX_BYTES)
            .map_err(|error| CommandError::io(file.as_str(), error))?;
        let text = match utf8(&bytes) {
            Ok(text) => text,
            Err(fault) => {
                self.failures.push(located(&file, fault));
                return Ok(());
            }
        };
        self.add_text(source, file, text);
        Ok(())
    }

    fn add_text(&mut self, source: &Source, file: String, text: &str) {
        let parsed = parse(text);
        if is_helm_template(&source.path, text, parsed.is_ok()) {
            self.helm_template(source, file);
            return;
        }
        match parsed {
            Ok(read) => {
                let is_other = |node: &Node| matches!(document(node), Document::Other(_));
                if source.is_found && !read.documents.is_empty() && read.documents.iter().all(is_other) {
                    self.pass_over(file, PassedOverReason::NoManifest);
                    return;
                }
                let warnings = read.warnings.into_iter();
                self.warnings.extend(warnings.map(|fault| located(&file, fault)));
                for node in read.documents {
                    self.objects(&file, node);
                }
            }
            Err(_) if source.is_found && !may_be_manifest(text) => {
                self.pass_over(file, PassedOverReason::NoManifest);
            }
            Err(fault) => self.failures.push(located(&file, fault)),
        }
    }

    fn helm_template(&mut self, source: &Source, file: String) {
        if source.is_found {
            self.pass_over(file, PassedOverReason::HelmTemplate);
        } else {
            let message = "this is a Helm template: pipe `helm template CHART` into `ramgate check -f -`";
            let start = Position { line: 1, column: 1 };
            self.failures.push(located(&file, Fault::new(start, message)));
        }
    }

    fn pass_over(&mut self, file: String, reason: PassedOverReason) {
        self.passed_over.push(PassedOver { file, reason });
    }

    /// The object in a document, or the items of a list
    fn objects(&mut self, file: &str, node: Node) {
        let message = match document(&node) {
            Document::List(items) => {
                let [version, kind] = inferred(&node);
                for item in items {
                    self.objects(file, completed(item, version.as_ref(), kind.as_ref()));
                }
                return;
            }
            Document::Object => {
                self.manifests.push(Manifest {
                    file: file.to_owned(),
                    object: without_nulls(node.to_json()),
                    node,
                });
                return;
            }
            Document::Lacks(field) => format!("the object has no `{field}`"),
            Document::Other(reason) => reason.to_owned(),
        };
        self.failures.push(located(file, Fault::new(node.at, message)));
    }
}

/// `apiVersion` and `kind` of the items that have none, by those of a list such as PodList
fn inferred(list: &Node) -> [Option<(Key, Node)>; 2] {
    let entry = |name: &str| {
        let entries = list.entries("a list").ok()?;
        entries.iter().find(|(key, _)| key.text == name).cloned()
    };
    let kind = entry("kind").and_then(|(key, node)| match &node.value {
        Value::String(kind) => {
            let item = kind.strip_suffix("List").filter(|item| !item.is_empty())?;
            let value = Value::String(item.to_owned());
            Some((key, Node { value, ..node }))
        }
        _ => None,
    });
    // A `List` says nothing about its items
    let version = entry("apiVersion").filter(|_| kind.is_some());
    [version, kind]
}

/// An item of a list, with `apiVersion` and `kind` of the list's items if it has none
fn completed(item: &Node, version: Option<&(Key, Node)>, kind: Option<&(Key, Node)>) -> Node {
    let mut item = item.clone();
    if let Value::Map(entries) = &mut item.value {
        for entry in [version, kind].into_iter().flatten() {
            if !entries.iter().any(|(key, _)| key.text == entry.0.text) {
                entries.push(entry.clone());
            }
        }
    }
    item
}

/// JSON is read as JSON, whose escapes YAML does not have, and anything else as YAML
fn parse(text: &str) -> Result<yaml::Manifests, Fault> {
    let plain = text.strip_prefix('\u{feff}').unwrap_or(text);
    if plain.trim_start().starts_with('{')
        && let Ok(node) = json::parse(plain)
    {
        return Ok(yaml::Manifests {
            documents: vec![node],
            warnings: Vec::new(),
        });
    }
    yaml::parse_manifests(text)
}

fn located(file: &str, fault: Fault) -> Located {
    Located {
        file: file.to_owned(),
        object: None,
        fault,
    }
}
