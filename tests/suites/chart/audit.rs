//! The CronJob that judges what runs on ECI: opt-in, with an account of its own that may list, and write its own Reports.

use std::process::Command;

use serde_json::{Value, json};

use crate::render::{Manifests, NAMESPACE, render, runs_one_at_a_time, strings, values_of};

const CLUSTER: &str = "ramgate-system:ramgate-audit";

fn on() -> Value {
    json!({"audit": {"enabled": true}})
}

fn rules<'a>(manifests: &'a Manifests, kind: &str, name: &str) -> &'a Vec<Value> {
    manifests.named(kind, name)["rules"].as_array().unwrap()
}

fn container(manifests: &Manifests) -> Value {
    let job = &manifests.named("CronJob", "ramgate-audit")["spec"]["jobTemplate"]["spec"];
    job["template"]["spec"]["containers"][0].clone()
}

#[test]
fn it_is_off_by_default() {
    let manifests = render(&json!({}));
    let name = |object: &&Value| {
        object["metadata"]["name"]
            .as_str()
            .unwrap_or_default()
            .contains("audit")
    };
    assert!(!manifests.all().iter().any(|object| name(&object)));
}

#[test]
fn the_audit_lists_and_writes_its_own_reports_and_events_and_no_more() {
    let manifests = render(&on());
    let rules_of_cluster = rules(&manifests, "ClusterRole", CLUSTER);
    // Of everything in all namespaces it only lists
    let (custom, built_in): (Vec<&Value>, Vec<&Value>) = rules_of_cluster.iter().partition(|rule| {
        let group = rule["apiGroups"][0].as_str().unwrap();
        group.contains('.') && !group.ends_with("k8s.io") && group != "openreports.io"
            || [
                "jobset.x-k8s.io",
                "leaderworkerset.x-k8s.io",
                "sparkoperator.k8s.io",
            ]
            .contains(&group)
    });
    assert!(custom.len() > 10);
    assert!(
        custom.iter().all(|rule| rule["verbs"] == json!(["list"])),
        "{custom:?}"
    );
    let list = |group: &str, resources: &[&str]| json!({"apiGroups": [group], "resources": resources, "verbs": ["list"]});
    assert_eq!(
        json!(built_in),
        json!([
            list("", &["namespaces", "nodes"]),
            list("", &["pods", "replicationcontrollers"]),
            list("apps", &["controllerrevisions", "daemonsets", "deployments", "replicasets", "statefulsets"]),
            list("batch", &["cronjobs", "jobs"]),
            {
                "apiGroups": ["admissionregistration.k8s.io"],
                "resources": ["mutatingwebhookconfigurations", "validatingwebhookconfigurations"],
                "resourceNames": ["ramgate"], "verbs": ["get"],
            },
            {
                "apiGroups": ["openreports.io"], "resources": ["reports"], "resourceNames": ["ramgate-audit"],
                "verbs": ["get", "list", "create", "patch", "delete"],
            },
            {"apiGroups": ["events.k8s.io"], "resources": ["events"], "verbs": ["create"]},
        ])
    );
    assert_eq!(
        json!(rules(&manifests, "Role", "ramgate-audit")),
        json!([
            {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]},
            {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["ramgate-stamp"], "verbs": ["get"]},
        ])
    );
    assert_eq!(
        json!(rules(&manifests, "Role", CLUSTER)),
        json!([{"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["eci-profile"], "verbs": ["get"]}])
    );
    let account = json!([{"kind": "ServiceAccount", "name": "ramgate-audit", "namespace": NAMESPACE}]);
    let bindings = ["RoleBinding", "ClusterRoleBinding"]
        .iter()
        .flat_map(|kind| manifests.kind(kind));
    let own = bindings.filter(|object| object["subjects"] == account);
    assert_eq!(own.count(), 3);
}

#[test]
fn the_webhook_s_account_gains_nothing_by_the_audit() {
    let (with, without) = (render(&on()), render(&json!({})));
    for (kind, name) in [
        ("ClusterRole", "ramgate-system:ramgate"),
        ("Role", "ramgate"),
        ("Role", "ramgate-system:ramgate"),
    ] {
        assert_eq!(rules(&with, kind, name), rules(&without, kind, name));
    }
    let of_webhook = |manifests: &Manifests| -> Vec<Value> {
        let account = json!([{"kind": "ServiceAccount", "name": "ramgate", "namespace": NAMESPACE}]);
        let bindings = ["RoleBinding", "ClusterRoleBinding"]
            .iter()
            .flat_map(|kind| manifests.kind(kind));
        bindings
            .filter(|object| object["subjects"] == account)
            .cloned()
            .collect()
    };
    assert_eq!(of_webhook(&with), of_webhook(&without));
}

#[test]
fn what_is_switched_off_needs_no_right() {
    let manifests = render(&json!({"audit": {"enabled": true, "reports": false, "events": false}}));
    let text = json!(rules(&manifests, "ClusterRole", CLUSTER)).to_string();
    assert!(
        !text.contains("openreports") && !text.contains("events"),
        "{text}"
    );
    let container = container(&manifests);
    let arguments = strings(&container["args"]);
    assert!(
        !arguments.iter().any(|argument| argument.starts_with("--write")),
        "{arguments:?}"
    );
}

#[test]
fn listed_kinds_and_service_accounts_can_be_read() {
    let manifests = render(&values_of("audit"));
    let text = json!(rules(&manifests, "ClusterRole", CLUSTER)).to_string();
    for part in [
        r#"{"apiGroups":["example.com"],"resources":["things"],"verbs":["list"]}"#,
        r#""resources":["namespaces","nodes","serviceaccounts"]"#,
        r#""rollouts""#,
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}

#[test]
fn it_takes_what_it_is_told() {
    let manifests = render(&on());
    let container = container(&manifests);
    let arguments = strings(&container["args"]);
    assert_eq!(
        arguments,
        [
            "audit",
            "--all-namespaces",
            "--namespace=ramgate-system",
            "--stamp-secret=ramgate-stamp",
            "--webhook-configuration=ramgate",
            "--write-reports",
            "--write-events",
            "--no-fail",
        ]
    );
    // As far as looking for a cluster, no flag is unknown or contradictory
    let mut command = Command::new(env!("CARGO_BIN_EXE_ramgate"));
    let output = command.args(&arguments).env_clear().output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("the way to the cluster's API"), "{said}");
}

#[test]
fn one_run_at_a_time_ends_in_bounded_time() {
    let manifests =
        render(&json!({"audit": {"enabled": true, "schedule": "0 * * * *", "deadlineSeconds": 100}}));
    runs_one_at_a_time(&manifests, "ramgate-audit", 100);
    // A CronJob's name is shorter than others
    let long = render(&json!({"fullnameOverride": "r".repeat(53), "audit": {"enabled": true}}));
    let name = long.kind("CronJob")[0]["metadata"]["name"].as_str().unwrap();
    assert!(name.len() <= 52 && name.ends_with("-audit"), "{name}");
}

#[test]
fn nobody_connects_to_it_and_it_reaches_the_api_server_alone() {
    let manifests = render(&values_of("audit"));
    let policy = &manifests.named("NetworkPolicy", "ramgate-audit")["spec"];
    assert_eq!(strings(&policy["policyTypes"]), ["Ingress", "Egress"]);
    assert!(policy["ingress"].is_null());
    let webhook = &manifests.named("NetworkPolicy", "ramgate")["spec"];
    assert_eq!(policy["egress"], webhook["egress"]);
    let pod = &manifests.named("CronJob", "ramgate-audit")["spec"]["jobTemplate"]["spec"]["template"];
    for (key, value) in policy["podSelector"]["matchLabels"].as_object().unwrap() {
        assert_eq!(&pod["metadata"]["labels"][key], value);
    }
    // Its pods are none of the webhook's
    let service = &manifests.named("Service", "ramgate")["spec"]["selector"];
    assert_ne!(
        pod["metadata"]["labels"]["app.kubernetes.io/name"],
        service["app.kubernetes.io/name"]
    );
    assert_eq!(pod["metadata"]["labels"]["team"], "platform");
}
