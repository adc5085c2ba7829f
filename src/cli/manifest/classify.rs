//! Tells manifests from the other YAML and JSON files of a repository.

use std::path::Path;

use ram_policy::source::{Node, Value};

/// The API group of kustomization.yaml, which no API server knows
const KUSTOMIZE: &str = "kustomize.config.k8s.io/";

/// The objects that only Helm fills in, in the actions of its templates
const HELM_OBJECTS: [&str; 4] = [".Values", ".Release", ".Chart", ".Capabilities"];

/// What a document is
pub(super) enum Document<'n> {
    /// An object for an API server
    Object,
    /// A list of objects
    List(&'n [Node]),
    /// An object for an API server that lacks this field
    Lacks(&'static str),
    /// Something else, of which this says why it is no object
    Other(&'static str),
}

/// Why a document is no object
const OF_KUSTOMIZE: &str = "this is for kustomize: pipe `kustomize build DIR` into `ramgate check -f -`";
const NO_VERSION: &str = "a document is no Kubernetes object: it has no `apiVersion`";
const NO_KIND: &str = "a document is no Kubernetes object: it has no `kind`";

/// What a document is
///
/// ```text
/// apiVersion: v1, kind: PodList, items: […]      List
/// apiVersion: v2, name: web                      Other, the Chart.yaml of a chart
/// apiVersion: v1, metadata: …                    Lacks("kind")
/// ```
pub(super) fn document(node: &Node) -> Document<'_> {
    let version = text(node, "apiVersion");
    if version.is_some_and(|version| version.starts_with(KUSTOMIZE)) {
        return Document::Other(OF_KUSTOMIZE);
    }
    let has = |name| member(node, name).is_some();
    match (version, text(node, "kind")) {
        (None, None) => Document::Other(NO_KIND),
        (Some(_), Some(_))
            if let Some(Value::List(items)) = member(node, "items").map(|items| &items.value) =>
        {
            // kubectl takes any object with such a field for a list
            Document::List(items)
        }
        (Some(_), Some(_)) => Document::Object,
        (Some(_), None) if has("metadata") || has("spec") || has("items") => Document::Lacks("kind"),
        (None, Some(kind)) if has("metadata") || kind.ends_with("List") && has("items") => {
            Document::Lacks("apiVersion")
        }
        (Some(_), None) => Document::Other(NO_KIND),
        (None, Some(_)) => Document::Other(NO_VERSION),
    }
}

/// Whether a text that is not YAML may hold a manifest
pub(super) fn may_be_manifest(text: &str) -> bool {
    text.contains("apiVersion") || text.contains("kind")
}

/// Whether only Helm can make manifests of a text
///
/// Other tools use the same braces in strings: Argo Workflows, Prometheus.
pub(super) fn is_helm_template(path: &Path, text: &str, is_yaml: bool) -> bool {
    let mut actions = text.split("{{").skip(1);
    let is_of_helm = |action: &str| {
        let action = action.split_once("}}").map_or(action, |(action, _)| action);
        HELM_OBJECTS.iter().any(|object| action.contains(object))
    };
    text.contains("{{") && (!is_yaml || is_in_chart(path)) || actions.any(is_of_helm)
}

/// Whether a file lies below the folder `templates` of a chart
fn is_in_chart(path: &Path) -> bool {
    let mut folders = path.ancestors().skip(1);
    folders.any(|folder| {
        let chart = folder.parent().map(|parent| parent.join("Chart.yaml"));
        folder.ends_with("templates") && chart.is_some_and(|chart| chart.is_file())
    })
}

fn text<'n>(node: &'n Node, name: &str) -> Option<&'n str> {
    match &member(node, name)?.value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

/// The value of a key of an object
pub(super) fn member<'n>(node: &'n Node, name: &str) -> Option<&'n Node> {
    match &node.value {
        Value::Map(entries) => entries
            .iter()
            .find(|(key, _)| key.text == name)
            .map(|(_, value)| value),
        _ => None,
    }
}
