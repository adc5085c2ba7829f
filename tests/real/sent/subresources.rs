//! Subresources of pods, and what names a pod without holding it.

use hyper::Method;
use serde_json::Value;
use serde_json::json;

use super::Change;
use super::REAL;
use super::STAMP;
use super::STAYS;
use super::TAGS;
use super::VIRTUAL;
use super::post;
use super::put;
use super::rest;
use super::verdict;

fn path(namespace: &str, name: &str) -> String {
    format!("/api/v1/namespaces/{namespace}/pods/{name}")
}

#[test]
fn a_status_leaves_only_with_what_eci_reads() {
    let kubelet = |pod: &mut Value| {
        pod["status"]["message"] = "starting".into();
        pod["status"]["conditions"] = json!([{"type": "Ready", "status": "False"}]);
    };
    let annotated = |pod: &mut Value| {
        pod["metadata"]["annotations"]["k8s.aliyun.com/eci-instance-id"] = "eci-1".into();
        pod["metadata"]["labels"]["seen"] = "yes".into();
    };
    let nulled = |pod: &mut Value| pod["metadata"]["annotations"] = Value::Null;
    let imaged =
        |pod: &mut Value| pod["spec"]["containers"][0]["image"] = "registry.example.com/app:2".into();
    let tagged = |pod: &mut Value| pod["metadata"]["annotations"][TAGS] = "env:prod".into();
    let emptied = |pod: &mut Value| pod["metadata"]["annotations"][TAGS] = "".into();
    let grouped = |pod: &mut Value| {
        pod["metadata"]["annotations"]["k8s.aliyun.com/eci-resource-group-id"] = "rg".into()
    };
    let roled =
        |pod: &mut Value| pod["metadata"]["annotations"]["k8s.aliyun.com/eci-ram-role-name"] = "R".into();
    let served =
        |pod: &mut Value| pod["metadata"]["annotations"]["k8s.aliyun.com/acr-service-arns"] = "a".into();
    let used = |pod: &mut Value| pod["metadata"]["annotations"]["k8s.aliyun.com/acr-user-arns"] = "a".into();
    let stamped = |pod: &mut Value| pod["metadata"]["annotations"][STAMP] = "me".into();
    let changes: &[(&str, &str, Change<'_>, &str)] = &[
        ("plain", "plain", &kubelet, STAYS),
        ("plain", "real", &kubelet, STAYS),
        ("plain", "virtual", &kubelet, STAYS),
        ("plain", "marked", &kubelet, STAYS),
        ("plain", "stamped", &kubelet, STAYS),
        ("plain", "costly", &kubelet, STAYS),
        ("plain", "huge", &kubelet, STAYS),
        ("plain", "virtual", &annotated, STAYS),
        ("plain", "marked", &annotated, STAYS),
        ("plain", "plain", &nulled, STAYS),
        ("plain", "virtual", &imaged, STAYS),
        ("plain", "virtual", &tagged, "fields"),
        ("plain", "virtual", &emptied, "fields"),
        ("plain", "virtual", &grouped, "fields"),
        ("plain", "virtual", &roled, "fields"),
        ("plain", "virtual", &served, "fields"),
        ("plain", "virtual", &used, "fields"),
        ("plain", "virtual", &stamped, "fields"),
        ("plain", "plain", &tagged, "fields"),
        ("plain", "plain", &stamped, "fields"),
        ("plain", "huge", &tagged, "fields"),
        ("plain", "costly", &tagged, "fields"),
        ("plain", "marked", &tagged, "fields"),
        ("plain", "marked", &nulled, "fields"),
        ("plain", "stamped", &stamped, "fields"),
        ("plain", "stamped", &nulled, "fields"),
        ("plain", "real", &tagged, STAYS),
        ("plain", "real", &stamped, STAYS),
        ("eci", "plain", &kubelet, STAYS),
        ("eci", "plain", &tagged, "fields"),
        ("burst", "virtual", &tagged, "fields"),
        ("soft", "virtual", &kubelet, STAYS),
        ("soft", "virtual", &tagged, "fields-lenient"),
        ("kube-system", "virtual", &tagged, STAYS),
    ];
    for (index, (namespace, name, change, wanted)) in changes.iter().enumerate() {
        let found = put(&path(namespace, name), "/status", *change);
        assert_eq!(found, *wanted, "{index}: {namespace}/{name}");
    }
}

#[test]
fn ephemeral_containers_and_resizes_leave_for_pods_of_eci() {
    let debugged = |pod: &mut Value| {
        pod["spec"]["ephemeralContainers"] = json!([{"name": "debug", "image": "registry.example.com/shell:1", "terminationMessagePolicy": "File"}]);
    };
    let resized = |pod: &mut Value| {
        pod["spec"]["containers"][0]["resources"] = json!({"requests": {"cpu": "2"}});
    };
    let same = |_: &mut Value| ();
    let mut ways: Vec<(&str, Change<'_>)> = vec![("/ephemeralcontainers", &debugged)];
    // The resize came with Kubernetes 1.33.
    let api = rest().get("/api/v1");
    let resources = api["resources"].as_array().expect("resources");
    if resources.iter().any(|one| one["name"] == "pods/resize") {
        ways.push(("/resize", &resized));
    }
    for (subresource, change) in ways {
        let changes: &[(&str, &str, Change<'_>, &str)] = &[
            ("plain", "plain", change, STAYS),
            ("plain", "real", change, STAYS),
            ("plain", "virtual", change, "fields"),
            ("plain", "marked", change, "fields"),
            ("plain", "stamped", change, "fields"),
            ("plain", "costly", change, STAYS),
            ("plain", "huge", change, STAYS),
            ("plain", "virtual", &same, STAYS),
            ("eci", "virtual", change, "fields"),
            ("soft", "virtual", change, "fields-lenient"),
            ("kube-system", "stamped", change, STAYS),
        ];
        for (namespace, name, change, wanted) in changes {
            let found = put(&path(namespace, name), subresource, *change);
            assert_eq!(found, *wanted, "{namespace}/{name}{subresource}");
        }
    }
}

#[test]
fn bindings_leave_unless_the_node_is_real() {
    let binding = |pod: &str, target: Value| json!({"apiVersion": "v1", "kind": "Binding", "metadata": {"name": pod}, "target": target});
    let node = |name: &str| json!({"apiVersion": "v1", "kind": "Node", "name": name});
    for (namespace, pod, target, wanted) in [
        ("plain", "plain", node(REAL), STAYS),
        ("plain", "plain", node("cn-hangzhou.i-bp1abc"), STAYS),
        ("plain", "marked", node(REAL), STAYS),
        ("plain", "costly", node(REAL), STAYS),
        ("plain", "huge", node(REAL), STAYS),
        ("plain", "plain", node(VIRTUAL), "binding"),
        ("plain", "marked", node(VIRTUAL), "binding"),
        ("plain", "plain", node("cn-hangzhou.vnd-bp1abc"), "binding"),
        ("plain", "plain", node("worker-1"), "binding"),
        ("plain", "plain", node(&format!("{REAL}\n")), "binding"),
        ("plain", "plain", node(&"1".repeat(1_000_000)), "binding"),
        ("plain", "plain", json!({}), "binding"),
        ("plain", "plain", json!({"name": null}), "binding"),
        ("plain", "plain", Value::Null, "binding"),
        ("eci", "plain", node(REAL), STAYS),
        ("eci", "plain", node(VIRTUAL), "binding"),
        ("burst", "plain", node(VIRTUAL), "binding"),
        ("soft", "plain", node(VIRTUAL), "binding-lenient"),
        ("kube-system", "plain", node(VIRTUAL), STAYS),
    ] {
        let object = binding(pod, target);
        let says = format!("{namespace}/{pod} to {:.60}", object["target"].to_string());
        let by_pod = format!("{}/binding", path(namespace, pod));
        assert_eq!(post(&by_pod, &object), wanted, "{says}");
        let by_kind = format!("/api/v1/namespaces/{namespace}/bindings");
        assert_eq!(post(&by_kind, &object), wanted, "{says}, as a binding");
    }
}

#[test]
fn evictions_leave_for_all_pods() {
    for (namespace, name, wanted) in [
        ("plain", "plain", "removal-eviction"),
        ("plain", "real", "removal-eviction"),
        ("plain", "virtual", "removal-eviction"),
        ("eci", "plain", "removal-eviction"),
        ("soft", "plain", "removal-eviction"),
        ("kube-system", "virtual", STAYS),
    ] {
        let eviction = json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}});
        let path = format!("{}/eviction", path(namespace, name));
        assert_eq!(post(&path, &eviction), wanted, "{namespace}/{name}");
    }
}

