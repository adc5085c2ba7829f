//! The JSON patch of the mutating webhook. It can change the three mapped annotations, the stamp, and the pod's UID and
//! version in a Binding, and nothing else.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::admission::fields::changes::{Change, Changes};
use crate::kubernetes::field_path::{FieldPath, escaped};
use crate::kubernetes::pod_template::PodTemplate;
use crate::stamp::REQUESTED_BY;

/// A JSON patch (RFC 6902) of one object, for all of its pods or templates
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Patch(Vec<Step>);

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "op", rename_all = "lowercase")]
enum Step {
    Add { path: String, value: Value },
    Remove { path: String },
}

impl Patch {
    /// The patch that makes these changes to a pod or template
    ///
    /// It removes no annotation that the pod does not have: the API server would refuse such a patch.
    pub(crate) fn new(changes: &Changes, path: &FieldPath, template: &PodTemplate<'_>) -> Self {
        let base = path.pointer();
        Self(match template.own_annotations() {
            Some(_) => step_each(changes, &base, template),
            None => step_for_all(changes, &base, template),
        })
    }

    /// The patch that pins a Binding to one version of one pod; the API server refuses it for any other
    pub(crate) fn pin(uid: &str, resource_version: &str) -> Self {
        let add = |field: &str, value: &str| Step::Add {
            path: format!("/metadata/{field}"),
            value: Value::String(value.to_owned()),
        };
        Self(vec![add("uid", uid), add("resourceVersion", resource_version)])
    }

    /// The patch that removes the stamp from a Binding
    pub(crate) fn unstamped_binding() -> Self {
        Self(vec![Step::Remove {
            path: format!("/metadata/annotations/{}", escaped(REQUESTED_BY)),
        }])
    }

    /// Whether the patch changes nothing
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds the steps of another patch
    pub(crate) fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    /// The patch as JSON; `None` if it changes nothing
    pub(crate) fn to_json(&self) -> Option<Vec<u8>> {
        match self.0.as_slice() {
            [] => None,
            steps => serde_json::to_vec(steps).ok(),
        }
    }
}

/// One step for each annotation, of a pod that has annotations
fn step_each(changes: &Changes, base: &str, template: &PodTemplate<'_>) -> Vec<Step> {
    let metadata = template.metadata_pointer(base);
    let step = |(annotation, change): (&str, &Change)| {
        let path = format!("{metadata}/annotations/{}", escaped(annotation));
        match change {
            Change::Set(value) => Some(Step::Add {
                path,
                value: Value::String(value.clone()),
            }),
            Change::Remove => template
                .own_annotations()
                .and_then(|own| own.value(annotation))
                .map(|_| Step::Remove { path }),
        }
    };
    changes.all().filter_map(step).collect()
}

/// One step for all annotations, of a pod that has none yet
fn step_for_all(changes: &Changes, base: &str, template: &PodTemplate<'_>) -> Vec<Step> {
    let set = |(annotation, change): (&str, &Change)| match change {
        Change::Set(value) => Some((annotation.to_owned(), Value::String(value.clone()))),
        Change::Remove => None,
    };
    let annotations: Map<String, Value> = changes.all().filter_map(set).collect();
    if annotations.is_empty() {
        return Vec::new();
    }
    let annotations = Value::Object(annotations);
    let (path, value) = if template.has_metadata() {
        (
            format!("{}/annotations", template.metadata_pointer(base)),
            annotations,
        )
    } else {
        let metadata = Map::from_iter([("annotations".to_owned(), annotations)]);
        (format!("{base}/metadata"), Value::Object(metadata))
    };
    vec![Step::Add { path, value }]
}

#[cfg(test)]
mod tests {
    use crate::kubernetes::eci_annotations::{CUSTOM_TAGS, RESOURCE_GROUP_ID};
    use crate::kubernetes::template_place::Shape;
    use serde_json::json;

    use super::*;

    fn changes() -> Changes {
        Changes {
            custom_tags: Some(Change::Set("env:test".to_owned())),
            resource_group_id: Some(Change::Remove),
            ..Changes::default()
        }
    }

