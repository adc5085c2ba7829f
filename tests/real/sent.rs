//! Which requests leave the API server: the chart's selectors and match conditions, evaluated by a real one.
//!
//! Nobody answers here and every entry fails closed, so a request that is sent comes back with the name of the entry, and
//! one that stays is done. All of it is dry run.

mod pods;

use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;
use serde_json::json;

use crate::control_plane::ControlPlane;
use crate::install::NAMESPACE;
use crate::install::RELEASE;
use crate::kubectl::Outcome;
use crate::tools::repository;
use crate::tools::tool;
use crate::wait::eventually;

use pods::costly;
use pods::created;
use pods::pod;

/// Names that the chart's default pattern knows as real nodes', and one of a virtual node
const REAL: &str = "cn-hangzhou.192.168.0.1";
const VIRTUAL: &str = "virtual-kubelet-cn-hangzhou-g";
/// What becomes of a request that is not sent
const STAYS: &str = "stays";
/// Pods that exist before the webhooks do, by name
const EXISTING: [&str; 5] = ["plain", "real", "virtual", "marked", "costly"];

/// What someone does to a pod
type Change<'a> = &'a dyn Fn(&mut Value);

#[test]
fn pods_leave_by_their_marks() {
    let plane = plane();
    for (what, pod, wanted) in created() {
        assert_eq!(create(plane, "plain", &pod), wanted, "{what}");
    }
}

#[test]
fn pods_leave_by_their_namespace() {
    let plane = plane();
    let on = |node: &str| {
        pod(
            json!({}),
            json!({"nodeName": node, "tolerations": [{"operator": "Exists"}]}),
        )
    };
    let (plain, marked) = (
        pod(json!({}), json!({})),
        pod(json!({"labels": {"eci": "true"}}), json!({})),
    );
    for (namespace, pod, wanted) in [
        ("eci", &plain, "namespaces-alibabacloud-eci"),
        ("eci", &marked, "namespaces-alibabacloud-eci"),
        ("eci", &on(REAL), STAYS),
        ("eci", &on(VIRTUAL), "namespaces-alibabacloud-eci"),
        ("every-label", &plain, "namespaces-alibabacloud-eci"),
        ("legacy", &plain, "namespaces-eci"),
        ("injected", &plain, "namespaces-affinity-injection"),
        ("burst", &plain, "burst-0"),
        ("burst", &marked, "marked"),
        ("burst", &on(REAL), STAYS),
        ("burst", &on(VIRTUAL), "marked"),
        ("burst-legacy", &plain, "namespaces-eci"),
        ("soft", &plain, STAYS),
        ("soft", &marked, "marked-lenient"),
        ("kube-system", &marked, STAYS),
        ("kube-system", &on(VIRTUAL), STAYS),
        (NAMESPACE, &marked, STAYS),
    ] {
        assert_eq!(create(plane, namespace, pod), wanted, "{namespace}: {pod}");
    }
}

