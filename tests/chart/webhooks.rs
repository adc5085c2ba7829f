//! The webhook entries: which there are, whom they see, and what an outage means to each.

use serde_json::{Value, json};

use crate::render::{Manifests, NAMESPACE, render, strings, supported, values_of};

const ROUTED: [&str; 3] = [
    "namespaces-alibabacloud-eci",
    "namespaces-eci",
    "namespaces-affinity-injection",
];

/// The requirement of an entry's namespaceSelector on a label, as operator and values
fn requirement<'a>(entry: &'a Value, key: &str) -> Option<(&'a str, Vec<&'a str>)> {
    let expressions = entry["namespaceSelector"]["matchExpressions"].as_array()?;
    let found = expressions.iter().find(|expression| expression["key"] == key)?;
    Some((found["operator"].as_str().unwrap(), strings(&found["values"])))
}

fn policies<'a>(manifests: &'a Manifests, phase: &str) -> Vec<(&'a str, &'a str)> {
    let policies = manifests
        .entries(phase)
        .iter()
        .map(|entry| entry["failurePolicy"].as_str().unwrap());
    manifests.entry_names(phase).into_iter().zip(policies).collect()
}

#[test]
fn the_default_has_these_entries() {
    let manifests = render(&json!({}));
    let mutating: Vec<_> = ["marked"].into_iter().chain(ROUTED).collect();
    assert_eq!(manifests.entry_names("mutating"), mutating);
    let mut validating = mutating;
    validating.extend([
        "removal",
        "removal-namespaces-alibabacloud-eci",
        "removal-namespaces-eci",
        "removal-namespaces-affinity-injection",
        "configuration",
    ]);
    assert_eq!(manifests.entry_names("validating"), validating);
}

#[test]
fn all_entries_share_what_the_contract_says() {
    for (name, values) in supported() {
        let manifests = render(&values);
        for phase in ["mutating", "validating"] {
            let path = if phase == "mutating" {
                "/mutate"
            } else {
                "/validate"
            };
            let mut names = manifests.entry_names(phase);
            names.sort_unstable();
            names.dedup();
            assert_eq!(
                names.len(),
                manifests.entries(phase).len(),
                "{name}: names repeat"
            );
            for entry in manifests.entries(phase) {
                let says = format!("{name}: {entry}");
                assert_eq!(entry["matchPolicy"], "Equivalent", "{says}");
                assert_eq!(entry["sideEffects"], "None", "{says}");
                assert_eq!(entry["timeoutSeconds"], 5, "{says}");
                assert_eq!(entry["admissionReviewVersions"], json!(["v1"]), "{says}");
                let reinvocation = if phase == "mutating" {
                    json!("IfNeeded")
                } else {
                    Value::Null
                };
                assert_eq!(entry["reinvocationPolicy"], reinvocation, "{says}");
                let client = entry["clientConfig"].as_object().unwrap();
                assert_eq!(
                    client.keys().collect::<Vec<_>>(),
                    ["service"],
                    "no caBundle: {says}"
                );
                let service = &client["service"];
                assert_eq!(
                    (&service["path"], &service["port"]),
                    (&json!(path), &json!(443)),
                    "{says}"
                );
                assert_eq!(service["namespace"], NAMESPACE, "{says}");
                assert_eq!(
                    service["name"],
                    manifests.deployment()["metadata"]["name"],
                    "{says}"
                );
            }
        }
    }
}

#[test]
fn pods_are_seen_as_a_whole_and_nothing_of_later_versions() {
    for (name, values) in supported() {
        let manifests = render(&values);
        for phase in ["mutating", "validating"] {
            for entry in manifests.entries(phase) {
                let entry_name = entry["name"].as_str().unwrap();
                let resource = if entry_name.starts_with("configuration") {
                    "configmaps"
                } else {
                    "pods"
                };
                let operations = if entry_name.starts_with("removal") {
                    json!(["DELETE"])
                } else {
                    json!(["CREATE", "UPDATE"])
                };
                let wanted = json!([{
                    "apiGroups": [""], "apiVersions": ["v1"], "operations": operations,
                    "resources": [resource], "scope": "Namespaced",
                }]);
                assert_eq!(entry["rules"], wanted, "{name}: {entry_name}");
            }
        }
    }
}

#[test]
fn modes_decide_what_an_outage_means() {
    for (mode, policy) in [("enforce", "Fail"), ("warn", "Ignore"), ("audit", "Ignore")] {
        let manifests =
            render(&json!({"mode": mode, "cluster": {"burstNamespaces": [{"matchLabels": {"a": "b"}}]}}));
        for phase in ["mutating", "validating"] {
            for (name, found) in policies(&manifests, phase) {
                let always_open = name.starts_with("removal") || name == "configuration";
                assert_eq!(
                    found,
                    if always_open { "Ignore" } else { policy },
                    "{mode} {phase} {name}"
                );
            }
        }
    }
}

#[test]
fn namespaces_of_another_mode_have_entries_of_their_own() {
    for (values, base, own, suffix) in [
        (
            json!({"mode": "enforce", "namespaceModes": {"b": "audit", "a": "warn", "c": "enforce"}}),
            "Fail",
            "Ignore",
            "-lenient",
        ),
        (
            json!({"mode": "warn", "namespaceModes": {"b": "enforce", "a": "enforce", "c": "audit"}}),
            "Ignore",
            "Fail",
            "-enforced",
        ),
    ] {
        let manifests = render(&values);
        for phase in ["mutating", "validating"] {
            for name in ["marked"].into_iter().chain(ROUTED) {
                let entry = manifests.entry(phase, name);
                assert_eq!(entry["failurePolicy"], base);
                let (operator, namespaces) = requirement(entry, "kubernetes.io/metadata.name").unwrap();
                assert_eq!(
                    (operator, namespaces),
                    ("NotIn", vec!["a", "b", "kube-system", NAMESPACE])
                );
                let entry = manifests.entry(phase, &format!("{name}{suffix}"));
                assert_eq!(entry["failurePolicy"], own);
                assert_eq!(
                    requirement(entry, "kubernetes.io/metadata.name"),
                    Some(("In", vec!["a", "b"]))
                );
            }
        }
    }
}

