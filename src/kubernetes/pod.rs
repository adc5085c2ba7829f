//! A pod, as far as ramgate reads it: the fields that route it, and the ECI fields.

use serde::Deserialize;

use crate::kubernetes::borrowed_text::Text;
use crate::kubernetes::deserialize::null_as_default;
use crate::kubernetes::metadata::Metadata;
use crate::kubernetes::pod_spec::Spec;
use crate::kubernetes::string_map::OnConflict;

/// A pod, as far as ramgate reads it, borrowed from the review
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Pod<'a> {
    /// Name, labels, annotations and owners; required, because patches need it
    #[serde(borrow)]
    pub metadata: Metadata<'a>,
    /// The fields that decide where the pod runs
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    pub spec: Spec<'a>,
}

impl<'a> Pod<'a> {
    /// Parses a pod
    ///
    /// # Errors
    ///
    /// There is no metadata, or a field that is read has another type, is too large or is given twice.
    pub fn parse(json: &'a str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json)
    }

    /// How many elements of it are kept in memory
    pub fn element_count(&self) -> usize {
        self.metadata
            .element_count()
            .saturating_add(self.spec.element_count())
    }

    /// The value of an annotation
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.metadata.annotations.as_ref()?.value(key)
    }

    /// The pod with more labels and annotations; `on_conflict` decides between two values of a key
    #[must_use]
    pub fn with(
        &self,
        labels: impl IntoIterator<Item = (&'a str, &'a str)>,
        annotations: impl IntoIterator<Item = (&'a str, &'a str)>,
        on_conflict: OnConflict,
    ) -> Self {
        let mut pod = self.clone();
        let metadata = &mut pod.metadata;
        metadata.labels = metadata.labels.with(labels, on_conflict);
        let own = metadata.annotations.take();
        let all = own.clone().unwrap_or_default().with(annotations, on_conflict);
        metadata.annotations = (own.is_some() || !all.is_empty()).then_some(all);
        pod
    }

    /// The pod, bound to a node
    #[must_use]
    pub fn on_node(mut self, node: Text<'a>) -> Self {
        self.spec.node_name = Some(node);
        self
    }

    /// The node that the pod is bound to
    pub fn node(&self) -> Option<&str> {
        self.spec.node_name.as_deref().filter(|name| !name.is_empty())
    }

    /// The service account; `default` if the pod names none
    pub fn service_account(&self) -> &str {
        self.spec
            .service_account_name
            .as_deref()
            .filter(|name| !name.is_empty())
            .unwrap_or("default")
    }

    /// The name for messages; `*` follows the prefix of a name that the API server has yet to generate
    pub fn display_name(&self) -> String {
        self.metadata
            .display_name()
            .unwrap_or_else(|| "(unnamed)".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_some_fields_are_read() {
        let pod = Pod::parse(
            r#"{"metadata": {"name": "web", "creationTimestamp": null, "labels": {"app": "web"},
                "annotations": {"k8s.aliyun.com/eci-custom-tags": "env:\u0074est"}},
                "spec": {"nodeName": "", "containers": [{"name": "c", "env": [{"name": "A"}]}],
                "nodeSelector": null, "tolerations": null, "affinity": {"podAffinity": {}}}}"#,
        )
        .unwrap();
        assert_eq!(pod.annotation("k8s.aliyun.com/eci-custom-tags"), Some("env:test"));
        assert_eq!(
            (pod.node(), pod.service_account(), pod.display_name().as_str()),
            (None, "default", "web")
        );
        assert!(pod.spec.tolerations.is_empty() && pod.spec.node_selector.is_empty());
    }

    #[test]
    fn a_name_to_be_generated_shows_its_prefix() {
        let name = |json| Pod::parse(json).unwrap().display_name();
        assert_eq!(name(r#"{"metadata": {"generateName": "job-"}}"#), "job-*");
        assert_eq!(
            name(r#"{"metadata": {"name": "", "generateName": "job-"}}"#),
            "job-*"
        );
        assert_eq!(name(r#"{"metadata": {}}"#), "(unnamed)");
    }

    #[test]
    fn a_pod_has_metadata() {
        let refused = |json| Pod::parse(json).unwrap_err().to_string();
        assert!(refused(r#"{"spec": {}}"#).contains("missing field `metadata`"));
        assert!(refused(r#"{"metadata": null}"#).contains("invalid type: null"));
    }

    #[test]
    fn fields_that_are_read_are_unique() {
        let refused = |json| Pod::parse(json).unwrap_err().to_string();
        assert!(refused(r#"{"metadata": {}, "metadata": {}}"#).contains("duplicate field `metadata`"));
        assert!(
            refused(r#"{"metadata": {"annotations": {}, "annotations": {}}}"#).contains("duplicate field")
        );
        assert!(
            refused(r#"{"spec": {"nodeName": "a", "nodeName": "b"}}"#).contains("duplicate field `nodeName`")
        );
        assert!(
            refused(r#"{"metadata": {"annotations": {"a": "", "a": ""}}}"#)
                .contains("key `a` is given twice")
        );
    }
}
