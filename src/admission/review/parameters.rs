//! The parameters of a listed kind: fields outside its pod templates by which its controller may shape the pods.

use std::ops::Range;

use crate::kubernetes::canonical_json;
use crate::kubernetes::canonical_json::Rule;
use crate::kubernetes::field_path::FieldPath;
use crate::kubernetes::json_member::member;

/// The compared fields, once templates and harmless fields are blank
///
/// Metadata is left out: operators that copy labels of the object to its pods do not put them over the template's.
const COMPARED: Rule = Rule::Present(&Rule::Fields(
    &[
        ("metadata", Rule::Nothing),
        ("status", Rule::Nothing),
        ("spec", Rule::Present(&Rule::Whole)),
    ],
    &Rule::Whole,
));

/// The replacement for a value that is not compared
const BLANK: &str = "null";

/// Whether two versions of an object differ only in templates, metadata, status and harmless fields
///
/// ```text
/// templates [spec.template], harmless [spec.replicas]
///
/// spec.replicas: 1        -> spec.replicas: 9         true
/// spec.template: {...}    -> spec.template: {}        true
/// spec.podSpecPatch: x    -> spec.podSpecPatch: y     false
/// ```
pub(crate) fn same(old: &str, new: &str, templates: &[FieldPath], harmless: &[&str]) -> bool {
    let blank = |json| blanked(json, templates, harmless);
    match (blank(old), blank(new)) {
        (Some(old), Some(new)) => canonical_json::equivalent(&old, &new, &COMPARED),
        _ => false,
    }
}

/// Whether these fields of the status, by which a controller goes, are the same in two versions of an object
///
/// ```text
/// fields [storedTemplates]
///
/// status.phase: a                 -> status.phase: b                 true
/// status.storedTemplates: {a: x}  -> status.storedTemplates: {a: y}  false
/// ```
pub(crate) fn same_stored(old: &str, new: &str, fields: &[&str]) -> bool {
    fields.iter().all(|field| {
        let path = format!("status.{field}");
        match (value(old, &path), value(new, &path)) {
            (Some(old), Some(new)) => canonical_json::equivalent(old, new, &Rule::Whole),
            (old, new) => old == new,
        }
    })
}

/// The object with `null` in place of templates and harmless fields
fn blanked(json: &str, templates: &[FieldPath], harmless: &[&str]) -> Option<String> {
    let mut spans: Vec<Range<usize>> = Vec::new();
    for path in templates {
        for (_, template) in path.all(json).ok()? {
            spans.push(span(json, template)?);
        }
    }
    for path in harmless {
        spans.extend(value(json, path).and_then(|value| span(json, value)));
    }
    spans.sort_unstable_by_key(|span| span.start);
    let mut text = String::with_capacity(json.len());
    let mut from = 0;
    for span in spans {
        // A span within another one is blank already
        if span.start >= from {
            text.push_str(json.get(from..span.start)?);
            text.push_str(BLANK);
            from = span.end;
        }
    }
    text.push_str(json.get(from..)?);
    Some(text)
}

/// The value at a path, as JSON
fn value<'a>(json: &'a str, path: &str) -> Option<&'a str> {
    path.split('.').try_fold(json, |object, field| {
        let is_object = object.starts_with('{');
        is_object.then(|| member(object, field).ok().flatten()).flatten()
    })
}

/// The position of a part within its text
fn span(whole: &str, part: &str) -> Option<Range<usize>> {
    let start = part.as_ptr().addr().checked_sub(whole.as_ptr().addr())?;
    let end = start.checked_add(part.len())?;
    (end <= whole.len()).then_some(start..end)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn changed(change: impl FnOnce(&mut Value)) -> bool {
        let old = json!({"metadata": {"name": "a"}, "status": {"ready": 1}, "spec": {
            "replicas": 1, "podSpecPatch": "x", "template": {"spec": {"a": 1}}, "tasks": [{"template": {}, "policy": 1}]}});
        let mut new = old.clone();
        change(&mut new);
        let templates = [
            FieldPath::of(["spec", "template"]),
            FieldPath::of(["spec", "tasks", "template"]),
        ];
        let harmless = ["spec.replicas", "spec.deep.field", "paused"];
        !same(&old.to_string(), &new.to_string(), &templates, &harmless)
    }

    #[test]
    fn templates_metadata_status_and_harmless_fields_are_left_out() {
        assert!(!changed(|_| {}));
        assert!(!changed(
            |object| object["metadata"] = json!({"labels": {"a": "b"}})
        ));
        assert!(!changed(|object| object["status"] = json!(null)));
        assert!(!changed(|object| object["spec"]["replicas"] = json!(9)));
        assert!(!changed(|object| object["paused"] = json!(true)));
        assert!(!changed(|object| {
            object["spec"].as_object_mut().unwrap().remove("replicas");
        }));
        assert!(!changed(
            |object| object["spec"]["template"]["spec"]["a"] = json!(2)
        ));
        assert!(!changed(
            |object| object["spec"]["tasks"][0]["template"]["b"] = json!(2)
        ));
    }

    #[test]
    fn whatever_else_changes_is_seen() {
        assert!(changed(|object| object["spec"]["podSpecPatch"] = json!("y")));
        assert!(changed(|object| object["spec"]["arguments"] = json!({"a": 1})));
        assert!(changed(|object| object["spec"]["tasks"][0]["policy"] = json!(2)));
        assert!(changed(|object| object["spec"]["tasks"] = json!([])));
        assert!(changed(|object| object["data"] = json!(1)));
        assert!(!same("[", "{", &[], &[]));
    }

    #[test]
    fn of_the_status_the_listed_fields_count() {
        let old = json!({"status": {"phase": "a", "storedTemplates": {"t": {"image": "x"}}}}).to_string();
        let same = |new: &Value| same_stored(&old, &new.to_string(), &["storedTemplates", "storedSpec"]);
        assert!(same(
            &json!({"status": {"storedTemplates": {"t": {"image": "x"}}, "phase": "b"}})
        ));
        for new in [
            json!({"status": {"storedTemplates": {"t": {"image": "y"}}}}),
            json!({"status": {"storedTemplates": {"t": {"image": "x"}}, "storedSpec": {}}}),
            json!({"status": {}}),
            json!({}),
        ] {
            assert!(!same(&new), "{new}");
        }
    }
}