#[test]
fn changes_leave_by_what_the_pod_was_or_becomes() {
    let plane = plane();
    let annotated = |pod: &mut Value| pod["metadata"]["annotations"]["seen"] = "yes".into();
    let marked = |pod: &mut Value| {
        pod["metadata"]["annotations"]["k8s.aliyun.com/eci-custom-tags"] = "env:test".into()
    };
    let cleared = |pod: &mut Value| {
        pod["metadata"]["labels"] = json!({});
        pod["metadata"]["annotations"] = json!({});
    };
    let changes: [(&str, &str, Change<'_>, &str); 14] = [
        ("plain", "plain", &annotated, STAYS),
        ("plain", "plain", &marked, "marked"),
        ("plain", "real", &annotated, STAYS),
        ("plain", "real", &marked, STAYS),
        ("plain", "virtual", &annotated, "marked"),
        ("plain", "marked", &annotated, "marked"),
        ("plain", "marked", &cleared, "marked"),
        ("plain", "costly", &annotated, STAYS),
        ("eci", "plain", &annotated, "namespaces-alibabacloud-eci"),
        ("eci", "real", &marked, STAYS),
        ("eci", "virtual", &annotated, "namespaces-alibabacloud-eci"),
        ("burst", "plain", &annotated, "burst-0"),
        ("burst", "virtual", &annotated, "marked"),
        ("kube-system", "virtual", &annotated, STAYS),
    ];
    for (namespace, name, change, wanted) in changes {
        let mut pod = plane.admin().within(namespace).get(&["pod", name]);
        change(&mut pod);
        let path = format!("/api/v1/namespaces/{namespace}/pods/{name}?dryRun=All");
        let outcome = plane.admin().give(&["replace", "--raw", &path], &pod);
        assert_eq!(
            verdict(outcome),
            wanted,
            "{namespace}/{name}: {}",
            pod["metadata"]
        );
    }
    // What the kubelet writes of a pod is not a change of it.
    let mut pod = plane.admin().within("plain").get(&["pod", "virtual"]);
    pod["status"]["message"] = "starting".into();
    let path = "/api/v1/namespaces/plain/pods/virtual/status?dryRun=All";
    assert_eq!(
        verdict(plane.admin().give(&["replace", "--raw", path], &pod)),
        STAYS
    );
}

#[test]
fn deletions_leave_where_eci_has_the_pod_or_may_have_it() {
    let plane = plane();
    let delete = |path: &str| verdict(plane.admin().run(&["delete", "--raw", path]));
    for (namespace, name, wanted) in [
        ("plain", "plain", STAYS),
        ("plain", "real", STAYS),
        ("plain", "virtual", "removal"),
        ("plain", "marked", "removal"),
        ("plain", "costly", STAYS),
        ("eci", "plain", "removal-namespaces-alibabacloud-eci"),
        ("eci", "real", STAYS),
        ("eci", "virtual", "removal-namespaces-alibabacloud-eci"),
        ("burst", "plain", STAYS),
        ("burst", "virtual", "removal"),
        ("kube-system", "virtual", STAYS),
    ] {
        let path = format!("/api/v1/namespaces/{namespace}/pods/{name}?dryRun=All");
        assert_eq!(delete(&path), wanted, "{namespace}/{name}");
    }
    let all = |name: &str| {
        delete(&format!(
            "/api/v1/namespaces/plain/pods?dryRun=All&fieldSelector=metadata.name%3D{name}"
        ))
    };
    assert_eq!(
        (all("virtual").as_str(), all("plain").as_str()),
        ("removal", STAYS)
    );
}

#[test]
fn only_our_own_configmaps_leave() {
    let plane = plane();
    for (namespace, labels, wanted) in [
        (NAMESPACE, json!({"ramgate.io/config": "policy"}), "configuration"),
        (NAMESPACE, json!({}), STAYS),
        ("plain", json!({"ramgate.io/config": "policy"}), STAYS),
    ] {
        let map =
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "map", "labels": labels}});
        let path = format!("/api/v1/namespaces/{namespace}/configmaps?dryRun=All");
        let outcome = plane.admin().give(&["create", "--raw", &path], &map);
        assert_eq!(verdict(outcome), wanted, "{namespace} {map}");
    }
}

fn create(plane: &ControlPlane, namespace: &str, pod: &Value) -> String {
    let path = format!("/api/v1/namespaces/{namespace}/pods?dryRun=All");
    verdict(plane.admin().give(&["create", "--raw", &path], pod))
}

/// The entry that was called, or what else became of a request
fn verdict(outcome: Outcome) -> String {
    if outcome.succeeded {
        return STAYS.to_owned();
    }
    let said = outcome.stderr;
    match said
        .split_once("failed calling webhook \"")
        .and_then(|(_, rest)| rest.split_once(".ramgate.io\""))
    {
        Some((entry, _)) => entry.to_owned(),
        None if said.contains("is invalid") => "422".to_owned(),
        None => said,
    }
}

