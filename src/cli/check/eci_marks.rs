//! Finds marks of ECI in objects of custom kinds that nobody lists.

use crate::admission::routing::lookalike::is_eci_annotation;
use crate::admission::routing::well_known::{BURST_KEY, ECI_LABELS, TAINTS};
use crate::cli::manifest::Manifest;
use ram_policy::source::{Node, Value};

/// The path of the first mark of ECI in an object of a custom kind
///
/// Built-in kinds that are not evaluated create no pods.
pub(super) fn eci_mark(manifest: &Manifest) -> Option<String> {
    let group = manifest.group();
    let is_custom = group.contains('.') && !group.ends_with(".k8s.io");
    let path = mark_in(&manifest.node).filter(|_| is_custom)?;
    Some(path.trim_start_matches('.').to_owned())
}

/// The path of a mark within a value; the depth of a tree is limited where it is read
fn mark_in(node: &Node) -> Option<String> {
    match &node.value {
        Value::Map(entries) => entries.iter().find_map(|(key, value)| {
            let name = key.text.as_str();
            if is_mark(name, value) {
                return Some(format!("[{name}]"));
            }
            // What a selector selects is somebody else's
            let is_selector = name == "matchLabels" || name.to_lowercase().ends_with("selector");
            if is_selector && name != "nodeSelector" {
                return None;
            }
            Some(format!(".{name}{}", mark_in(value)?))
        }),
        Value::List(items) => items
            .iter()
            .enumerate()
            .find_map(|(index, item)| Some(format!("[{index}]{}", mark_in(item)?))),
        _ => None,
    }
}

fn is_mark(key: &str, value: &Node) -> bool {
    let Value::String(text) = &value.value else {
        return false;
    };
    match key {
        _ if ECI_LABELS.contains(&key) => text == "true",
        _ if key == BURST_KEY => true,
        // In a node selector, and in a toleration
        "type" => text == "virtual-kubelet",
        "key" => TAINTS.contains(&text.as_str()),
        _ => is_eci_annotation(key),
    }
}
