//! `ramgate preflight` and `stamp list` in a cluster without anything of ramgate.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;
use serde_json::json;

use crate::harness::command::Run;
use crate::harness::command::ramgate;
use crate::harness::control_plane::ControlPlane;
use crate::harness::kubectl::Kubectl;
use crate::harness::nodes;
use crate::harness::workloads::{To, deployment, pod};

const ROLE: &str = "k8s.aliyun.com/eci-ram-role-name";

/// Every pod gets two tags by mapping; alice may create what is tagged env:test, and pass no role
const DIRECTORY: &str = "account: {id: '1234567890123456', region: cn-hangzhou}
users: [{name: alice, policies: [{policy: Test}]}]
roles:
  - name: OtherTeam
    trustPolicy: {Version: '1', Statement: [{Effect: Allow, Action: sts:AssumeRole, Principal: {Service: [ecs.aliyuncs.com]}}]}
bindings: [{principal: user/alice, subjects: [{kind: User, name: alice@example.com}]}]
mapping:
  tags:
    - {key: team, from: {namespaceLabel: kubernetes.io/metadata.name}, mode: default}
    - {key: app, from: {podLabel: app}, mode: default}
";

const POLICY: &str = r#"{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "eci:*", "Resource": "*",
    "Condition": {"StringEquals": {"acs:RequestTag/env": "test"}}}]}"#;

fn with_role(mut deployment: Value, role: &str) -> Value {
    deployment["spec"]["template"]["metadata"]["annotations"][ROLE] = role.into();
    deployment
}

fn running(name: &str, tags: &str) -> Value {
    let mut pod = pod(name, To::Virtual, tags);
    pod["spec"]["nodeName"] = nodes::VIRTUAL.into();
    pod
}

/// The codes of every workload's obstacles, without those of a missing stamp, by namespace and name
fn obstacles(run: &Run) -> BTreeMap<String, Vec<String>> {
    let value = run.json();
    let groups = value["groups"].as_array().unwrap();
    let rows = groups.iter().flat_map(|group| {
        let namespace = group["namespace"].as_str().unwrap();
        let rows = group["workloads"].as_array().unwrap().iter();
        rows.map(move |row| {
            let codes = row["obstacles"].as_array().unwrap().iter();
            let codes = codes.map(|obstacle| obstacle["code"].as_str().unwrap().to_owned());
            let codes = codes.filter(|code| code != "MissingStamp");
            (
                format!("{namespace}/{}", row["name"].as_str().unwrap()),
                codes.collect(),
            )
        })
    });
    rows.collect()
}

