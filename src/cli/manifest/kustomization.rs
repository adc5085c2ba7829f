//! The patches that kustomizations list. A patch looks like a manifest, but alone it is a part of one.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use crate::cli::manifest::classify::member;
use crate::yaml;
use ram_policy::source::{Node, Value, utf8};

/// The names that kustomize looks for, of those that have the ending of a document
const NAMES: [&str; 2] = ["kustomization.yaml", "kustomization.yml"];

/// The files among these that a kustomization among them lists as patches
///
/// ```text
/// kustomization.yaml   patches: [{path: spot.yaml}, {patch: "…"}]
///                      patchesStrategicMerge: [limits.yaml]
///   -> spot.yaml, limits.yaml
/// ```
///
/// A kustomization that cannot be read lists none; reading it as a manifest says what is wrong with it.
pub(super) fn patches(files: &[PathBuf]) -> BTreeSet<PathBuf> {
    let is_kustomization = |file: &&PathBuf| NAMES.iter().any(|name| file.ends_with(name));
    let mut all = BTreeSet::new();
    for file in files.iter().filter(is_kustomization) {
        let folder = file.parent().unwrap_or(Path::new(""));
        let bytes = std::fs::read(file).unwrap_or_default();
        let documents = utf8(&bytes).and_then(yaml::parse).unwrap_or_default();
        let listed = documents.iter().flat_map(paths);
        all.extend(listed.map(|path| plain(&folder.join(path))));
    }
    all
}

fn paths(kustomization: &Node) -> Vec<&str> {
    let items = |field| match member(kustomization, field).map(|node| &node.value) {
        Some(Value::List(items)) => items.as_slice(),
        _ => &[],
    };
    let by_path = ["patches", "patchesJson6902"].into_iter().flat_map(items);
    let by_path = by_path.filter_map(|item| text(member(item, "path")?));
    let merged = items("patchesStrategicMerge").iter().filter_map(text);
    by_path.chain(merged).collect()
}

fn text(node: &Node) -> Option<&str> {
    match &node.value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

/// A path without `..`, as a search of folders writes it
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        if component == Component::ParentDir && plain.file_name().is_some() {
            plain.pop();
        } else {
            plain.push(component);
        }
    }
    plain
}
