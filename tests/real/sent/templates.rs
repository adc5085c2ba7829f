//! Workloads: what is built in and makes pods of a template.

use serde_json::Value;
use serde_json::json;

use super::Change;
use super::REAL;
use super::STAMP;
use super::STAYS;
use super::TAGS;
use super::VIRTUAL;
use super::create;
use super::pods::costly;
use super::pods::created;
use super::pods::huge;
use super::pods::pod;
use super::post;
use super::put;
use crate::harness::install::NAMESPACE;
use crate::harness::kubectl::Kubectl;

/// Kind, API path of a namespace's objects, and whether it names its pods by a selector
const KINDS: [(&str, &str, &str); 7] = [
    ("Deployment", "apps/v1", "deployments"),
    ("ReplicaSet", "apps/v1", "replicasets"),
    ("StatefulSet", "apps/v1", "statefulsets"),
    ("DaemonSet", "apps/v1", "daemonsets"),
    ("Job", "batch/v1", "jobs"),
    ("CronJob", "batch/v1", "cronjobs"),
    ("ReplicationController", "v1", "replicationcontrollers"),
];

fn path(kind: &str, namespace: &str) -> String {
    let (_, version, resource) = *KINDS.iter().find(|(name, ..)| *name == kind).expect("kind");
    let root = if version == "v1" { "/api" } else { "/apis" };
    format!("{root}/{version}/namespaces/{namespace}/{resource}")
}

/// A workload of this kind whose pods are like this one
fn workload(kind: &str, name: &str, pod: &Value) -> Value {
    let (_, version, _) = *KINDS.iter().find(|(name, ..)| *name == kind).expect("kind");
    let mut template = json!({"metadata": pod["metadata"], "spec": pod["spec"]});
    template["metadata"]
        .as_object_mut()
        .expect("metadata")
        .remove("name");
    let batch = version == "batch/v1";
    if batch {
        if template["spec"].is_object() {
            template["spec"]["restartPolicy"] = "Never".into();
        }
    } else {
        template["metadata"]["labels"]["app"] = "a".into();
    }
    let spec = match kind {
        "CronJob" => json!({"schedule": "0 0 * * *", "jobTemplate": {"spec": {"template": template}}}),
        "Job" => json!({"template": template}),
        "ReplicationController" => json!({"replicas": 1, "selector": {"app": "a"}, "template": template}),
        "StatefulSet" => {
            json!({"replicas": 1, "serviceName": "s", "selector": {"matchLabels": {"app": "a"}}, "template": template})
        }
        "DaemonSet" => json!({"selector": {"matchLabels": {"app": "a"}}, "template": template}),
        _ => json!({"replicas": 1, "selector": {"matchLabels": {"app": "a"}}, "template": template}),
    };
    json!({"apiVersion": version, "kind": kind, "metadata": {"name": name, "annotations": {"example.com/existing": "yes"}}, "spec": spec})
}

/// The template in a workload
fn template(workload: &mut Value) -> &mut Value {
    if workload["kind"] == "CronJob" {
        &mut workload["spec"]["jobTemplate"]["spec"]["template"]
    } else {
        &mut workload["spec"]["template"]
    }
}

fn with(annotations: Value) -> Value {
    pod(json!({"annotations": annotations}), json!({}))
}

