//! Edits that leave a pod's identity alone, made by those who are listed as keepers.

use super::super::canonical::{self, Rule};
use super::super::pod::spec;

/// What decides what runs, and as whom: all that a keeper must leave as it is
const RUNS: Rule = Rule::Present(&Rule::Fields(
    &[
        ("volumes", Rule::Whole),
        ("serviceAccountName", Rule::Whole),
        ("initContainers", CONTAINERS),
        ("containers", CONTAINERS),
        ("ephemeralContainers", CONTAINERS),
    ],
    &Rule::Nothing,
));

const CONTAINERS: Rule = Rule::Elements(&Rule::Present(&Rule::Fields(
    &[
        ("name", Rule::Whole),
        ("image", Rule::Whole),
        ("command", Rule::Whole),
        ("args", Rule::Whole),
        ("lifecycle", Rule::Whole),
        ("livenessProbe", Rule::Whole),
        ("readinessProbe", Rule::Whole),
        ("startupProbe", Rule::Whole),
    ],
    &Rule::Nothing,
)));

/// Whether images, commands (those of hooks and probes too), arguments, volumes and service account of two pods or templates
/// are the same
pub(super) fn keeps(old: &str, new: &str) -> bool {
    match (spec(old), spec(new)) {
        (Some(old), Some(new)) => old.starts_with('{') && canonical::same(old, new, &RUNS),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

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
