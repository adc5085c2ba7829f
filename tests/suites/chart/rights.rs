//! The rights of the service accounts, each list in full: what is not here is not granted.

use serde_json::{Value, json};

use crate::render::{Manifests, NAMESPACE, render, supported, values_of};

const CLUSTER: &str = "ramgate-system:ramgate";

fn rules<'a>(manifests: &'a Manifests, kind: &str, name: &str) -> &'a Value {
    &manifests.named(kind, name)["rules"]
}

/// What stays after an installation: the rights of hooks exist only while they run
fn without_hooks<'a>(manifests: &'a Manifests, kind: &str) -> Vec<&'a Value> {
    let objects = manifests.kind(kind).into_iter();
    objects
        .filter(|object| object["metadata"]["annotations"]["helm.sh/hook"].is_null())
        .collect()
}

fn watched() -> Value {
    json!({"apiGroups": [""], "resources": ["namespaces", "nodes"], "verbs": ["get", "list", "watch"]})
}

fn pods() -> Value {
    json!({"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]})
}

/// The right to the one Secret with the keys of stamps
fn stamps(name: &str) -> Value {
    json!({
        "apiGroups": [""], "resources": ["secrets"], "resourceNames": [name],
        "verbs": ["get", "list", "watch", "create", "patch", "update"],
    })
}

fn own_configurations(verbs: &[&str]) -> Value {
    json!({
        "apiGroups": ["admissionregistration.k8s.io"],
        "resources": ["mutatingwebhookconfigurations", "validatingwebhookconfigurations"],
        "resourceNames": ["ramgate"],
        "verbs": verbs,
    })
}

fn configuration() -> [Value; 2] {
    [
        json!({"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "watch"]}),
        json!({"apiGroups": ["events.k8s.io"], "resources": ["events"], "verbs": ["create", "patch"]}),
    ]
}

#[test]
fn the_default_may_this_and_no_more() {
    let manifests = render(&json!({}));
    let keeps = own_configurations(&["get", "list", "watch", "patch"]);
    assert_eq!(
        rules(&manifests, "ClusterRole", CLUSTER),
        &json!([watched(), pods(), keeps])
    );
    let [maps, events] = configuration();
    let secret = json!({
        "apiGroups": [""], "resources": ["secrets"], "resourceNames": ["ramgate-ca"],
        "verbs": ["get", "list", "watch", "create", "patch"],
    });
    assert_eq!(
        rules(&manifests, "Role", "ramgate"),
        &json!([maps, events, secret, stamps("ramgate-stamp")])
    );
    let profile = json!({
        "apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["eci-profile"],
        "verbs": ["get", "list", "watch"],
    });
    let [_, events] = configuration();
    assert_eq!(rules(&manifests, "Role", CLUSTER), &json!([profile, events]));
    // And nothing is granted elsewhere.
    for kind in ["Role", "RoleBinding"] {
        let objects = without_hooks(&manifests, kind);
        assert_eq!(objects.len(), 2, "{kind}");
    }
}

#[test]
fn service_accounts_are_read_only_where_mapping_does() {
    let manifests = render(&json!({"mapping": {"readServiceAccounts": true}}));
    let accounts =
        json!({"apiGroups": [""], "resources": ["serviceaccounts"], "verbs": ["get", "list", "watch"]});
    let keeps = own_configurations(&["get", "list", "watch", "patch"]);
    assert_eq!(
        rules(&manifests, "ClusterRole", CLUSTER),
        &json!([watched(), pods(), accounts, keeps])
    );
}

#[test]
fn workloads_are_read_only_where_scaling_is_judged() {
    let manifests = render(&json!({"scale": {"judge": true}}));
    let core = json!({"apiGroups": [""], "resources": ["replicationcontrollers"], "verbs": ["get"]});
    let apps = json!({"apiGroups": ["apps"], "resources": ["deployments", "replicasets", "statefulsets"], "verbs": ["get"]});
    let keeps = own_configurations(&["get", "list", "watch", "patch"]);
    assert_eq!(
        rules(&manifests, "ClusterRole", CLUSTER),
        &json!([watched(), pods(), core, apps, keeps])
    );
}

#[test]
fn kinds_are_read_only_where_a_stamp_must_be_in_the_owner() {
    let carriers = json!([
        {"preset": "argo-workflows"}, {"preset": "argo-rollouts"}, {"preset": "openkruise"},
        {"user": "u", "group": "tekton.dev", "kind": "TaskRun", "resource": "taskruns", "templates": ["metadata"]},
        {"user": "v", "group": "example.com", "kind": "Thing", "resource": "things", "templates": ["spec.template"]},
    ]);
    let manifests = render(&json!({"cluster": {"carriers": carriers}}));
    let reads = |group: &str, resources: &[&str]| json!({"apiGroups": [group], "resources": resources, "verbs": ["get"]});
    assert_eq!(
        rules(&manifests, "ClusterRole", CLUSTER),
        &json!([
            watched(),
            pods(),
            reads(
                "argoproj.io",
                &[
                    "analysisruns",
                    "cronworkflows",
                    "experiments",
                    "rollouts",
                    "workflows"
                ]
            ),
            reads("tekton.dev", &["taskruns"]),
            own_configurations(&["get", "list", "watch", "patch"]),
        ])
    );
    let copies = json!([{"preset": "openkruise"}]);
    let manifests = render(&json!({"cluster": {"carriers": copies}}));
    assert_eq!(
        rules(&manifests, "ClusterRole", CLUSTER),
        &json!([
            watched(),
            pods(),
            own_configurations(&["get", "list", "watch", "patch"])
        ])
    );
}

#[test]
fn kube_system_is_left_alone_without_eci_profile() {
    let manifests = render(&json!({"cluster": {"eciProfile": false}}));
    let names = |kind| -> Vec<&Value> {
        let objects = without_hooks(&manifests, kind);
        objects
            .into_iter()
            .map(|object| &object["metadata"]["name"])
            .collect()
    };
    assert_eq!(names("Role"), ["ramgate"]);
    assert_eq!(names("RoleBinding"), ["ramgate"]);
}

#[test]
fn a_mounted_certificate_needs_no_right_to_change_secrets_and_configurations() {
    for name in ["secret", "cert-manager"] {
        let manifests = render(&values_of(name));
        let [maps, events] = configuration();
        assert_eq!(
            rules(&manifests, "Role", "ramgate"),
            &json!([maps, events, stamps("ramgate-stamp")]),
            "{name}"
        );
        assert_eq!(
            rules(&manifests, "ClusterRole", CLUSTER),
            &json!([watched(), pods(), own_configurations(&["get", "list", "watch"])]),
            "{name}"
        );
    }
}

#[test]
fn the_keys_of_stamps_may_have_a_secret_of_another_name() {
    let manifests = render(&json!({"stamp": {"secretName": "keys"}}));
    let rules = rules(&manifests, "Role", "ramgate").as_array().unwrap();
    assert_eq!(rules.last(), Some(&stamps("keys")));
    assert!(
        manifests.arguments().contains(&"--stamp-secret=keys"),
        "{:?}",
        manifests.arguments()
    );
}

#[test]
fn the_uninstallation_may_delete_the_two_configurations() {
    let manifests = render(&json!({}));
    let name = "ramgate-system:ramgate-uninstall";
    assert_eq!(
        rules(&manifests, "ClusterRole", name),
        &json!([own_configurations(&["get", "delete"])])
    );
    let subject = json!([{"kind": "ServiceAccount", "name": "ramgate-uninstall", "namespace": NAMESPACE}]);
    assert_eq!(manifests.named("ClusterRoleBinding", name)["subjects"], subject);
}

#[test]
fn roles_are_bound_to_the_account_of_the_pods() {
    for (name, values) in supported() {
        let manifests = render(&values);
        let account = manifests.deployment()["spec"]["template"]["spec"]["serviceAccountName"].clone();
        let subject = json!([{"kind": "ServiceAccount", "name": account, "namespace": NAMESPACE}]);
        let fullname = manifests.deployment()["metadata"]["name"].as_str().unwrap();
        let binding = manifests.named("RoleBinding", fullname);
        assert_eq!(
            (&binding["subjects"], &binding["roleRef"]["name"]),
            (&subject, &json!(fullname)),
            "{name}"
        );
        let cluster = format!("{NAMESPACE}:{fullname}");
        let binding = manifests.named("ClusterRoleBinding", &cluster);
        assert_eq!(
            (&binding["subjects"], &binding["roleRef"]["name"]),
            (&subject, &json!(cluster)),
            "{name}"
        );
        for binding in manifests
            .kind("RoleBinding")
            .into_iter()
            .filter(|binding| binding["metadata"]["namespace"] == "kube-system")
            .filter(|binding| binding["roleRef"]["name"] != json!(format!("{cluster}-audit")))
        {
            assert_eq!(
                (&binding["subjects"], &binding["roleRef"]["name"]),
                (&subject, &json!(cluster)),
                "{name}"
            );
        }
    }
}

#[test]
fn nothing_is_granted_by_wildcard() {
    for (name, values) in supported() {
        for kind in ["Role", "ClusterRole"] {
            for role in render(&values).kind(kind) {
                assert!(!role["rules"].to_string().contains('*'), "{name}: {role}");
            }
        }
    }
}
