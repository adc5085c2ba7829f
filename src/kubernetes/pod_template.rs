//! A pod, or the pod template of an object that creates pods. Its annotations hold the ECI fields and the stamp.

use std::collections::BTreeMap;

use serde::{Deserialize, de};
use serde_json::value::RawValue;

use crate::kubernetes::canonical_json;
use crate::kubernetes::canonical_json::Rule;
use crate::kubernetes::metadata::Metadata;
use crate::kubernetes::pod::Pod;
use crate::kubernetes::pod_spec::{ContainerLists, Spec, spec_text};
use crate::kubernetes::string_map::StringMap;
use crate::kubernetes::template_place::{Shape, shown_shape};
use crate::stamp::REQUESTED_BY;

/// A change of one annotation: its key, and its new value or `None` to remove it
pub(crate) type AnnotationChange<'c> = (&'c str, Option<&'c str>);

/// A pod or pod template, parsed, with its text
#[derive(Clone, Debug)]
pub struct PodTemplate<'a> {
    json: &'a str,
    shape: Shape,
    /// Its own fields, and those that it inherits
    pod: Pod<'a>,
    /// Its own annotations, the only ones that a patch can change
    annotations: Option<StringMap<'a>>,
    has_metadata: bool,
    has_spec: bool,
}

impl<'a> PodTemplate<'a> {
    /// Parses a pod
    ///
    /// # Errors
    ///
    /// The text is not a pod.
    pub fn pod(json: &'a str) -> Result<Self, serde_json::Error> {
        let pod = Pod::parse(json)?;
        Ok(Self {
            json,
            shape: Shape::Template,
            annotations: pod.metadata.annotations.clone(),
            pod,
            has_metadata: true,
            has_spec: true,
        })
    }

    /// Parses a pod template, which may lack its metadata or its spec
    ///
    /// # Errors
    ///
    /// The text is not a pod template.
    pub fn template(json: &'a str) -> Result<Self, serde_json::Error> {
        Self::of_shape(json, Shape::Template)
    }

