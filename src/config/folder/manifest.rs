//! ConfigMap manifests, and lists of them.

use k8s_openapi::api::core::v1::ConfigMap;

use crate::config::config_map::{self, CANDIDATE, LABEL, Side};
use crate::config::directory::name_rules::shortened;
use crate::config::named_document::NamedDocument;
use crate::config::parsed_document::ParsedDocument;
use crate::config::text_origin::TextOrigin;
use crate::kubernetes::eci_profile::{self, Profile, ProfileError};
use ram_policy::source::{Fault, Key, Node, Position, Value};

/// What to do with a kustomization that is given as a document
pub(crate) const KUSTOMIZATION: &str = "a kustomization is no document: give the folder with its documents, or a file with what \
                                        `kustomize build` prints";

/// Whether a value is a Kubernetes manifest
pub(crate) fn is_manifest(node: &Node) -> bool {
    field(node, "apiVersion").is_some()
}

/// The documents of a manifest in a file with these lines, which is read as this side; any fault of the manifest is a broken
/// document
pub(crate) fn documents(file: &str, lines: &[&str], node: &Node, side: Side) -> Vec<NamedDocument> {
    let broken = |at: Position, message: String| {
        let document = ParsedDocument::broken(Fault::new(at, message));
        vec![NamedDocument::new(file, document)]
    };
    let Some(Value::String(kind)) = field(node, "kind").map(|kind| &kind.value) else {
        return broken(node.at, "a manifest names its kind".to_owned());
    };
    // A Namespace stands beside ConfigMaps that are applied together
    if kind == "Namespace" || is_of_chart(node) {
        return Vec::new();
    }
    match (kind.as_str(), field(node, "items").map(|items| &items.value)) {
        ("List" | "ConfigMapList", Some(Value::List(items))) => items
            .iter()
            .flat_map(|item| documents(file, lines, item, side))
            .collect(),
        ("ConfigMap", _) => match check_texts(node).and_then(|()| node.read()) {
            Ok(config_map) => config_map_documents(file, lines, node, &config_map, side),
            Err(fault) => broken(fault.at, fault.message),
        },
        ("Kustomization", _) => broken(node.at, KUSTOMIZATION.to_owned()),
        (other, _) => {
            let message =
                format!("a {other} is no configuration: a manifest is a ConfigMap with label {LABEL}");
            broken(node.at, message)
        }
    }
}

fn config_map_documents(
    file: &str,
    lines: &[&str],
    node: &Node,
    config_map: &ConfigMap,
    side: Side,
) -> Vec<NamedDocument> {
    let refused_at = |at: Position, name: &str, message: String| {
        let origin = TextOrigin::of_value(file, name, at);
        let document = ParsedDocument::refused(message);
        vec![NamedDocument::new(format!("{file}[{name}]"), document).with_origin(origin)]
    };
    let refused = |name: &str, message: String| refused_at(node.at, name, message);
    if let Some(Err(error)) = eci_profile(config_map) {
        return refused(eci_profile::NAME, error.to_string());
    }
    let name = config_map.metadata.name.as_deref().unwrap_or_default();
    let labels = config_map.metadata.labels.as_ref();
    if !labels.is_some_and(|labels| labels.contains_key(LABEL)) {
        let message = format!("ConfigMap has no label {LABEL}, so nothing reads it");
        return refused(name, message);
    }
    let (labelled, documents) = config_map::sided_documents(config_map);
    if (side, labelled) == (Side::Live, Side::Candidate) {
        let message = format!(
            "ConfigMap is a candidate by its label {CANDIDATE}, and this folder is read as what is live: keep candidates in \
             a folder of their own, and see them with `ramgate explore --config-dir LIVE --candidate FOLDER`"
        );
        let labels = field(node, "metadata").and_then(|metadata| field(metadata, "labels"));
        let mark = labels.and_then(|labels| entry(labels, CANDIDATE));
        return refused_at(mark.map_or(node.at, |(key, _)| key.at), name, message);
    }
    documents
        .into_iter()
        .map(|named| {
            let key = named
                .name
                .strip_prefix(name)
                .and_then(|key| key.strip_prefix('/'));
            let text = key.and_then(|key| {
                ["data", "binaryData"]
                    .iter()
                    .find_map(|map| entry(field(node, map)?, key))
            });
            let origin = match text {
                Some(text) => TextOrigin::of_string(file, &named.name, lines, text),
                None => TextOrigin::of_value(file, &named.name, node.at),
            };
            NamedDocument::new(format!("{file}[{}]", named.name), named.document).with_origin(origin)
        })
        .collect()
}