#[test]
fn preflight_lists_exactly_the_planted_obstacles_before_anything_is_installed() {
    let plane = ControlPlane::start();
    let admin = plane.admin();
    admin.apply(&nodes::virtual_node(nodes::VIRTUAL)).success();
    for namespace in ["shop", "bank"] {
        admin.run(&["create", "namespace", namespace]).success();
        let within = admin.within(namespace);
        within.run(&["create", "serviceaccount", "default"]).success();
    }
    let planted = |name: &str, tags: &str| deployment(name, To::Virtual, tags);
    for object in [
        planted("fine", "env:test"),
        planted("limit", "env:test,one:1,two:2"),
        planted("blank", "env:test, app:blank"),
        planted("untagged", ""),
        with_role(planted("role", "env:test"), "OtherTeam"),
        planted("both", "env:prod, app:both"),
        running("runs", "env:test"),
        running("wrong", "env:prod"),
        deployment("elsewhere", To::AnyNode, ""),
    ] {
        admin.within("shop").apply(&object).success();
    }
    for object in [
        planted("mystery", "env:prod"),
        with_role(planted("ghost", "env:prod"), "Ghost"),
    ] {
        admin.within("bank").apply(&object).success();
    }
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("directory.yaml"), DIRECTORY).unwrap();
    fs::write(folder.path().join("Test.json"), POLICY).unwrap();
    let folder = folder.path().display().to_string();

    let arguments = [
        "--config-dir",
        &folder,
        "--namespace-as",
        "shop=alice@example.com",
    ];
    let json_output = [&["preflight", "--output", "json"][..], &arguments].concat();
    let run = ramgate(admin, &json_output).ended_with(2);
    let expected: [(&str, &[&str]); 10] = [
        ("bank/ghost", &["Forbidden.RamRoleNotExist"]),
        ("bank/mystery", &[]),
        ("shop/blank", &["MalformedAnnotation"]),
        ("shop/both", &["MalformedAnnotation", "ImplicitDeny"]),
        ("shop/fine", &[]),
        ("shop/limit", &["TooManyCustomTags"]),
        ("shop/role", &["ImplicitDeny"]),
        ("shop/runs", &[]),
        ("shop/untagged", &["ImplicitDeny"]),
        ("shop/wrong", &["ImplicitDeny"]),
    ];
    let expected = expected.map(|(name, codes)| {
        let codes: Vec<String> = codes.iter().map(|code| (*code).to_owned()).collect();
        (name.to_owned(), codes)
    });
    assert_eq!(obstacles(&run), expected.into());
    let value = run.json();
    assert_eq!(value["installed"], false);
    let counts = json!({"workloads": 10, "running": 2, "withObstacles": 7, "onlyWithoutStamp": 3, "withoutObstacles": 0});
    assert_eq!(value["counts"], counts);
    assert_eq!(value["findings"].as_array().unwrap().len(), 8, "{}", run.stdout);
    let known: Vec<_> = value["groups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|group| &group["principal"])
        .collect();
    assert_eq!(known, [&Value::Null, &json!("user/alice")]);

    let people = [&["preflight"][..], &arguments].concat();
    let told = ramgate(admin, &people).ended_with(2).stdout;
    assert!(
        told.contains("shop, RAM user `alice`: 6 of 8 with obstacles"),
        "{told}"
    );
    assert!(
        told.contains("under spec.template.metadata.annotations write k8s.aliyun.com/eci-custom-tags: \"env:test,app:blank\""),
        "{told}"
    );
    assert!(!told.contains("Deployment/fine"), "{told}");
    // The API server notes which client wrote the spec
    assert!(
        told.contains("Deployment/ghost, last written by client `kubectl"),
        "{told}"
    );

    let listed = [&["stamp", "list", "-A", "--output", "json"][..], &arguments].concat();
    let listed = ramgate(admin, &listed).ended_with(2).json();
    let rows = listed["workloads"].as_array().unwrap();
    let both = rows.iter().find(|row| row["name"] == "both").unwrap();
    let codes: Vec<_> = both["obstacles"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["code"])
        .collect();
    assert_eq!(codes, ["MissingStamp", "MalformedAnnotation", "ImplicitDeny"]);
    assert_eq!(
        (&both["judgedFor"], &both["assumed"]),
        (&json!("alice@example.com"), &json!(true))
    );
}

/// Objects of RBAC in their API's version
fn rbac(admin: &Kubectl, objects: &[Value]) {
    for object in objects {
        let mut object = object.clone();
        object["apiVersion"] = "rbac.authorization.k8s.io/v1".into();
        admin.apply(&object).success();
    }
}

fn bound(kind: &str, name: &str, namespace: Option<&str>, role: (&str, &str), subjects: &Value) -> Value {
    json!({
        "kind": kind, "metadata": {"name": name, "namespace": namespace}, "subjects": subjects,
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": role.0, "name": role.1},
    })
}

