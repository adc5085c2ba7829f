//! A pod, or the pod template of an object that creates pods. Its annotations hold the ECI fields and the stamp.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::kubernetes::canonical_json;
use crate::kubernetes::canonical_json::Rule;
use crate::kubernetes::deserialize::null_as_default;
use crate::kubernetes::metadata::Metadata;
use crate::kubernetes::pod::Pod;
use crate::kubernetes::pod_spec::{Spec, spec_text};
use crate::kubernetes::string_map::StringMap;
use crate::stamp::REQUESTED_BY;

/// A change of one annotation: its key, and its new value or `None` to remove it
pub(crate) type AnnotationChange<'c> = (&'c str, Option<&'c str>);

/// A pod or pod template, parsed, with its text
#[derive(Clone, Debug)]
pub struct PodTemplate<'a> {
    json: &'a str,
    pod: Pod<'a>,
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
        Ok(Self {
            json,
            pod: Pod::parse(json)?,
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
        #[derive(Deserialize)]
        struct Template<'a> {
            #[serde(borrow)]
            metadata: Option<Metadata<'a>>,
            #[serde(borrow, default, deserialize_with = "null_as_default")]
            spec: Option<Spec<'a>>,
        }
        let template: Template<'a> = serde_json::from_str(json)?;
        let (has_metadata, has_spec) = (template.metadata.is_some(), template.spec.is_some());
        Ok(Self {
            json,
            pod: Pod {
                metadata: template.metadata.unwrap_or_default(),
                spec: template.spec.unwrap_or_default(),
            },
            has_metadata,
            has_spec,
        })
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
        self.pod.annotation(REQUESTED_BY)
    }

    /// The service account; `None` if the template has no spec, which leaves it to the controller
    pub fn service_account(&self) -> Option<&str> {
        self.has_spec.then(|| self.pod.service_account())
    }

    /// Whether this template with these changes equals another one, apart from stamps
    ///
    /// Absent metadata equals metadata without fields.
    pub fn same_template(&self, changes: &[AnnotationChange<'_>], other: &Self) -> bool {
        if changes.is_empty() && self.json == other.json {
            return true;
        }
        // The API server formats both texts alike, so most equal specs are equal texts
        let rule = match (spec_text(self.json), spec_text(other.json)) {
            (Some(one), Some(other)) if one == other && one != "null" => &BESIDE_SPEC,
            _ => &BESIDE_ANNOTATIONS,
        };
        self.annotations(changes) == other.annotations(&[])
            && canonical_json::equivalent(self.json, other.json, rule)
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