/// Whether the chart of ramgate renders this object for ramgate itself, so that it holds no configuration
///
/// ```text
/// helm.sh/chart: ramgate-0.1.0                                   the chart's own, passed over
/// helm.sh/chart: ramgate-0.1.0, ramgate.io/config: directory     configuration
/// helm.sh/chart: ramgate-policies-0.1.0                          of another chart, which forgot the label
/// ```
fn is_of_chart(node: &Node) -> bool {
    let labels = field(node, "metadata").and_then(|metadata| field(metadata, "labels"));
    let Some(labels) = labels else { return false };
    let chart = match field(labels, "helm.sh/chart").map(|chart| &chart.value) {
        Some(Value::String(chart)) => chart.strip_prefix("ramgate-"),
        _ => None,
    };
    let is_chart = chart.is_some_and(|version| version.starts_with(|first: char| first.is_ascii_digit()));
    is_chart && field(labels, LABEL).is_none()
}

/// ACK's eci-profile, if the ConfigMap is that: it is no configuration either, but a fault in it says more
fn eci_profile(config_map: &ConfigMap) -> Option<Result<Profile, ProfileError>> {
    let metadata = &config_map.metadata;
    let is = |text: &Option<String>, wanted| text.as_deref() == Some(wanted);
    let is_profile = is(&metadata.name, eci_profile::NAME) && is(&metadata.namespace, eci_profile::NAMESPACE);
    let selectors = config_map
        .data
        .as_ref()
        .and_then(|data| data.get(eci_profile::SELECTORS));
    is_profile.then(|| Profile::read(selectors.map(String::as_str)))
}

/// Checks that labels, annotations and data are texts, as YAML makes something else of them without quotes or a `|`
///
/// ```text
/// modes.yaml: {modes: {shop: warn}}     data key `modes.yaml` must be text: write `modes.yaml: |`
/// ramgate.io/candidate: true            label `ramgate.io/candidate` must be text: write "true" in quotes
/// ```
fn check_texts(node: &Node) -> Result<(), Fault> {
    let metadata = field(node, "metadata");
    for (noun, map) in [
        ("label", metadata.and_then(|metadata| field(metadata, "labels"))),
        (
            "annotation",
            metadata.and_then(|metadata| field(metadata, "annotations")),
        ),
        ("data key", field(node, "data")),
    ] {
        let Some(Value::Map(entries)) = map.map(|map| &map.value) else {
            continue;
        };
        for (key, value) in entries {
            let name = shortened(&key.text);
            let remedy = match &value.value {
                Value::String(_) => continue,
                _ if noun == "data key" => format!("write `{name}: |` and the text below it"),
                Value::Bool(flag) => format!("write \"{flag}\" in quotes"),
                Value::Number(number) => format!("write \"{}\" in quotes", shortened(number)),
                Value::Null | Value::List(_) | Value::Map(_) => format!("found {}", value.kind()),
            };
            return Err(Fault::new(
                value.at,
                format!("{noun} `{name}` must be text: {remedy}"),
            ));
        }
    }
    Ok(())
}

fn field<'a>(node: &'a Node, name: &str) -> Option<&'a Node> {
    entry(node, name).map(|(_, value)| value)
}

fn entry<'a>(node: &'a Node, name: &str) -> Option<&'a (Key, Node)> {
    match &node.value {
        Value::Map(entries) => entries.iter().find(|(key, _)| key.text == name),
        _ => None,
    }
}
