//! The moment in which a pod gets its node: what was possible becomes certain, and is judged for who asked for the pod.

use serde_json::Value;
use serde_json::json;

use crate::harness::cast::{ALICE, BOB, CAROL, DAVE, MALLORY, ROLE};
use crate::harness::nodes::{ACS, ACS_TAINT, REAL, VIRTUAL};
use crate::harness::objects::TAGS;
use crate::harness::rest::Reply;
use crate::harness::stage::{STAMP, Stage, assert_says, assert_stamped, stamp};
use crate::harness::workloads::{To, binding, deployment, pod, unscheduled};

const GROUP: &str = "k8s.aliyun.com/eci-resource-group-id";
const ROLE_NAME: &str = "k8s.aliyun.com/eci-ram-role-name";

/// A pod that may reach ECI and waits for a binding, in the name of a person
#[track_caller]
fn waiting(stage: &Stage<'_>, user: &str, name: &str) {
    let pod = unscheduled(pod(name, To::PreferablyVirtual, "env:test"));
    stage.person(user).apply(&pod).success();
}

/// Sends a Binding for a pod as a user
fn bind(stage: &Stage<'_>, user: &str, name: &str, node: &str, annotations: Value) -> Reply {
    let path = stage.path(&format!("pods/{name}/binding"));
    stage.rest(user).create(&path, &binding(name, node, annotations))
}

#[track_caller]
fn assert_unbound(stage: &Stage<'_>, name: &str) {
    let pod = stage.object(&format!("pods/{name}"));
    assert_eq!(pod["spec"]["nodeName"], Value::Null, "{pod}");
}

#[test]
fn a_pod_that_only_may_reach_eci_is_judged_when_the_scheduler_sends_it_there() {
    let stage = Stage::new("scheduled");
    stage
        .person(ALICE)
        .apply(&pod("alices", To::PreferablyVirtual, "env:test"))
        .success();
    assert_eq!(stage.wait_for_node("alices"), VIRTUAL);

    let outcome = stage
        .person(CAROL)
        .apply(&pod("carols", To::PreferablyVirtual, "env:test"))
        .success();
    assert_says(&outcome.stderr, &["Warning:", CAROL]);
    let said = stage.wait_for_event(
        "FailedScheduling",
        &["denied the request", CAROL, "eci:CreateContainerGroup"],
    );
    assert_says(&said, &["carols"]);
    assert_unbound(&stage, "carols");
    let carols = stage.object("pods/carols");
    let conditions = carols["status"]["conditions"].as_array().unwrap();
    let scheduled = conditions
        .iter()
        .find(|one| one["type"] == "PodScheduled")
        .expect("a condition");
    assert_says(
        scheduled["message"].as_str().unwrap(),
        &["denied the request", CAROL],
    );

    // The scheduler goes on with other pods.
    stage
        .person(DAVE)
        .apply(&pod("daves", To::PreferablyVirtual, ""))
        .success();
    assert_eq!(stage.wait_for_node("daves"), VIRTUAL);
}

#[test]
fn a_pod_of_a_controller_that_only_may_reach_eci_is_judged_for_whoever_asked_for_it() {
    let stage = Stage::new("owned");
    let carol = stage.person(CAROL);
    carol
        .apply(&deployment("web", To::PreferablyVirtual, "env:test"))
        .success();
    let sets = stage.wait_for_children("replicasets", &stage.settled("deployments/web"), 1);
    let pods = stage.wait_for_children("pods", &sets[0], 1);
    assert_stamped(&pods[0], CAROL);
    stage.wait_for_event("FailedScheduling", &["denied the request", CAROL]);

    // The way out is a person with the right; nobody has to touch the pod.
    let path = stage.path("deployments/web");
    let change = crate::harness::workloads::image("deployments", "registry.example.com/app:2");
    let alice = stage.rest(ALICE);
    alice
        .patch(&path, crate::harness::rest::Patch::Strategic, &change)
        .success();
    let web = stage.settled("deployments/web");
    let newest = stage
        .wait_for_children("replicasets", &web, 2)
        .into_iter()
        .find(|set| set["metadata"]["uid"] != sets[0]["metadata"]["uid"])
        .unwrap();
    let pods = stage.wait_for_children("pods", &newest, 1);
    assert_stamped(&pods[0], ALICE);
    let name = pods[0]["metadata"]["name"].as_str().unwrap();
    assert_eq!(stage.wait_for_node(name), VIRTUAL);
}

