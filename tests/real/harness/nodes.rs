//! Nodes without a kubelet: they are ready for as long as nobody says otherwise, and what is bound to them stays pending.

use serde_json::Value;
use serde_json::json;

/// A virtual node of ACK, which makes ECI instances
pub(crate) const VIRTUAL: &str = "virtual-kubelet-cn-hangzhou-g";
/// A node that looks like one but makes instances of ACS; the values of the tests' installation name its label
pub(crate) const ACS: &str = "virtual-kubelet-cn-hangzhou-h";
/// A machine, under the name that ACK gives it
pub(crate) const REAL: &str = "cn-hangzhou.192.168.0.10";

/// The label by which the tests tell ACS's nodes
pub(crate) const ACS_LABEL: (&str, &str) = ("alibabacloud.com/virtual-node-type", "acs");
/// The taint of virtual nodes
pub(crate) const TAINT: &str = "virtual-kubelet.io/provider";
/// A taint that keeps everybody off the node of ACS who does not ask for it
pub(crate) const ACS_TAINT: &str = "test.example.com/acs";

/// A virtual node of this name, as ACK's component registers it
pub(crate) fn virtual_node(name: &str) -> Value {
    let labels = json!({"type": "virtual-kubelet", "kubernetes.io/hostname": name});
    ready(name, labels, &[(TAINT, "alibabacloud")])
}

/// A node of ACS of this name
pub(crate) fn acs_node(name: &str) -> Value {
    let mut labels = json!({"type": "virtual-kubelet", "kubernetes.io/hostname": name});
    labels[ACS_LABEL.0] = ACS_LABEL.1.into();
    ready(name, labels, &[(TAINT, "alibabacloud"), (ACS_TAINT, "true")])
}

/// A machine of this name
pub(crate) fn real_node(name: &str) -> Value {
    ready(
        name,
        json!({"kubernetes.io/hostname": name, "kubernetes.io/os": "linux"}),
        &[],
    )
}

fn ready(name: &str, labels: Value, taints: &[(&str, &str)]) -> Value {
    let taints: Vec<Value> = taints
        .iter()
        .map(|(key, value)| json!({"key": key, "value": value, "effect": "NoSchedule"}))
        .collect();
    let room = json!({"cpu": "10000", "memory": "100Ti", "ephemeral-storage": "100Ti", "pods": "10000"});
    json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "spec": {"taints": taints},
        "status": {
            "capacity": room,
            "allocatable": room,
            "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "ready"}],
            // Where the API server looks for a kubelet: an address of documentation, at which nobody is.
            "addresses": [{"type": "InternalIP", "address": "192.0.2.10"}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
        },
    })
}
