//! Which requests leave the API server: the chart's selectors and match conditions, evaluated by a real one.
//!
//! Nobody answers here and every entry fails closed, so a request that is sent comes back with the name of the entry, and
//! one that stays is done, or fails for a reason of the API server's own. An expression that errs or costs too much would
//! come back with its error. All of it is dry run.

mod bare;
mod carriers;
mod others;
mod pods;
mod subresources;
mod templates;

use std::fs;
use std::panic::catch_unwind;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;
use serde_json::json;

use crate::harness::control_plane::ControlPlane;
use crate::harness::install::{NAMESPACE, RELEASE};
use crate::harness::kubectl::Kubectl;
use crate::harness::objects::node;
use crate::harness::rest::{Reply, Rest};
use crate::harness::tools::{repository, tool};
use crate::harness::wait::eventually;

use pods::costly;
use pods::huge;
use pods::pod;

/// Names that the chart's default pattern knows as real nodes', and one of a virtual node
const REAL: &str = "cn-hangzhou.192.168.0.1";
const VIRTUAL: &str = "virtual-kubelet-cn-hangzhou-g";
/// What becomes of a request that is not sent
const STAYS: &str = "stays";
/// The annotations for a pod's tags, and for who asked for it
const TAGS: &str = "k8s.aliyun.com/eci-custom-tags";
const STAMP: &str = "ramgate.io/requested-by";
/// Pods that exist before the webhooks do, by name
const EXISTING: [&str; 7] = ["plain", "real", "virtual", "marked", "stamped", "costly", "huge"];

/// What someone does to an object
type Change<'a> = &'a dyn Fn(&mut Value);

#[test]
fn every_supported_configuration_is_accepted() {
    let plane = plane();
    let mut seen = 0;
    for file in fs::read_dir(repository().join("charts/ramgate/ci")).expect("values files") {
        let file = file.expect("values file").path();
        for configuration in rendered(&file.display().to_string()) {
            let outcome = plane.admin().give(
                &["apply", "--dry-run=server", "--server-side", "--force-conflicts"],
                &configuration,
            );
            assert!(outcome.succeeded, "{}: {}", file.display(), outcome.stderr);
            seen += 1;
        }
    }
    assert!(seen > 0);
}

/// Creates objects in one go
fn create(who: &Kubectl, items: Vec<Value>) {
    let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
    who.give(&["create"], &list).success();
}

/// Creates an object by POST to a path, without keeping it
fn post(path: &str, object: &Value) -> String {
    verdict(rest().create(&format!("{path}?dryRun=All"), object))
}

/// Reads the object at a path, changes it and writes it to a subresource of it, or to itself if that is empty
fn put(path: &str, subresource: &str, change: Change<'_>) -> String {
    let mut object = rest().get(path);
    change(&mut object);
    verdict(rest().replace(&format!("{path}{subresource}?dryRun=All"), &object))
}

/// Deletes what is at a path
fn delete(path: &str) -> String {
    verdict(rest().delete(path))
}

/// The entry that was called, or what else became of a request
fn verdict(reply: Reply) -> String {
    if reply.succeeded() {
        return STAYS.to_owned();
    }
    let said = reply.body["message"].as_str().unwrap_or_default();
    match said
        .split_once("failed calling webhook \"")
        .and_then(|(_, rest)| rest.split_once(".ramgate.io\""))
    {
        Some((entry, _)) => entry.to_owned(),
        None if reply.status == 422 => "422".to_owned(),
        None => format!("{reply:?}"),
    }
}

/// The administrator of that control plane
fn rest() -> &'static Rest {
    static REST: OnceLock<Rest> = OnceLock::new();
    REST.get_or_init(|| Rest::new(plane().admin().kubeconfig()))
}

