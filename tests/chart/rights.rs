//! The rights of the service accounts, each list in full: what is not here is not granted.

use serde_json::{Value, json};

use crate::render::{Manifests, NAMESPACE, render, supported, values_of};

const CLUSTER: &str = "ramgate-system:ramgate";

fn rules<'a>(manifests: &'a Manifests, kind: &str, name: &str) -> &'a Value {
    &manifests.named(kind, name)["rules"]
}

fn watched() -> Value {
    json!({"apiGroups": [""], "resources": ["namespaces", "nodes"], "verbs": ["get", "list", "watch"]})
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
        &json!([watched(), keeps])
    );
    let [maps, events] = configuration();
    let secret = json!({
        "apiGroups": [""], "resources": ["secrets"], "resourceNames": ["ramgate-ca"],
        "verbs": ["get", "list", "watch", "create", "patch"],
    });
    assert_eq!(
        rules(&manifests, "Role", "ramgate"),
        &json!([maps, events, secret])
    );
}

#[test]
fn service_accounts_are_read_only_where_mapping_does() {
    let manifests = render(&json!({"mapping": {"readServiceAccounts": true}}));
    let accounts =
        json!({"apiGroups": [""], "resources": ["serviceaccounts"], "verbs": ["get", "list", "watch"]});
    let keeps = own_configurations(&["get", "list", "watch", "patch"]);
    assert_eq!(
        rules(&manifests, "ClusterRole", CLUSTER),
        &json!([watched(), accounts, keeps])
    );
}

#[test]
fn a_mounted_certificate_needs_no_right_to_secrets_and_configurations() {
    for name in ["secret", "cert-manager"] {
        let manifests = render(&values_of(name));
        assert_eq!(
            rules(&manifests, "Role", "ramgate"),
            &json!(configuration()),
            "{name}"
        );
        assert_eq!(
            rules(&manifests, "ClusterRole", CLUSTER),
            &json!([watched()]),
            "{name}"
        );
    }
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
