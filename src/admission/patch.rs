//! The JSON patch of the mutating webhook: it names three annotations and can name nothing else.

use serde::Serialize;
use serde_json::{Map, Value};

use super::annotation::{CUSTOM_TAGS, RAM_ROLE_NAME, RESOURCE_GROUP_ID};
use super::pod::Pod;

/// What the three annotations shall be; an unchanged one is not there
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The custom tags
    pub custom_tags: Option<Change>,
    /// The resource group
    pub resource_group_id: Option<Change>,
    /// The instance role
    pub ram_role_name: Option<Change>,
}

/// What happens to one annotation
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It gets this value
    Set(String),
    /// It goes away
    Remove,
}

#[derive(Serialize)]
#[serde(tag = "op", rename_all = "lowercase")]
enum Step {
    Add { path: String, value: Value },
    Remove { path: String },
}

impl Changes {
    /// Whether everything stays as it is
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The changes with the annotations that they are about
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Change)> {
        [
            (CUSTOM_TAGS, &self.custom_tags),
            (RESOURCE_GROUP_ID, &self.resource_group_id),
            (RAM_ROLE_NAME, &self.ram_role_name),
        ]
        .into_iter()
        .filter_map(|(annotation, change)| change.as_ref().map(|change| (annotation, change)))
    }

    /// The JSON patch that makes these changes to a pod, or nothing where there is nothing to do
    ///
    /// An annotation that is not there is not removed, because the API server would refuse such a patch.
    pub fn to_json_patch(&self, pod: &Pod<'_>) -> Option<Vec<u8>> {
        let steps = if pod.metadata.annotations.is_some() {
            self.single(pod)
        } else {
            self.together()
        };
        if steps.is_empty() {
            None
        } else {
            serde_json::to_vec(&steps).ok()
        }
    }

    fn single(&self, pod: &Pod<'_>) -> Vec<Step> {
        let step = |(annotation, change): (&str, &Change)| {
            // RFC 6901: a slash within a key is written ~1; the three keys hold no tilde
            let path = format!("/metadata/annotations/{}", annotation.replace('/', "~1"));
            match change {
                Change::Set(value) => Some(Step::Add {
                    path,
                    value: Value::String(value.clone()),
                }),
                Change::Remove => pod.annotation(annotation).map(|_| Step::Remove { path }),
            }
        };
        self.iter().filter_map(step).collect()
    }

    fn together(&self) -> Vec<Step> {
        let set = |(annotation, change): (&str, &Change)| match change {
            Change::Set(value) => Some((annotation.to_owned(), Value::String(value.clone()))),
            Change::Remove => None,
        };
        let annotations: Map<String, Value> = self.iter().filter_map(set).collect();
        let add = |value| Step::Add {
            path: "/metadata/annotations".to_owned(),
            value: Value::Object(value),
        };
        (!annotations.is_empty())
            .then_some(annotations)
            .map(add)
            .into_iter()
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn changes() -> Changes {
        Changes {
            custom_tags: Some(Change::Set("env:test".to_owned())),
            resource_group_id: Some(Change::Remove),
            ram_role_name: None,
        }
    }

    fn patch(pod: &Value, changes: &Changes) -> Option<Value> {
        let json = pod.to_string();
        changes
            .to_json_patch(&Pod::parse(&json).unwrap())
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
}
