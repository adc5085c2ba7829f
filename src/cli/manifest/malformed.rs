//! Values that an API server would refuse, with their positions.

use serde::Deserialize;
use serde_json::Value as Json;

use crate::cli::manifest::Manifest;
use crate::cli::manifest::classify::member;
use crate::kubernetes::deserialize::null_as_default;
use crate::kubernetes::metadata::Metadata;
use crate::kubernetes::pod_spec::Spec;
use crate::kubernetes::workload::Workload;
use ram_policy::source::{Fault, Node, Position, Value};

/// The maps of strings in metadata
const TEXT_MAPS: [&str; 2] = ["labels", "annotations"];

/// Every label and annotation of an object and of its pod template that is no string
///
/// ```text
/// annotations: {a: 1}   ->   1:18: metadata.annotations[a] must be a string, found a number: put it in quotes
/// ```
pub(in crate::cli) fn text_maps(manifest: &Manifest) -> Vec<Fault> {
    let mut faults = Vec::new();
    for path in metadata_paths(manifest) {
        let found = path
            .iter()
            .try_fold(&manifest.node, |node, name| member(node, name));
        let Some(metadata) = found else { continue };
        let path = path.join(".");
        if !matches!(metadata.value, Value::Map(_) | Value::Null) {
            faults.push(wrong(metadata, &path, "an object"));
        }
        for field in TEXT_MAPS {
            let map = member(metadata, field);
            faults.extend(
                map.into_iter()
                    .flat_map(|map| not_text(map, &format!("{path}.{field}"))),
            );
        }
    }
    faults
}

/// The paths of metadata that the API server checks: the object's own, and those on the way to its pod template
fn metadata_paths(manifest: &Manifest) -> Vec<Vec<&'static str>> {
    let mut paths = vec![vec!["metadata"]];
    let workload = Workload::of_group_kind(manifest.group(), manifest.kind());
    let Some(workload) = workload else { return paths };
    let template = workload.template();
    let ends = template
        .iter()
        .enumerate()
        .filter(|(_, name)| name.to_lowercase().ends_with("template"));
    for (index, _) in ends {
        let mut path: Vec<&str> = template.iter().take(index.saturating_add(1)).copied().collect();
        path.push("metadata");
        paths.push(path);
    }
    paths
}

fn not_text(map: &Node, path: &str) -> Vec<Fault> {
    match &map.value {
        Value::Map(entries) => {
            // The API server takes null for an empty text
            let is_text = |node: &Node| matches!(node.value, Value::String(_) | Value::Null);
            let wrong_ones = entries.iter().filter(|(_, node)| !is_text(node));
            wrong_ones
                .map(|(key, node)| wrong(node, &format!("{path}[{}]", key.text), "a string"))
                .collect()
        }
        Value::Null => Vec::new(),
        _ => vec![wrong(map, path, "an object of strings")],
    }
}

fn wrong(node: &Node, path: &str, wanted: &str) -> Fault {
    let remedy = match node.value {
        Value::Number(_) | Value::Bool(_) if wanted == "a string" => ": put it in quotes",
        _ => "",
    };
    Fault::new(
        node.at,
        format!("{path} must be {wanted}, found {}{remedy}", node.kind()),
    )
}

/// The object with an empty text for each label and annotation that is null, as an API server reads it
pub(super) fn without_nulls(mut object: Json) -> Json {
    fill_nulls(&mut object);
    object
}

/// The depth of a tree is limited where it is read
fn fill_nulls(object: &mut Json) {
    let Json::Object(fields) = object else { return };
    for (name, value) in fields.iter_mut() {
        let maps = TEXT_MAPS.iter().filter(|_| name == "metadata");
        for field in maps {
            let map = value.get_mut(field).and_then(Json::as_object_mut);
            let texts = map.into_iter().flat_map(|map| map.values_mut());
            texts
                .filter(|text| text.is_null())
                .for_each(|text| *text = Json::String(String::new()));
        }
        fill_nulls(value);
    }
}

/// The place in an object that an evaluation could not read
///
/// The evaluation reads one line of JSON, so the object is read once more, with positions.
pub(in crate::cli) fn located(manifest: &Manifest, message: &str) -> Fault {
    let workload = Workload::of_group_kind(manifest.group(), manifest.kind());
    let template = workload.map_or(&[][..], |workload| workload.template());
    let found = template
        .iter()
        .try_fold(&manifest.node, |node, name| member(node, name));
    let found = found.cloned().map(|mut node| {
        fill_null_texts(&mut node);
        node
    });
    let fault = found.and_then(|node| node.read::<Shape<'_>>().err());
    match fault {
        Some(fault) => {
            let path = path_to(&manifest.node, fault.at).unwrap_or_default();
            let path = path.trim_start_matches('.');
            Fault::new(fault.at, format!("{path}: {}", fault.message))
        }
        None => Fault::new(manifest.at(), message),
    }
}

/// Writes an empty text for each label and annotation of a pod or template that is null
fn fill_null_texts(template: &mut Node) {
    for map in fields(template, &["metadata"])
        .into_iter()
        .flat_map(|metadata| fields(metadata, &TEXT_MAPS))
    {
        let Value::Map(texts) = &mut map.value else {
            continue;
        };
        let nulls = texts
            .iter_mut()
            .filter(|(_, text)| matches!(text.value, Value::Null));
        nulls.for_each(|(_, text)| text.value = Value::String(String::new()));
    }
}

/// The fields of an object with these names
fn fields<'n>(node: &'n mut Node, names: &[&str]) -> Vec<&'n mut Node> {
    match &mut node.value {
        Value::Map(entries) => entries
            .iter_mut()
            .filter(|(key, _)| names.contains(&key.text.as_str()))
            .map(|(_, value)| value)
            .collect(),
        _ => Vec::new(),
    }
}

/// A pod or a pod template, as far as ramgate reads it
#[derive(Deserialize)]
struct Shape<'a> {
    #[serde(borrow)]
    #[expect(dead_code, reason = "it is read for its errors")]
    metadata: Option<Metadata<'a>>,
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    #[expect(dead_code, reason = "it is read for its errors")]
    spec: Option<Spec<'a>>,
}

/// The path to the value or key at a position: `spec.tolerations[0].key`
fn path_to(node: &Node, at: Position) -> Option<String> {
    if node.at == at && !matches!(node.value, Value::Map(_) | Value::List(_)) {
        return Some(String::new());
    }
    let within = match &node.value {
        Value::Map(entries) => entries.iter().find_map(|(key, node)| {
            let rest = if key.at == at {
                Some(String::new())
            } else {
                path_to(node, at)
            };
            let name = &key.text;
            let part = if name.contains(['.', '/']) {
                format!("[{name}]")
            } else {
                format!(".{name}")
            };
            Some(format!("{part}{}", rest?))
        }),
        Value::List(items) => items
            .iter()
            .enumerate()
            .find_map(|(index, node)| Some(format!("[{index}]{}", path_to(node, at)?))),
        _ => None,
    };
    // A value of several parts starts where its first part does
    within.or_else(|| (node.at == at).then(String::new))
}
