//! The JSON patch of the mutating webhook: it names three annotations and the stamp, of a Binding the pod's UID and
//! version, and can name nothing else.

use crate::admission::fields::changes::{Change, Changes};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::kubernetes::field_path::{FieldPath, escaped};
use crate::kubernetes::pod_template::PodTemplate;
use crate::stamp::REQUESTED_BY;

/// The steps of a JSON patch (RFC 6902), of all pods and templates of one object
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
    /// An annotation that is not there is not removed, because the API server would refuse such a patch.
    pub(crate) fn new(changes: &Changes, path: &FieldPath, template: &PodTemplate<'_>) -> Self {
        let base = path.pointer();
        Self(match template.read().metadata.annotations {
            Some(_) => single(changes, &base, template),
            None => together(changes, &base, template),
        })
    }

    /// The patch that ties a Binding to one version of one pod, which the API server then holds it to
    pub(crate) fn pin(uid: &str, resource_version: &str) -> Self {
        let add = |field: &str, value: &str| Step::Add {
            path: format!("/metadata/{field}"),
            value: Value::String(value.to_owned()),
        };
        Self(vec![add("uid", uid), add("resourceVersion", resource_version)])
    }

    /// The patch that takes the stamp out of a Binding
    pub(crate) fn unstamped_binding() -> Self {
        Self(vec![Step::Remove {
            path: format!("/metadata/annotations/{}", escaped(REQUESTED_BY)),
        }])
    }

    /// Whether nothing is changed
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds the steps of another patch
    pub(crate) fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    /// The patch as JSON, or nothing where nothing is changed
    pub(crate) fn to_json(&self) -> Option<Vec<u8>> {
        match self.0.as_slice() {
            [] => None,
            steps => serde_json::to_vec(steps).ok(),
        }
    }
}

fn single(changes: &Changes, base: &str, template: &PodTemplate<'_>) -> Vec<Step> {
    let step = |(annotation, change): (&str, &Change)| {
        let path = format!("{base}/metadata/annotations/{}", escaped(annotation));
        match change {
            Change::Set(value) => Some(Step::Add {
                path,
                value: Value::String(value.clone()),
            }),
            Change::Remove => template
                .read()
                .annotation(annotation)
                .map(|_| Step::Remove { path }),
        }
    };
    changes.all().filter_map(step).collect()
}

fn together(changes: &Changes, base: &str, template: &PodTemplate<'_>) -> Vec<Step> {
    let set = |(annotation, change): (&str, &Change)| match change {
        Change::Set(value) => Some((annotation.to_owned(), Value::String(value.clone()))),
        Change::Remove => None,
    };
    let annotations: Map<String, Value> = changes.all().filter_map(set).collect();
    if annotations.is_empty() {
        return Vec::new();
    }
    let annotations = Value::Object(annotations);
    vec![match template.has_metadata() {
        true => Step::Add {
            path: format!("{base}/metadata/annotations"),
            value: annotations,
        },
        false => Step::Add {
            path: format!("{base}/metadata"),
            value: Value::Object(Map::from_iter([("annotations".to_owned(), annotations)])),
        },
    }]
}

#[cfg(test)]
mod tests {
    use crate::kubernetes::eci_annotations::{CUSTOM_TAGS, RESOURCE_GROUP_ID};
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