#[test]
fn preflight_names_whom_rbac_lets_act_and_nobody_of_kubernetes_itself() {
    let plane = ControlPlane::start();
    let admin = plane.admin();
    for namespace in ["shop", "bank"] {
        admin.run(&["create", "namespace", namespace]).success();
    }
    admin
        .within("shop")
        .apply(&deployment("web", To::Virtual, "env:test"))
        .success();
    let user = |name: &str| json!([{"kind": "User", "name": name}]);
    let group = |name: &str| json!([{"kind": "Group", "name": name}]);
    let reapers = json!([
        {"kind": "ServiceAccount", "name": "reaper", "namespace": "ops"},
        // Alibaba's own, and one that only has its name
        {"kind": "ServiceAccount", "name": "virtual-kubelet", "namespace": "kube-system"},
        {"kind": "ServiceAccount", "name": "virtual-kubelet", "namespace": "ops"},
    ]);
    let deletes = json!({"apiGroups": [""], "resources": ["pods"], "verbs": ["delete", "get"]});
    let of_db = json!({"apiGroups": [""], "resources": ["pods/exec", "pods"], "verbs": ["create"], "resourceNames": ["db-0"]});
    let reads = json!({"apiGroups": ["*"], "resources": ["namespaces", "nodes", "secrets", "configmaps", "pods", "deployments",
        "replicasets", "statefulsets", "daemonsets", "replicationcontrollers", "jobs", "cronjobs", "controllerrevisions",
        "mutatingwebhookconfigurations", "validatingwebhookconfigurations", "networkpolicies"], "verbs": ["get", "list"]});
    rbac(
        admin,
        &[
            json!({"kind": "ClusterRole", "metadata": {"name": "reaps"}, "rules": [deletes]}),
            json!({"kind": "ClusterRole", "metadata": {"name": "audits"}, "rules": [reads]}),
            json!({"kind": "Role", "metadata": {"name": "db", "namespace": "shop"}, "rules": [of_db]}),
            bound(
                "ClusterRoleBinding",
                "reapers",
                None,
                ("ClusterRole", "reaps"),
                &reapers,
            ),
            bound(
                "ClusterRoleBinding",
                "auditors",
                None,
                ("ClusterRole", "audits"),
                &user("auditor"),
            ),
            bound(
                "RoleBinding",
                "db",
                Some("shop"),
                ("Role", "db"),
                &user("nora@example.com"),
            ),
            bound(
                "RoleBinding",
                "alice",
                Some("shop"),
                ("ClusterRole", "admin"),
                &user("alice@example.com"),
            ),
            // `edit` is collected by a controller, which does not run here
            bound(
                "RoleBinding",
                "support",
                Some("shop"),
                ("ClusterRole", "edit"),
                &group("support"),
            ),
            bound(
                "RoleBinding",
                "support",
                Some("bank"),
                ("ClusterRole", "cluster-admin"),
                &group("bankers"),
            ),
        ],
    );
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("directory.yaml"), DIRECTORY).unwrap();
    fs::write(folder.path().join("Test.json"), POLICY).unwrap();
    let folder = folder.path().display().to_string();
    let arguments = [
        "preflight",
        "--output",
        "json",
        "--config-dir",
        &folder,
        "--as",
        "alice@example.com",
    ];

    let run = ramgate(admin, &arguments).ended_with(2);
    let value = run.json();
    let reaper = |name: &str| {
        json!({
            "kind": "ServiceAccount", "namespace": "ops", "name": name,
            "may": [{"acts": ["delete"], "pods": null, "namespaces": null}],
            "bindings": [{"namespace": null, "name": "reapers"}],
        })
    };
    let person = |kind: &str, name: &str, acts: &[&str], pods: Value, binding: &str| {
        json!({
            "kind": kind, "namespace": null, "name": name,
            "may": [{"acts": acts, "pods": pods, "namespaces": ["shop"]}],
            "bindings": [{"namespace": "shop", "name": binding}],
        })
    };
    let edits = ["create", "delete", "evict", "exec"];
    let expected = json!({
        "counts": {"serviceAccounts": 2, "users": 1, "groups": 1},
        "subjects": [
            reaper("reaper"),
            reaper("virtual-kubelet"),
            person("User", "nora@example.com", &["exec"], json!(["db-0"]), "db"),
            person("Group", "support", &edits, Value::Null, "support"),
        ],
    });
    assert_eq!(value["unlisted"], expected, "{}", run.stdout);
    let places = value["findings"].as_array().unwrap().iter();
    let places = places.filter(|finding| finding["check"] == "rbac").count();
    assert_eq!(places, 4);

    // Whoever may not read RBAC learns everything else
    let auditor = plane.person("auditor", None);
    let value = ramgate(&auditor, &arguments).json();
    assert_eq!(value["unlisted"], Value::Null);
    let notes = value["notes"].to_string();
    assert!(
        notes.contains("cannot list resource") && notes.contains("are not looked for"),
        "{notes}"
    );
    assert_eq!(value["counts"]["workloads"], 1);
}
