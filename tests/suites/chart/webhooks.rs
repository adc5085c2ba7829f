//! The webhook entries: which there are, in which namespaces, and what an outage means to each.

use ramgate::testing::cluster::InstalledWebhooks;
use serde_json::{Value, json};

use crate::render::{Manifests, NAMESPACE, render, strings, supported, values_of};

const ROUTED: [&str; 3] = [
    "namespaces-alibabacloud-eci",
    "namespaces-eci",
    "namespaces-affinity-injection",
];

/// The entries that may fail closed and exist once for each tier of namespaces, of the validating phase
const TIERED: [&str; 8] = [
    "marked",
    ROUTED[0],
    ROUTED[1],
    ROUTED[2],
    "revisions",
    "fields",
    "binding",
    "connect",
];

/// The entries that see what no mode of a namespace reaches, or that must never hold anything back
const ALWAYS_OPEN: [&str; 9] = [
    "removal-image-caches",
    "removal",
    "removal-namespaces-alibabacloud-eci",
    "removal-namespaces-eci",
    "removal-namespaces-affinity-injection",
    "removal-eviction",
    "profile",
    "routing-policies",
    "configuration",
];

/// Values that render every entry there is
fn everything() -> Value {
    let mut values = values_of("burst");
    values["cluster"]["eciProfile"] = true.into();
    values["scale"] = json!({"judge": true});
    values
}

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
    // Of a connection there is nothing to be filled in.
    assert_eq!(manifests.entry_names("mutating"), TIERED[..7]);
    let mut validating = TIERED.to_vec();
    validating.push("connect-nodes");
    validating.push("image-caches");
    validating.extend(ALWAYS_OPEN);
    assert_eq!(manifests.entry_names("validating"), validating);
}

