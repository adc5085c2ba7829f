//! Which values are accepted, and what is said of those that are not.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::render::{document, refusal, render, repository, supported, template};

fn schema() -> Value {
    serde_json::from_str(&fs::read_to_string(repository("charts/ramgate/values.schema.json")).unwrap())
        .unwrap()
}

fn defaults() -> Value {
    document(&repository("charts/ramgate/values.yaml"))
}

/// The dotted paths of all keys, down to the maps that users fill
fn paths(values: &Value, schema: &Value, prefix: &str, found: &mut Vec<String>) {
    for (key, value) in values.as_object().unwrap() {
        let path = format!("{prefix}{key}");
        let part = &schema["properties"][key];
        if part["properties"].is_object() && value.as_object().is_some_and(|fields| !fields.is_empty()) {
            paths(value, part, &format!("{path}."), found);
        }
        found.push(path);
    }
}

/// An object that holds this value at a dotted path
fn at(path: &str, value: Value) -> Value {
    path.rsplit('.').fold(value, |inner, key| json!({ key: inner }))
}

#[test]
fn every_supported_way_to_install_renders_twice_the_same() {
    for (name, values) in supported() {
        let once = template(&values).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(once, template(&values).unwrap(), "{name}");
    }
}

#[test]
fn every_key_is_explained_in_place_and_in_the_readme() {
    let mut keys = Vec::new();
    paths(&defaults(), &schema(), "", &mut keys);
    let text = fs::read_to_string(repository("charts/ramgate/values.yaml")).unwrap();
    let (mut path, mut above, mut written) = (Vec::new(), "", BTreeSet::new());
    for line in text.lines() {
        let words = line.trim_start();
        if let Some((key, value)) = words.split_once(':') {
            path.truncate((line.len() - words.len()) / 2);
            path.push(key);
            let dotted = path.join(".");
            written.insert(dotted.clone());
            // A section without a value of its own speaks through its keys.
            if keys.contains(&dotted) && !(value.is_empty() && above.trim().is_empty()) {
                assert!(
                    above.trim_start().starts_with('#') || dotted.contains("resources."),
                    "{dotted} has no comment"
                );
            }
        }
        above = line;
    }
    let unseen: Vec<_> = keys.iter().filter(|key| !written.contains(*key)).collect();
    assert!(unseen.is_empty(), "{unseen:?}");

    let readme = fs::read_to_string(repository("charts/ramgate/README.md")).unwrap();
    let leaves = keys
        .iter()
        .filter(|key| !keys.iter().any(|other| other.starts_with(&format!("{key}."))));
    for key in leaves {
        assert!(
            readme.contains(&format!("`{key}`")),
            "README.md does not list {key}"
        );
    }
}

#[test]
fn schema_and_values_have_the_same_keys() {
    fn compare(values: &Value, schema: &Value, path: &str) {
        let Some(properties) = schema["properties"].as_object() else {
            return;
        };
        let values = values.as_object().unwrap();
        for key in properties.keys().filter(|key| *key != "global") {
            let known = values.contains_key(key) || values.is_empty() || path.ends_with(".resources");
            assert!(known, "{path}.{key} is in the schema only");
        }
        for (key, value) in values {
            assert!(properties.contains_key(key), "{path}.{key} is in the values only");
            compare(value, &properties[key], &format!("{path}.{key}"));
        }
    }
    compare(&defaults(), &schema(), "");
}

#[test]
fn every_object_of_the_schema_is_closed() {
    fn check(schema: &Value, path: &str) {
        if let Some(fields) = schema.as_object() {
            if fields.contains_key("properties") {
                assert_eq!(schema["additionalProperties"], false, "{path}");
            }
            for (key, value) in fields {
                check(value, &format!("{path}.{key}"));
            }
        }
    }
    check(&schema(), "");
}

#[test]
fn unknown_keys_are_refused_at_every_level() {
    let mut keys = Vec::new();
    paths(&defaults(), &schema(), "", &mut keys);
    let mut levels: Vec<String> = keys
        .iter()
        .filter_map(|key| key.rsplit_once('.'))
        .map(|(level, _)| format!("{level}.surprise"))
        .collect();
    levels.push("surprise".to_owned());
    levels.sort();
    levels.dedup();
    assert!(
        levels.iter().any(|level| level.matches('.').count() > 1),
        "{levels:?}"
    );
    for path in levels {
        let error = refusal(&at(&path, json!(1)));
        assert!(
            error.contains("additional properties 'surprise' not allowed"),
            "{path}: {error}"
        );
    }
    let error = refusal(&json!({"cluster": {"carriers": [{"user": "u", "groups": "g"}]}}));
    assert!(error.contains("'groups' not allowed"), "{error}");
}

