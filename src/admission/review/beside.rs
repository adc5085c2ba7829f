//! An object of a listed kind outside its pod templates: parameters by which its controller may shape the pods.

use serde_json::Value;

use crate::admission::bearer::Place;

/// What never shapes a pod: an operator that copies labels of its object to its pods writes them beside the template's
const APART: [&str; 2] = ["metadata", "status"];

/// Whether two versions of an object are the same but for their templates, metadata, status and harmless fields
pub(super) fn same(old: &str, new: &str, templates: &[Place], harmless: &[&str]) -> bool {
    match (rest(old, templates, harmless), rest(new, templates, harmless)) {
        (Some(old), Some(new)) => old == new,
        _ => false,
    }
}

/// The object without them
fn rest(json: &str, templates: &[Place], harmless: &[&str]) -> Option<Value> {
    let mut object: Value = serde_json::from_str(json).ok()?;
    for field in APART {
        object.as_object_mut()?.remove(field);
    }
    for place in templates {
        for (place, _) in place.all(json).ok()? {
            if let Some(template) = object.pointer_mut(&place.pointer()) {
                *template = Value::Null;
            }
        }
    }
    for path in harmless {
        remove(&mut object, path);
    }
    Some(object)
}

fn remove(object: &mut Value, path: &str) {
    let (parent, field) = match path.rsplit_once('.') {
        Some((parent, field)) => {
            let pointer: String = parent.split('.').map(|step| format!("/{step}")).collect();
            (object.pointer_mut(&pointer), field)
        }
        None => (Some(object), path),
    };
    if let Some(fields) = parent.and_then(Value::as_object_mut) {
        fields.remove(field);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn changed(change: impl FnOnce(&mut Value)) -> bool {
        let old = json!({"metadata": {"name": "a"}, "status": {"ready": 1}, "spec": {
            "replicas": 1, "podSpecPatch": "x", "template": {"spec": {"a": 1}}, "tasks": [{"template": {}, "policy": 1}]}});
        let mut new = old.clone();
        change(&mut new);
        let templates = [
            Place::of(["spec", "template"]),
            Place::of(["spec", "tasks", "template"]),
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
        assert!(changed(|object| object["spec"]["arguments"] = json!({})));
        assert!(changed(|object| object["spec"]["tasks"][0]["policy"] = json!(2)));
        assert!(changed(|object| object["spec"]["tasks"] = json!([])));
        assert!(changed(|object| object["data"] = json!(1)));
        assert!(!same("[", "[", &[], &[]));
    }
}
