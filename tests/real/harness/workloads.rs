//! Pods and workloads of the tests of identity.

use serde_json::Value;
use serde_json::json;

use super::nodes::TAINT;
use super::objects::TAGS;

/// The image of every container, in its first version
pub(crate) const IMAGE: &str = "registry.example.com/app:1";
/// The kinds of workload that Kubernetes has, by resource
pub(crate) const RESOURCES: [&str; 7] = [
    "deployments",
    "replicasets",
    "statefulsets",
    "daemonsets",
    "jobs",
    "cronjobs",
    "replicationcontrollers",
];

/// What a pod says of its node
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum To {
    /// Nothing: it lands on the machine
    AnyNode,
    /// It demands a virtual node, so it is ECI's for certain
    Virtual,
    /// It prefers one, so it may be ECI's; the scheduler of the tests does as it wishes
    PreferablyVirtual,
}

/// A pod template, or with a name a pod, whose tags are these (none where empty)
pub(crate) fn pod_like(app: &str, to: To, tags: &str) -> Value {
    let mut pod = json!({
        "metadata": {"labels": {"app": app}},
        "spec": {
            "containers": [{"name": "main", "image": IMAGE}],
            // Nothing runs, so nothing needs time to end.
            "terminationGracePeriodSeconds": 0,
        },
    });
    if !tags.is_empty() {
        pod["metadata"]["annotations"] = json!({TAGS: tags});
    }
    let tolerations = json!([{"key": TAINT, "operator": "Exists", "effect": "NoSchedule"}]);
    match to {
        To::AnyNode => {}
        To::Virtual => {
            pod["spec"]["nodeSelector"] = json!({"type": "virtual-kubelet"});
            pod["spec"]["tolerations"] = tolerations;
        }
        To::PreferablyVirtual => {
            let wish = json!({"matchExpressions": [{"key": "type", "operator": "In", "values": ["virtual-kubelet"]}]});
            pod["spec"]["affinity"] = json!({"nodeAffinity": {
                "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100, "preference": wish}],
            }});
            pod["spec"]["tolerations"] = tolerations;
        }
    }
    pod
}

/// A bare pod
pub(crate) fn pod(name: &str, to: To, tags: &str) -> Value {
    let mut pod = pod_like(name, to, tags);
    pod["apiVersion"] = "v1".into();
    pod["kind"] = "Pod".into();
    pod["metadata"]["name"] = name.into();
    pod
}

/// The same pod, left to a scheduler that is not there, so that a test can bind it
pub(crate) fn unscheduled(mut pod: Value) -> Value {
    pod["spec"]["schedulerName"] = "nobody".into();
    pod
}

/// A Deployment of one pod
pub(crate) fn deployment(name: &str, to: To, tags: &str) -> Value {
    workload("deployments", name, to, tags)
}

/// A workload of one pod, of the kind that the resource names
pub(crate) fn workload(resource: &str, name: &str, to: To, tags: &str) -> Value {
    let mut template = pod_like(name, to, tags);
    let selector = json!({"matchLabels": {"app": name}});
    let (api, kind, spec) = match resource {
        "deployments" => (
            "apps/v1",
            "Deployment",
            json!({"selector": selector, "replicas": 1}),
        ),
        "replicasets" => (
            "apps/v1",
            "ReplicaSet",
            json!({"selector": selector, "replicas": 1}),
        ),
        "statefulsets" => (
            "apps/v1",
            "StatefulSet",
            // In parallel, or a pod that never becomes ready would hold up the roll-out.
            json!({"selector": selector, "replicas": 1, "serviceName": name, "podManagementPolicy": "Parallel"}),
        ),
        "daemonsets" => ("apps/v1", "DaemonSet", json!({"selector": selector})),
        "replicationcontrollers" => (
            "v1",
            "ReplicationController",
            json!({"selector": {"app": name}, "replicas": 1}),
        ),
        "jobs" => ("batch/v1", "Job", json!({"backoffLimit": 6})),
        "cronjobs" => ("batch/v1", "CronJob", json!({"schedule": "0 0 1 1 *"})),
        "clonesets" => ("apps.example.com/v1", "CloneSet", json!({"replicas": 1})),
        other => panic!("the tests have no workload for {other}"),
    };
    let mut workload = json!({"apiVersion": api, "kind": kind, "metadata": {"name": name}, "spec": spec});
    if matches!(resource, "jobs" | "cronjobs") {
        template["spec"]["restartPolicy"] = "Never".into();
    }
    if resource == "cronjobs" {
        workload["spec"]["jobTemplate"]["spec"]["template"] = template;
    } else {
        workload["spec"]["template"] = template;
    }
    workload
}

/// The part of a workload that changes the image of its only container, as a strategic merge patch
pub(crate) fn image(resource: &str, image: &str) -> Value {
    let template = json!({"template": {"spec": {"containers": [{"name": "main", "image": image}]}}});
    if resource == "cronjobs" {
        json!({"spec": {"jobTemplate": {"spec": template}}})
    } else {
        json!({"spec": template})
    }
}

/// What the scheduler sends to put a pod on a node, with annotations of its own
pub(crate) fn binding(pod: &str, node: &str, annotations: Value) -> Value {
    let mut binding = super::objects::binding(pod, node);
    binding["metadata"]["annotations"] = annotations;
    binding
}
