//! Pods without a controller: created, changed, deleted.

use serde_json::Value;
use serde_json::json;

use super::Change;
use super::EXISTING;
use super::REAL;
use super::STAMP;
use super::STAYS;
use super::TAGS;
use super::VIRTUAL;
use super::delete;
use super::pods::created;
use super::pods::pod;
use super::post;
use super::put;
use crate::harness::install::NAMESPACE;

fn made(namespace: &str, pod: &Value) -> String {
    post(&format!("/api/v1/namespaces/{namespace}/pods"), pod)
}

#[test]
fn pods_leave_by_their_marks() {
    for (what, pod, wanted) in created() {
        assert_eq!(made("plain", &pod), wanted, "{what}");
    }
}

#[test]
fn pods_leave_by_their_namespace() {
    let on = |node: &str| {
        pod(
            json!({}),
            json!({"nodeName": node, "tolerations": [{"operator": "Exists"}]}),
        )
    };
    let (plain, marked, stamped) = (
        pod(json!({}), json!({})),
        pod(json!({"labels": {"eci": "true"}}), json!({})),
        pod(json!({"annotations": {STAMP: ""}}), json!({})),
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
        ("burst", &stamped, "marked"),
        ("burst", &on(REAL), STAYS),
        ("burst", &on(VIRTUAL), "marked"),
        ("burst-legacy", &plain, "namespaces-eci"),
        ("soft", &plain, STAYS),
        ("soft", &marked, "marked-lenient"),
        ("soft", &stamped, "marked-lenient"),
        ("kube-system", &marked, STAYS),
        ("kube-system", &stamped, STAYS),
        ("kube-system", &on(VIRTUAL), STAYS),
        (NAMESPACE, &marked, STAYS),
    ] {
        assert_eq!(made(namespace, pod), wanted, "{namespace}: {pod}");
    }
}

#[test]
fn changes_leave_by_what_the_pod_was_or_becomes() {
    let annotated = |pod: &mut Value| pod["metadata"]["annotations"]["seen"] = "yes".into();
    let labelled = |pod: &mut Value| pod["metadata"]["labels"]["seen"] = "yes".into();
    let marked = |pod: &mut Value| pod["metadata"]["annotations"][TAGS] = "env:test".into();
    let stamped = |pod: &mut Value| pod["metadata"]["annotations"][STAMP] = "me".into();
    let imaged =
        |pod: &mut Value| pod["spec"]["containers"][0]["image"] = "registry.example.com/app:2".into();
    let cleared = |pod: &mut Value| {
        pod["metadata"]["labels"] = json!({});
        pod["metadata"]["annotations"] = json!({});
    };
    let nulled = |pod: &mut Value| {
        pod["metadata"]["labels"] = Value::Null;
        pod["metadata"]["annotations"] = Value::Null;
    };
    let same = |_: &mut Value| ();
    let owned = |pod: &mut Value| {
        pod["metadata"]["ownerReferences"] = json!([{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "r", "uid": "u", "controller": true}]);
    };
    let finalized = |pod: &mut Value| pod["metadata"]["finalizers"] = json!(["example.com/wait"]);
    let routed = "namespaces-alibabacloud-eci";
    let changes: &[(&str, &str, Change<'_>, &str)] = &[
        ("plain", "plain", &annotated, STAYS),
        ("plain", "plain", &imaged, STAYS),
        ("plain", "plain", &marked, "marked"),
        ("plain", "plain", &stamped, "marked"),
        ("plain", "plain", &nulled, STAYS),
        ("plain", "real", &annotated, STAYS),
        ("plain", "real", &marked, STAYS),
        ("plain", "real", &stamped, STAYS),
        ("plain", "real", &imaged, STAYS),
        ("plain", "virtual", &annotated, "marked"),
        ("plain", "virtual", &labelled, "marked"),
        ("plain", "virtual", &imaged, "marked"),
        ("plain", "marked", &annotated, "marked"),
        ("plain", "marked", &cleared, "marked"),
        ("plain", "marked", &nulled, "marked"),
        ("plain", "stamped", &cleared, "marked"),
        ("plain", "stamped", &imaged, "marked"),
        ("plain", "costly", &annotated, STAYS),
        ("plain", "costly", &imaged, STAYS),
        ("plain", "huge", &annotated, STAYS),
        ("plain", "huge", &imaged, STAYS),
        ("plain", "huge", &marked, "marked"),
        // What the API server's own work needs is never held back.
        ("plain", "virtual", &same, STAYS),
        ("plain", "plain", &owned, STAYS),
        ("plain", "real", &owned, STAYS),
        // But whoever leaves the deletion to the garbage collector is asked as for a deletion.
        ("plain", "virtual", &owned, "removal"),
        ("plain", "marked", &owned, "removal"),
        ("plain", "costly", &owned, STAYS),
        ("eci", "plain", &owned, "removal-namespaces-alibabacloud-eci"),
        ("eci", "real", &owned, STAYS),
        ("soft", "virtual", &owned, "removal"),
        ("kube-system", "virtual", &owned, STAYS),
        ("plain", "virtual", &finalized, STAYS),
        ("plain", "marked", &finalized, STAYS),
        ("eci", "plain", &annotated, routed),
        ("eci", "plain", &imaged, routed),
        ("eci", "plain", &finalized, STAYS),
        ("eci", "real", &marked, STAYS),
        ("eci", "virtual", &annotated, routed),
        ("burst", "plain", &annotated, "burst-0"),
        ("burst", "plain", &finalized, STAYS),
        ("burst", "costly", &annotated, "burst-0"),
        ("burst", "virtual", &annotated, "marked"),
        ("kube-system", "virtual", &annotated, STAYS),
    ];
    for (index, (namespace, name, change, wanted)) in changes.iter().enumerate() {
        let path = format!("/api/v1/namespaces/{namespace}/pods/{name}");
        assert_eq!(put(&path, "", *change), *wanted, "{index}: {namespace}/{name}");
    }
}

#[test]
fn deletions_leave_where_eci_has_the_pod_or_may_have_it() {
    for (namespace, name, wanted) in [
        ("plain", "plain", STAYS),
        ("plain", "real", STAYS),
        ("plain", "virtual", "removal"),
        ("plain", "marked", "removal"),
        ("plain", "stamped", "removal"),
        ("plain", "costly", STAYS),
        ("plain", "huge", STAYS),
        ("eci", "plain", "removal-namespaces-alibabacloud-eci"),
        ("eci", "real", STAYS),
        ("eci", "virtual", "removal-namespaces-alibabacloud-eci"),
        ("burst", "plain", STAYS),
        ("burst", "virtual", "removal"),
        ("soft", "virtual", "removal"),
        ("kube-system", "virtual", STAYS),
    ] {
        let path = format!("/api/v1/namespaces/{namespace}/pods/{name}?dryRun=All");
        assert_eq!(delete(&path), wanted, "{namespace}/{name}");
    }
    for (name, wanted) in [("virtual", "removal"), ("plain", STAYS)] {
        assert!(EXISTING.contains(&name));
        let path = format!("/api/v1/namespaces/plain/pods?dryRun=All&fieldSelector=metadata.name%3D{name}");
        assert_eq!(delete(&path), wanted, "{name}, as a collection");
    }
}