#[test]
fn a_binding_sent_by_hand_is_judged_for_the_pod_s_person_and_not_for_the_sender() {
    let stage = Stage::new("by-hand");
    waiting(&stage, CAROL, "carols");
    for user in [MALLORY, CAROL, ALICE, DAVE, "system:kube-scheduler"] {
        let denial = bind(&stage, user, "carols", VIRTUAL, json!({})).denial();
        assert_says(&denial, &[CAROL, "eci:CreateContainerGroup"]);
        assert_unbound(&stage, "carols");
    }

    waiting(&stage, MALLORY, "mallorys");
    let denial = bind(&stage, DAVE, "mallorys", VIRTUAL, json!({})).denial();
    assert_says(&denial, &[MALLORY, "bound to no RAM"]);

    waiting(&stage, ALICE, "alices");
    bind(&stage, MALLORY, "alices", VIRTUAL, json!({})).success();
    assert_eq!(stage.wait_for_node("alices"), VIRTUAL);
}

#[test]
fn the_endpoint_bindings_is_judged_like_the_one_of_the_pod() {
    let stage = Stage::new("bindings");
    waiting(&stage, CAROL, "carols");
    waiting(&stage, ALICE, "alices");
    let path = stage.path("bindings");
    let post = |name: &str, annotations: Value| {
        stage
            .rest(MALLORY)
            .create(&path, &binding(name, VIRTUAL, annotations))
    };
    assert_says(&post("carols", json!({})).denial(), &[CAROL]);
    assert_says(&post("alices", json!({TAGS: "env:prod"})).denial(), &[ALICE]);
    post("alices", json!({})).success();
    assert_unbound(&stage, "carols");
    assert_eq!(stage.wait_for_node("alices"), VIRTUAL);
}

#[test]
fn a_binding_brings_no_annotation_that_eci_reads() {
    let stage = Stage::new("annotated");
    waiting(&stage, ALICE, "alices");
    for (annotations, part) in [
        (json!({TAGS: "env:test,more:1"}), "BindingAnnotation"),
        (json!({ROLE_NAME: ROLE}), "BindingAnnotation"),
        (json!({GROUP: "rg-nowhere"}), "BindingAnnotation"),
        (
            json!({"k8s.aliyun.com/eci-use-specs": "2-4Gi"}),
            "BindingAnnotation",
        ),
        (json!({TAGS: "env=test"}), "MalformedAnnotation"),
    ] {
        for sender in [MALLORY, DAVE, ALICE, "system:kube-scheduler"] {
            let denial = bind(&stage, sender, "alices", VIRTUAL, annotations.clone()).denial();
            assert_says(&denial, &["alices", part]);
            assert_unbound(&stage, "alices");
        }
    }
    // What the pod has it may say again, and what is not ECI's is nobody's business.
    let same = json!({TAGS: "env:test", "example.com/note": "hello"});
    bind(&stage, MALLORY, "alices", VIRTUAL, same).success();
    assert_stamped(&stage.object("pods/alices"), ALICE);
}

#[test]
fn a_binding_cannot_bring_a_stamp() {
    let stage = Stage::new("smuggled");
    waiting(&stage, CAROL, "carols");
    waiting(&stage, DAVE, "daves");
    let daves = stamp(&stage.object("pods/daves")).unwrap().text;
    for text in [daves.as_str(), "anything", ""] {
        bind(&stage, MALLORY, "carols", VIRTUAL, json!({STAMP: text})).denial();
        assert_unbound(&stage, "carols");
        assert_stamped(&stage.object("pods/carols"), CAROL);
    }
}

