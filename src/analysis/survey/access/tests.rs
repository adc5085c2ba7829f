use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::*;

fn read<K: DeserializeOwned>(object: Value) -> K {
    serde_json::from_value(object).unwrap()
}

fn role(name: &str, labels: &[&str], verbs: &[&str]) -> ClusterRole {
    let labels: BTreeMap<&str, &str> = labels.iter().map(|&label| (label, "true")).collect();
    read(json!({"metadata": {"name": name, "labels": labels}, "rules": [
        {"apiGroups": [""], "resources": ["pods"], "verbs": verbs},
    ]}))
}

/// A role that collects those with a label, and has a label itself
fn collecting(name: &str, collected: &str, label: &str) -> ClusterRole {
    read(
        json!({"metadata": {"name": name, "labels": {label: "true"}}, "rules": null,
        "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {collected: "true"}}]}}),
    )
}

fn binding(name: &str, role: &str, subjects: Value) -> ClusterRoleBinding {
    read(json!({"metadata": {"name": name}, "subjects": subjects,
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role}}))
}

fn in_namespace(kind: &str, role: &str, subjects: Value) -> RoleBinding {
    read(
        json!({"metadata": {"name": "b", "namespace": "shop"}, "subjects": subjects,
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role}}),
    )
}

fn user(name: &str) -> Value {
    json!([{"kind": "User", "name": name}])
}

/// What each subject may do: everywhere, then by namespace
fn told(access: &RoleBasedAccess) -> Vec<String> {
    let acts = |grants: &Grants| {
        let acts = grants.by_names().into_values().flatten();
        acts.map(PodAct::name).collect::<Vec<_>>().join(",")
    };
    let line = |(subject, access): (&RbacSubject, Access)| {
        let places = access.namespaces.iter();
        let places = places.map(|(namespace, grants)| format!(" {namespace}={}", acts(grants)));
        format!(
            "{subject}: {}{}",
            acts(&access.everywhere),
            places.collect::<String>()
        )
    };
    access.subjects().into_iter().map(line).collect()
}

#[test]
fn a_binding_gives_its_role_in_its_namespace_or_everywhere() {
    let mut access = RoleBasedAccess::default();
    access.add_cluster_role(role("reaper", &[], &["delete"]));
    access.add_cluster_role(role("viewer", &[], &["get"]));
    access.add_role(read(
        json!({"metadata": {"name": "maker", "namespace": "shop"}, "rules": [
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["create"]}]}),
    ));
    access.add_cluster_role_binding(binding("one", "reaper", user("a")));
    access.add_cluster_role_binding(binding("two", "viewer", user("nobody")));
    access.add_cluster_role_binding(binding("three", "gone", user("nobody")));
    access.add_cluster_role_binding(binding("four", "reaper", Value::Null));
    access.add_role_binding(in_namespace("ClusterRole", "reaper", user("b")));
    access.add_role_binding(in_namespace("Role", "maker", user("a")));
    // A role of the namespace is no ClusterRole of that name
    access.add_role_binding(in_namespace("ClusterRole", "maker", user("nobody")));
    access.add_role_binding(in_namespace("Role", "reaper", user("nobody")));
    assert_eq!(
        told(&access),
        ["User a: delete shop=create", "User b:  shop=delete"]
    );
}

#[test]
fn aggregated_roles_have_the_rules_of_what_they_select() {
    let mut access = RoleBasedAccess::default();
    access.add_cluster_role(role("deletes", &["to-edit"], &["delete"]));
    access.add_cluster_role(role("creates", &["to-admin"], &["create"]));
    access.add_cluster_role(role("other", &["to-view"], &["*"]));
    access.add_cluster_role(collecting("edit", "to-edit", "to-admin"));
    access.add_cluster_role(collecting("admin", "to-admin", "to-edit"));
    for (name, role) in [("a", "edit"), ("b", "admin")] {
        access.add_cluster_role_binding(binding(name, role, user(name)));
    }
    assert_eq!(told(&access), ["User a: create,delete", "User b: create,delete"]);
}

#[test]
fn service_accounts_are_known_by_either_form_and_subjects_without_one_are_nobody() {
    let mut access = RoleBasedAccess::default();
    access.add_cluster_role(role("reaper", &[], &["delete"]));
    let subjects = json!([
        {"kind": "ServiceAccount", "name": "bot", "namespace": "ops"},
        {"kind": "User", "name": "system:serviceaccount:ops:bot"},
        {"kind": "ServiceAccount", "name": "nowhere"},
        {"kind": "Robot", "name": "x"},
        {"kind": "Group", "name": "g"},
    ]);
    access.add_cluster_role_binding(binding("one", "reaper", subjects));
    let here = json!([{"kind": "ServiceAccount", "name": "here"}]);
    access.add_role_binding(in_namespace("ClusterRole", "reaper", here));
    assert_eq!(
        told(&access),
        [
            "ServiceAccount ops/bot: delete",
            "ServiceAccount shop/here:  shop=delete",
            "Group g: delete"
        ]
    );
}

#[test]
fn only_what_the_api_server_wrote_for_a_controller_is_its_own() {
    let bind = |name: &str, role: &str, account: &str, label: &str| {
        let mut access = RoleBasedAccess::default();
        access.add_cluster_role(self::role(role, &[], &["delete"]));
        let subjects = json!([{"kind": "ServiceAccount", "name": account, "namespace": "kube-system"}]);
        let mut binding = binding(name, role, subjects);
        binding.metadata.labels = Some([("kubernetes.io/bootstrapping".to_owned(), label.to_owned())].into());
        access.add_cluster_role_binding(binding);
        access.subjects().len()
    };
    let own = "system:controller:job-controller";
    assert_eq!(bind(own, own, "job-controller", "rbac-defaults"), 0);
    assert_eq!(bind(own, own, "job-controller", "mine"), 1);
    assert_eq!(bind(own, own, "other", "rbac-defaults"), 1);
    assert_eq!(bind("more", own, "job-controller", "rbac-defaults"), 1);
    assert_eq!(bind(own, "more", "job-controller", "rbac-defaults"), 1);
}