/// A control plane with the chart's webhooks, of which no one answers and each fails closed
fn plane() -> &'static ControlPlane {
    static PLANE: OnceLock<Option<ControlPlane>> = OnceLock::new();
    // What failed once is not tried again by every other test.
    let start = || {
        let plane = ControlPlane::start();
        prepare(&plane);
        templates::prepare(plane.admin());
        carriers::prepare(plane.admin());
        others::prepare(plane.admin());
        let rest = Rest::new(plane.admin().kubeconfig());
        for configuration in webhooks(&plane) {
            // So many kinds of carriers do not fit into the annotation of kubectl apply
            plane
                .admin()
                .give(&["apply", "--server-side"], &configuration)
                .success();
        }
        let marked = pod(json!({"labels": {"eci": "true"}}), json!({}));
        let path = "/api/v1/namespaces/plain/pods?dryRun=All";
        eventually("the webhooks are in force", || {
            match verdict(rest.create(path, &marked)) {
                entry if entry == "marked" => Ok(()),
                other => Err(other),
            }
        });
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "eci-profile"}});
        let path = "/api/v1/namespaces/kube-system/configmaps?dryRun=All";
        eventually("the other configuration is in force as well", || {
            match verdict(rest.create(path, &map)) {
                entry if entry == "profile" => Ok(()),
                other => Err(other),
            }
        });
        plane
    };
    PLANE
        .get_or_init(|| catch_unwind(start).ok())
        .as_ref()
        .expect("the control plane is not ready: the first test that needed it says why")
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
    // A resize asks what the node has.
    let mut real = node(REAL, &[]);
    real["status"] = json!({"allocatable": {"cpu": "8"}});
    plane.admin().apply(&real).success();
    let tagged = json!({"labels": {"eci": "true"}, "annotations": {TAGS: "env:test"}});
    let pods = [
        pod(json!({}), json!({})),
        pod(
            tagged.clone(),
            json!({"nodeName": REAL, "tolerations": [{"operator": "Exists"}]}),
        ),
        pod(json!({}), json!({"nodeName": VIRTUAL})),
        pod(tagged, json!({})),
        pod(json!({"annotations": {STAMP: "somebody"}}), json!({})),
        costly(),
        huge(200),
    ];
    for namespace in ["plain", "eci", "burst", "soft", "kube-system"] {
        let mut items = Vec::new();
        for (name, mut pod) in EXISTING.into_iter().zip(pods.clone()) {
            pod["metadata"]["name"] = name.into();
            // An annotation that leads nowhere, so that tests can add one beside it.
            pod["metadata"]["annotations"]["example.com/existing"] = "yes".into();
            // Something to resize.
            pod["spec"]["containers"][0]["resources"] = json!({"requests": {"cpu": "1"}});
            items.push(pod);
        }
        create(&plane.admin().within(namespace), items);
    }
}

/// Both webhook configurations of the chart, all entries failing closed
fn webhooks(plane: &ControlPlane) -> Vec<Value> {
    let values = json!({
        "mode": "enforce",
        "namespaceModes": {"soft": "warn"},
        "scale": {"judge": true},
        "cluster": {
            "runtimeClasses": ["eci"],
            "virtualNodeTaints": ["virtual-kubelet.io/provider", "k8s.aliyun.com/vnode", "example.com/burst"],
            "virtualNodeResources": ["example.com/slots"],
            "burstNamespaces": [
                {"matchLabels": {"burst": "yes"}, "matchExpressions": [{"key": "tier", "operator": "In", "values": ["a", "b"]}]},
            ],
            "carriers": carriers::values(),
        },
    });
    let file = plane.folder().join("sent.json");
    fs::write(&file, values.to_string()).expect("values");
    let mut documents = rendered(&file.display().to_string());
    for document in &mut documents {
        for entry in document["webhooks"].as_array_mut().expect("entries") {
            entry["failurePolicy"] = "Fail".into();
        }
    }
    documents
}

/// Both webhook configurations of the chart, with the values of a file
fn rendered(values: &str) -> Vec<Value> {
    of_chart(&repository().join("charts/ramgate"), &["--values", values])
}

/// Both webhook configurations of a chart with these arguments of Helm
pub(crate) fn of_chart(chart: &Path, arguments: &[&str]) -> Vec<Value> {
    let output = Command::new(tool("helm"))
        .args([
            "template",
            RELEASE,
            "--namespace",
            NAMESPACE,
            "--show-only",
            "templates/webhooks.yaml",
        ])
        .args(arguments)
        .arg(chart)
        .output()
        .expect("helm");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let documents = ramgate::testing::yaml::parse(&text).expect("YAML");
    documents.iter().map(|document| document.to_json()).collect()
}
