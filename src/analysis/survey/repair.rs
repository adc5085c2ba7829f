//! Leaves out what ramgate cannot read of a pod's annotations, so that what else speaks against the pod shows.

use serde_json::Value;

use crate::admission::fields::malformed_annotation::{AnnotationFault, EntryFault, MalformedAnnotation};

/// The effect of a repair
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Repair {
    /// The annotation has this value, which says the same as before
    Same(String),
    /// The entry or annotation at fault is left out, so that something is lost
    Lost,
    /// The pod does not have the annotation: eci-profile brings it
    Impossible,
}

/// Repairs one malformed annotation of a pod
///
/// ```text
/// "env:test, team:a"  -> Same("env:test,team:a")
/// "env:test,team"     -> Lost: "env:test"
/// ```
pub(super) fn repair(pod: &mut Value, malformed: &MalformedAnnotation) -> Repair {
    let annotations = pod
        .pointer_mut("/metadata/annotations")
        .and_then(Value::as_object_mut);
    let found = annotations.and_then(|annotations| {
        let text = annotations.get(malformed.annotation)?.as_str()?.to_owned();
        Some((annotations, text))
    });
    let Some((annotations, text)) = found else {
        return Repair::Impossible;
    };
    let (repaired, is_same) = repaired(&text, &malformed.fault);
    // An annotation that did not change would be malformed again
    match repaired.filter(|repaired| !repaired.is_empty() && *repaired != text) {
        Some(repaired) => {
            annotations.insert(malformed.annotation.to_owned(), repaired.clone().into());
            if is_same {
                Repair::Same(repaired)
            } else {
                Repair::Lost
            }
        }
        None => {
            annotations.remove(malformed.annotation);
            Repair::Lost
        }
    }
}

/// The value without the fault, and whether it says the same; no value if only leaving out the annotation helps
fn repaired(text: &str, fault: &AnnotationFault) -> (Option<String>, bool) {
    match fault {
        AnnotationFault::EmptyEntry(number) => (Some(without(text, *number)), true),
        AnnotationFault::RepeatedKey { second, .. } => (Some(without(text, *second)), false),
        AnnotationFault::Entry {
            number,
            fault: EntryFault::Blank(_),
            ..
        } => (Some(trimmed(text, *number)), true),
        AnnotationFault::Entry { number, .. } => (Some(without(text, *number)), false),
        AnnotationFault::Empty
        | AnnotationFault::TooManyEntries
        | AnnotationFault::ResourceGroup(_)
        | AnnotationFault::RoleArn { .. }
        | AnnotationFault::RoleName(_) => (None, false),
    }
}

/// The list without one of its entries
fn without(text: &str, number: usize) -> String {
    let entries = (1..).zip(text.split(','));
    let others = entries.filter(|(at, _)| *at != number);
    others.map(|(_, entry)| entry).collect::<Vec<_>>().join(",")
}

/// The list without blanks at the ends of one entry, its key and its value
fn trimmed(text: &str, number: usize) -> String {
    let trimmed = |entry: &str| {
        let parts: Vec<&str> = entry.split(':').map(str::trim).collect();
        parts.join(":")
    };
    let entries = (1..).zip(text.split(','));
    let entries = entries.map(|(at, entry)| {
        if at == number {
            trimmed(entry)
        } else {
            entry.to_owned()
        }
    });
    entries.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::admission::fields::parse_names::parse_role_name;
    use crate::admission::fields::parse_tags::parse_tags;

    const TAGS: &str = "k8s.aliyun.com/eci-custom-tags";

    /// The repairs of a tag annotation until it can be read, and its last value
    fn repairs(text: &str) -> (Vec<Repair>, Value) {
        let mut pod = json!({"metadata": {"annotations": {TAGS: text}}});
        let mut repairs = Vec::new();
        while let Some(Err(fault)) = pod["metadata"]["annotations"][TAGS].as_str().map(parse_tags) {
            let malformed = MalformedAnnotation {
                annotation: TAGS,
                fault,
            };
            repairs.push(repair(&mut pod, &malformed));
        }
        (repairs, pod["metadata"]["annotations"][TAGS].clone())
    }

    #[test]
    fn what_can_be_read_in_one_way_only_keeps_its_meaning() {
        let same = |text: &str| Repair::Same(text.to_owned());
        assert_eq!(
            repairs("env:test, team:a"),
            (vec![same("env:test,team:a")], json!("env:test,team:a"))
        );
        assert_eq!(
            repairs("env : test,,team:a"),
            (
                vec![same("env : test,team:a"), same("env:test,team:a")],
                json!("env:test,team:a")
            )
        );
    }

    #[test]
    fn every_other_entry_at_fault_is_left_out() {
        let lost = |count| vec![Repair::Lost; count];
        assert_eq!(repairs("env:test,team,a:b:c"), (lost(2), json!("env:test")));
        assert_eq!(repairs("env:test,env:b"), (lost(1), json!("env:test")));
        assert_eq!(repairs("team"), (lost(1), Value::Null));
        let many: Vec<String> = (0..30).map(|n| format!("k{n}:v")).collect();
        assert_eq!(repairs(&many.join(",")), (lost(1), Value::Null));
    }

    #[test]
    fn an_annotation_that_the_pod_does_not_have_is_not_repaired() {
        let malformed = MalformedAnnotation {
            annotation: TAGS,
            fault: parse_role_name("a b").unwrap_err(),
        };
        let mut pod = json!({"metadata": {}});
        assert_eq!(repair(&mut pod, &malformed), Repair::Impossible);
        assert_eq!(pod, json!({"metadata": {}}));
    }
}