#[test]
fn entries_can_be_switched_on_and_off() {
    let names = |values: &Value| -> Vec<String> {
        let manifests = render(values);
        let names = manifests.entry_names("validating");
        names.into_iter().map(str::to_owned).collect()
    };
    let default = names(&json!({}));
    let without = |names: &[String], name: &str| -> Vec<String> {
        names.iter().filter(|other| *other != name).cloned().collect()
    };
    let judged = names(&json!({"scale": {"judge": true}}));
    assert_eq!(without(&judged, "scale"), default);
    assert_ne!(judged, default);
    assert_eq!(
        names(&json!({"webhooks": {"connect": {"enabled": false}}})),
        without(&without(&default, "connect"), "connect-nodes")
    );
    assert_eq!(
        names(&json!({"cluster": {"eciProfile": false}})),
        without(&without(&default, "profile"), "routing-policies")
    );
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
fn modes_decide_what_an_outage_means() {
    for (mode, policy) in [("enforce", "Fail"), ("warn", "Ignore"), ("audit", "Ignore")] {
        let mut values = everything();
        values["mode"] = mode.into();
        let manifests = render(&values);
        for phase in ["mutating", "validating"] {
            for (name, found) in policies(&manifests, phase) {
                let wanted = if ALWAYS_OPEN.contains(&name) {
                    "Ignore"
                } else {
                    policy
                };
                assert_eq!(found, wanted, "{mode} {phase} {name}");
            }
        }
    }
}

#[test]
fn namespaces_of_another_mode_have_entries_of_their_own() {
    for (mode, modes, base, own, suffix) in [
        (
            "enforce",
            json!({"b": "audit", "a": "warn", "c": "enforce"}),
            "Fail",
            "Ignore",
            "-lenient",
        ),
        (
            "warn",
            json!({"b": "enforce", "a": "enforce", "c": "audit"}),
            "Ignore",
            "Fail",
            "-enforced",
        ),
    ] {
        let mut values = everything();
        values["mode"] = mode.into();
        values["namespaceModes"] = modes;
        let manifests = render(&values);
        let more = ["carriers-0", "burst-0", "burst-1", "scale"];
        for name in TIERED.into_iter().chain(more) {
            let validating_only = ["connect", "scale"].contains(&name);
            let phases = if validating_only {
                &["validating"][..]
            } else {
                &["mutating", "validating"]
            };
            for phase in phases {
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
        // Image caches and nodes are in no namespace.
        for name in ["image-caches", "connect-nodes"] {
            assert_eq!(
                manifests.entry("validating", name)["failurePolicy"],
                base,
                "{name}"
            );
        }
    }
}

#[test]
fn an_entry_of_enforced_namespaces_may_be_opened() {
    for (group, names) in [
        ("marked", &["marked", "revisions", "carriers-0"][..]),
        ("namespaces", &ROUTED),
        ("burst", &["burst-0", "burst-1"]),
        ("fields", &["fields"]),
        ("binding", &["binding"]),
        ("connect", &["connect", "connect-nodes"]),
        ("scale", &["scale"]),
        ("imageCaches", &["image-caches"]),
    ] {
        let mut values = everything();
        values["mode"] = "enforce".into();
        values["webhooks"] = json!({group: {"failurePolicy": "Ignore", "timeoutSeconds": 9}});
        let manifests = render(&values);
        for (name, policy) in policies(&manifests, "validating") {
            let (wanted, timeout) = if names.contains(&name) {
                ("Ignore", 9)
            } else if ALWAYS_OPEN.contains(&name) {
                ("Ignore", 5)
            } else {
                ("Fail", 5)
            };
            let found = &manifests.entry("validating", name)["timeoutSeconds"];
            assert_eq!((policy, found), (wanted, &json!(timeout)), "{group}: {name}");
        }
    }
    for (group, names) in [
        ("removal", &ALWAYS_OPEN[..6]),
        ("profile", &["profile", "routing-policies"]),
        ("configuration", &["configuration"]),
    ] {
        let mut values = everything();
        values["webhooks"] = json!({group: {"timeoutSeconds": 9}});
        let manifests = render(&values);
        for name in manifests.entry_names("validating") {
            let wanted = if names.contains(&name) { 9 } else { 5 };
            assert_eq!(
                manifests.entry("validating", name)["timeoutSeconds"],
                wanted,
                "{group}: {name}"
            );
        }
    }
}

#[test]
fn exempt_namespaces_are_exempt_from_all_but_the_two_configurations() {
    let more = [("everything".to_owned(), everything())];
    for (name, values) in supported().into_iter().chain(more) {
        let manifests = render(&values);
        let mut exempt = values["exemptNamespaces"]
            .as_array()
            .map_or(vec!["kube-system"], |_| strings(&values["exemptNamespaces"]));
        exempt.push(NAMESPACE);
        for phase in ["mutating", "validating"] {
            for entry in manifests.entries(phase) {
                let says = format!("{name}: {entry}");
                let entry_name = entry["name"].as_str().unwrap();
                if ["configuration.ramgate.io", "profile.ramgate.io"].contains(&entry_name) {
                    continue;
                }
                if entry["namespaceSelector"].is_null() {
                    let scopes = entry["rules"].as_array().unwrap().iter();
                    assert!(scopes.clone().all(|rule| rule["scope"] == "Cluster"), "{says}");
                    continue;
                }
                let (operator, namespaces) = requirement(entry, "kubernetes.io/metadata.name").unwrap();
                for namespace in &exempt {
                    assert_eq!(namespaces.contains(namespace), operator == "NotIn", "{says}");
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
    for (phase, prefix) in [("mutating", ""), ("validating", ""), ("validating", "removal-")] {
        for (index, name) in ROUTED.into_iter().enumerate() {
            let name = format!("{prefix}{name}");
            for (other, (key, value)) in labels.into_iter().enumerate() {
                let wanted = match other.cmp(&index) {
                    std::cmp::Ordering::Less => Some(("NotIn", vec![value])),
                    std::cmp::Ordering::Equal => Some(("In", vec![value])),
                    std::cmp::Ordering::Greater => None,
                };
                assert_eq!(
                    requirement(manifests.entry(phase, &name), key),
                    wanted,
                    "{name} {key}"
                );
            }
        }
    }
    for phase in ["mutating", "validating"] {
        for name in ["marked", "carriers-0", "burst-0", "burst-1"] {
            for (key, value) in labels {
                assert_eq!(
                    requirement(manifests.entry(phase, name), key),
                    Some(("NotIn", vec![value])),
                    "{name}"
                );
            }
        }
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
fn serverless_has_one_entry_for_all_pods() {
    let manifests = render(&values_of("serverless"));
    assert_eq!(
        manifests.entry_names("mutating"),
        ["burst", "revisions", "fields", "binding"]
    );
    assert_eq!(
        manifests.entry_names("validating"),
        [
            "burst",
            "revisions",
            "fields",
            "binding",
            "connect",
            "connect-nodes",
            "image-caches",
            "removal-image-caches",
            "removal",
            "removal-eviction",
            "profile",
            "routing-policies",
            "configuration"
        ]
    );
    assert_eq!(manifests.entry("mutating", "burst")["failurePolicy"], "Fail");
}

#[test]
fn the_configurations_are_seen_by_place_and_label() {
    let manifests = render(&json!({"mode": "enforce"}));
    for (name, namespace, objects) in [
        (
            "configuration",
            NAMESPACE,
            json!({"matchExpressions": [{"key": "ramgate.io/config", "operator": "Exists"}]}),
        ),
        ("profile", "kube-system", Value::Null),
    ] {
        let entry = manifests.entry("validating", name);
        assert_eq!(
            entry["namespaceSelector"],
            json!({"matchLabels": {"kubernetes.io/metadata.name": namespace}})
        );
        assert_eq!(entry["objectSelector"], objects);
        assert_eq!(entry["failurePolicy"], "Ignore");
    }
}

#[test]
fn the_digests_of_what_is_installed_are_those_of_the_entries() {
    let mut values = supported();
    let burst = json!({"cluster": {"burstNamespaces": [
        {"matchLabels": {"team": "a"}, "matchExpressions": [{"key": "burst", "operator": "Exists", "values": []}]},
    ]}});
    values.push(("empty values".to_owned(), burst));
    for (name, values) in values {
        let manifests = render(&values);
        let digests = manifests.kind("ConfigMap").into_iter().find(|map| {
            let name = map["metadata"]["name"].as_str().unwrap();
            name.ends_with("-installed")
        });
        let digests = digests.unwrap();
        assert!(
            digests["metadata"]["labels"]["ramgate.io/config"].is_null(),
            "it is no document"
        );
        let installed = InstalledWebhooks::read(&serde_json::from_value(digests.clone()).unwrap()).unwrap();
        let read = |phase: &str| json!({"metadata": {}, "webhooks": manifests.entries(phase)});
        let differences = |mutating: Value, validating: Value| {
            let mutating = serde_json::from_value(mutating).unwrap();
            let validating = serde_json::from_value(validating).unwrap();
            installed.differences(&mutating, &validating).len()
        };
        let (mutating, validating) = (read("mutating"), read("validating"));
        assert_eq!(differences(mutating.clone(), validating.clone()), 0, "{name}");
        let none = json!({"metadata": {}, "webhooks": []});
        let all = manifests.entries("mutating").len() + manifests.entries("validating").len();
        assert_eq!(differences(none.clone(), none), all, "{name}");
    }
}
