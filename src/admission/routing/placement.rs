//! Warnings about marks of ECI in a place or form that has no effect, which nobody else would tell.

use crate::admission::routing::lookalike::is_eci_annotation;
use crate::admission::routing::well_known::{BURST_KEY, ECI_LABELS};
use crate::kubernetes::eci_annotations::CUSTOM_TAGS;
use crate::kubernetes::field_path::FieldPath;
use crate::kubernetes::metadata::Metadata;
use crate::kubernetes::string_map::StringMap;
use crate::wording::{NAME_LENGTH, quoted};

/// The most warnings for one object, so that other warnings still fit
const MAX_WARNINGS: usize = 5;

/// Values of the ECI label that mean true elsewhere
const TRUE_ELSEWHERE: [&str; 5] = ["true", "yes", "on", "1", "enabled"];

/// The warnings about a pod or pod template at a path, and about the workload around it
pub(crate) fn warnings(
    template: &Metadata<'_>,
    path: &FieldPath,
    owner: Option<&Metadata<'_>>,
) -> Vec<String> {
    let owner = owner.filter(|_| !path.is_whole());
    let place = Place { template, path };
    let mut warnings = place.of_template();
    warnings.extend(owner.into_iter().flat_map(|owner| place.of_owner(owner)));
    warnings.truncate(MAX_WARNINGS);
    warnings
}

struct Place<'p> {
    template: &'p Metadata<'p>,
    path: &'p FieldPath,
}

impl Place<'_> {
    /// The warnings about the template itself
    fn of_template(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        for label in ECI_LABELS {
            if let Some(value) = self
                .template
                .labels
                .value(label)
                .filter(|value| is_true_elsewhere(value))
            {
                let value = quoted(value, NAME_LENGTH);
                warnings.push(format!(
                    "label `{label}` is {value}, which does not send pods to ECI: write `true`"
                ));
            }
        }
        warnings.extend(self.labels_among(self.template));
        let tags = value(self.template, CUSTOM_TAGS).unwrap_or_default();
        if tags.trim_start().starts_with(['{', '[']) {
            warnings.push(format!(
                "annotation `{CUSTOM_TAGS}` looks like JSON, so the braces and quotes become part of the tags: write \
                 `key:value,key:value`"
            ));
        }
        warnings
    }

    /// The warnings about the metadata of the workload, which nothing copies to pods
    fn of_owner(&self, owner: &Metadata<'_>) -> Vec<String> {
        let path = self.path;
        let mut warnings = self.labels_among(owner);
        let annotations = owner
            .annotations
            .iter()
            .flat_map(StringMap::iter)
            .map(|(key, _)| key);
        let of_eci = annotations.filter(|key| is_eci_annotation(key) || *key == BURST_KEY);
        let misplaced = of_eci.filter(|key| value(self.template, key).is_none());
        warnings.extend(misplaced.map(|key| {
            let key = quoted(key, NAME_LENGTH);
            format!(
                "annotation {key} in metadata.annotations has no effect on pods: write it into {path}metadata.annotations"
            )
        }));
        let labels = ECI_LABELS
            .iter()
            .filter(|label| owner.labels.value(label).is_some_and(is_true));
        let misplaced = labels.filter(|label| self.template.labels.value(label).is_none());
        warnings.extend(misplaced.map(|label| {
            format!("label `{label}` in metadata.labels has no effect on pods: write it into {path}metadata.labels")
        }));
        warnings
    }

    /// The labels of ECI that are annotations
    fn labels_among(&self, metadata: &Metadata<'_>) -> Vec<String> {
        let path = self.path;
        let is_set = |label: &&&str| value(metadata, label).is_some_and(is_true);
        let is_label_too = |label: &&&str| self.template.labels.value(label).is_some();
        let misplaced = ECI_LABELS
            .iter()
            .filter(is_set)
            .filter(|label| !is_label_too(label));
        misplaced
            .map(|label| {
                format!("annotation `{label}` has no effect, as it is a label: write it into {path}metadata.labels")
            })
            .collect()
    }
}

fn value<'m>(metadata: &'m Metadata<'_>, annotation: &str) -> Option<&'m str> {
    metadata.annotations.as_ref()?.value(annotation)
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

    #[test]
    fn the_place_is_that_of_the_template() {
        let template = r#"{"metadata": {"annotations": {"eci": "YES"}}}"#;
        let owner = r#"{"metadata": {"labels": {"eci": "true", "alibabacloud.com/eci": "false"}}}"#;
        let (template, owner) = (Pod::parse(template).unwrap(), Pod::parse(owner).unwrap());
        let path = FieldPath::of(["spec", "workerTemplate"]);
        assert_eq!(
            warnings(&template.metadata, &path, Some(&owner.metadata)),
            [
                "annotation `eci` has no effect, as it is a label: write it into spec.workerTemplate.metadata.labels",
                "label `eci` in metadata.labels has no effect on pods: write it into spec.workerTemplate.metadata.labels",
            ]
        );
    }

    #[test]
    fn what_stands_in_the_right_place_gets_no_warning() {
        let path = FieldPath::of(["spec", "template"]);
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
                r#"{}"#,
                r#"{"labels": {"app": "web"}, "annotations": {"example.com/eci": "true"}}"#,
            ),
        ] {
            let (template, owner) = (
                format!(r#"{{"metadata": {template}}}"#),
                format!(r#"{{"metadata": {owner}}}"#),
            );
            let (template, owner) = (Pod::parse(&template).unwrap(), Pod::parse(&owner).unwrap());
            assert_eq!(
                warnings(&template.metadata, &path, Some(&owner.metadata)),
                [""; 0]
            );
        }
    }

    #[test]
    fn a_pod_has_no_workload_around_it() {
        let pod = Pod::parse(r#"{"metadata": {"annotations": {"k8s.aliyun.com/eci-custom-tags": "a:b"}}}"#)
            .unwrap();
        assert_eq!(
            warnings(&pod.metadata, &FieldPath::default(), Some(&pod.metadata)),
            [""; 0]
        );
    }

    #[test]
    fn warnings_are_few_and_fit_into_a_header() {
        let odd: Vec<String> = (0..20)
            .map(|n| format!(r#""k8s.aliyun.com/eci-{n}{}": """#, "x".repeat(600)))
            .collect();
        let owner = format!(r#"{{"metadata": {{"annotations": {{{}}}}}}}"#, odd.join(","));
        let (template, owner) = (
            Pod::parse(r#"{"metadata": {}}"#).unwrap(),
            Pod::parse(&owner).unwrap(),
        );
        let path = FieldPath::of(["spec", "jobTemplate", "spec", "template"]);
        let warnings = warnings(&template.metadata, &path, Some(&owner.metadata));
        assert_eq!(warnings.len(), MAX_WARNINGS);
        assert!(warnings.iter().all(|warning| warning.chars().count() <= 256));
    }
}