#[test]
fn values_of_the_wrong_kind_are_refused() {
    let carriers = |group: &str, resource: &str, templates: &[&str]| json!([{"user": "u", "group": group, "kind": "K", "resource": resource, "templates": templates}]);
    for (path, value) in [
        ("mode", json!("Enforce")),
        ("namespaceModes", json!({"team": "off"})),
        ("namespaceModes", json!({"Team": "warn"})),
        ("exemptNamespaces", json!(["*"])),
        ("cluster.virtualNodes", json!([])),
        ("cluster.virtualNodes", json!([{}])),
        ("cluster.burstNamespaces", json!([{"matchLabels": {"a": true}}])),
        ("cluster.maxCustomTags", json!(21)),
        ("cluster.eciProfileChanges", json!("deny")),
        ("cluster.carriers", carriers("apps", "*", &["spec.template"])),
        ("cluster.carriers", carriers("*", "sets", &["spec.template"])),
        ("cluster.carriers", carriers("", "pods/exec", &["spec.template"])),
        ("cluster.carriers", carriers("apps", "sets", &["spec..template"])),
        (
            "cluster.carriers",
            carriers("apps", "sets", &["spec[*].template"]),
        ),
        ("cluster.carriers", carriers("apps", "sets", &[])),
        (
            "cluster.carriers",
            json!([{"user": "u", "group": "g", "kind": "K", "resource": "ks", "templates": ["spec.template"], "harmless": ["spec."]}]),
        ),
        ("cluster.injectors", json!([{}])),
        ("cluster.injectors", json!([{"containers": []}])),
        ("cluster.injectors", json!([{"imagePrefixes": [""]}])),
        ("cluster.spawners", json!([{"serviceAccount": "spark"}])),
        ("cluster.spawners", json!([{"namespace": "data"}])),
        (
            "cluster.spawners",
            json!([{"namespace": "*", "serviceAccount": "spark"}]),
        ),
        (
            "cluster.spawners",
            json!([{"namespace": "data", "serviceAccount": "system:serviceaccount:data:spark"}]),
        ),
        (
            "cluster.spawners",
            json!([{"namespace": "data", "namespaces": {"matchLabels": {"a": "b"}}, "serviceAccount": "s"}]),
        ),
        ("webhooks.marked.timeoutSeconds", json!(31)),
        ("webhooks.removal.failurePolicy", json!("Fail")),
        ("webhooks.configuration.failurePolicy", json!("Fail")),
        ("webhooks.profile.failurePolicy", json!("Fail")),
        ("webhooks.binding.failurePolicy", json!("fail")),
        ("webhooks.connect.enabled", json!("no")),
        ("webhooks.binding.enabled", json!(false)),
        ("scale.judge", json!("yes")),
        ("stamp.secretName", json!("a/b")),
        ("stamp.contents", json!("deny")),
        ("stamp.namespaceContents", json!({"team": "warn"})),
        ("stamp.namespaceContents", json!({"Team": "refuse"})),
        ("stamp.upgradeAfterSeconds", json!(-1)),
        ("image.digest", json!("sha256:1")),
        ("replicas", json!(-1)),
        ("certificate.source", json!("none")),
        ("server.logFormat", json!("xml")),
        ("server.peers", json!(["10.0.0.0"])),
        ("server.peers", json!(["10.0.0.0/33"])),
        ("server.peers", json!(["10.0.0.256/24"])),
        ("server.peers", json!(["2001:db8::/129"])),
        ("server.peers", json!(["kube-apiserver"])),
        ("server.clientAuth.caSecret", json!("a/b")),
        ("server.clientAuth.caConfigMap", json!("A")),
        ("server.clientAuth.names", json!([""])),
    ] {
        let error = refusal(&at(path, value));
        assert!(error.contains("schema"), "{path}: {error}");
    }
}

