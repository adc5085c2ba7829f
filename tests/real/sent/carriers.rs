//! Kinds of carriers: custom resources of whatever content, with templates in several places. And the revisions in which
//! StatefulSets, DaemonSets and other people's controllers keep whatever they like.

use serde_json::Value;
use serde_json::json;

use super::Change;
use super::REAL;
use super::STAMP;
use super::STAYS;
use super::TAGS;
use super::VIRTUAL;
use super::create;
use super::others::define;
use super::others::definition;
use super::pods::huge;
use super::pods::pod;
use super::post;
use super::put;
use crate::harness::kubectl::Kubectl;

/// Resource and version, and how its objects hold templates
type Kind<'a> = (&'a str, &'a str, &'a dyn Fn(Value) -> Value);

/// The chart's values: one template, templates in a list, and an object that only has its metadata
pub(super) fn values() -> Value {
    json!([
        {"user": "u", "group": "apps.kruise.io", "kind": "CloneSet", "resource": "clonesets", "templates": ["spec.template"]},
        {"user": "u", "group": "batch.volcano.sh", "kind": "Job", "resource": "jobs", "templates": ["spec.tasks.template", "spec.common"]},
        {"preset": "spark-operator"},
        {"preset": "kubeflow-training"},
        {"preset": "tekton"},
        {"user": "u", "group": "argoproj.io", "kind": "Workflow", "resource": "workflows", "templates": ["spec.podMetadata"]},
    ])
}

/// The kinds, and objects from before
pub(super) fn prepare(who: &Kubectl) {
    define(
        who,
        &definition(
            "apps.kruise.io",
            "CloneSet",
            "clonesets",
            "Namespaced",
            &["v1alpha1", "v1beta1"],
        ),
    );
    define(
        who,
        &definition("batch.volcano.sh", "Job", "jobs", "Namespaced", &["v1alpha1"]),
    );
    for (group, kind, resource, version) in [
        (
            "sparkoperator.k8s.io",
            "SparkApplication",
            "sparkapplications",
            "v1beta2",
        ),
        ("kubeflow.org", "PyTorchJob", "pytorchjobs", "v1"),
        ("tekton.dev", "TaskRun", "taskruns", "v1"),
    ] {
        let mut definition = definition(group, kind, resource, "Namespaced", &[version]);
        // The API server asks this of groups below k8s.io
        definition["metadata"]["annotations"] = json!({"api-approved.kubernetes.io": "unapproved, a test"});
        define(who, &definition);
    }
    let mut flows = definition(
        "argoproj.io",
        "Workflow",
        "workflows",
        "Namespaced",
        &["v1alpha1"],
    );
    // As Argo publishes it: the status is written with the object
    flows["spec"]["versions"][0]["subresources"] = json!({});
    define(who, &flows);
    create(&who.within("plain"), vec![workflow()]);
    for namespace in ["plain", "eci", "burst", "kube-system"] {
        for (name, annotations) in [
            ("plain", json!({})),
            ("marked", json!({TAGS: "env:test"})),
            ("stamped", json!({STAMP: ""})),
        ] {
            let mut object = clone_set(template(json!({"annotations": annotations}), json!({})));
            object["metadata"] = json!({"name": name, "annotations": {"example.com/existing": "yes"}});
            let mut kept = revision(json!({"spec": {"template": object["spec"]["template"]}}));
            kept["metadata"] = object["metadata"].clone();
            create(&who.within(namespace), vec![object, kept]);
        }
    }
}

fn template(metadata: Value, spec: Value) -> Value {
    let pod = pod(metadata, spec);
    json!({"metadata": pod["metadata"], "spec": pod["spec"]})
}

fn clone_set(template: Value) -> Value {
    json!({
        "apiVersion": "apps.kruise.io/v1alpha1", "kind": "CloneSet", "metadata": {"name": "subject"},
        "spec": {"replicas": 1, "template": template},
    })
}

