//! Edits that leave a pod's identity alone, made by those who are listed as keepers: where the pod may run, its labels and
//! annotations, and hashes in its environment that make it restart. Everything else is the requester's.

use serde_json::{Map, Value};

/// Fields of a spec that only say where a pod may run, and when it may start to
const PLACEMENT: [&str; 5] = [
    "affinity",
    "nodeSelector",
    "schedulingGates",
    "tolerations",
    "topologySpreadConstraints",
];

/// Where a spec lists containers
const LISTS: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];

/// The longest hash that anybody writes into an environment: SHA-256 in hexadecimal
const LONGEST_HASH: usize = 64;

/// Whether two pods or templates differ in nothing that a keeper may not change; their ECI fields are compared elsewhere
pub(super) fn keeps(old: &str, new: &str) -> bool {
    match (held(old), held(new)) {
        (Some(old), Some(new)) => old == new,
        _ => false,
    }
}

/// Everything that a keeper must leave as it is
fn held(json: &str) -> Option<Map<String, Value>> {
    let mut object: Value = serde_json::from_str(json).ok()?;
    let Value::Object(mut spec) = object.get_mut("spec")?.take() else {
        return None;
    };
    spec.retain(|field, value| !PLACEMENT.contains(&field.as_str()) && !value.is_null());
    for list in LISTS {
        let containers = spec.get_mut(list).and_then(Value::as_array_mut);
        for container in containers.into_iter().flatten().filter_map(Value::as_object_mut) {
            let Some(Value::Array(variables)) = container.get_mut("env") else {
                continue;
            };
            variables.retain(|variable| !is_hash(variable));
            if variables.is_empty() {
                container.remove("env");
            }
        }
    }
    Some(spec)
}

/// Whether an environment variable is one of those by which reloaders start a roll-out: it can hold nothing but a hash
fn is_hash(variable: &Value) -> bool {
    let Some(fields) = variable.as_object() else {
        return false;
    };
    let text = |field: &str| fields.get(field).and_then(Value::as_str).unwrap_or_default();
    let (name, value) = (text("name"), text("value"));
    let is_named = name.starts_with("STAKATER_") || name.contains("HASH") || name.contains("CHECKSUM");
    let is_value =
        (1..=LONGEST_HASH).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_hexdigit());
    fields.len() == 2 && is_named && is_value
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
    fn placement_and_hashes_may_change() {
        assert!(kept(|_| {}));
        for name in ["STAKATER_SETTINGS_CONFIGMAP", "CONFIG_HASH", "CHECKSUM"] {
            assert!(kept(
                |spec| spec["containers"][0]["env"] = json!([{"name": name, "value": "0aF1"}])
            ));
        }
        assert!(kept(|spec| spec["nodeSelector"] = json!({})));
        assert!(kept(|spec| spec["tolerations"] = json!([{"key": "a"}])));
        assert!(kept(|spec| spec["affinity"] = json!({})));
        assert!(kept(
            |spec| spec["topologySpreadConstraints"] = json!([{"maxSkew": 1}])
        ));
        assert!(kept(|spec| spec["schedulingGates"] = json!([{"name": "a"}])));
        assert!(kept(|spec| spec["dnsConfig"] = json!(null)), "null is absent");
    }

    #[test]
    fn nothing_else_may_change() {
        let changes: [fn(&mut Value); 21] = [
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
            |spec| spec["containers"][0]["env"] = json!([{"name": "LD_PRELOAD", "value": "0a"}]),
            |spec| spec["containers"][0]["env"] = json!([{"name": "HASH", "value": "/tmp/evil.so"}]),
            |spec| spec["containers"][0]["env"] = json!([{"name": "HASH", "value": "a".repeat(65)}]),
            |spec| spec["containers"][0]["env"] = json!([{"name": "HASH", "valueFrom": {}}]),
            |spec| spec["containers"][0]["env"] = json!([{"name": "HASH", "value": "0", "valueFrom": {}}]),
            |spec| spec["containers"][0]["envFrom"] = json!([{"secretRef": {"name": "s"}}]),
            |spec| spec["containers"][0]["volumeMounts"] = json!([{"name": "v", "mountPath": "/bin"}]),
            |spec| spec["containers"][0]["securityContext"] = json!({"runAsUser": 0}),
            |spec| spec["securityContext"] = json!({"runAsUser": 0}),
            |spec| spec["dnsConfig"] = json!({"nameservers": ["192.0.2.1"]}),
            |spec| spec["hostAliases"] = json!([{"ip": "192.0.2.1", "hostnames": ["a"]}]),
        ];
        for (at, change) in changes.into_iter().enumerate() {
            assert!(!kept(change), "change {at}");
        }
        assert!(!keeps("{}", "{}"), "what cannot be compared is not kept");
    }
}