#[test]
fn contradictions_are_named_with_both_sides() {
    let selector =
        |operator: &str| json!([{"matchExpressions": [{"key": "a", "operator": operator, "values": ["b"]}]}]);
    let cases = [
        // What --reuse-values makes of the values of a chart that knew less
        (
            json!({"stamp": null}),
            ["stamp.contents is missing", "--reset-then-reuse-values"],
        ),
        (
            json!({"stamp": {"upgradeAfterSeconds": null}}),
            [
                "stamp.upgradeAfterSeconds is missing",
                "--reset-then-reuse-values",
            ],
        ),
        (
            json!({"server": {"staleAfterSeconds": null}}),
            ["server.staleAfterSeconds is missing", "--reset-then-reuse-values"],
        ),
        (
            json!({"server": {"deadlineMilliseconds": 5000}}),
            [
                "server.deadlineMilliseconds (5000)",
                "webhooks.binding.timeoutSeconds (5)",
            ],
        ),
        (
            json!({"webhooks": {"removal": {"timeoutSeconds": 2}}}),
            [
                "server.deadlineMilliseconds (2500)",
                "webhooks.removal.timeoutSeconds (2)",
            ],
        ),
        (
            json!({"terminationGracePeriodSeconds": 7}),
            [
                "terminationGracePeriodSeconds (7)",
                "server.shutdownDelayMilliseconds (5000)",
            ],
        ),
        (
            json!({"realNodeNames": ".*"}),
            ["realNodeNames (.*)", "virtual-kubelet"],
        ),
        (
            json!({"realNodeNames": "["}),
            ["realNodeNames", "missing closing ]"],
        ),
        (
            json!({"realNodeNames": "virtual-.*"}),
            ["realNodeNames (virtual-.*)", "virtual-kubelet"],
        ),
        (
            json!({"realNodeNames": "cn-hangzhou\\..*"}),
            ["realNodeNames", "cn-hangzhou.vnd-"],
        ),
        (
            json!({"exemptNamespaces": ["kube-public"]}),
            ["exemptNamespaces", "kube-system"],
        ),
        (
            json!({"cluster": {"eciProfile": false, "eciProfileChanges": "refuse"}}),
            ["cluster.eciProfileChanges", "cluster.eciProfile is false"],
        ),
        (
            json!({"stamp": {"secretName": "ramgate-ca"}}),
            ["stamp.secretName (ramgate-ca)", "Secret of the certificate"],
        ),
        (
            json!({"stamp": {"secretName": "tls"}, "certificate": {"source": "secret", "secret": {"name": "tls"}}}),
            ["stamp.secretName (tls)", "Secret of the certificate"],
        ),
        (
            json!({"namespaceModes": {"kube-system": "warn"}}),
            ["namespaceModes", "exemptNamespaces"],
        ),
        (
            json!({"namespaceModes": {"ramgate-system": "warn"}}),
            ["namespaceModes", "release's namespace"],
        ),
        (
            json!({"stamp": {"namespaceContents": {"kube-system": "refuse"}}}),
            ["stamp.namespaceContents names kube-system", "exemptNamespaces"],
        ),
        (
            json!({"cluster": {"spawners": [{"namespace": "kube-system", "serviceAccount": "spark"}]}}),
            [
                "cluster.spawners[0] names namespace kube-system",
                "exemptNamespaces",
            ],
        ),
        (
            json!({"cluster": {"spawners": [{"namespaces": {"matchExpressions": [
                {"key": "a", "operator": "Exists", "values": ["b"]},
            ]}, "serviceAccount": "spark"}]}}),
            ["cluster.spawners[0]: operator Exists", "key a"],
        ),
        (
            json!({"cluster": {"virtualNodes": selector("NotIn")}}),
            ["cluster.virtualNodes[0]", "In or Exists"],
        ),
        (
            json!({"cluster": {"acsNodes": selector("Exists")}}),
            ["cluster.acsNodes[0]", "operator Exists"],
        ),
        (
            json!({"cluster": {"serverless": true, "burstNamespaces": selector("In")}}),
            ["cluster.serverless", "cluster.burstNamespaces"],
        ),
        (
            json!({"tolerations": [{"operator": "Exists"}]}),
            ["tolerations", "cluster.serverless"],
        ),
        (
            json!({"tolerations": [{"key": "virtual-kubelet.io/provider", "operator": "Exists"}]}),
            ["tolerations", "cluster.serverless"],
        ),
        (
            json!({"podLabels": {"alibabacloud.com/eci": "true"}}),
            ["podLabels", "cluster.serverless"],
        ),
        (
            json!({"podLabels": {"app.kubernetes.io/name": "x"}}),
            ["podLabels", "app.kubernetes.io/name"],
        ),
        (
            json!({"certificate": {"source": "secret"}}),
            ["certificate.source", "certificate.secret.name"],
        ),
        (
            json!({"certificate": {"secret": {"name": "s"}}}),
            ["certificate.secret.name", "certificate.source is self"],
        ),
        (
            json!({"certificate": {"secret": {"webhookAnnotations": {"a": "b"}}}}),
            [
                "certificate.secret.webhookAnnotations",
                "certificate.source is self",
            ],
        ),
        (
            json!({"certificate": {"certManager": {"issuerRef": {"name": "i"}}}}),
            ["certificate.certManager.issuerRef", "certificate.source is self"],
        ),
        (
            json!({"server": {"clientAuth": {"enabled": true}}}),
            ["server.clientAuth.caConfigMap", "server.clientAuth.caSecret"],
        ),
        (
            json!({"server": {"clientAuth": {"enabled": true, "caConfigMap": "a", "caSecret": "b"}}}),
            [
                "server.clientAuth.caConfigMap (a)",
                "server.clientAuth.caSecret (b)",
            ],
        ),
        (
            json!({"server": {"clientAuth": {"names": ["kube-apiserver"]}}}),
            ["server.clientAuth.enabled is false", "names"],
        ),
        (
            json!({"networkPolicy": {"enabled": true}}),
            [
                "networkPolicy.enabled is true",
                "networkPolicy.apiServer is empty",
            ],
        ),
        (
            json!({"serviceAccount": {"create": false}}),
            ["serviceAccount.create", "serviceAccount.name"],
        ),
    ];
    for (values, parts) in cases {
        let error = refusal(&values);
        for part in parts {
            assert!(error.contains(part), "{values}: {part} is not in {error}");
        }
    }
}

