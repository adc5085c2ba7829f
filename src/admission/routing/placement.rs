//! Warnings about marks of ECI in a place or form that has no effect, which nobody else would tell.

use std::fmt;

use crate::admission::routing::lookalike::is_eci_annotation;
use crate::admission::routing::well_known::{BURST_KEY, ECI_LABELS};
use crate::kubernetes::eci_annotations::CUSTOM_TAGS;
use crate::kubernetes::metadata::Metadata;
use crate::kubernetes::string_map::StringMap;
use crate::wording::{NAME_LENGTH, quoted};

/// The most warnings for one object, so that other warnings still fit
const MAX_WARNINGS: usize = 5;

/// Values of the ECI label that mean true elsewhere
const TRUE_ELSEWHERE: [&str; 5] = ["true", "yes", "on", "1", "enabled"];

/// A mark of ECI in a place or form that has no effect; prints as a warning
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Misplaced {
    /// The label has a value that means true elsewhere
    Value {
        /// The label
        label: &'static str,
        /// Its value
        value: String,
    },
    /// The label is an annotation
    LabelAsAnnotation {
        /// The label
        label: &'static str,
        /// The path of the labels of the pod or template
        place: String,
    },
    /// An annotation on the workload and not on its template
    Annotation {
        /// The annotation
        key: String,
        /// The path of the template's annotations
        place: String,
    },
    /// The label on the workload and not on its template
    Label {
        /// The label
        label: &'static str,
        /// The path of the template's labels
        place: String,
    },
    /// The tags are JSON
    JsonTags,
}

impl fmt::Display for Misplaced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value { label, value } => {
                let value = quoted(value, NAME_LENGTH);
                write!(
                    f,
                    "label `{label}` is {value}, which does not send pods to ECI: write `true`"
                )
            }
            Self::LabelAsAnnotation { label, place } => write!(
                f,
                "annotation `{label}` has no effect, as it is a label: write it into {place}"
            ),
            Self::Annotation { key, place } => {
                let key = quoted(key, NAME_LENGTH);
                write!(
                    f,
                    "annotation {key} in metadata.annotations has no effect on pods: write it into {place}"
                )
            }
            Self::Label { label, place } => {
                write!(
                    f,
                    "label `{label}` in metadata.labels has no effect on pods: write it into {place}"
                )
            }
            Self::JsonTags => write!(
                f,
                "annotation `{CUSTOM_TAGS}` looks like JSON, so the braces and quotes become part of the tags: write \
                 `key:value,key:value`"
            ),
        }
    }
}

/// The marks in the wrong place of a pod or pod template, whose metadata has this path, and of the workload around it
///
/// ```text
/// Deployment, metadata.annotations: {k8s.aliyun.com/eci-custom-tags: "a:b"}
///   -> Annotation, place spec.template.metadata.annotations
/// ```
pub(crate) fn warnings(template: &Metadata<'_>, path: &str, owner: Option<&Metadata<'_>>) -> Vec<Misplaced> {
    let place = Place { template, path };
    let mut misplaced = place.of_template();
    misplaced.extend(owner.into_iter().flat_map(|owner| place.of_owner(owner)));
    misplaced.truncate(MAX_WARNINGS);
    misplaced
}

/// Metadata of a pod or pod template, with the path of their fields, such as `spec.template.metadata.`
struct Place<'p> {
    template: &'p Metadata<'p>,
    path: &'p str,
}

