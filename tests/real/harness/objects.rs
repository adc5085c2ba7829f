//! The objects that tests give to the API server.

use serde_json::Value;
use serde_json::json;

/// The annotation with the tags of a pod's container group
pub(crate) const TAGS: &str = "k8s.aliyun.com/eci-custom-tags";

/// A pod that nothing leads to ECI
pub(crate) fn pod(name: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {"containers": [{"name": "main", "image": "registry.example.com/app:1"}]},
    })
}

/// A pod that the documented label sends to ECI, with annotations
pub(crate) fn eci_pod(name: &str, annotations: &[(&str, &str)]) -> Value {
    let mut pod = pod(name);
    pod["metadata"]["labels"] = json!({"alibabacloud.com/eci": "true"});
    if !annotations.is_empty() {
        pod["metadata"]["annotations"] = annotations.iter().copied().collect();
    }
    pod
}

/// A node that is ready for nothing, but has a name and labels
pub(crate) fn node(name: &str, labels: &[(&str, &str)]) -> Value {
    let labels: Value = labels.iter().copied().collect();
    json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}})
}

/// What the scheduler sends to put a pod on a node
pub(crate) fn binding(pod: &str, node: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Binding",
        "metadata": {"name": pod},
        "target": {"apiVersion": "v1", "kind": "Node", "name": node},
    })
}

/// A ConfigMap that ramgate reads; tests find theirs again by a label of its own
pub(crate) fn configuration(name: &str, kind: &str, file: &str, content: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "labels": {"ramgate.io/config": kind, "real-test": "true"}},
        "data": {file: content},
    })
}

/// The directory that all tests share: the account, its groups, and what mapping fills in
pub(crate) fn account() -> Value {
    let directory = r#"
account: {id: "1234567890123456", region: cn-hangzhou}
resourceGroups:
  - {id: rg-default1, name: default, default: true}
  - {id: rg-production1, name: production}
mapping:
  tags:
    - {key: env, from: {namespaceLabel: env}, mode: default}
    - {key: owner, from: {namespaceLabel: owner}, mode: enforce}
"#;
    configuration("test-account", "directory", "account.yaml", directory)
}

/// A policy with these statements, under the name of its ConfigMap
pub(crate) fn policy(name: &str, statements: &Value) -> Value {
    let policy = json!({"Version": "1", "Statement": statements});
    configuration(name, "policy", &format!("{name}.json"), &policy.to_string())
}

/// A RAM user with the policy of that name, to whom the Kubernetes user `NAME@example.com` is bound
pub(crate) fn user(name: &str) -> Value {
    let directory = json!({
        "users": [{"name": name, "policies": [{"policy": name}]}],
        "bindings": [
            {"principal": format!("user/{name}"), "subjects": [{"kind": "User", "name": format!("{name}@example.com")}]},
        ],
    });
    // JSON is YAML as well.
    configuration(
        &format!("{name}-user"),
        "directory",
        &format!("{name}.yaml"),
        &directory.to_string(),
    )
}

/// A statement that allows actions on everything, if all the conditions hold
pub(crate) fn allow(actions: &[&str], conditions: &Value) -> Value {
    json!({"Effect": "Allow", "Action": actions, "Resource": "*", "Condition": conditions})
}