#[test]
fn a_pod_without_a_stamp_is_denied_at_the_virtual_node_and_told_what_to_do() {
    let stage = Stage::new("unmarked");
    // The tags of the second speak of ECI, but lead nowhere.
    for (name, tags) in [("plain", ""), ("tagged", "env:test")] {
        let pod = unscheduled(pod(name, To::AnyNode, tags));
        stage.person(ALICE).apply(&pod).success();
        assert_eq!(stamp(&stage.object(&format!("pods/{name}"))), None);
        let denial = bind(&stage, "system:kube-scheduler", name, VIRTUAL, json!({})).denial();
        assert_says(&denial, &[name, "alibabacloud.com/eci"]);
        assert_unbound(&stage, name);
    }
}

#[test]
fn a_burst_namespace_s_pod_without_a_mark_is_judged_when_it_is_bound() {
    let stage = Stage::labelled("burst", &[("burst", "yes")]);
    for (user, name) in [(CAROL, "carols"), (ALICE, "alices")] {
        let pod = unscheduled(pod(name, To::AnyNode, "env:test"));
        stage.person(user).apply(&pod).success();
        assert_stamped(&stage.object(&format!("pods/{name}")), user);
    }
    let scheduler = "system:kube-scheduler";
    let denial = bind(&stage, scheduler, "carols", VIRTUAL, json!({})).denial();
    assert_says(&denial, &[CAROL]);
    bind(&stage, scheduler, "carols", REAL, json!({})).success();
    bind(&stage, scheduler, "alices", VIRTUAL, json!({})).success();
}

#[test]
fn a_binding_to_a_node_that_nobody_knows_is_judged() {
    let stage = Stage::new("unknown");
    waiting(&stage, CAROL, "carols");
    let denial = bind(
        &stage,
        "system:kube-scheduler",
        "carols",
        "somewhere-else",
        json!({}),
    )
    .denial();
    assert_says(&denial, &[CAROL]);
}

#[test]
fn a_binding_to_a_real_node_never_reaches_ramgate() {
    let stage = Stage::new("real");
    waiting(&stage, CAROL, "carols");
    let before = stage.judged().len();
    bind(
        &stage,
        "system:kube-scheduler",
        "carols",
        REAL,
        json!({TAGS: "env:prod"}),
    )
    .success();
    assert_eq!(stage.wait_for_node("carols"), REAL);
    assert_eq!(stage.judged().len(), before, "{:?}", stage.judged());
}

#[test]
fn a_node_of_acs_is_not_eci_s_though_it_looks_like_it() {
    let stage = Stage::new("acs");
    waiting(&stage, CAROL, "by-hand");
    bind(&stage, "system:kube-scheduler", "by-hand", ACS, json!({})).success();

    // By the scheduler, which the taint of the tests lets choose no other virtual node.
    let mut pod = pod("scheduled", To::PreferablyVirtual, "");
    pod["spec"]["nodeSelector"] = json!({"kubernetes.io/hostname": ACS});
    let tolerations = pod["spec"]["tolerations"].as_array_mut().unwrap();
    tolerations.push(json!({"key": ACS_TAINT, "operator": "Exists"}));
    stage.person(CAROL).apply(&pod).success();
    assert_eq!(stage.wait_for_node("scheduled"), ACS);
}