/// A Workflow from before, with what its controller keeps in the status
fn workflow() -> Value {
    json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"name": "existing"},
        "spec": {"podMetadata": {"labels": {"eci": "true"}}, "workflowTemplateRef": {"name": "shared"}},
        "status": {"phase": "Running", "storedWorkflowTemplateSpec": {"templates": [{"name": "a"}]}},
    })
}

fn revision(data: Value) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "ControllerRevision", "metadata": {"name": "subject"},
        "revision": 1, "data": data,
    })
}

fn revisions(namespace: &str) -> String {
    format!("/apis/apps/v1/namespaces/{namespace}/controllerrevisions")
}

fn job(spec: Value) -> Value {
    json!({"apiVersion": "batch.volcano.sh/v1alpha1", "kind": "Job", "metadata": {"name": "subject"}, "spec": spec})
}

fn clone_sets(namespace: &str) -> String {
    format!("/apis/apps.kruise.io/v1alpha1/namespaces/{namespace}/clonesets")
}

fn jobs(namespace: &str) -> String {
    format!("/apis/batch.volcano.sh/v1alpha1/namespaces/{namespace}/jobs")
}

/// Templates by what is in them, and whether that is a mark
fn templates() -> Vec<(&'static str, Value, bool)> {
    const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
    const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";
    let annotated = |key: &str| template(json!({"annotations": {key: ""}}), json!({}));
    let spec = |spec: Value| template(json!({}), spec);
    let near = |affinity: Value| spec(json!({"affinity": {"nodeAffinity": affinity}}));
    let must = |requirement: Value| {
        near(json!({REQUIRED: {"nodeSelectorTerms": [{"matchExpressions": [requirement]}]}}))
    };
    let many = |count: usize, one: Value| vec![one; count];
    let other = json!({"key": "zone", "operator": "In", "values": ["a"]});
    let term = json!({"matchExpressions": [other]});
    let host = |name: &str| json!({"key": "kubernetes.io/hostname", "operator": "In", "values": many(1, name.into())});
    vec![
        ("plain", spec(json!({})), false),
        ("nothing", json!({}), false),
        ("null", Value::Null, false),
        ("a text", json!("x"), false),
        ("a number", json!(1), false),
        ("no list entry", json!([]), false),
        ("null in a list", json!([null, 1, "x"]), false),
        (
            "a list in a list",
            json!([null, [template(json!({}), json!({}))]]),
            true,
        ),
        ("null parts", json!({"metadata": null, "spec": null}), false),
        ("texts as parts", json!({"metadata": "m", "spec": "s"}), false),
        (
            "null fields",
            json!({"metadata": {"labels": null, "annotations": null}, "spec": {"nodeName": null, "nodeSelector": null, "affinity": null, "tolerations": null}}),
            false,
        ),
        (
            "texts as fields",
            json!({"metadata": {"labels": "l", "annotations": ["a"]}, "spec": {"nodeName": 1, "nodeSelector": "n", "affinity": 1, "tolerations": "t"}}),
            false,
        ),
        ("null affinity", near(Value::Null), false),
        (
            "null terms",
            near(json!({REQUIRED: null, PREFERRED: null})),
            false,
        ),
        (
            "null term",
            near(
                json!({REQUIRED: {"nodeSelectorTerms": [null, 1, {}]}, PREFERRED: [null, 1, {}, {"preference": null}]}),
            ),
            false,
        ),
        (
            "null requirement",
            near(
                json!({REQUIRED: {"nodeSelectorTerms": [{"matchExpressions": [null, 1, {}], "matchFields": null}]}}),
            ),
            false,
        ),
        (
            "null values",
            must(json!({"key": "type", "operator": "In", "values": null})),
            false,
        ),
        (
            "null value",
            must(json!({"key": "type", "operator": "In", "values": [null, 1]})),
            false,
        ),
        (
            "null tolerations",
            spec(json!({"tolerations": [null, 1, {"key": 1}]})),
            false,
        ),
        (
            "a number as label",
            template(json!({"labels": {"eci": 1}}), json!({})),
            false,
        ),
        (
            "label",
            template(json!({"labels": {"eci": "true"}}), json!({})),
            true,
        ),
        ("tags", annotated(TAGS), true),
        ("stamp", annotated(STAMP), true),
        ("another annotation", annotated("a"), false),
        (
            "real node",
            template(json!({"annotations": {STAMP: ""}}), json!({"nodeName": REAL})),
            false,
        ),
        ("virtual node", spec(json!({"nodeName": VIRTUAL})), true),
        (
            "selector",
            spec(json!({"nodeSelector": {"type": "virtual-kubelet"}})),
            true,
        ),
        (
            "another selector",
            spec(json!({"nodeSelector": {"type": "ssd"}})),
            false,
        ),
        (
            "host, real",
            spec(json!({"nodeSelector": {"kubernetes.io/hostname": REAL}})),
            false,
        ),
        (
            "host, virtual",
            spec(json!({"nodeSelector": {"kubernetes.io/hostname": VIRTUAL}})),
            true,
        ),
        (
            "demand",
            must(json!({"key": "type", "operator": "In", "values": ["virtual-kubelet"]})),
            true,
        ),
        (
            "demand of any",
            must(json!({"key": "type", "operator": "Exists"})),
            true,
        ),
        ("demand of others", must(other.clone()), false),
        ("demand of a host, real", must(host(REAL)), false),
        ("demand of a host, virtual", must(host(VIRTUAL)), true),
        (
            "demand of a host, null",
            must(json!({"key": "kubernetes.io/hostname", "operator": "In", "values": [null]})),
            true,
        ),
        (
            "preference",
            near(
                json!({PREFERRED: [{"preference": {"matchExpressions": [{"key": "type", "operator": "In", "values": ["virtual-kubelet"]}]}}]}),
            ),
            true,
        ),
        (
            "tolerates",
            spec(json!({"tolerations": [{"key": "k8s.aliyun.com/vnode", "operator": "Exists"}]})),
            true,
        ),
        (
            "tolerates all",
            spec(json!({"tolerations": [{"operator": "Exists"}]})),
            true,
        ),
        (
            "tolerates null",
            spec(json!({"tolerations": [{"key": null, "operator": "Exists"}]})),
            true,
        ),
        (
            "requests",
            spec(json!({"containers": [null, 1, {"resources": {"limits": {"example.com/slots": 1}}}]})),
            true,
        ),
        (
            "requests others",
            spec(
                json!({"containers": [{"resources": {"limits": {"cpu": 1}, "requests": []}}], "overhead": null}),
            ),
            false,
        ),
        (
            "tolerates others",
            spec(json!({"tolerations": [{"key": "a", "operator": "Exists"}]})),
            false,
        ),
        (
            "tolerations",
            spec(json!({"tolerations": many(16, json!({"key": "a"}))})),
            false,
        ),
        (
            "more tolerations",
            spec(json!({"tolerations": many(17, json!({"key": "a"}))})),
            true,
        ),
        (
            "terms",
            near(
                json!({REQUIRED: {"nodeSelectorTerms": many(4, term.clone())}, PREFERRED: many(4, json!({"preference": term}))}),
            ),
            false,
        ),
        (
            "more terms",
            near(json!({REQUIRED: {"nodeSelectorTerms": many(5, term.clone())}})),
            true,
        ),
        (
            "more preferences",
            near(json!({PREFERRED: many(5, json!({"preference": term}))})),
            true,
        ),
        (
            "more requirements",
            near(json!({REQUIRED: {"nodeSelectorTerms": [{"matchExpressions": many(5, other)}]}})),
            true,
        ),
        (
            "values",
            must(json!({"key": "a", "operator": "In", "values": many(8, json!("x"))})),
            false,
        ),
        (
            "more values",
            must(json!({"key": "a", "operator": "In", "values": many(9, json!("x"))})),
            true,
        ),
        (
            "more hosts",
            must(json!({"key": "kubernetes.io/hostname", "operator": "In", "values": [REAL, REAL]})),
            true,
        ),
        ("the most that is looked at", costly(), false),
        (
            "huge",
            json!({"metadata": huge(1)["metadata"], "spec": huge(600)["spec"]}),
            false,
        ),
    ]
}

