//! What each webhook entry asks the API server for: its rules and match conditions. What these let through is seen on a
//! real API server, in `tests/real/sent.rs`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::render::{Manifests, render, strings, supported, values_of};

/// In which StatefulSets and DaemonSets keep their templates
const REVISIONS: &str = "apps/*/controllerrevisions";

const WORKLOADS: [&str; 7] = [
    "/v1/replicationcontrollers",
    "apps/v1/daemonsets",
    "apps/v1/deployments",
    "apps/v1/replicasets",
    "apps/v1/statefulsets",
    "batch/v1/cronjobs",
    "batch/v1/jobs",
];

/// The rules of an entry, each operation and resource as `CREATE apps/v1/deployments`; cluster-wide ones in parentheses
fn rules(entry: &Value) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    for rule in entry["rules"].as_array().unwrap() {
        for group in strings(&rule["apiGroups"]) {
            for version in strings(&rule["apiVersions"]) {
                for resource in strings(&rule["resources"]) {
                    for operation in strings(&rule["operations"]) {
                        let line = format!("{operation} {group}/{version}/{resource}");
                        let line = match rule["scope"].as_str().unwrap() {
                            "Namespaced" | "*" => line,
                            "Cluster" => format!("({line})"),
                            scope => panic!("{scope}"),
                        };
                        assert!(lines.insert(line), "twice: {rule}");
                    }
                }
            }
        }
    }
    lines
}

/// Every operation on every resource
fn all<'a>(operations: &[&str], resources: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    let lines = resources
        .into_iter()
        .flat_map(|resource| operations.iter().map(move |verb| format!("{verb} {resource}")));
    lines.collect()
}

/// The only condition of an entry, beside that of removals
#[track_caller]
fn expression(manifests: &Manifests, phase: &str, name: &str) -> String {
    let mut conditions = manifests.entry(phase, name)["matchConditions"]
        .as_array()
        .unwrap()
        .clone();
    conditions.retain(|condition| condition["name"] != "removes");
    assert_eq!(conditions.len(), 1, "{conditions:?}");
    conditions[0]["expression"].as_str().unwrap().to_owned()
}

fn carrier(group: &str, resource: &str, templates: &[&str]) -> Value {
    json!({"user": "system:serviceaccount:a:b", "group": group, "kind": "Any", "resource": resource, "templates": templates})
}

#[test]
fn every_kind_and_operation_has_its_entry() {
    let marked = all(&["CREATE", "UPDATE"], ["/v1/pods"].into_iter().chain(WORKLOADS));
    let revisions = all(&["CREATE", "UPDATE"], [REVISIONS]);
    let pods = || marked.clone();
    let values = json!({
        "scale": {"judge": true},
        "cluster": {"burstNamespaces": [{"matchLabels": {"a": "b"}}]},
    });
    let manifests = render(&values);
    let both = [
        ("marked", marked.clone()),
        ("namespaces-alibabacloud-eci", pods()),
        ("namespaces-eci", pods()),
        ("namespaces-affinity-injection", pods()),
        ("burst-0", pods()),
        ("revisions", revisions.clone()),
        (
            "fields",
            all(
                &["UPDATE"],
                [
                    "/v1/pods/status",
                    "/v1/pods/ephemeralcontainers",
                    "/v1/pods/resize",
                ],
            ),
        ),
        ("binding", all(&["CREATE"], ["/v1/pods/binding", "/v1/bindings"])),
    ];
    let caches = |operations: &[&str]| -> BTreeSet<String> {
        let lines = all(operations, ["eci.alibabacloud.com/v1/imagecaches"]);
        lines.iter().map(|line| format!("({line})")).collect()
    };
    let removed = || all(&["DELETE", "UPDATE"], ["/v1/pods"]);
    let validating = [
        (
            "connect",
            all(
                &["CONNECT"],
                [
                    "/v1/pods/exec",
                    "/v1/pods/attach",
                    "/v1/pods/portforward",
                    "/v1/pods/proxy",
                ],
            ),
        ),
        (
            "scale",
            all(
                &["UPDATE"],
                [
                    "/v1/replicationcontrollers/scale",
                    "apps/v1/deployments/scale",
                    "apps/v1/replicasets/scale",
                    "apps/v1/statefulsets/scale",
                ],
            ),
        ),
        ("connect-nodes", ["(CONNECT /v1/nodes/proxy)".to_owned()].into()),
        ("image-caches", caches(&["CREATE", "UPDATE"])),
        ("removal-image-caches", caches(&["DELETE"])),
        ("removal", removed()),
        ("removal-namespaces-alibabacloud-eci", removed()),
        ("removal-namespaces-eci", removed()),
        ("removal-namespaces-affinity-injection", removed()),
        ("removal-eviction", all(&["CREATE"], ["/v1/pods/eviction"])),
        (
            "profile",
            all(&["CREATE", "UPDATE", "DELETE"], ["/v1/configmaps"]),
        ),
        (
            "routing-policies",
            all(
                &["CREATE", "UPDATE"],
                [
                    "scheduling.alibabacloud.com/*/resourcepolicies",
                    "eci.aliyun.com/*/selectors",
                ],
            ),
        ),
        ("configuration", all(&["CREATE", "UPDATE"], ["/v1/configmaps"])),
    ];
    for (phase, entries) in [
        ("mutating", both.to_vec()),
        ("validating", both.into_iter().chain(validating).collect()),
    ] {
        let names: Vec<_> = entries.iter().map(|(name, _)| *name).collect();
        assert_eq!(manifests.entry_names(phase), names);
        // Both phases see the same of what both see, so one tells of the other on a real API server.
        for name in manifests.entry_names("mutating") {
            for part in ["rules", "namespaceSelector", "matchConditions"] {
                let [one, other] =
                    ["mutating", "validating"].map(|phase| &manifests.entry(phase, name)[part]);
                assert_eq!(one, other, "{name} {part}");
            }
        }
        for (name, wanted) in entries {
            assert_eq!(rules(manifests.entry(phase, name)), wanted, "{phase} {name}");
        }
    }
}

