//! A place of pod metadata in an object: where it is, what stands there, and what its pods get from elsewhere in the object.
//!
//! Controllers of custom kinds keep pod metadata in three forms:
//!
//! ```text
//! a pod template      spec.template:  {metadata: {labels, annotations}, spec: {nodeSelector, ...}}
//! has metadata        spec.templates: [{metadata: {labels, annotations}, nodeSelector, ...}]
//! is metadata         spec.driver:    {labels, annotations, nodeSelector, ...}
//! ```

use serde::Deserialize;
use serde_json::Value;

use crate::kubernetes::field_path::FieldPath;
use crate::kubernetes::workload::Workload;

/// What the object at a place is
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Shape {
    /// What its fields show: metadata if it has labels or annotations, otherwise a template
    #[default]
    Any,
    /// A pod template, or an object that has a pod's metadata
    Template,
    /// A pod's labels and annotations, perhaps with scheduling fields beside them
    Metadata,
    /// The metadata of the whole object, whose labels and annotations go to the pods
    ObjectMetadata,
    /// Scheduling fields alone, such as a node selector; they never hold a stamp
    Scheduling,
}

impl Shape {
    /// Whether labels and annotations are fields of the object itself
    pub(crate) fn is_metadata(self) -> bool {
        matches!(self, Self::Metadata | Self::ObjectMetadata)
    }
}

/// A place of pod metadata in the objects of a kind
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TemplatePlace {
    /// The path, such as `spec.template`; a list on it stands for its elements, and `*` for all fields of an object
    pub(crate) path: String,
    /// What stands there
    pub(crate) shape: Shape,
    /// The places whose values the pods also get, the strongest first; the place's own values win
    pub(crate) inherits: Vec<TemplatePlace>,
}

impl TemplatePlace {
    /// A place whose shape its fields show
    pub(crate) fn any(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            shape: Shape::Any,
            inherits: Vec::new(),
        }
    }

    /// The pod template of a built-in workload
    pub(crate) fn of_workload(workload: Workload) -> Self {
        Self {
            path: workload.template().join("."),
            shape: Shape::Template,
            inherits: Vec::new(),
        }
    }

    /// The path of fields
    pub(crate) fn fields(&self) -> FieldPath {
        FieldPath::of(self.path.split('.'))
    }

    /// Whether labels and annotations are fields of the object at this place itself
    pub(crate) fn is_metadata(&self, found: &Value) -> bool {
        let is_object = |field: &str| found.get(field).is_some_and(Value::is_object);
        shown_shape(self.shape, is_object).is_metadata()
    }

    /// The object at this place as a pod template, for programs that make pods of it
    ///
    /// ```text
    /// {annotations: {a: b}, cores: 1, nodeSelector: {c: d}}
    ///   -> {metadata: {annotations: {a: b}}, spec: {cores: 1, nodeSelector: {c: d}}}
    /// ```
    pub(crate) fn as_template(&self, found: &Value, object: &Value) -> Value {
        let mut template = plain_template(self.shape, found);
        for base in &self.inherits {
            let json = object.to_string();
            let paths = base.fields().all(&json).unwrap_or_default();
            for inherited in paths
                .iter()
                .filter_map(|(path, _)| object.pointer(&path.pointer()))
            {
                add_missing(&mut template, &plain_template(base.shape, inherited));
            }
        }
        template
    }
}

/// The shape that the fields of an object show, if the place does not say it
pub(crate) fn shown_shape(shape: Shape, has: impl Fn(&str) -> bool) -> Shape {
    match shape {
        Shape::Any if has("labels") || has("annotations") => Shape::Metadata,
        Shape::Any => Shape::Template,
        shape => shape,
    }
}

fn plain_template(shape: Shape, found: &Value) -> Value {
    let is_object = |field: &str| found.get(field).is_some_and(Value::is_object);
    match shown_shape(shape, is_object) {
        Shape::Metadata => serde_json::json!({"metadata": metadata(found), "spec": found}),
        Shape::ObjectMetadata => serde_json::json!({"metadata": metadata(found)}),
        Shape::Scheduling => serde_json::json!({"spec": found}),
        Shape::Any | Shape::Template if is_object("spec") => found.clone(),
        Shape::Any | Shape::Template => {
            let metadata = found.get("metadata").cloned().unwrap_or_default();
            serde_json::json!({"metadata": metadata, "spec": found})
        }
    }
}

fn metadata(found: &Value) -> Value {
    let field = |name: &str| found.get(name).cloned().unwrap_or_default();
    serde_json::json!({"labels": field("labels"), "annotations": field("annotations")})
}

/// Adds the labels, annotations and scheduling fields that a template lacks
fn add_missing(template: &mut Value, base: &Value) {
    for pointer in ["/metadata/labels", "/metadata/annotations"] {
        let stamp = crate::stamp::REQUESTED_BY;
        let pairs = base
            .pointer(pointer)
            .and_then(Value::as_object)
            .into_iter()
            .flatten();
        for (key, value) in pairs.filter(|(key, _)| *key != stamp) {
            add(
                template,
                &format!("{pointer}/{}", crate::kubernetes::field_path::escaped(key)),
                value,
            );
        }
    }
    for field in [
        "nodeSelector",
        "affinity",
        "tolerations",
        "runtimeClassName",
        "nodeName",
    ] {
        if let Some(value) = base.pointer(&format!("/spec/{field}")) {
            add(template, &format!("/spec/{field}"), value);
        }
    }
}

/// Sets the value at a pointer unless there is one
fn add(template: &mut Value, pointer: &str, value: &Value) {
    if template.pointer(pointer).is_some_and(|found| !found.is_null()) {
        return;
    }
    let fields: Vec<String> = pointer
        .split('/')
        .skip(1)
        .map(|field| field.replace("~1", "/").replace("~0", "~"))
        .collect();
    let mut at = template;
    for field in fields {
        if !at.is_object() {
            *at = Value::Object(serde_json::Map::new());
        }
        let Value::Object(map) = at else { return };
        at = map.entry(field).or_insert(Value::Null);
    }
    *at = value.clone();
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_shape_becomes_a_template() {
        let object = json!({"spec": {
            "podMetadata": {"labels": {"eci": "true"}, "annotations": {"ramgate.io/requested-by": "s", "a": "base"}},
            "nodeSelector": {"type": "vk"},
            "templates": [{"name": "one", "metadata": {"annotations": {"a": "own"}}}]}});
        let base = |path: &str, shape| TemplatePlace {
            path: path.to_owned(),
            shape,
            inherits: Vec::new(),
        };
        let place = TemplatePlace {
            inherits: vec![
                base("spec.podMetadata", Shape::Metadata),
                base("spec", Shape::Scheduling),
            ],
            ..base("spec.templates", Shape::Template)
        };
        let template = place.as_template(&object["spec"]["templates"][0], &object);
        assert_eq!(
            template["metadata"],
            json!({"annotations": {"a": "own"}, "labels": {"eci": "true"}})
        );
        assert_eq!(template["spec"]["nodeSelector"], json!({"type": "vk"}));
        let driver =
            TemplatePlace::any("spec.podMetadata").as_template(&object["spec"]["podMetadata"], &object);
        assert_eq!(driver["metadata"]["labels"], json!({"eci": "true"}));
        let plain = json!({"metadata": {}, "spec": {"containers": []}});
        assert_eq!(
            TemplatePlace::any("spec.template").as_template(&plain, &object),
            plain
        );
    }
}