    /// Parses the object at a place of pod metadata
    ///
    /// # Errors
    ///
    /// The text does not have this shape, or its fields show two shapes.
    pub(crate) fn of_shape(json: &'a str, shape: Shape) -> Result<Self, serde_json::Error> {
        #[derive(Deserialize)]
        struct Object<'a> {
            #[serde(borrow)]
            metadata: Option<&'a RawValue>,
            #[serde(borrow)]
            spec: Option<&'a RawValue>,
            #[serde(borrow)]
            labels: Option<&'a RawValue>,
            #[serde(borrow)]
            annotations: Option<&'a RawValue>,
        }
        let object: Object<'a> = serde_json::from_str(json)?;
        let is_template = object.metadata.is_some() || object.spec.is_some();
        let is_metadata = object.labels.is_some() || object.annotations.is_some();
        if shape == Shape::Any && is_template && is_metadata {
            let problem = "it has metadata or a spec, and labels or annotations beside them: list the path of one of them";
            return Err(de::Error::custom(problem));
        }
        let shape = shown_shape(shape, |field| match field {
            "labels" => object.labels.is_some(),
            _ => object.annotations.is_some(),
        });
        let metadata = match (shape, object.metadata) {
            (Shape::Metadata | Shape::ObjectMetadata, _) => pairs(json)?,
            (Shape::Scheduling, _) | (_, None) => Metadata::default(),
            (_, Some(metadata)) => serde_json::from_str(metadata.get())?,
        };
        let spec = match (shape, object.spec) {
            (Shape::ObjectMetadata, _) => Spec::default(),
            (Shape::Any | Shape::Template, Some(spec)) => serde_json::from_str(spec.get())?,
            // Scheduling fields stand beside the metadata, or are the metadata's neighbours
            _ => serde_json::from_str(json)?,
        };
        Ok(Self {
            json,
            shape,
            annotations: metadata.annotations.clone(),
            pod: Pod { metadata, spec },
            has_metadata: shape.is_metadata() || object.metadata.is_some(),
            has_spec: matches!(shape, Shape::Any | Shape::Template) && object.spec.is_some(),
        })
    }

    /// With the labels, annotations and scheduling fields that its pods also get from another place of the object
    ///
    /// Its own values win. A stamp is not inherited: it was written for the other place.
    #[must_use]
    pub(crate) fn inheriting(mut self, base: &Self) -> Self {
        let pod = &mut self.pod;
        pod.metadata.labels = pod.metadata.labels.completed(&base.pod.metadata.labels, "");
        if let Some(inherited) = &base.pod.metadata.annotations {
            let own = pod.metadata.annotations.take().unwrap_or_default();
            pod.metadata.annotations = Some(own.completed(inherited, REQUESTED_BY));
        }
        let (own, inherited) = (&mut pod.spec, &base.pod.spec);
        own.node_selector = own.node_selector.completed(&inherited.node_selector, "");
        own.tolerations.extend(inherited.tolerations.iter().cloned());
        own.node_name = own.node_name.take().or_else(|| inherited.node_name.clone());
        own.affinity = own.affinity.take().or_else(|| inherited.affinity.clone());
        own.runtime_class_name = own
            .runtime_class_name
            .take()
            .or_else(|| inherited.runtime_class_name.clone());
        self
    }

    /// The pointer to its metadata, if the object has this pointer
    pub(crate) fn metadata_pointer(&self, base: &str) -> String {
        if self.shape.is_metadata() {
            base.to_owned()
        } else {
            format!("{base}/metadata")
        }
    }

    /// Its own annotations, without those that it inherits
    pub(crate) fn own_annotations(&self) -> Option<&StringMap<'a>> {
        self.annotations.as_ref()
    }

    /// The parsed fields, in the shape of a pod
    pub fn read(&self) -> &Pod<'a> {
        &self.pod
    }

    /// The text, as it was sent
    pub fn json(&self) -> &'a str {
        self.json
    }

    /// Whether it has metadata, so that a patch can add to them
    pub fn has_metadata(&self) -> bool {
        self.has_metadata
    }

    /// The stamp, unverified
    pub fn stamp(&self) -> Option<&str> {
        self.annotations.as_ref()?.value(REQUESTED_BY)
    }

    /// The service account; `None` if the template has no spec, which leaves it to the controller
    pub fn service_account(&self) -> Option<&str> {
        self.has_spec.then(|| self.pod.service_account())
    }

    /// The lists of its containers; `None` if it has no spec, which leaves them to the controller
    pub(crate) fn container_lists(&self) -> Option<ContainerLists<'a>> {
        #[derive(Deserialize)]
        struct Object<'a> {
            #[serde(borrow)]
            spec: Option<ContainerLists<'a>>,
        }
        let lists = self.pod.spec.container_lists();
        // A spec without containers may be none at all
        if self.has_spec && (lists.containers.is_some() || lists.init_containers.is_some()) {
            return Some(lists);
        }
        serde_json::from_str::<Object<'a>>(self.json).ok()?.spec
    }

    /// Whether this template with these changes equals another one, apart from stamps
    ///
    /// Absent metadata equals metadata without fields.
    pub fn same_template(&self, changes: &[AnnotationChange<'_>], other: &Self) -> bool {
        // What it inherits is no part of its text
        let inherits_same = self.pod.metadata.labels == other.pod.metadata.labels;
        if changes.is_empty() && self.json == other.json && inherits_same {
            return self.annotations(&[]) == other.annotations(&[]);
        }
        let rule = match self.shape {
            Shape::ObjectMetadata => &Rule::Nothing,
            Shape::Metadata => &BESIDE_OWN_ANNOTATIONS,
            Shape::Any | Shape::Template | Shape::Scheduling => self.template_rule(other),
        };
        inherits_same
            && self.shape == other.shape
            && self.annotations(changes) == other.annotations(&[])
            && canonical_json::equivalent(self.json, other.json, rule)
    }

    fn template_rule(&self, other: &Self) -> &'static Rule {
        // The API server formats both texts alike, so most equal specs are equal texts
        match (spec_text(self.json), spec_text(other.json)) {
            (Some(one), Some(other)) if one == other && one != "null" => &BESIDE_SPEC,
            _ => &BESIDE_ANNOTATIONS,
        }
    }

    /// The annotations with these changes, without the stamp
    fn annotations<'s>(&'s self, changes: &'s [AnnotationChange<'s>]) -> BTreeMap<&'s str, &'s str> {
        let own = self.pod.metadata.annotations.iter().flat_map(StringMap::iter);
        let mut annotations: BTreeMap<&str, &str> = own.filter(|(key, _)| *key != REQUESTED_BY).collect();
        for (key, value) in changes {
            match value {
                Some(value) => annotations.insert(key, value),
                None => annotations.remove(key),
            };
        }
        annotations
    }
}