/// The template whose conditions cost most: every list as long as one that is looked at, with the longest legal names
fn costly() -> Value {
    let kind = json!({"key": "type", "operator": "In", "values": vec!["x".repeat(63); 8]});
    let host = json!({"key": "kubernetes.io/hostname", "operator": "In", "values": [format!("cn-{}.1.2.3.4", "a".repeat(52))]});
    let term = json!({"matchExpressions": [kind, kind, kind, host], "matchFields": [kind]});
    let preference = json!({"preference": term});
    template(
        json!({}),
        json!({
            "tolerations": vec![json!({"key": "a"}); 16],
            "affinity": {"nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": vec![term; 4]},
                "preferredDuringSchedulingIgnoredDuringExecution": vec![preference; 4],
            }},
        }),
    )
}

#[test]
fn templates_of_carriers_leave_by_their_marks() {
    for (what, template, marked) in templates() {
        let wanted = if marked { "carriers-0" } else { STAYS };
        let object = clone_set(template.clone());
        assert_eq!(post(&clone_sets("plain"), &object), wanted, "{what}");
        // In a list as long as one that is looked at, unless all of it together is more than a request may hold.
        let others = if what == "huge" {
            1
        } else if what == "the most that is looked at" {
            16
        } else {
            2
        };
        let tasks = vec![json!({"name": "t", "template": template}); others];
        let wanted = if marked { "carriers-1" } else { STAYS };
        assert_eq!(
            post(&jobs("plain"), &job(json!({"tasks": tasks}))),
            wanted,
            "{what}, in a list"
        );
        let kept = revision(json!({"spec": {"template": template, "$patch": "replace"}}));
        assert_eq!(
            post(&revisions("plain"), &kept),
            "revisions",
            "{what}, in a revision"
        );
    }
}