    fn patch(pod: &Value, changes: &Changes) -> Option<Value> {
        let json = pod.to_string();
        Patch::new(changes, &FieldPath::default(), &PodTemplate::pod(&json).unwrap())
            .to_json()
            .map(|patch| serde_json::from_slice(&patch).unwrap())
    }

    fn patched(pod: &Value, changes: &Changes) -> Value {
        let mut pod = pod.clone();
        if let Some(steps) = patch(&pod, changes) {
            json_patch::patch(
                &mut pod,
                &serde_json::from_value::<json_patch::Patch>(steps).unwrap(),
            )
            .unwrap();
        }
        pod
    }

    #[test]
    fn annotations_are_set_and_removed_one_by_one() {
        let pod = json!({"metadata": {"annotations": {"a/b": "c", RESOURCE_GROUP_ID: "rg-a"}}});
        assert_eq!(
            patch(&pod, &changes()).unwrap(),
            json!([
                {"op": "add", "path": "/metadata/annotations/k8s.aliyun.com~1eci-custom-tags", "value": "env:test"},
                {"op": "remove", "path": "/metadata/annotations/k8s.aliyun.com~1eci-resource-group-id"},
            ])
        );
        assert_eq!(
            patched(&pod, &changes()),
            json!({"metadata": {"annotations": {"a/b": "c", CUSTOM_TAGS: "env:test"}}})
        );
    }

    #[test]
    fn a_pod_without_annotations_gets_them() {
        for pod in [
            json!({"metadata": {}}),
            json!({"metadata": {"annotations": null}}),
        ] {
            assert_eq!(
                patched(&pod, &changes()),
                json!({"metadata": {"annotations": {CUSTOM_TAGS: "env:test"}}})
            );
        }
        let removal = Changes {
            resource_group_id: Some(Change::Remove),
            ..Changes::default()
        };
        assert_eq!(patch(&json!({"metadata": {}}), &removal), None);
        assert_eq!(patch(&json!({"metadata": {"annotations": {}}}), &removal), None);
        assert_eq!(
            patch(&json!({"metadata": {"annotations": {}}}), &Changes::default()),
            None
        );
    }

    #[test]
    fn an_object_that_is_metadata_is_changed_itself() {
        let steps = |object: Value| {
            let json = object.to_string();
            let template = PodTemplate::of_shape(&json, Shape::Metadata).unwrap();
            let patch = Patch::new(&changes(), &FieldPath::of(["spec", "driver"]), &template);
            serde_json::from_slice::<Value>(&patch.to_json().unwrap()).unwrap()
        };
        assert_eq!(
            steps(json!({"labels": {}})),
            json!([{"op": "add", "path": "/spec/driver/annotations", "value": {CUSTOM_TAGS: "env:test"}}])
        );
        assert_eq!(
            steps(json!({"annotations": {RESOURCE_GROUP_ID: "rg-1"}})),
            json!([{"op": "add", "path": "/spec/driver/annotations/k8s.aliyun.com~1eci-custom-tags", "value": "env:test"},
                {"op": "remove", "path": "/spec/driver/annotations/k8s.aliyun.com~1eci-resource-group-id"}])
        );
    }

    #[test]
    fn a_template_is_changed_where_it_stands() {
        let steps = |template: Value| {
            let json = template.to_string();
            let template = PodTemplate::template(&json).unwrap();
            let changes = Changes {
                stamp: Some(Change::Set("s".to_owned())),
                ..Changes::default()
            };
            let patch = Patch::new(&changes, &FieldPath::of(["spec", "template"]), &template);
            serde_json::from_slice::<Value>(&patch.to_json().unwrap()).unwrap()
        };
        assert_eq!(
            steps(json!({"metadata": {"annotations": {}}})),
            json!([{"op": "add", "path": "/spec/template/metadata/annotations/ramgate.io~1requested-by", "value": "s"}])
        );
        assert_eq!(
            steps(json!({"metadata": {}})),
            json!([{"op": "add", "path": "/spec/template/metadata/annotations", "value": {"ramgate.io/requested-by": "s"}}])
        );
        assert_eq!(
            steps(json!({})),
            json!([{"op": "add", "path": "/spec/template/metadata", "value": {"annotations": {"ramgate.io/requested-by": "s"}}}])
        );
    }
}
