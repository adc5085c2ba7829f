//! Marks of ECI in an object of a kind that nobody lists, so that nobody takes it for an object without pods on ECI.
//!
//! The kind is unknown, so its pod metadata may stand anywhere. What selects pods instead of making them is left out.

use serde_json::Value;

use crate::admission::routing::well_known::{BURST_KEY, ECI_LABELS};
use crate::config::{ClusterSettings, LabelOperator, preset_of, written_preset};

/// The deepest object that is looked into: pod metadata of known kinds stands ten deep at most
const MAX_DEPTH: usize = 40;

/// The fields of an object that hold selectors of pods
const SELECTORS: [&str; 7] = [
    "labelSelector",
    "matchExpressions",
    "matchLabels",
    "namespaceSelector",
    "objectSelector",
    "podSelector",
    "selector",
];

/// A mark of ECI in an object of a kind that nobody lists
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UnlistedMark {
    /// The path of the field
    pub path: String,
    /// The mark
    pub mark: String,
    /// The preset that lists the kind, if there is one
    pub preset: Option<String>,
}

impl UnlistedMark {
    /// What comes of it and what to do
    pub(crate) fn described(&self) -> String {
        let remedy = match &self.preset {
            Some(preset) => format!("add {} to `carriers`", written_preset(preset)),
            None => {
                "list the kind with its controller under `carriers` (user, group, kind, resource, templates)"
                    .to_owned()
            }
        };
        let Self { path, mark, .. } = self;
        format!("`{path}` has `{mark}`, but nobody lists the kind: its pods will be denied, {remedy}")
    }
}

/// The first mark of ECI in an object, unless its kind is built in or listed
///
/// ```text
/// Job of batch.volcano.sh, spec.tasks.0.template.metadata.labels: {alibabacloud.com/eci: "true"}
///   -> that path, `alibabacloud.com/eci`, preset `volcano`
/// NetworkPolicy, spec.podSelector.matchLabels: {alibabacloud.com/eci: "true"}
///   -> None
/// ```
pub(crate) fn unlisted_mark(object: &Value, settings: &ClusterSettings) -> Option<UnlistedMark> {
    let text = |field| object.get(field).and_then(Value::as_str).unwrap_or_default();
    let (group, kind) = (text("apiVersion").split_once('/')?.0, text("kind"));
    if is_built_in(group) {
        return None;
    }
    let fields = object.as_object()?.iter();
    // The marks of the object itself go to its pods only by some controllers
    let mut fields = fields.filter(|(field, _)| *field != "status");
    let (path, mark) = fields.find_map(|(field, value)| search(value, field, settings, 0))?;
    Some(UnlistedMark {
        path,
        mark,
        preset: preset_of(group, kind),
    })
}

/// Whether a group is Kubernetes' own, whose kinds that make pods are all known
fn is_built_in(group: &str) -> bool {
    let is_own = |own: &str| {
        let prefix = group.strip_suffix(".k8s.io");
        prefix == Some(own)
    };
    !group.contains('.')
        || [
            "admissionregistration",
            "apiextensions",
            "apiregistration",
            "authentication",
            "authorization",
            "certificates",
            "coordination",
            "discovery",
            "events",
            "flowcontrol.apiserver",
            "gateway.networking",
            "internal.apiserver",
            "metrics",
            "networking",
            "node",
            "rbac.authorization",
            "resource",
            "scheduling",
            "snapshot.storage",
            "storage",
            "storagemigration",
        ]
        .into_iter()
        .any(is_own)
}

/// The path of the first mark in a value, and the mark
fn search(value: &Value, path: &str, settings: &ClusterSettings, depth: usize) -> Option<(String, String)> {
    if depth > MAX_DEPTH {
        return None;
    }
    let deeper = depth.saturating_add(1);
    match value {
        Value::Array(elements) => elements
            .iter()
            .enumerate()
            .find_map(|(index, element)| search(element, &format!("{path}.{index}"), settings, deeper)),
        Value::Object(fields) => {
            let is_label_of_node = |key: &str, value: &Value| {
                path.ends_with("nodeSelector") && is_node_label(key, value, settings)
            };
            let own = fields
                .iter()
                .find(|(key, value)| is_mark(key, value) || is_label_of_node(key, value))
                .map(|(key, _)| key.clone());
            if let Some(mark) = own.or_else(|| scheduling_mark(value, settings)) {
                return Some((path.to_owned(), mark));
            }
            let mut inner = fields
                .iter()
                .filter(|(key, _)| !SELECTORS.contains(&key.as_str()));
            // A node affinity has the fields of a selector
            let is_affinity = path.contains("ffinity") || path.contains("nodeSelectorTerm");
            let terms = fields
                .iter()
                .filter(|(key, _)| is_affinity && *key == "matchExpressions");
            let found =
                inner.find_map(|(key, value)| search(value, &format!("{path}.{key}"), settings, deeper));
            found.or_else(|| {
                let mut terms = terms;
                terms.find_map(|(key, value)| search(value, &format!("{path}.{key}"), settings, deeper))
            })
        }
        _ => None,
    }
}