#[test]
fn serverless_asks_for_everything_that_can_make_a_pod() {
    let manifests = render(&values_of("serverless"));
    let wanted = all(&["CREATE", "UPDATE"], ["/v1/pods"].into_iter().chain(WORKLOADS));
    for phase in ["mutating", "validating"] {
        assert_eq!(rules(manifests.entry(phase, "burst")), wanted);
        // What changed, and nothing of marks or nodes.
        for name in ["burst", "fields"] {
            let condition = expression(&manifests, phase, name);
            assert!(
                !condition.contains("nodeName") && !condition.contains("tolerations"),
                "{name}"
            );
        }
    }
    for name in ["binding", "connect-nodes"] {
        assert_eq!(
            manifests.entry("validating", name)["matchConditions"],
            Value::Null,
            "{name}"
        );
    }
}

#[test]
fn a_listed_runtime_class_is_a_mark_of_pods_and_of_every_template() {
    let carriers = json!([carrier("a.b", "cs", &["spec.template"])]);
    let marked = |classes: Value| {
        let manifests = render(&json!({"cluster": {"carriers": carriers, "runtimeClasses": classes}}));
        ["marked", "carriers-0", "removal"]
            .map(|name| expression(&manifests, "validating", name).contains(r#"in ["eci","vk"]"#))
    };
    assert_eq!(marked(json!(["eci", "vk"])), [true; 3]);
    assert_eq!(marked(json!([])), [false; 3]);
}

/// Pods of spawners act in somebody's name, so the entries must not leave out those on real nodes
#[test]
fn pods_and_templates_of_spawners_are_sent_wherever_they_run() {
    let carriers = json!([carrier("a.b", "cs", &["spec.template"])]);
    let with = |spawners: Value| {
        render(&json!({"cluster": {
            "carriers": carriers, "burstNamespaces": [{"matchLabels": {"burst": "yes"}}], "spawners": spawners,
        }}))
    };
    let entries = ["marked", "namespaces-eci", "fields"];
    let account = r#"pod.?spec.?serviceAccountName.orValue("")"#;
    let none = with(json!([]));
    let selected = with(json!([{"namespaces": {"matchLabels": {"a": "b"}}, "serviceAccount": "spark"}]));
    let named = with(json!([{"namespace": "lab", "serviceAccount": "default"}]));
    for phase in ["mutating", "validating"] {
        for name in entries {
            let test = |manifests| expression(manifests, phase, name);
            assert!(!test(&none).contains("serviceAccountName"), "{name}");
            assert!(
                test(&selected).contains(&format!(r#"{account} in ["spark"]"#)),
                "{name}"
            );
            // A template that names no account has the default one.
            let wanted = format!(r#"request.namespace == "lab" && {account} in ["","default"]"#);
            assert!(test(&named).contains(&wanted), "{name}");
        }
        // The first entry has them already.
        let burst = expression(&selected, phase, "burst-0");
        let (unbound, marked) = burst.split_once("&& !(").unwrap();
        assert!(!unbound.contains("serviceAccountName") && marked.contains("serviceAccountName"));
        // A template without a spec leaves its account to its controller.
        let loose = expression(&selected, phase, "carriers-0");
        assert!(
            loose.contains(r#"account in ["spark"] || size(spec) == 0 || ("#),
            "{loose}"
        );
        let loose = expression(&named, phase, "carriers-0");
        assert!(
            loose.contains(r#"size(spec) == 0 && request.namespace in ["lab"] || ("#),
            "{loose}"
        );
    }
    // A deletion of such a pod is nobody's question to RAM.
    assert!(!expression(&selected, "validating", "removal").contains("serviceAccountName"));
}

#[test]
fn taints_and_resources_of_virtual_nodes_are_marks_of_pods_and_of_every_template() {
    use ramgate::testing::config::ClusterSettings;
    let carriers = json!([carrier("a.b", "cs", &["spec.template"])]);
    let expressions = |cluster: Value| {
        let manifests = render(&json!({"cluster": cluster}));
        ["marked", "carriers-0", "removal"].map(|name| expression(&manifests, "validating", name))
    };
    let taints = |taints: &[&str]| serde_json::to_string(&[&[""], taints].concat()).unwrap();
    let default = ClusterSettings::default().virtual_node_taints;
    let default = taints(&default.iter().map(String::as_str).collect::<Vec<_>>());
    for expression in expressions(json!({"carriers": carriers})) {
        assert!(expression.contains(&format!("in {default}")), "{expression}");
        assert!(!expression.contains("initContainers"), "{expression}");
    }
    // Values that an upgrade reuses lack them
    for expression in expressions(json!({"carriers": carriers, "virtualNodeTaints": null})) {
        assert!(expression.contains(&format!("in {default}")), "{expression}");
    }
    let chosen =
        json!({"carriers": carriers, "virtualNodeTaints": ["x.y/z"], "virtualNodeResources": ["x.y/slots"]});
    for expression in expressions(chosen) {
        assert!(
            expression.contains(&format!("in {}", taints(&["x.y/z"]))),
            "{expression}"
        );
        for part in ["initContainers", "overhead", "x.y/slots"] {
            assert!(expression.contains(part), "{part}: {expression}");
        }
    }
}

#[test]
fn what_controllers_do_to_owners_is_never_sent() {
    use ramgate::testing::config::ClusterSettings;
    use ramgate::testing::kubernetes::{control_plane_users, is_control_plane};
    let values = json!({"cluster": {"controlPlane": ["system:serviceaccount:tools:janitor"]}});
    let manifests = render(&values);
    let settings = ClusterSettings {
        control_plane: vec!["system:serviceaccount:tools:janitor".to_owned()],
        ..ClusterSettings::default()
    };
    for name in ["removal", "removal-namespaces-eci"] {
        let condition = &manifests.entry("validating", name)["matchConditions"][0];
        let expression = condition["expression"].as_str().unwrap();
        let (_, list) = expression.split_once("username in ").unwrap();
        let list: Vec<String> = serde_json::from_str(list.trim_end().strip_suffix(')').unwrap()).unwrap();
        for user in &list {
            assert!(is_control_plane(user, std::iter::empty(), &settings), "{user}");
        }
        for user in control_plane_users() {
            assert!(list.contains(&user), "{user} is not in {name}");
        }
        assert!(list.contains(&settings.control_plane[0]));
    }
}

#[test]
fn what_holds_no_pod_is_sent_whatever_it_is() {
    let manifests = render(&json!({}));
    for name in [
        "connect",
        "removal-eviction",
        "removal-image-caches",
        "configuration",
    ] {
        assert_eq!(
            manifests.entry("validating", name)["matchConditions"],
            Value::Null,
            "{name}"
        );
    }
}

#[test]
fn kinds_of_carriers_are_sent_in_any_version() {
    let carriers = json!([
        carrier("apps.kruise.io", "clonesets", &["spec.template"]),
        carrier("batch.volcano.sh", "jobs", &["spec.tasks.template", "spec.meta"]),
    ]);
    let values = json!({"cluster": {"carriers": carriers, "burstNamespaces": [{"matchLabels": {"a": "b"}}]}});
    let manifests = render(&values);
    let (clone_sets, jobs) = ("apps.kruise.io/*/clonesets", "batch.volcano.sh/*/jobs");
    let everything = all(
        &["CREATE", "UPDATE"],
        ["/v1/pods", clone_sets, jobs].into_iter().chain(WORKLOADS),
    );
    for phase in ["mutating", "validating"] {
        for (name, wanted) in [
            ("carriers-0", all(&["CREATE", "UPDATE"], [clone_sets])),
            ("carriers-1", all(&["CREATE", "UPDATE"], [jobs])),
            ("carriers-2", all(&["CREATE", "UPDATE"], [jobs])),
            ("namespaces-alibabacloud-eci", everything.clone()),
            ("namespaces-eci", everything.clone()),
            ("namespaces-affinity-injection", everything.clone()),
            ("burst-0", everything.clone()),
        ] {
            assert_eq!(rules(manifests.entry(phase, name)), wanted, "{phase} {name}");
        }
    }
    // An entry looks where its path says.
    for (name, steps) in [
        ("carriers-0", &["spec", "template"][..]),
        ("carriers-1", &["spec", "tasks", "template"]),
        ("carriers-2", &["spec", "meta"]),
    ] {
        let condition = expression(&manifests, "mutating", name);
        let mut rest = condition.as_str();
        for step in steps {
            rest = rest
                .split_once(&format!("[?\"{step}\"].orValue(dyn(null))"))
                .unwrap_or_else(|| panic!("{name}: no {step} in {condition}"))
                .1;
        }
    }
    let serverless = render(&json!({"cluster": {"serverless": true, "carriers": carriers}}));
    assert_eq!(rules(serverless.entry("mutating", "burst")), everything);
}

#[test]
fn a_preset_sends_all_its_kinds() {
    let presets = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/src/config/directory/carrier_presets.yaml"
    );
    let presets = std::fs::read_to_string(presets).unwrap();
    let presets = ramgate::testing::yaml::parse(&presets).unwrap()[0].to_json();
    for (name, preset) in presets.as_object().unwrap() {
        let values =
            json!({"cluster": {"carriers": [{"preset": name, "user": "system:serviceaccount:a:b"}]}});
        let manifests = render(&values);
        let kinds = preset["kinds"].as_array().unwrap().iter();
        // Pods are sent anyway
        let kinds = kinds.filter(|kind| kind["group"] != "");
        let wanted: BTreeSet<String> = kinds
            .flat_map(|kind| {
                let line = format!(
                    "{}/*/{}",
                    kind["group"].as_str().unwrap(),
                    kind["resource"].as_str().unwrap()
                );
                all(&["CREATE", "UPDATE"], [line.as_str()])
            })
            .collect();
        let entries = manifests.entry_names("mutating").into_iter();
        let entries = entries.filter(|entry| entry.starts_with("carriers-"));
        let sent: BTreeSet<String> = entries
            .flat_map(|entry| rules(manifests.entry("mutating", entry)))
            .collect();
        assert_eq!(sent, wanted, "{name}");
    }
}

#[test]
fn a_kind_of_several_carriers_is_sent_once() {
    let carriers = json!([
        carrier("apps", "deployments", &["spec.template"]),
        carrier("", "pods", &["spec"]),
        carrier("apps.kruise.io", "clonesets", &["spec.template"]),
        carrier("apps.kruise.io", "clonesets", &["spec.template", "spec.other"]),
        carrier("", "podtemplates", &["template"]),
    ]);
    let manifests = render(&json!({"cluster": {"carriers": carriers}}));
    let names = manifests.entry_names("mutating");
    assert_eq!(
        names.iter().filter(|name| name.starts_with("carriers-")).count(),
        3,
        "{names:?}"
    );
    // `rules` refuses what is there twice.
    let lines = rules(manifests.entry("mutating", "namespaces-eci"));
    assert!(lines.contains("UPDATE /*/podtemplates"), "{lines:?}");
    // Each kind is looked at in its own way.
    let condition = expression(&manifests, "mutating", "namespaces-eci");
    let kinds = [
        ("apps.kruise.io/clonesets", "spec"),
        ("/podtemplates", "template"),
    ];
    let mut rest = condition.as_str();
    for (kind, field) in kinds {
        let (_, after) = rest
            .split_once(&format!(
                "request.resource.group + \"/\" + request.resource.resource == \"{kind}\" ? ("
            ))
            .unwrap_or_else(|| panic!("no {kind} in {rest}"));
        let step = format!("[?\"{field}\"].orValue(dyn(null))");
        assert!(after.contains(&step), "{kind}: {after}");
        rest = after;
    }
}

#[test]
fn conditions_are_rendered_from_the_values_of_the_directory() {
    let expression = |values: &Value| expression(&render(values), "validating", "marked");
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
fn a_burst_namespace_leaves_out_what_is_marked() {
    let manifests = render(&values_of("burst"));
    let marks = expression(&manifests, "validating", "removal");
    for phase in ["mutating", "validating"] {
        for name in ["burst-0", "burst-1"] {
            assert!(expression(&manifests, phase, name).contains(&format!("&& !({marks})")));
        }
        let marked = expression(&manifests, phase, "marked");
        assert!(marked.contains(&marks) && !marked.contains(&format!("!({marks})")));
    }
}

#[test]
fn more_replicas_count_only_where_scaling_is_judged() {
    let condition =
        |judge: bool| expression(&render(&json!({"scale": {"judge": judge}})), "mutating", "marked");
    assert!(condition(true).contains("replicas") && !condition(false).contains("replicas"));
}

/// An expression without its texts, cut into names and whether each is called
fn names(expression: &str) -> Vec<(String, bool)> {
    let mut bare = String::new();
    let (mut inside, mut escaped) = (false, false);
    for letter in expression.chars() {
        match (inside, letter) {
            (true, _) if escaped => escaped = false,
            (true, '\\') => escaped = true,
            (_, '"') => inside = !inside,
            (false, _) => bare.push(letter),
            (true, _) => {}
        }
    }
    assert!(!inside, "{expression}");
    let mut names = Vec::new();
    let mut rest = bare.as_str();
    while let Some(start) = rest.find(|letter: char| letter.is_ascii_alphabetic()) {
        rest = &rest[start..];
        let end = rest
            .find(|letter: char| !letter.is_ascii_alphanumeric())
            .unwrap_or(rest.len());
        names.push((rest[..end].to_owned(), rest[end..].starts_with('(')));
        rest = &rest[end..];
    }
    names
}

#[test]
fn conditions_know_nothing_of_later_versions() {
    // Operators, macros, the texts of cel-go's first extension, and the optional values of Kubernetes 1.29.
    let known = [
        "all",
        "dyn",
        "exists",
        "filter",
        "hasValue",
        "lowerAscii",
        "map",
        "matches",
        "ofNonZeroValue",
        "or",
        "orValue",
        "size",
        "split",
        "startsWith",
        "type",
    ];
    let values = json!({
        "scale": {"judge": true},
        "cluster": {"carriers": [carrier("a.b", "cs", &["spec.template"])], "burstNamespaces": [{"matchLabels": {"a": "b"}}]},
    });
    let mut seen = 0;
    for (name, values) in supported().into_iter().chain([("everything".to_owned(), values)]) {
        let manifests = render(&values);
        for phase in ["mutating", "validating"] {
            for entry in manifests.entries(phase) {
                for condition in entry["matchConditions"].as_array().into_iter().flatten() {
                    let expression = condition["expression"].as_str().unwrap();
                    for (word, called) in names(expression) {
                        assert!(
                            !called || known.contains(&word.as_str()),
                            "{name}: {word} in {expression}"
                        );
                        // These two are not there in every request.
                        assert!(word != "authorizer" && word != "namespaceObject", "{expression}");
                        seen += 1;
                    }
                }
            }
        }
    }
    assert!(seen > 0);
}