#[test]
fn every_path_of_a_carrier_is_looked_at() {
    let plain = template(json!({}), json!({}));
    let marked = json!({"template": template(json!({"labels": {"eci": "true"}}), json!({}))});
    let plain = json!({ "template": plain });
    let bare = json!({"metadata": {"labels": {"eci": "true"}}});
    for (what, spec, wanted) in [
        ("none", json!({}), STAYS),
        ("null", Value::Null, STAYS),
        ("a text", json!("x"), STAYS),
        (
            "the last of a list",
            json!({"tasks": [plain, marked]}),
            "carriers-1",
        ),
        ("one that is no list", json!({"tasks": marked}), "carriers-1"),
        (
            "one of whatever list",
            json!([{"tasks": plain}, {"tasks": [marked]}]),
            "carriers-1",
        ),
        ("metadata alone", json!({"common": bare}), "carriers-2"),
        ("a list in a list", json!({"tasks": [[marked]]}), "carriers-1"),
        (
            "metadata alone, in a list",
            json!({"common": [{}, bare]}),
            "carriers-2",
        ),
        ("elsewhere", json!({"other": bare, "template": bare}), STAYS),
        (
            "as many as are looked at",
            json!({"tasks": vec![plain.clone(); 16]}),
            STAYS,
        ),
        ("more", json!({"tasks": vec![plain.clone(); 17]}), "carriers-1"),
        (
            "a body of them",
            json!({"tasks": vec![json!({}); 500_000]}),
            "carriers-1",
        ),
        (
            "as many as are looked at, in lists of lists",
            json!([{"tasks": vec![plain.clone(); 8]}, {"tasks": vec![plain.clone(); 8]}]),
            STAYS,
        ),
        (
            "more, in lists of lists",
            json!([{"tasks": vec![plain.clone(); 9]}, {"tasks": vec![plain.clone(); 9]}]),
            "carriers-1",
        ),
    ] {
        assert_eq!(post(&jobs("plain"), &job(spec)), wanted, "{what}");
    }
}