#[test]
fn connections_leave_for_all_pods() {
    for (namespace, name, wanted) in [
        ("plain", "plain", Some("connect")),
        ("plain", "real", Some("connect")),
        ("plain", "virtual", Some("connect")),
        ("eci", "plain", Some("connect")),
        ("soft", "plain", Some("connect-lenient")),
        ("kube-system", "virtual", None),
    ] {
        for way in [
            "exec?command=ls&stdout=true",
            "attach?stdout=true",
            "portforward?ports=80",
            "proxy",
            "proxy/metrics",
        ] {
            let path = format!("{}/{way}", path(namespace, name));
            let method = if way.starts_with("proxy") {
                Method::GET
            } else {
                Method::POST
            };
            let found = verdict(rest().connect(method, &path));
            // What is not sent fails all the same, since no kubelet is there.
            let sent = !found.contains("failed calling webhook") && !found.contains(' ');
            assert_eq!(sent.then_some(found.as_str()), wanted, "{path}: {found}");
        }
    }
}

#[test]
fn the_way_to_a_kubelet_leaves_unless_the_node_is_real() {
    let long = "a".repeat(600);
    for (name, wanted) in [
        (REAL.to_owned(), None),
        (format!("{REAL}:10250"), None),
        (format!("https:{REAL}:10250"), None),
        (format!(":{REAL}:"), None),
        ("cn-hangzhou.i-bp1abc".to_owned(), None),
        (VIRTUAL.to_owned(), Some("connect-nodes")),
        (format!("{VIRTUAL}:10250"), Some("connect-nodes")),
        (format!("https:{VIRTUAL}:10250"), Some("connect-nodes")),
        // The scheme and the port may not pass for the name.
        (format!("{VIRTUAL}:{REAL}"), Some("connect-nodes")),
        (format!("http:{VIRTUAL}:{REAL}"), Some("connect-nodes")),
        (format!("{REAL}:{VIRTUAL}:80"), Some("connect-nodes")),
        ("worker-1".to_owned(), Some("connect-nodes")),
        (long, Some("connect-nodes")),
    ] {
        for way in ["proxy", "proxy/pods", "proxy/run/shop/web/main"] {
            for method in [Method::GET, Method::POST] {
                let path = format!("/api/v1/nodes/{name}/{way}");
                let reply = rest().connect(method, &path);
                let said = reply.body.to_string();
                let sent = said.contains("failed calling webhook \\\"connect-nodes.ramgate.io");
                assert_eq!(sent, wanted.is_some(), "{path:.200}: {said:.500}");
            }
        }
    }
}