/// A control plane with the chart's webhooks, of which no one answers and each fails closed
fn plane() -> &'static ControlPlane {
    static PLANE: OnceLock<ControlPlane> = OnceLock::new();
    PLANE.get_or_init(|| {
        let plane = ControlPlane::start();
        prepare(&plane);
        let path = "/api/v1/namespaces/plain/pods?dryRun=All";
        for configuration in webhooks() {
            plane.admin().apply(&configuration).success();
        }
        let marked = pod(json!({"labels": {"eci": "true"}}), json!({}));
        eventually("the webhooks are in force", || {
            match verdict(plane.admin().give(&["create", "--raw", path], &marked)) {
                entry if entry == "marked" => Ok(()),
                other => Err(other),
            }
        });
        plane
    })
}

/// Namespaces of every kind, with pods from before
fn prepare(plane: &ControlPlane) {
    let eci = json!({"alibabacloud.com/eci": "true"});
    let every =
        json!({"alibabacloud.com/eci": "true", "eci": "true", "virtual-node-affinity-injection": "enabled"});
    for (name, labels) in [
        ("plain", json!({})),
        ("eci", eci),
        ("every-label", every),
        ("legacy", json!({"eci": "true"})),
        ("injected", json!({"virtual-node-affinity-injection": "enabled"})),
        ("burst", json!({"burst": "yes", "tier": "a"})),
        (
            "burst-legacy",
            json!({"burst": "yes", "tier": "b", "eci": "true"}),
        ),
        ("soft", json!({})),
        ("kube-system", json!({})),
        (NAMESPACE, json!({})),
    ] {
        let metadata = json!({"name": name, "labels": labels});
        plane
            .admin()
            .apply(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}))
            .success();
        let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}});
        plane.admin().within(name).apply(&account).success();
    }
    let tagged =
        json!({"labels": {"eci": "true"}, "annotations": {"k8s.aliyun.com/eci-custom-tags": "env:test"}});
    let pods = [
        pod(json!({}), json!({})),
        pod(
            tagged.clone(),
            json!({"nodeName": REAL, "tolerations": [{"operator": "Exists"}]}),
        ),
        pod(json!({}), json!({"nodeName": VIRTUAL})),
        pod(tagged, json!({})),
        costly(),
    ];
    for namespace in ["plain", "eci", "burst", "kube-system"] {
        for (name, mut pod) in EXISTING.into_iter().zip(pods.clone()) {
            pod["metadata"]["name"] = name.into();
            // An annotation that leads nowhere, so that tests can add one beside it.
            pod["metadata"]["annotations"]["example.com/existing"] = "yes".into();
            plane.admin().within(namespace).give(&["create"], &pod).success();
        }
    }
}

/// Both webhook configurations of the chart, all entries failing closed
fn webhooks() -> Vec<Value> {
    let output = Command::new(tool("helm"))
        .args([
            "template",
            RELEASE,
            "--namespace",
            NAMESPACE,
            "--show-only",
            "templates/webhooks.yaml",
        ])
        .arg(repository().join("charts/ramgate"))
        .args(["--set", "mode=enforce,namespaceModes.soft=warn"])
        .args(["--set", "cluster.burstNamespaces[0].matchLabels.burst=yes"])
        .args(["--set", "cluster.burstNamespaces[0].matchExpressions[0].key=tier"])
        .args([
            "--set",
            "cluster.burstNamespaces[0].matchExpressions[0].operator=In",
        ])
        .args([
            "--set",
            "cluster.burstNamespaces[0].matchExpressions[0].values={a,b}",
        ])
        .output()
        .expect("helm");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let documents = ramgate::source::yaml::parse(&text).expect("YAML");
    let mut documents: Vec<Value> = documents.iter().map(|document| document.to_json()).collect();
    for document in &mut documents {
        for entry in document["webhooks"].as_array_mut().expect("entries") {
            entry["failurePolicy"] = "Fail".into();
        }
    }
    documents
}