#[test]
fn kinds_of_presets_leave_by_marks_wherever_their_pods_get_them_from() {
    let labels = json!({"labels": {"eci": "true"}});
    let selector = json!({"nodeSelector": {"type": "virtual-kubelet"}});
    let spark = (
        "sparkoperator.k8s.io/v1beta2",
        "SparkApplication",
        "sparkapplications",
    );
    let torch = ("kubeflow.org/v1", "PyTorchJob", "pytorchjobs");
    let task = ("tekton.dev/v1", "TaskRun", "taskruns");
    for (what, (version, kind, resource), labelled, spec, leaves) in [
        ("nothing", spark, false, json!({"driver": {"cores": 1}}), false),
        ("metadata", spark, false, json!({"driver": labels}), true),
        (
            "fields beside metadata",
            spark,
            false,
            json!({"executor": selector}),
            true,
        ),
        (
            "fields of the whole",
            spark,
            false,
            json!({"nodeSelector": {"type": "virtual-kubelet"}}),
            true,
        ),
        (
            "no metadata of pods",
            spark,
            false,
            json!({"driver": {"metadata": labels}}),
            false,
        ),
        (
            "any name",
            torch,
            false,
            json!({"pytorchReplicaSpecs": {"x": {"template": {"metadata": labels}}}}),
            true,
        ),
        (
            "any name, without a mark",
            torch,
            false,
            json!({"pytorchReplicaSpecs": {"x": {"template": {}}, "y": 1}}),
            false,
        ),
        (
            "no names",
            torch,
            false,
            json!({"pytorchReplicaSpecs": [{"template": {"metadata": labels}}]}),
            false,
        ),
        ("own labels", task, true, json!({}), true),
        ("no own labels", task, false, json!({"podTemplate": {}}), false),
        (
            "a pod template without metadata",
            task,
            false,
            json!({"podTemplate": selector}),
            true,
        ),
    ] {
        let mut object =
            json!({"apiVersion": version, "kind": kind, "metadata": {"name": "subject"}, "spec": spec});
        if labelled {
            object["metadata"]["labels"] = labels["labels"].clone();
        }
        let left = post(&format!("/apis/{version}/namespaces/plain/{resource}"), &object);
        assert_eq!(left.starts_with("carriers-"), leaves, "{what}: {left}");
    }
}

#[test]
fn carriers_leave_by_their_namespace_and_in_any_version() {
    let plain = template(json!({}), json!({}));
    let marked = template(json!({"labels": {"eci": "true"}}), json!({}));
    let kinds: [Kind<'_>; 2] = [
        ("clonesets", "apps.kruise.io/v1alpha1", &clone_set),
        ("jobs", "batch.volcano.sh/v1alpha1", &|template| {
            job(json!({"tasks": [{"template": template}]}))
        }),
    ];
    for (index, (resource, version, object)) in kinds.into_iter().enumerate() {
        let carrier = format!("carriers-{index}");
        for (namespace, template, wanted) in [
            ("plain", &plain, STAYS),
            ("plain", &marked, carrier.as_str()),
            ("eci", &plain, "namespaces-alibabacloud-eci"),
            ("legacy", &plain, "namespaces-eci"),
            ("injected", &marked, "namespaces-affinity-injection"),
            ("burst", &plain, "burst-0"),
            ("soft", &marked, &format!("{carrier}-lenient")),
            ("kube-system", &marked, STAYS),
        ] {
            let path = format!("/apis/{version}/namespaces/{namespace}/{resource}");
            assert_eq!(
                post(&path, &object(template.clone())),
                wanted,
                "{resource} in {namespace}"
            );
        }
    }
    let mut newer = clone_set(marked);
    newer["apiVersion"] = "apps.kruise.io/v1beta1".into();
    let path = "/apis/apps.kruise.io/v1beta1/namespaces/plain/clonesets";
    assert_eq!(post(path, &newer), "carriers-0");
}