/// Whether a field is a label or annotation of ECI, perhaps as a part of another key such as a Spark setting
fn is_mark(key: &str, value: &Value) -> bool {
    let is_true = value.as_str() == Some("true");
    let [label, older_label] = ECI_LABELS;
    key.contains("k8s.aliyun.com/eci-")
        || key.ends_with(BURST_KEY)
        || is_true && (key.ends_with(label) || key == older_label)
}

fn is_node_label(key: &str, value: &Value, settings: &ClusterSettings) -> bool {
    let requirements = settings
        .virtual_nodes
        .iter()
        .flat_map(|selector| selector.requirements());
    let mut of_key = requirements.filter(|one| one.key == *key);
    of_key.any(|one| match &one.operator {
        LabelOperator::In(values) => values.iter().any(|one| value.as_str() == Some(one)),
        LabelOperator::Exists => true,
        LabelOperator::NotIn(_) | LabelOperator::DoesNotExist => false,
    })
}

/// The mark of a toleration, or of a requirement of nodes
fn scheduling_mark(value: &Value, settings: &ClusterSettings) -> Option<String> {
    let key = value.get("key")?.as_str()?;
    let values = value.get("values").and_then(Value::as_array);
    let selects = value.get("operator").and_then(Value::as_str) == Some("In")
        && values.is_some_and(|values| values.iter().any(|value| is_node_label(key, value, settings)));
    let is_taint = settings.virtual_node_taints.iter().any(|taint| taint == key);
    (is_taint && values.is_none() || selects).then(|| key.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(object: Value) -> Option<(String, String, Option<String>)> {
        let mark = unlisted_mark(&object, &ClusterSettings::default())?;
        Some((mark.path, mark.mark, mark.preset))
    }

    fn thing(spec: Value) -> Value {
        json!({"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "t"}, "spec": spec})
    }

    #[test]
    fn marks_are_found_at_any_depth() {
        for (spec, path, mark) in [
            (
                json!({"a": [{"labels": {"alibabacloud.com/eci": "true"}}]}),
                "spec.a.0.labels",
                "alibabacloud.com/eci",
            ),
            (
                json!({"x": {"annotations": {"k8s.aliyun.com/eci-ram-role-name": "R"}}}),
                "spec.x.annotations",
                "k8s.aliyun.com/eci-ram-role-name",
            ),
            (
                json!({"nodeSelector": {"type": "virtual-kubelet"}}),
                "spec.nodeSelector",
                "type",
            ),
            (
                json!({"tolerations": [{"key": "virtual-kubelet.io/provider", "operator": "Exists"}]}),
                "spec.tolerations.0",
                "virtual-kubelet.io/provider",
            ),
            (
                json!({"affinity": {"nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [{"key": "type", "operator": "In", "values": ["virtual-kubelet"]}]}]}}}}),
                "spec.affinity.nodeAffinity.required.nodeSelectorTerms.0.matchExpressions.0",
                "type",
            ),
            (
                json!({"sparkConf": {"spark.kubernetes.driver.annotation.k8s.aliyun.com/eci-ram-role-name": "R"}}),
                "spec.sparkConf",
                "spark.kubernetes.driver.annotation.k8s.aliyun.com/eci-ram-role-name",
            ),
        ] {
            assert_eq!(found(thing(spec)), Some((path.to_owned(), mark.to_owned(), None)));
        }
    }

    #[test]
    fn what_only_selects_pods_is_no_mark() {
        assert_eq!(
            found(thing(
                json!({"selector": {"matchLabels": {"alibabacloud.com/eci": "true"}}})
            )),
            None
        );
        assert_eq!(
            found(thing(json!({"labels": {"alibabacloud.com/eci": "false"}}))),
            None
        );
        assert_eq!(
            found(thing(
                json!({"affinity": {"x": {"key": "type", "operator": "NotIn", "values": ["virtual-kubelet"]}}})
            )),
            None
        );
        let status =
            json!({"apiVersion": "example.com/v1", "kind": "Thing", "status": {"labels": {"eci": "true"}}});
        assert_eq!(found(status), None);
        for version in ["v1", "networking.k8s.io/v1", "policy/v1"] {
            let object = json!({"apiVersion": version, "kind": "X", "spec": {"labels": {"eci": "true"}}});
            assert_eq!(found(object), None, "{version}");
        }
    }

    #[test]
    fn the_preset_of_the_kind_is_named() {
        let object = json!({"apiVersion": "sparkoperator.k8s.io/v1beta2", "kind": "SparkApplication",
            "spec": {"driver": {"labels": {"alibabacloud.com/eci": "true"}}}});
        let mark = unlisted_mark(&object, &ClusterSettings::default()).unwrap();
        assert_eq!(
            mark.described(),
            "`spec.driver.labels` has `alibabacloud.com/eci`, but nobody lists the kind: its pods will be denied, add \
             {preset: spark-operator} to `carriers`"
        );
        let deep = (0..100).fold(json!({"labels": {"eci": "true"}}), |inner, _| json!([inner]));
        assert_eq!(found(thing(deep)), None);
    }
}