#[test]
fn the_product_reads_the_cluster_section() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cluster.yaml");
    for (name, values) in supported() {
        let manifests = render(&values);
        let maps = manifests.kind("ConfigMap");
        let text = maps.iter().find_map(|map| map["data"]["cluster.yaml"].as_str());
        fs::write(&file, text.unwrap()).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_ramgate"))
            .arg("lint")
            .arg(&file)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success() && said.contains("0 errors"),
            "{name}: {said}"
        );
    }
}

#[test]
fn the_cluster_section_is_rendered_from_the_values_and_nothing_else_is() {
    for (name, values) in supported() {
        let manifests = render(&values);
        let maps = manifests.kind("ConfigMap");
        let maps: Vec<_> = maps
            .into_iter()
            // Those of the sync are empty
            .filter(|map| {
                map["metadata"]["labels"]["ramgate.io/config"].is_string() && !map["data"].is_null()
            })
            .collect();
        assert_eq!(maps.len(), 1, "{name}");
        assert_eq!(
            maps[0]["metadata"]["labels"]["ramgate.io/config"], "directory",
            "{name}"
        );
        let data = maps[0]["data"].as_object().unwrap();
        assert_eq!(data.keys().collect::<Vec<_>>(), ["cluster.yaml"], "{name}");
        let section = crate::render::documents(data["cluster.yaml"].as_str().unwrap());
        let mut wanted = defaults()["cluster"].clone();
        for (key, value) in values["cluster"].as_object().into_iter().flatten() {
            wanted[key] = value.clone();
        }
        wanted["judgeScale"] = (values["scale"]["judge"] == true).into();
        for field in [
            "injectors",
            "runtimeClasses",
            "spawners",
            "virtualNodeResources",
            "virtualNodeTaints",
        ] {
            if wanted[field] == json!([]) || wanted[field] == defaults()["cluster"][field] {
                wanted.as_object_mut().unwrap().remove(field);
            }
        }
        assert_eq!(section, [json!({ "cluster": wanted })], "{name}");
    }
}

/// Replicas of an older version judge the section while it is upgraded, and refuse a field that they do not know.
#[test]
fn the_section_cluster_has_no_later_field_where_that_says_nothing() {
    let section = |values: &serde_json::Value| {
        let manifests = render(values);
        let map = manifests.named("ConfigMap", "ramgate-cluster");
        map["data"]["cluster.yaml"].as_str().unwrap().to_owned()
    };
    let plain = section(&json!({}));
    for (field, value) in [
        ("injectors", json!([{"containers": ["istio-proxy"]}])),
        ("runtimeClasses", json!(["eci"])),
        ("virtualNodeResources", json!(["example.com/slots"])),
        ("virtualNodeTaints", json!(["example.com/vk"])),
        (
            "spawners",
            json!([{"namespace": "data", "serviceAccount": "spark"}]),
        ),
    ] {
        assert!(!plain.contains(field), "{plain}");
        let with = section(&json!({"cluster": {field: value}}));
        assert!(with.contains(&format!("{field}:")), "{with}");
    }
}
