//! What is no pod: image caches and ConfigMaps.

use serde_json::Value;
use serde_json::json;

use super::Change;
use super::STAYS;
use super::TAGS;
use super::delete;
use super::post;
use super::put;
use crate::harness::install::NAMESPACE;
use crate::harness::kubectl::Kubectl;
use crate::harness::wait::eventually;

const CACHES: &str = "/apis/eci.alibabacloud.com/v1/imagecaches";

/// A custom resource whose objects may hold anything, with these versions, of which the first is stored
pub(super) fn definition(group: &str, kind: &str, resource: &str, scope: &str, versions: &[&str]) -> Value {
    let schema = json!({"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}});
    let versions: Vec<Value> = versions
        .iter()
        .enumerate()
        .map(|(index, name)| {
            json!({"name": name, "served": true, "storage": index == 0, "schema": schema, "subresources": {"status": {}}})
        })
        .collect();
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": format!("{resource}.{group}"),
            // The API server wants it for groups below k8s.io.
            "annotations": {"api-approved.kubernetes.io": "unapproved, a test"},
        },
        "spec": {
            "group": group, "scope": scope, "versions": versions,
            "names": {"kind": kind, "plural": resource, "singular": kind.to_lowercase()},
        },
    })
}

/// Creates a custom resource and waits until it is served
pub(super) fn define(who: &Kubectl, definition: &Value) {
    who.apply(definition).success();
    let name = definition["metadata"]["name"].as_str().expect("name");
    eventually("the custom resource is served", || {
        let outcome = who.run(&["get", name, "--all-namespaces"]);
        if outcome.succeeded {
            Ok(())
        } else {
            Err(outcome.stderr)
        }
    });
}

/// An image cache and ConfigMaps from before
pub(super) fn prepare(who: &Kubectl) {
    define(
        who,
        &definition(
            "eci.alibabacloud.com",
            "ImageCache",
            "imagecaches",
            "Cluster",
            &["v1"],
        ),
    );
    who.give(&["create"], &cache("existing")).success();
    for name in ["eci-profile", "other"] {
        who.within("kube-system")
            .give(&["create"], &map(name, &json!({})))
            .success();
    }
}

fn cache(name: &str) -> Value {
    json!({
        "apiVersion": "eci.alibabacloud.com/v1", "kind": "ImageCache", "metadata": {"name": name},
        "spec": {"images": ["registry.example.com/app:1"]},
    })
}

fn map(name: &str, labels: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": labels}})
}

#[test]
fn image_caches_leave_if_they_become_others() {
    assert_eq!(post(CACHES, &cache("new")), "image-caches");
    let mut bare = cache("new");
    bare.as_object_mut().expect("object").remove("spec");
    assert_eq!(post(CACHES, &bare), "image-caches");
    bare["spec"] = Value::Null;
    assert_eq!(post(CACHES, &bare), "image-caches");

    let imaged = |cache: &mut Value| cache["spec"]["images"] = json!(["registry.example.com/app:2"]);
    let gone = |cache: &mut Value| cache["spec"] = Value::Null;
    let tagged = |cache: &mut Value| cache["metadata"]["annotations"][TAGS] = "env:test".into();
    let labelled = |cache: &mut Value| cache["metadata"]["labels"]["a"] = "b".into();
    let finalized = |cache: &mut Value| cache["metadata"]["finalizers"] = json!(["example.com/wait"]);
    let same = |_: &mut Value| ();
    let path = format!("{CACHES}/existing");
    let changes: &[(Change<'_>, &str)] = &[
        (&imaged, "image-caches"),
        (&gone, "image-caches"),
        (&tagged, "image-caches"),
        (&labelled, "image-caches"),
        (&finalized, STAYS),
        (&same, STAYS),
    ];
    for (index, (change, wanted)) in changes.iter().enumerate() {
        assert_eq!(put(&path, "", *change), *wanted, "{index}");
    }
    let ready = |cache: &mut Value| cache["status"] = json!({"phase": "Ready"});
    assert_eq!(put(&path, "/status", &ready), STAYS);

    assert_eq!(delete(&format!("{path}?dryRun=All")), "removal-image-caches");
    assert_eq!(delete(&format!("{CACHES}?dryRun=All")), "removal-image-caches");
}

#[test]
fn eci_profile_leaves_in_kube_system_alone() {
    for (namespace, name, wanted) in [
        ("kube-system", "eci-profile", "profile"),
        ("kube-system", "eci-profile-2", STAYS),
        ("plain", "eci-profile", STAYS),
        (NAMESPACE, "eci-profile", STAYS),
    ] {
        let path = format!("/api/v1/namespaces/{namespace}/configmaps");
        assert_eq!(post(&path, &map(name, &json!({}))), wanted, "{namespace}/{name}");
    }
    let path = "/api/v1/namespaces/kube-system/configmaps";
    let generated =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "eci-profile"}});
    assert_eq!(post(path, &generated), STAYS);
    let changed = |map: &mut Value| map["data"]["selectors"] = "[]".into();
    assert_eq!(put(&format!("{path}/eci-profile"), "", &changed), "profile");
    assert_eq!(put(&format!("{path}/other"), "", &changed), STAYS);
    assert_eq!(delete(&format!("{path}/eci-profile?dryRun=All")), "profile");
    assert_eq!(delete(&format!("{path}/other?dryRun=All")), STAYS);
    // As a collection, where the request has no name.
    let all = |name: &str| delete(&format!("{path}?dryRun=All&fieldSelector=metadata.name%3D{name}"));
    assert_eq!(
        (all("eci-profile").as_str(), all("other").as_str()),
        ("profile", STAYS)
    );
}

#[test]
fn only_our_own_configmaps_leave() {
    for (namespace, labels, wanted) in [
        (NAMESPACE, json!({"ramgate.io/config": "policy"}), "configuration"),
        (NAMESPACE, json!({}), STAYS),
        ("plain", json!({"ramgate.io/config": "policy"}), STAYS),
    ] {
        let path = format!("/api/v1/namespaces/{namespace}/configmaps");
        assert_eq!(post(&path, &map("map", &labels)), wanted, "{namespace} {labels}");
    }
}