#[test]
fn changes_of_carriers_leave_if_they_touch_what_holds_the_templates() {
    let annotated = |object: &mut Value| object["metadata"]["annotations"]["seen"] = "yes".into();
    let finalized = |object: &mut Value| object["metadata"]["finalizers"] = json!(["example.com/wait"]);
    let imaged =
        |object: &mut Value| object["spec"]["template"]["spec"]["containers"][0]["image"] = "i".into();
    let cleared = |object: &mut Value| object["spec"]["template"]["metadata"] = Value::Null;
    let gone = |object: &mut Value| object["spec"] = Value::Null;
    let tagged =
        |object: &mut Value| object["spec"]["template"]["metadata"]["annotations"][TAGS] = "a:b".into();
    let routed = "namespaces-alibabacloud-eci";
    let changes: &[(&str, &str, Change<'_>, &str)] = &[
        ("plain", "plain", &annotated, STAYS),
        ("plain", "plain", &imaged, STAYS),
        ("plain", "plain", &tagged, "carriers-0"),
        ("plain", "marked", &annotated, STAYS),
        ("plain", "marked", &finalized, STAYS),
        ("plain", "marked", &imaged, "carriers-0"),
        ("plain", "marked", &cleared, "carriers-0"),
        ("plain", "stamped", &cleared, "carriers-0"),
        ("plain", "stamped", &gone, "carriers-0"),
        ("eci", "plain", &annotated, STAYS),
        ("eci", "plain", &imaged, routed),
        ("burst", "plain", &finalized, STAYS),
        ("burst", "plain", &imaged, "burst-0"),
        ("kube-system", "marked", &imaged, STAYS),
    ];
    for (index, (namespace, name, change, wanted)) in changes.iter().enumerate() {
        let path = format!("{}/{name}", clone_sets(namespace));
        assert_eq!(put(&path, "", *change), *wanted, "{index}: {namespace}/{name}");
    }
    let ready = |object: &mut Value| object["status"] = json!({"replicas": 1});
    assert_eq!(
        put(&format!("{}/marked", clone_sets("plain")), "/status", &ready),
        STAYS
    );
}

#[test]
fn a_status_by_which_a_controller_goes_leaves_if_somebody_else_changes_it() {
    let path = "/apis/argoproj.io/v1alpha1/namespaces/plain/workflows/existing";
    let ended = |object: &mut Value| object["status"]["phase"] = "Failed".into();
    let none = |object: &mut Value| object["status"] = Value::Null;
    let other = |object: &mut Value| {
        object["status"]["storedWorkflowTemplateSpec"]["templates"][0]["name"] = "b".into();
    };
    let more = |object: &mut Value| object["status"]["storedTemplates"] = json!({"t": {}});
    assert_eq!(put(path, "", &ended), STAYS);
    for (what, change) in [("none", &none as Change<'_>), ("other", &other), ("more", &more)] {
        assert!(put(path, "", change).starts_with("carriers-"), "{what}");
    }
}

#[test]
fn revisions_that_a_workload_may_take_up_leave_whatever_is_in_them() {
    let held = |template: Value| json!({"spec": {"template": template}});
    let plain = held(template(json!({}), json!({})));
    let stamped = held(template(json!({"annotations": {STAMP: "pasted"}}), json!({})));
    for (what, data) in [
        ("a template", &plain),
        ("a stamp", &stamped),
        ("an empty template", &held(json!({}))),
        ("no template", &json!({"spec": {"replicas": 1}})),
        (
            "a template by another spelling",
            &json!({"Spec": {"template": plain}}),
        ),
        ("a text", &json!("eci: true")),
        ("a list", &json!([1, null, "x"])),
    ] {
        for namespace in ["plain", "eci", "burst"] {
            let found = post(&revisions(namespace), &revision(data.clone()));
            // Later versions of Kubernetes refuse what is no object, and may do so first.
            assert!(found == "revisions" || found == "422", "{what}: {found}");
        }
    }
    let owner = |version: &str, kind: &str, controller: bool| json!({"apiVersion": version, "kind": kind, "name": "s", "uid": "u", "controller": controller});
    for (owners, wanted) in [
        (json!([owner("apps/v1", "StatefulSet", true)]), "revisions"),
        (json!([owner("apps/v1", "DaemonSet", true)]), "revisions"),
        (
            json!([owner("apps.kruise.io/v1alpha1", "CloneSet", true)]),
            "revisions",
        ),
        (
            json!([owner("kubevirt.io/v1", "VirtualMachine", false)]),
            "revisions",
        ),
        // That it is another operator's is its own claim.
        (
            json!([owner("kubevirt.io/v1", "VirtualMachine", true)]),
            "revisions",
        ),
        (
            json!([owner("apps.example.com/v1", "StatefulSet", true)]),
            "revisions",
        ),
    ] {
        let mut owned = revision(stamped.clone());
        owned["metadata"]["ownerReferences"] = owners.clone();
        assert_eq!(post(&revisions("plain"), &owned), wanted, "{owners}");
    }
    // What other operators keep in revisions is theirs, where nobody's pods can come of it.
    let whole = |change: &dyn Fn(&mut Value)| {
        let mut template = template(json!({"labels": {"a": "b"}}), json!({}));
        template["$patch"] = "replace".into();
        change(&mut template);
        let mut owned = revision(held(template));
        owned["metadata"]["ownerReferences"] = json!([owner("apps.kruise.io/v1beta1", "StatefulSet", true)]);
        post(&revisions("plain"), &owned)
    };
    assert_eq!(whole(&|_| {}), STAYS);
    let stamp = |template: &mut Value| template["metadata"]["annotations"] = json!({STAMP: "pasted"});
    assert_eq!(whole(&stamp), "revisions");
    assert_eq!(whole(&|template| template["Spec"] = json!({})), "revisions");
    assert_eq!(
        whole(&|template| template["$patch"] = "merge".into()),
        "revisions"
    );
    assert_eq!(
        whole(&|template| template["metadata"]["Annotations"] = json!({})),
        "revisions"
    );

    let kept = revision(stamped);
    assert_eq!(post(&revisions("soft"), &kept), "revisions-lenient");
    assert_eq!(post(&revisions("kube-system"), &kept), STAYS);

    let numbered = |object: &mut Value| object["revision"] = 7.into();
    let annotated = |object: &mut Value| object["metadata"]["annotations"]["seen"] = "yes".into();
    let owned = |object: &mut Value| {
        object["metadata"]["ownerReferences"] = json!([{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "s", "uid": "u", "controller": true}]);
    };
    let labelled = |object: &mut Value| object["metadata"]["labels"]["app"] = "other".into();
    let imaged = |object: &mut Value| {
        object["data"]["spec"]["template"]["spec"]["containers"][0]["image"] = "i".into();
    };
    let cleared = |object: &mut Value| object["data"] = json!({});
    let changes: &[(&str, &str, Change<'_>, &str)] = &[
        ("plain", "stamped", &numbered, STAYS),
        ("plain", "stamped", &annotated, STAYS),
        ("plain", "stamped", &owned, "revisions"),
        ("plain", "stamped", &labelled, "revisions"),
        ("eci", "marked", &numbered, STAYS),
        ("burst", "plain", &owned, "revisions"),
        ("plain", "marked", &cleared, "revisions"),
        ("eci", "plain", &imaged, "revisions"),
    ];
    for (index, (namespace, name, change, wanted)) in changes.iter().enumerate() {
        let path = format!("{}/{name}", revisions(namespace));
        assert_eq!(put(&path, "", *change), *wanted, "{index}: {namespace}/{name}");
    }
}