#[test]
fn a_pod_that_names_its_node_itself_is_judged_when_it_is_created() {
    let stage = Stage::new("named");
    let on = |name: &str, node: &str| {
        let mut pod = pod(name, To::AnyNode, "env:test");
        pod["spec"]["nodeName"] = node.into();
        pod
    };
    for node in [VIRTUAL, "somewhere-else"] {
        let denial = stage.person(CAROL).apply(&on("carols", node)).failure();
        assert_says(
            &denial,
            &["denied the request", CAROL, "eci:CreateContainerGroup"],
        );
    }
    stage.person(ALICE).apply(&on("alices", VIRTUAL)).success();
    assert_stamped(&stage.object("pods/alices"), ALICE);
    // Neither a machine nor ACS is ECI's business.
    for (name, node) in [("real", REAL), ("acs", ACS)] {
        stage.person(MALLORY).apply(&on(name, node)).success();
    }
}

#[test]
fn a_template_that_names_its_node_itself_is_judged_when_it_is_applied() {
    let stage = Stage::new("named-template");
    let mut file = deployment("web", To::AnyNode, "env:test");
    file["spec"]["template"]["spec"]["nodeName"] = VIRTUAL.into();
    let denial = stage.person(CAROL).apply(&file).failure();
    assert_says(&denial, &["denied the request", CAROL]);
    stage.person(ALICE).apply(&file).success();
    let sets = stage.wait_for_children("replicasets", &stage.settled("deployments/web"), 1);
    let pods = stage.wait_for_children("pods", &sets[0], 1);
    assert_stamped(&pods[0], ALICE);
}

#[test]
fn a_change_before_the_binding_makes_its_author_the_one_who_is_asked() {
    let stage = Stage::new("edited");
    waiting(&stage, ALICE, "web");
    let image = |user: &str| {
        stage
            .person(user)
            .run(&["set", "image", "pod/web", "main=registry.example.com/app:2"])
    };
    // A pod that may reach ECI is not denied its change, but from then on it is carol's.
    image(CAROL).success();
    assert_stamped(&stage.object("pods/web"), CAROL);
    let denial = bind(&stage, "system:kube-scheduler", "web", VIRTUAL, json!({})).denial();
    assert_says(&denial, &[CAROL]);

    stage
        .person(DAVE)
        .run(&[
            "annotate",
            "--overwrite",
            "pod",
            "web",
            &format!("{TAGS}=env:prod"),
        ])
        .success();
    assert_stamped(&stage.object("pods/web"), DAVE);
    // What is neither spec nor ECI's changes nothing.
    stage
        .person(BOB)
        .run(&["label", "pod", "web", "seen=yes"])
        .success();
    assert_stamped(&stage.object("pods/web"), DAVE);
    bind(&stage, "system:kube-scheduler", "web", VIRTUAL, json!({})).success();
}

#[test]
fn rights_that_were_taken_away_after_the_creation_are_missing_at_the_binding() {
    let stage = Stage::new("revoked");
    let name = format!("rachel-{}", stage.name);
    let user = format!("{name}@example.com");
    let everything = json!([crate::harness::objects::allow(&["eci:*"], &json!({}))]);
    stage.ram_user(&name, &everything);
    let rachel = stage.editor(&user);
    rachel
        .apply(&unscheduled(pod("web", To::PreferablyVirtual, "")))
        .success();
    let nothing = json!([crate::harness::objects::allow(&["oss:*"], &json!({}))]);
    stage.configure(&crate::harness::objects::policy(&name, &nothing));

    let denial = bind(&stage, "system:kube-scheduler", "web", VIRTUAL, json!({})).denial();
    assert_says(&denial, &[&user]);
}

#[test]
fn a_dry_run_of_a_binding_is_judged_and_binds_nothing() {
    let stage = Stage::new("dry");
    waiting(&stage, CAROL, "carols");
    waiting(&stage, ALICE, "alices");
    let dry = |name: &str| {
        let path = stage.path(&format!("pods/{name}/binding?dryRun=All"));
        stage
            .rest("system:kube-scheduler")
            .create(&path, &binding(name, VIRTUAL, json!({})))
    };
    dry("carols").denial();
    dry("alices").success();
    assert_unbound(&stage, "alices");
}