impl Place<'_> {
    /// The marks of the template itself
    fn of_template(&self) -> Vec<Misplaced> {
        let value_of = |label: &'static str| {
            let value = self.template.labels.value(label)?;
            let value = is_true_elsewhere(value).then(|| value.to_owned())?;
            Some(Misplaced::Value { label, value })
        };
        let mut misplaced: Vec<Misplaced> = ECI_LABELS.into_iter().filter_map(value_of).collect();
        misplaced.extend(self.labels_among(self.template));
        let tags = value(self.template, CUSTOM_TAGS).unwrap_or_default();
        if is_json(tags) {
            misplaced.push(Misplaced::JsonTags);
        }
        misplaced
    }

    /// The marks of the workload, which nothing copies to pods
    fn of_owner(&self, owner: &Metadata<'_>) -> Vec<Misplaced> {
        let mut misplaced = self.labels_among(owner);
        let annotations = owner.annotations.iter().flat_map(StringMap::iter);
        let of_eci = annotations
            .map(|(key, _)| key)
            .filter(|key| is_eci_annotation(key) || *key == BURST_KEY);
        let alone = of_eci.filter(|key| value(self.template, key).is_none());
        misplaced.extend(alone.map(|key| Misplaced::Annotation {
            key: key.to_owned(),
            place: format!("{}annotations", self.path),
        }));
        let is_set = |label: &&'static str| owner.labels.value(label).is_some_and(is_true);
        let labels = ECI_LABELS.into_iter().filter(is_set);
        let alone = labels.filter(|label| self.template.labels.value(label).is_none());
        misplaced.extend(alone.map(|label| Misplaced::Label {
            label,
            place: self.labels(),
        }));
        misplaced
    }

    /// The labels of ECI that are annotations
    fn labels_among(&self, metadata: &Metadata<'_>) -> Vec<Misplaced> {
        let is_set = |label: &&'static str| value(metadata, label).is_some_and(is_true);
        let labels = ECI_LABELS.into_iter().filter(is_set);
        let alone = labels.filter(|label| self.template.labels.value(label).is_none());
        let misplaced = alone.map(|label| Misplaced::LabelAsAnnotation {
            label,
            place: self.labels(),
        });
        misplaced.collect()
    }

    fn labels(&self) -> String {
        format!("{}labels", self.path)
    }
}

fn value<'m>(metadata: &'m Metadata<'_>, annotation: &str) -> Option<&'m str> {
    metadata.annotations.as_ref()?.value(annotation)
}

/// Whether the text of an annotation for tags is JSON, as other annotations of ECI are
pub(crate) fn is_json(tags: &str) -> bool {
    tags.trim_start().starts_with(['{', '['])
}

fn is_true(value: &str) -> bool {
    value == "true" || is_true_elsewhere(value)
}

/// Whether a value means true to people or to other programs, but does not send a pod to ECI
fn is_true_elsewhere(value: &str) -> bool {
    value != "true" && TRUE_ELSEWHERE.iter().any(|word| word.eq_ignore_ascii_case(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubernetes::pod::Pod;

    fn said(template: &str, path: &str, owner: &str) -> Vec<String> {
        let (template, owner) = (
            format!(r#"{{"metadata": {template}}}"#),
            format!(r#"{{"metadata": {owner}}}"#),
        );
        let (template, owner) = (Pod::parse(&template).unwrap(), Pod::parse(&owner).unwrap());
        let misplaced = warnings(&template.metadata, path, Some(&owner.metadata));
        misplaced.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_place_is_that_of_the_template() {
        let template = r#"{"annotations": {"eci": "YES"}}"#;
        let owner = r#"{"labels": {"eci": "true", "alibabacloud.com/eci": "false"}}"#;
        assert_eq!(
            said(template, "spec.workerTemplate.metadata.", owner),
            [
                "annotation `eci` has no effect, as it is a label: write it into spec.workerTemplate.metadata.labels",
                "label `eci` in metadata.labels has no effect on pods: write it into spec.workerTemplate.metadata.labels",
            ]
        );
    }

    #[test]
    fn what_stands_in_the_right_place_gets_no_warning() {
        for (template, owner) in [
            // The template has it as well
            (
                r#"{"labels": {"eci": "true"}}"#,
                r#"{"labels": {"eci": "true"}, "annotations": {"eci": "true"}}"#,
            ),
            (
                r#"{"annotations": {"k8s.aliyun.com/eci-custom-tags": "a:b"}}"#,
                r#"{"annotations": {"k8s.aliyun.com/eci-custom-tags": "c:d"}}"#,
            ),
            // Off on purpose
            (
                r#"{"labels": {"eci": "false"}}"#,
                r#"{"labels": {"eci": "false"}, "annotations": {"eci": "no"}}"#,
            ),
            (
                "{}",
                r#"{"labels": {"app": "web"}, "annotations": {"example.com/eci": "true"}}"#,
            ),
        ] {
            assert_eq!(said(template, "spec.template.metadata.", owner), [""; 0]);
        }
    }

    #[test]
    fn warnings_are_few_and_fit_into_a_header() {
        let odd: Vec<String> = (0..20)
            .map(|n| format!(r#""k8s.aliyun.com/eci-{n}{}": """#, "x".repeat(600)))
            .collect();
        let owner = format!(r#"{{"annotations": {{{}}}}}"#, odd.join(","));
        let warnings = said("{}", "spec.jobTemplate.spec.template.metadata.", &owner);
        assert_eq!(warnings.len(), MAX_WARNINGS);
        assert!(warnings.iter().all(|warning| warning.chars().count() <= 256));
    }
}
