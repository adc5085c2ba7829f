//! Edits that leave a pod's identity alone, made by those who are listed as keepers.

use serde_json::Value;

/// Fields of a spec that decide what runs, and as whom
const SPEC: [&str; 2] = ["volumes", "serviceAccountName"];
/// Fields of a container that decide what runs
const CONTAINER: [&str; 8] = [
    "name",
    "image",
    "command",
    "args",
    "lifecycle",
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
];
/// Where a spec lists containers
const LISTS: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];

/// Whether images, commands (those of hooks and probes too), arguments, volumes and service account of two pods or templates
/// are the same
pub(super) fn keeps(old: &str, new: &str) -> bool {
    match (what_runs(old), what_runs(new)) {
        (Some(old), Some(new)) => old == new,
        _ => false,
    }
}

/// Everything that a keeper must leave as it is
fn what_runs(json: &str) -> Option<Vec<Value>> {
    let mut object: Value = serde_json::from_str(json).ok()?;
    let spec = object.get_mut("spec")?.as_object_mut()?;
    let mut parts: Vec<Value> = SPEC
        .iter()
        .map(|field| spec.remove(*field).unwrap_or_default())
        .collect();
    for list in LISTS {
        let containers = spec.get_mut(list).and_then(Value::as_array_mut);
        for container in containers.into_iter().flatten() {
            let fields = CONTAINER.iter();
            parts.extend(fields.map(|field| container.get_mut(field).map(Value::take).unwrap_or_default()));
        }
        // Lists of containers do not run into each other
        parts.push(Value::String(list.to_owned()));
    }
    Some(parts)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn spec() -> Value {
        json!({"serviceAccountName": "a", "volumes": [{"name": "v"}], "nodeSelector": {"x": "y"},
            "initContainers": [{"name": "i", "image": "i:1"}],
            "containers": [{"name": "c", "image": "c:1", "command": ["c"], "args": ["1"], "env": []}]})
    }

    fn kept(change: impl FnOnce(&mut Value)) -> bool {
        let mut changed = spec();
        change(&mut changed);
        keeps(
            &json!({"metadata": {}, "spec": spec()}).to_string(),
            &json!({"metadata": {"annotations": {"restarted": "1"}}, "spec": changed}).to_string(),
        )
    }

    #[test]
    fn what_does_not_decide_what_runs_may_change() {
        assert!(kept(|_| {}));
        assert!(kept(
            |spec| spec["containers"][0]["env"] = json!([{"name": "HASH", "value": "1"}])
        ));
        assert!(kept(|spec| spec["nodeSelector"] = json!({})));
        assert!(kept(|spec| spec["schedulingGates"] = json!([])));
    }

    #[test]
    fn what_decides_what_runs_may_not_change() {
        let changes: [fn(&mut Value); 10] = [
            |spec| spec["containers"][0]["image"] = json!("c:2"),
            |spec| spec["containers"][0]["command"] = json!([]),
            |spec| spec["containers"][0]["args"] = json!(["2"]),
            |spec| spec["containers"][0]["livenessProbe"] = json!({"exec": {"command": ["2"]}}),
            |spec| spec["initContainers"][0]["image"] = json!("i:2"),
            |spec| spec["volumes"][0]["name"] = json!("w"),
            |spec| spec["serviceAccountName"] = json!("b"),
            |spec| spec["containers"] = json!([]),
            |spec| spec["ephemeralContainers"] = json!([{"name": "e", "image": "e:1"}]),
            |spec| {
                let moved = spec["initContainers"].take()[0].clone();
                spec["containers"].as_array_mut().unwrap().insert(0, moved);
            },
        ];
        for (at, change) in changes.into_iter().enumerate() {
            assert!(!kept(change), "change {at}");
        }
        assert!(!keeps("{}", "{}"), "what cannot be compared is not kept");
    }
}