#[test]
fn an_entry_of_enforced_namespaces_may_be_opened() {
    let manifests = render(
        &json!({"mode": "enforce", "webhooks": {"namespaces": {"failurePolicy": "Ignore", "timeoutSeconds": 9}}}),
    );
    assert_eq!(manifests.entry("validating", "marked")["failurePolicy"], "Fail");
    for name in ROUTED {
        let entry = manifests.entry("validating", name);
        assert_eq!(
            (&entry["failurePolicy"], &entry["timeoutSeconds"]),
            (&json!("Ignore"), &json!(9))
        );
    }
}

#[test]
fn exempt_namespaces_are_exempt_from_all_but_the_configuration() {
    for (name, values) in supported() {
        let manifests = render(&values);
        let mut exempt = values["exemptNamespaces"]
            .as_array()
            .map_or(vec!["kube-system"], |_| strings(&values["exemptNamespaces"]));
        exempt.push(NAMESPACE);
        for phase in ["mutating", "validating"] {
            for entry in manifests.entries(phase) {
                if entry["name"] == "configuration.ramgate.io" {
                    continue;
                }
                let (operator, namespaces) = requirement(entry, "kubernetes.io/metadata.name").unwrap();
                for namespace in &exempt {
                    assert_eq!(
                        namespaces.contains(namespace),
                        operator == "NotIn",
                        "{name}: {entry}"
                    );
                }
            }
        }
    }
}

#[test]
fn every_routing_label_has_an_entry_and_no_pod_is_sent_twice() {
    let manifests = render(&values_of("burst"));
    let labels = [
        ("alibabacloud.com/eci", "true"),
        ("eci", "true"),
        ("virtual-node-affinity-injection", "enabled"),
    ];
    for phase in ["mutating", "validating"] {
        for (index, name) in ROUTED.into_iter().enumerate() {
            for (other, (key, value)) in labels.into_iter().enumerate() {
                let wanted = match other.cmp(&index) {
                    std::cmp::Ordering::Less => Some(("NotIn", vec![value])),
                    std::cmp::Ordering::Equal => Some(("In", vec![value])),
                    std::cmp::Ordering::Greater => None,
                };
                assert_eq!(
                    requirement(manifests.entry(phase, name), key),
                    wanted,
                    "{name} {key}"
                );
            }
        }
        for name in ["marked", "burst-0", "burst-1"] {
            for (key, value) in labels {
                assert_eq!(
                    requirement(manifests.entry(phase, name), key),
                    Some(("NotIn", vec![value])),
                    "{name}"
                );
            }
        }
        let condition = |name: &str, index: usize| {
            manifests.entry(phase, name)["matchConditions"][index]["expression"]
                .as_str()
                .unwrap()
        };
        assert_eq!(condition("burst-0", 1), format!("!({})", condition("marked", 0)));
        assert_eq!(
            manifests.entry(phase, "burst-0")["namespaceSelector"]["matchLabels"],
            json!({"burst": "yes"})
        );
        assert_eq!(
            requirement(manifests.entry(phase, "burst-1"), "tier"),
            Some(("In", vec!["batch", "train"]))
        );
    }
}

#[test]
fn serverless_has_one_entry_without_conditions() {
    let manifests = render(&values_of("serverless"));
    assert_eq!(manifests.entry_names("mutating"), ["burst"]);
    assert_eq!(
        manifests.entry_names("validating"),
        ["burst", "removal", "configuration"]
    );
    for phase in ["mutating", "validating"] {
        let entry = manifests.entry(phase, "burst");
        assert_eq!(entry["matchConditions"], Value::Null);
        assert_eq!(entry["failurePolicy"], "Fail");
    }
}

#[test]
fn conditions_are_rendered_from_the_values_of_the_directory() {
    let expression = |values: &Value| {
        let manifests = render(values);
        manifests.entry("validating", "marked")["matchConditions"][0]["expression"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let default = expression(&json!({}));
    assert!(
        default.contains(r#"nodeSelector[?"type"].orValue("") in ["virtual-kubelet"]"#),
        "{default}"
    );
    let burst = expression(&values_of("burst"));
    assert!(
        burst.contains(r#"nodeSelector[?"k8s.aliyun.com/vnode"].hasValue()"#),
        "{burst}"
    );
    assert!(
        burst.contains(r#"nodeSelector[?"arch"].orValue("") in ["arm64"]"#),
        "{burst}"
    );
    let own = expression(&values_of("self-managed"));
    assert!(
        own.contains(r#".matches("^(?:(master|worker)-[0-9]+)$")"#),
        "{own}"
    );
    assert!(!own.contains(r#"nodeSelector[?"type"]"#), "{own}");
}

#[test]
fn the_configuration_entry_sees_labelled_configmaps_of_the_release() {
    let manifests = render(&json!({"mode": "enforce"}));
    let entry = manifests.entry("validating", "configuration");
    assert_eq!(
        entry["namespaceSelector"],
        json!({"matchLabels": {"kubernetes.io/metadata.name": NAMESPACE}})
    );
    assert_eq!(
        entry["objectSelector"],
        json!({"matchExpressions": [{"key": "ramgate.io/config", "operator": "Exists"}]})
    );
    assert_eq!(entry["failurePolicy"], "Ignore");
}
