//! The documents in a file: its form follows from its name and content.

use std::path::Path;

use crate::config::config_map::Side;
use crate::config::folder::manifest;
use crate::config::named_document::NamedDocument;
use crate::config::parsed_document::ParsedDocument;
use crate::yaml;
use ram_policy::source::{Fault, Node, json, utf8};

/// The largest file that is read; a ConfigMap holds 1 MiB, and a file may hold several
pub(crate) const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// A key of every manifest in JSON
const API_VERSION: &[u8] = b"\"apiVersion\"";

/// Whether a file has the name of a document
pub(crate) fn is_document(path: &Path) -> bool {
    is_json(path)
        || path
            .extension()
            .is_some_and(|extension| extension == "yaml" || extension == "yml")
}

/// Whether a file has the name of a kustomization, which lists documents and is none
pub(crate) fn is_kustomization(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name == "kustomization.yaml" || name == "kustomization.yml")
}

fn is_json(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "json")
}

/// The documents in a file
///
/// ```text
/// P.json          {"Version": "1", …}                  policy `P`
/// people.yaml     users: …                             directory document
/// rules.yaml      apiVersion: v1, kind: ConfigMap, …   the documents of the ConfigMap
/// ```
pub fn documents(path: &Path, bytes: &[u8]) -> Vec<NamedDocument> {
    sided_documents(path, bytes, Side::Live)
}

/// The documents in a file of this side: only among candidates may a ConfigMap have the label of one
pub(crate) fn sided_documents(path: &Path, bytes: &[u8], side: Side) -> Vec<NamedDocument> {
    let name = path.display().to_string();
    let one = |document| vec![NamedDocument::new(name.as_str(), document)];
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_BYTES {
        return one(ParsedDocument::refused(format!(
            "the file is larger than {MAX_BYTES} bytes"
        )));
    }
    if is_json(path) {
        return match json_manifest(bytes) {
            // JSON has each text in one line
            Some(node) => manifest::documents(&name, &[], &node, side),
            None => {
                let policy = path.file_stem().unwrap_or_default().to_string_lossy();
                one(ParsedDocument::policy(&policy, bytes))
            }
        };
    }
    if is_kustomization(path) {
        return one(ParsedDocument::refused(manifest::KUSTOMIZATION));
    }
    if !is_document(path) {
        return one(ParsedDocument::refused(
            "a document is called NAME.json, NAME.yaml or NAME.yml",
        ));
    }
    match utf8(bytes).and_then(|text| Ok((text, yaml::parse(text)?))) {
        Ok((text, nodes)) => yaml_documents(&name, text, &nodes, side),
        Err(fault) => one(ParsedDocument::broken(fault)),
    }
}

/// The manifest in a JSON file; `None` if the file is no manifest, or not JSON
fn json_manifest(bytes: &[u8]) -> Option<Node> {
    // Few policies contain this word, so nearly all of them are parsed only once
    if !bytes
        .windows(API_VERSION.len())
        .any(|window| window == API_VERSION)
    {
        return None;
    }
    let node = utf8(bytes).and_then(json::parse).ok()?;
    manifest::is_manifest(&node).then_some(node)
}

fn yaml_documents(name: &str, text: &str, nodes: &[Node], side: Side) -> Vec<NamedDocument> {
    let one = |document| vec![NamedDocument::new(name, document)];
    if !nodes.iter().any(manifest::is_manifest) {
        return one(ParsedDocument::directory_nodes(nodes));
    }
    match nodes.iter().find(|node| !manifest::is_manifest(node)) {
        Some(node) => one(ParsedDocument::broken(Fault::new(
            node.at,
            "ConfigMap manifests and directory documents do not mix",
        ))),
        None => {
            let lines: Vec<&str> = text.lines().collect();
            let documents = nodes.iter();
            documents
                .flat_map(|node| manifest::documents(name, &lines, node, side))
                .collect()
        }
    }
}