/// Workloads that exist before the webhooks do, by name
fn existing() -> [(&'static str, Value); 6] {
    [
        ("plain", pod(json!({}), json!({}))),
        ("marked", with(json!({TAGS: "env:test"}))),
        ("stamped", with(json!({TAGS: "env:test", STAMP: "somebody"}))),
        (
            "real",
            pod(json!({"annotations": {STAMP: ""}}), json!({"nodeName": REAL})),
        ),
        ("costly", costly()),
        ("huge", huge(200)),
    ]
}

/// Workloads from before
pub(super) fn prepare(who: &Kubectl) {
    for namespace in ["plain", "eci", "burst", "kube-system"] {
        let mut items = Vec::new();
        for (kind, ..) in KINDS {
            for (name, pod) in existing() {
                if name != "huge" || namespace == "plain" {
                    items.push(workload(kind, name, &pod));
                }
            }
            let marked = with(json!({TAGS: "env:test"}));
            let mut owned = workload(kind, "owned", &marked);
            owned["metadata"]["ownerReferences"] =
                json!([{"apiVersion": "v1", "kind": "Any", "name": "any", "uid": "u", "controller": true}]);
            let mut going = workload(kind, "going", &marked);
            going["metadata"]["finalizers"] = json!(["example.com/wait"]);
            items.extend([owned, going]);
        }
        let who = who.within(namespace);
        create(&who, items);
        let kinds: Vec<_> = KINDS.iter().map(|(kind, ..)| format!("{kind}/going")).collect();
        let mut deletion = vec!["delete", "--wait=false"];
        deletion.extend(kinds.iter().map(String::as_str));
        who.run(&deletion).success();
    }
}

#[test]
fn templates_leave_by_the_marks_of_their_pods() {
    for (what, pod, wanted) in created() {
        // Pods get two tolerations of the API server's own, templates do not.
        if what.contains("tolerations are looked at") || what == "more tolerations" {
            continue;
        }
        let job = workload("Job", "subject", &pod);
        assert_eq!(post(&path("Job", "plain"), &job), wanted, "{what}");
    }
    for (count, wanted) in [(64, STAYS), (65, "marked")] {
        let tolerations: Vec<_> = (0..count)
            .map(|n| json!({"key": format!("k{n}"), "operator": "Exists"}))
            .collect();
        let job = workload(
            "Job",
            "subject",
            &pod(json!({}), json!({"tolerations": tolerations})),
        );
        assert_eq!(post(&path("Job", "plain"), &job), wanted, "{count} tolerations");
    }
}

#[test]
fn every_kind_leaves_by_its_template_and_namespace() {
    let on = |node: &str| pod(json!({}), json!({"nodeName": node}));
    let plain = pod(json!({}), json!({}));
    let marked = pod(json!({"labels": {"alibabacloud.com/eci": "true"}}), json!({}));
    let tolerant = pod(json!({}), json!({"tolerations": [{"operator": "Exists"}]}));
    for (kind, ..) in KINDS {
        for (namespace, pod, wanted) in [
            ("plain", &plain, STAYS),
            ("plain", &marked, "marked"),
            ("plain", &tolerant, "marked"),
            ("plain", &with(json!({TAGS: ""})), "marked"),
            ("plain", &with(json!({STAMP: "pasted"})), "marked"),
            ("plain", &on(REAL), STAYS),
            ("plain", &on(VIRTUAL), "marked"),
            ("plain", &costly(), STAYS),
            ("plain", &huge(640), STAYS),
            ("soft", &marked, "marked-lenient"),
            ("eci", &plain, "namespaces-alibabacloud-eci"),
            ("eci", &on(REAL), STAYS),
            ("eci", &huge(640), "namespaces-alibabacloud-eci"),
            ("injected", &plain, "namespaces-affinity-injection"),
            ("burst", &plain, "burst-0"),
            ("burst", &costly(), "burst-0"),
            ("burst", &marked, "marked"),
            ("burst", &on(REAL), STAYS),
            ("kube-system", &marked, STAYS),
            (NAMESPACE, &with(json!({STAMP: "pasted"})), STAYS),
        ] {
            let object = workload(kind, "subject", pod);
            assert_eq!(
                post(&path(kind, namespace), &object),
                wanted,
                "{kind} in {namespace}"
            );
        }
    }
}

#[test]
fn a_mark_of_the_workload_itself_is_none() {
    for (kind, ..) in KINDS {
        let mut object = workload(kind, "subject", &pod(json!({}), json!({})));
        object["metadata"]["labels"] = json!({"alibabacloud.com/eci": "true"});
        object["metadata"]["annotations"] = json!({TAGS: "env:test", STAMP: "x"});
        assert_eq!(post(&path(kind, "plain"), &object), STAYS, "{kind}");
    }
}

#[test]
fn what_is_missing_in_a_workload_is_no_error_of_ours() {
    for (kind, ..) in KINDS {
        let cut = |change: &dyn Fn(&mut Value)| {
            let mut object = workload(kind, "subject", &pod(json!({}), json!({})));
            change(&mut object);
            ["plain", "eci", "burst"].map(|namespace| post(&path(kind, namespace), &object))
        };
        let cuts: [Change<'_>; 6] = [
            &|object| {
                object.as_object_mut().expect("object").remove("spec");
            },
            &|object| object["spec"] = json!({}),
            &|object| object["spec"] = Value::Null,
            &|object| *template(object) = Value::Null,
            &|object| *template(object) = json!({}),
            &|object| *template(object) = json!({"metadata": null, "spec": null}),
        ];
        for (index, change) in cuts.into_iter().enumerate() {
            assert_eq!(
                cut(change),
                ["422", "namespaces-alibabacloud-eci", "burst-0"],
                "{kind} {index}"
            );
        }
    }
}

#[test]
fn changes_leave_if_they_touch_a_template_that_matters() {
    let annotated = |object: &mut Value| object["metadata"]["annotations"]["seen"] = "yes".into();
    let finalized = |object: &mut Value| object["metadata"]["finalizers"] = json!(["example.com/more"]);
    let released = |object: &mut Value| object["metadata"]["finalizers"] = json!([]);
    let imaged = |object: &mut Value| {
        template(object)["spec"]["containers"][0]["image"] = "registry.example.com/app:2".into();
    };
    let marked = |object: &mut Value| template(object)["metadata"]["annotations"][TAGS] = "env:prod".into();
    let stamped = |object: &mut Value| template(object)["metadata"]["annotations"][STAMP] = "me".into();
    let cleared = |object: &mut Value| template(object)["metadata"]["annotations"] = Value::Null;
    let held =
        |object: &mut Value| template(object)["metadata"]["finalizers"] = json!(["example.com/template"]);
    let routed = "namespaces-alibabacloud-eci";
    for (kind, ..) in KINDS {
        // Where a stamp starts no roll-out, the next change of whatever kind brings it.
        let late = ["CronJob", "ReplicaSet", "ReplicationController"].contains(&kind);
        let if_late = |entry: &'static str| if late { entry } else { STAYS };
        let changes: &[(&str, &str, &str, Change<'_>, &str)] = &[
            ("plain", "plain", "annotated", &annotated, STAYS),
            ("plain", "plain", "imaged", &imaged, STAYS),
            ("plain", "plain", "marked", &marked, "marked"),
            ("plain", "plain", "stamped", &stamped, "marked"),
            ("plain", "marked", "annotated", &annotated, if_late("marked")),
            ("plain", "marked", "imaged", &imaged, "marked"),
            ("plain", "marked", "cleared", &cleared, "marked"),
            ("plain", "marked", "held", &held, "marked"),
            ("plain", "owned", "annotated", &annotated, STAYS),
            ("plain", "owned", "imaged", &imaged, "marked"),
            ("plain", "going", "released", &released, STAYS),
            ("plain", "stamped", "annotated", &annotated, STAYS),
            ("plain", "stamped", "finalized", &finalized, STAYS),
            ("plain", "stamped", "imaged", &imaged, "marked"),
            ("plain", "stamped", "marked", &marked, "marked"),
            ("plain", "stamped", "stamped", &stamped, "marked"),
            ("plain", "stamped", "cleared", &cleared, "marked"),
            ("plain", "real", "stamped", &stamped, STAYS),
            ("plain", "costly", "annotated", &annotated, STAYS),
            ("plain", "costly", "imaged", &imaged, STAYS),
            ("plain", "huge", "annotated", &annotated, STAYS),
            ("plain", "huge", "imaged", &imaged, STAYS),
            ("plain", "huge", "marked", &marked, "marked"),
            ("eci", "plain", "annotated", &annotated, if_late(routed)),
            ("eci", "plain", "imaged", &imaged, routed),
            ("eci", "stamped", "annotated", &annotated, STAYS),
            ("eci", "real", "imaged", &imaged, STAYS),
            ("eci", "going", "released", &released, STAYS),
            ("burst", "plain", "annotated", &annotated, if_late("burst-0")),
            ("burst", "plain", "imaged", &imaged, "burst-0"),
            ("burst", "marked", "imaged", &imaged, "marked"),
            ("burst", "stamped", "finalized", &finalized, STAYS),
            ("kube-system", "marked", "imaged", &imaged, STAYS),
        ];
        for (namespace, name, what, change, wanted) in changes {
            let path = format!("{}/{name}", path(kind, namespace));
            let found = put(&path, "", *change);
            // The template of a job never changes, which is the API server's own affair.
            let refused = kind == "Job" && found == "422" && *wanted == STAYS && *what != "annotated";
            assert!(
                found == *wanted || refused,
                "{kind} {namespace}/{name} {what}: {found}, not {wanted}"
            );
        }
    }
}

#[test]
fn a_template_leaves_by_its_runtime_class() {
    for (kind, ..) in KINDS {
        for (class, wanted) in [("eci", "marked"), ("gvisor", STAYS)] {
            let object = workload(
                kind,
                "subject",
                &pod(json!({}), json!({"runtimeClassName": class})),
            );
            assert_eq!(post(&path(kind, "plain"), &object), wanted, "{kind} {class}");
        }
    }
}

#[test]
fn more_pods_of_jobs_leave_as_well() {
    let field = |kind: &str, name: &str, value: Value| {
        let (kind, name) = (kind.to_owned(), name.to_owned());
        move |object: &mut Value| match kind.as_str() {
            "CronJob" => object["spec"]["jobTemplate"]["spec"][&name] = value.clone(),
            _ => object["spec"][&name] = value.clone(),
        }
    };
    for (kind, ..) in KINDS.iter().filter(|(kind, ..)| kind.ends_with("Job")) {
        for (name, value, wanted) in [
            ("parallelism", json!(9), "marked"),
            ("parallelism", json!(0), STAYS),
            ("backoffLimit", json!(9), "marked"),
            ("backoffLimit", json!(0), STAYS),
            ("suspend", json!(true), STAYS),
        ] {
            let path = format!("{}/stamped", path(kind, "plain"));
            let found = put(&path, "", &field(kind, name, value.clone()));
            assert_eq!(found, wanted, "{kind} {name} {value}");
        }
    }
    for (name, value, wanted) in [
        ("schedule", json!("* * * * *"), "marked"),
        ("concurrencyPolicy", json!("Replace"), "marked"),
        ("suspend", json!(true), STAYS),
        ("successfulJobsHistoryLimit", json!(9), STAYS),
    ] {
        let path = format!("{}/stamped", path("CronJob", "plain"));
        let found = put(&path, "", &field("", name, value.clone()));
        assert_eq!(found, wanted, "CronJob {name} {value}");
    }
}

#[test]
fn more_replicas_leave_by_whichever_way() {
    for kind in ["Deployment", "ReplicaSet", "StatefulSet", "ReplicationController"] {
        let to = |count: u32| move |object: &mut Value| object["spec"]["replicas"] = count.into();
        let none = |object: &mut Value| object["spec"] = json!({});
        let changes: &[(&str, &str, &str, Change<'_>, &str)] = &[
            ("plain", "plain", "/scale", &to(2), "scale"),
            ("plain", "stamped", "/scale", &to(2), "scale"),
            ("plain", "huge", "/scale", &to(2), "scale"),
            ("plain", "stamped", "/scale", &to(1), STAYS),
            ("plain", "stamped", "/scale", &to(0), STAYS),
            ("plain", "stamped", "/scale", &none, STAYS),
            ("eci", "plain", "/scale", &to(2), "scale"),
            ("kube-system", "marked", "/scale", &to(2), STAYS),
            ("plain", "stamped", "", &to(2), "marked"),
            ("plain", "stamped", "", &to(0), STAYS),
            ("plain", "plain", "", &to(2), STAYS),
            ("eci", "stamped", "", &to(2), "namespaces-alibabacloud-eci"),
        ];
        for (index, (namespace, name, subresource, change, wanted)) in changes.iter().enumerate() {
            let path = format!("{}/{name}", path(kind, namespace));
            let found = if subresource.is_empty() {
                put(&path, "", *change)
            } else {
                put(&format!("{path}{subresource}"), "", *change)
            };
            assert_eq!(found, *wanted, "{index}: {kind} {namespace}/{name}{subresource}");
        }
    }
}

#[test]
fn a_controllers_status_stays() {
    for (kind, ..) in KINDS {
        let marked = |object: &mut Value| {
            object["metadata"]["annotations"]["seen"] = "yes".into();
            template(object)["metadata"]["annotations"][TAGS] = "env:prod".into();
        };
        let path = format!("{}/marked", path(kind, "plain"));
        assert_eq!(put(&path, "/status", &marked), STAYS, "{kind}");
    }
}