/// Labels and annotations, as an object of its own, for a place whose object is metadata
fn pairs(json: &str) -> Result<Metadata<'_>, serde_json::Error> {
    #[derive(Deserialize)]
    struct Pairs<'a> {
        #[serde(borrow, default)]
        labels: StringMap<'a>,
        #[serde(borrow)]
        annotations: Option<StringMap<'a>>,
    }
    let Pairs { labels, annotations } = serde_json::from_str(json)?;
    Ok(Metadata {
        labels,
        annotations,
        ..Metadata::default()
    })
}

/// An object that is metadata, without its annotations
const BESIDE_OWN_ANNOTATIONS: Rule = Rule::Fields(&[("annotations", Rule::Nothing)], &Rule::Whole);

/// A template without its annotations
const BESIDE_ANNOTATIONS: Rule = Rule::Fields(&[("metadata", METADATA)], &Rule::Whole);

/// A template without its annotations and its spec
const BESIDE_SPEC: Rule = Rule::Fields(&[("metadata", METADATA), ("spec", Rule::Nothing)], &Rule::Whole);

const METADATA: Rule = Rule::Present(&Rule::Fields(&[("annotations", Rule::Nothing)], &Rule::Whole));

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubernetes::eci_annotations::CUSTOM_TAGS;

    fn same(one: &str, other: &str) -> bool {
        let template = |json| PodTemplate::template(json).unwrap();
        template(one).same_template(&[], &template(other))
    }

    #[test]
    fn templates_are_compared_without_the_stamp() {
        let stamped = r#"{"metadata": {"creationTimestamp": null, "annotations": {"ramgate.io/requested-by": "x"}}, "spec": {"a": 1, "b": 2}}"#;
        assert!(same(stamped, r#"{"spec": {"b": 2, "a": 1}}"#));
        assert!(same(
            stamped,
            r#"{"metadata": {"annotations": {"ramgate.io/requested-by": "y"}}, "spec": {"b": 2, "a": 1}}"#
        ));
        assert!(!same(
            stamped,
            r#"{"metadata": {"labels": {"a": "b"}}, "spec": {"b": 2, "a": 1}}"#
        ));
        assert!(!same(
            stamped,
            r#"{"metadata": {"annotations": {"c": "d"}}, "spec": {"b": 2, "a": 1}}"#
        ));
        assert!(!same(stamped, r#"{"spec": {"b": 2}}"#));
    }

    #[test]
    fn templates_are_compared_after_mapping() {
        let template = |json| PodTemplate::template(json).unwrap();
        let mapped = format!(r#"{{"metadata": {{"annotations": {{"{CUSTOM_TAGS}": "env:test"}}}}}}"#);
        let set = [(CUSTOM_TAGS, Some("env:test"))];
        assert!(template("{}").same_template(&set, &template(&mapped)));
        assert!(!template("{}").same_template(&set, &template("{}")));
        let removed = [(CUSTOM_TAGS, None)];
        assert!(template(&mapped).same_template(&removed, &template("{}")));
    }

    #[test]
    fn metadata_stands_where_the_shape_says() {
        let read = |json, shape| PodTemplate::of_shape(json, shape).unwrap();
        let spark = r#"{"cores": 1, "annotations": {"ramgate.io/requested-by": "s", "a": "b"}, "nodeSelector": {"type": "vk"}, "serviceAccountName": "x"}"#;
        for shape in [Shape::Any, Shape::Metadata] {
            let template = read(spark, shape);
            assert_eq!(
                (template.stamp(), template.read().annotation("a")),
                (Some("s"), Some("b"))
            );
            assert_eq!(template.read().spec.node_selector.value("type"), Some("vk"));
            assert_eq!(template.service_account(), None, "the controller decides");
            assert_eq!(template.metadata_pointer("/spec/driver"), "/spec/driver");
        }
        let argo = r#"{"name": "a", "metadata": {"labels": {"eci": "true"}}, "tolerations": [{"key": "k"}]}"#;
        for shape in [Shape::Any, Shape::Template] {
            let template = read(argo, shape);
            assert_eq!(template.read().metadata.labels.value("eci"), Some("true"));
            assert_eq!(template.read().spec.tolerations.len(), 1);
            assert_eq!(template.metadata_pointer("/a"), "/a/metadata");
        }
        let whole = r#"{"name": "run", "managedFields": [], "labels": {"eci": "true"}, "annotations": null}"#;
        let template = read(whole, Shape::ObjectMetadata);
        assert_eq!(template.read().metadata.labels.value("eci"), Some("true"));
        assert!(template.has_metadata() && template.own_annotations().is_none());
        let scheduling = read(spark, Shape::Scheduling);
        assert_eq!(
            (scheduling.stamp(), scheduling.read().annotation("a")),
            (None, None)
        );
        let both = PodTemplate::of_shape(r#"{"spec": {}, "labels": {}}"#, Shape::Any).unwrap_err();
        assert!(
            both.to_string().contains("labels or annotations beside them"),
            "{both}"
        );
        assert!(PodTemplate::of_shape(r#"{"spec": {}, "labels": {}}"#, Shape::Template).is_ok());
    }

    #[test]
    fn values_of_another_place_count_and_its_stamp_does_not() {
        fn inheriting(base: &str) -> PodTemplate<'_> {
            let own = r#"{"metadata": {"labels": {"x": "own"}}}"#;
            let own = PodTemplate::of_shape(own, Shape::Template).unwrap();
            own.inheriting(&PodTemplate::of_shape(base, Shape::Metadata).unwrap())
        }
        const BASE: &str = r#"{"labels": {"eci": "true", "x": "base"}, "annotations": {"ramgate.io/requested-by": "s", "role": "R"}}"#;
        let template = inheriting(BASE);
        let labels = &template.read().metadata.labels;
        assert_eq!(
            (labels.value("eci"), labels.value("x")),
            (Some("true"), Some("own"))
        );
        assert_eq!(
            (template.read().annotation("role"), template.stamp()),
            (Some("R"), None)
        );
        assert!(
            template.own_annotations().is_none(),
            "a patch changes its own annotations only"
        );
        assert!(template.same_template(&[], &inheriting(BASE)));
        for other in [BASE.replace("\"R\"", "\"S\""), BASE.replace("true", "false")] {
            assert!(!template.same_template(&[], &inheriting(&other)), "{other}");
        }
    }

    #[test]
    fn of_an_objects_own_metadata_labels_and_annotations_are_compared() {
        let same = |one, other| {
            let read = |json| PodTemplate::of_shape(json, Shape::ObjectMetadata).unwrap();
            let (one, other): (PodTemplate<'_>, PodTemplate<'_>) = (read(one), read(other));
            one.same_template(&[], &other)
        };
        assert!(same(
            r#"{"resourceVersion": "1", "labels": {"a": "b"}}"#,
            r#"{"resourceVersion": "2", "labels": {"a": "b"}}"#
        ));
        assert!(!same(r#"{"labels": {"a": "b"}}"#, r#"{"labels": {"a": "c"}}"#));
        assert!(!same(r#"{"annotations": {"a": "b"}}"#, "{}"));
    }

    #[test]
    fn a_template_may_lack_what_a_pod_has() {
        let template = PodTemplate::template(r#"{"metadata": null}"#).unwrap();
        assert!(!template.has_metadata());
        assert_eq!((template.stamp(), template.service_account()), (None, None));
        let template = PodTemplate::template(r#"{"metadata": {}, "spec": {}}"#).unwrap();
        assert!(template.has_metadata());
        assert_eq!(template.service_account(), Some("default"));
        assert!(PodTemplate::pod("{}").is_err());
    }
}
