//! Edits after which a pod keeps its stamp, if a trusted editor makes them (a user listed under `keepers`).
//!
//! A trusted editor may change where the pod runs, its labels and annotations, and hashes in its environment by which
//! reloaders restart it. After any other edit the stamp is the requester's.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::kubernetes::borrowed_text::Text;
use crate::kubernetes::canonical_json;
use crate::kubernetes::canonical_json::Rule;
use crate::kubernetes::deserialize::null_as_default;
use crate::kubernetes::pod_spec::spec_text;

/// The fields that a trusted editor must not change: all but those that say where and when a pod may start
const PROTECTED: Rule = Rule::Present(&Rule::Fields(
    &[
        ("affinity", Rule::Nothing),
        ("nodeSelector", Rule::Nothing),
        ("schedulingGates", Rule::Nothing),
        ("tolerations", Rule::Nothing),
        ("topologySpreadConstraints", Rule::Nothing),
        ("initContainers", CONTAINERS),
        ("containers", CONTAINERS),
        ("ephemeralContainers", CONTAINERS),
    ],
    &Rule::Whole,
));

/// The fields of a container, without its environment, which is compared variable by variable
const CONTAINERS: Rule = Rule::Elements(&Rule::Present(&Rule::Fields(
    &[("env", Rule::Nothing)],
    &Rule::Whole,
)));

/// The longest hash in an environment: SHA-256 in hexadecimal. Letters and digits alone are neither a path nor an option
const LONGEST_HASH: usize = 64;

/// A spec, of which only the environments are read
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec<'a> {
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    init_containers: Vec<Container<'a>>,
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    containers: Vec<Container<'a>>,
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    ephemeral_containers: Vec<Container<'a>>,
}

#[derive(Deserialize)]
struct Container<'a> {
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    env: Vec<Variable<'a>>,
}

/// An environment variable, with all fields that Kubernetes has
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Variable<'a> {
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    name: Text<'a>,
    #[serde(borrow)]
    value: Option<Text<'a>>,
    #[serde(borrow)]
    value_from: Option<&'a RawValue>,
}

/// Whether two pods or templates differ only in what a trusted editor may change
///
/// The caller compares the ECI fields.
///
/// ```text
/// tolerations: []              -> tolerations: [{key: gpu}]                  true
/// env: []                      -> env: [{name: CONFIG_HASH, value: 0aF1}]    true
/// env: []                      -> env: [{name: LD_PRELOAD, value: 0a}]       false
/// image: app:1                 -> image: app:2                               false
/// ```
pub(crate) fn keeps_identity(old: &str, new: &str) -> bool {
    match (spec_text(old), spec_text(new)) {
        (Some(old), Some(new)) => {
            old.starts_with('{')
                && canonical_json::equivalent(old, new, &PROTECTED)
                && same_environment(old, new)
        }
        _ => false,
    }
}

fn same_environment(old: &str, new: &str) -> bool {
    let read = |spec| serde_json::from_str::<Spec<'_>>(spec).ok();
    let (Some(old), Some(new)) = (read(old), read(new)) else {
        return false;
    };
    let same = |(one, other): (&Container<'_>, &Container<'_>)| one.protected().eq(other.protected());
    old.all().count() == new.all().count() && old.all().zip(new.all()).all(same)
}

impl<'a> Spec<'a> {
    fn all(&self) -> impl Iterator<Item = &Container<'a>> {
        self.init_containers
            .iter()
            .chain(&self.containers)
            .chain(&self.ephemeral_containers)
    }
}

impl Container<'_> {
    /// The variables that a trusted editor must not change
    fn protected(&self) -> impl Iterator<Item = (&str, Option<&str>, Option<&str>)> {
        let protected = self.env.iter().filter(|variable| !variable.is_hash());
        protected.map(|variable| {
            let source = variable.value_from.map(RawValue::get);
            (&*variable.name, variable.value.as_deref(), source)
        })
    }
}

impl Variable<'_> {
    /// Whether it is a hash by which reloaders start a rollout
    fn is_hash(&self) -> bool {
        let name = &*self.name;
        let is_named = name.starts_with("STAKATER_") || name.contains("HASH") || name.contains("CHECKSUM");
        let is_value = self.value.as_deref().is_some_and(|value| {
            (1..=LONGEST_HASH).contains(&value.len())
                && value.bytes().all(|byte| byte.is_ascii_alphanumeric())
        });
        is_named && is_value && self.value_from.is_none()
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
        keeps_identity(
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
        assert!(!keeps_identity("{}", "{}"), "what cannot be compared is not kept");
    }
}
