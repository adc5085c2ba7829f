//! What people do to pods that run on ECI, and who is asked: the requester, by the tags and group of the pod.

use hyper::Method;
use serde_json::Value;
use serde_json::json;

use crate::harness::cast::{ALICE, BOB, CARRIER, DAVE, MALLORY, ROLE};
use crate::harness::nodes;
use crate::harness::objects::TAGS;
use crate::harness::rest::Patch;
use crate::harness::stage::{STAMP, Stage, assert_says, assert_stamped, stamp};
use crate::harness::wait::eventually;
use crate::harness::workloads::{To, pod};

/// Where the API server looks for the kubelet of a virtual node
const KUBELET: &str = "192.0.2.10:10250";
const ROLE_NAME: &str = "k8s.aliyun.com/eci-ram-role-name";

/// A pod of alice's on the virtual node
#[track_caller]
fn on_eci(stage: &Stage<'_>, name: &str) {
    let mut pod = pod(name, To::Virtual, "env:test");
    // With requests that a resize can change.
    pod["spec"]["containers"][0]["resources"] = json!({"requests": {"cpu": "1"}});
    stage.person(ALICE).apply(&pod).success();
    stage.wait_for_node(name);
}

/// The subresources by which somebody gets into a pod, as their paths with a query
const CONNECTIONS: [&str; 4] = [
    "exec?command=id&stdout=true",
    "attach?stdout=true",
    "portforward?ports=80",
    "proxy/metrics",
];

#[test]
fn exec_is_judged_for_whoever_asks_and_reaches_the_kubelet_only_if_allowed() {
    let stage = Stage::new("exec");
    on_eci(&stage, "web");
    let exec = |user: &str| stage.person(user).run(&["exec", "web", "--", "id"]).failure();
    let denial = exec(BOB);
    assert_says(
        &denial,
        &[
            "denied the request",
            BOB,
            "RAM user `bob`",
            "eci:ExecContainerCommand",
            "`prod`",
        ],
    );
    assert_says(
        &exec(MALLORY),
        &["denied the request", MALLORY, "bound to no RAM"],
    );
    let count = || {
        let asked = stage.plane.egress().asked();
        asked.iter().filter(|address| *address == KUBELET).count()
    };
    let before = count();
    let failure = exec(ALICE);
    assert!(!failure.contains("denied the request"), "{failure}");
    assert!(count() > before, "the API server asked for no kubelet: {failure}");
}

#[test]
fn every_way_into_a_pod_is_judged() {
    let stage = Stage::new("connect");
    on_eci(&stage, "web");
    for connection in CONNECTIONS {
        let path = stage.path(&format!("pods/web/{connection}"));
        for method in [Method::GET, Method::POST] {
            for user in [BOB, MALLORY] {
                let reply = stage.rest(user).connect(method.clone(), &path);
                assert_says(&reply.denial(), &[user]);
            }
            let reply = stage.rest(ALICE).connect(method.clone(), &path);
            let said = reply.body.to_string();
            assert!(!said.contains("denied the request"), "{method} {path}: {reply:?}");
        }
    }
}

/// The ways to write a pod for a proxy, as the API server reads them
const PROXIED: [&str; 6] = [
    "web",
    "web:",
    "web:8080",
    "http:web:",
    "https:web:8443",
    ":web:metrics",
];

#[test]
fn however_a_pod_is_written_for_a_proxy_it_is_that_pod() {
    let stage = Stage::new("ports");
    on_eci(&stage, "web");
    let plain = Stage::new("plain-ports");
    plain
        .person(MALLORY)
        .apply(&pod("web", To::AnyNode, ""))
        .success();
    plain.wait_for_node("web");
    for name in PROXIED {
        let path = stage.path(&format!("pods/{name}/proxy/metrics"));
        assert_says(
            &stage.rest(BOB).connect(Method::GET, &path).denial(),
            &[BOB, "eci:ExecContainerCommand"],
        );
        for (user, stage) in [(ALICE, &stage), (MALLORY, &plain)] {
            let path = stage.path(&format!("pods/{name}/proxy/metrics"));
            let reply = stage.rest(user).connect(Method::GET, &path);
            let said = reply.body.to_string();
            assert!(!said.contains("denied the request"), "{user} {path}: {reply:?}");
        }
    }
    // What no pod can be, and what another subresource does not take apart.
    for odd in [
        "pods/ftp:web:80/proxy",
        "pods/a:b:c:d/proxy",
        "pods/web:80/exec?command=id&stdout=true",
    ] {
        let reply = stage.rest(ALICE).connect(Method::GET, &stage.path(odd));
        assert_says(&reply.denial(), &["no such pod is known"]);
    }
}

#[test]
fn the_kubelet_of_a_virtual_node_is_reached_by_those_alone_who_may_enter_everything() {
    let stage = Stage::new("kubelet");
    // Nodes without an address, at which the API server does not even try: what passes us fails at once.
    let (idle, real) = ("virtual-kubelet-idle", "cn-hangzhou.192.168.0.99");
    for mut node in [nodes::virtual_node(idle), nodes::real_node(real)] {
        node["spec"]["unschedulable"] = true.into();
        node["status"]
            .as_object_mut()
            .expect("status")
            .remove("addresses");
        stage.admin.apply(&node).success();
    }
    // What RBAC gives them is not the question here.
    let proxy = |user: &str, name: &str, way: &str| {
        let path = format!("/api/v1/nodes/{name}/proxy/{way}");
        stage
            .rest_in(user, &["system:masters"])
            .connect(Method::GET, &path)
    };
    let names = |node: &str| {
        [
            node.to_owned(),
            format!("{node}:10250"),
            format!("https:{node}:10250"),
        ]
    };
    for name in names(idle) {
        for way in ["pods", "run/shop/web/main?cmd=id", "containerLogs/shop/web/main"] {
            for user in [ALICE, BOB, MALLORY] {
                assert_says(&proxy(user, &name, way).denial(), &[user, idle]);
            }
            // He may everything, but not where a namespace has a boundary, and its pods may be on this node.
            let denial = proxy(DAVE, &name, way).denial();
            assert_says(&denial, &[DAVE, "boundary of a namespace"]);
        }
    }
    assert_says(
        &proxy(ALICE, idle, "pods").denial(),
        &["eci:ExecContainerCommand", "kubectl exec"],
    );
    // A node that nobody has seen may be a virtual one.
    assert_says(&proxy(MALLORY, "nowhere", "pods").denial(), &[MALLORY]);
    for (user, node) in [(MALLORY, real), ("system:kube-controller-manager", idle)] {
        for name in names(node) {
            let reply = proxy(user, &name, "pods");
            let said = reply.body.to_string();
            assert!(!said.contains("denied the request"), "{user} {name}: {said}");
        }
    }
}

#[test]
fn nobody_is_asked_for_a_way_into_a_pod_that_is_not_eci_s() {
    let stage = Stage::new("elsewhere");
    stage
        .person(MALLORY)
        .apply(&pod("web", To::AnyNode, ""))
        .success();
    stage.wait_for_node("web");
    for connection in CONNECTIONS {
        let path = stage.path(&format!("pods/web/{connection}"));
        let reply = stage.rest(MALLORY).connect(Method::POST, &path);
        let said = reply.body.to_string();
        assert!(!said.contains("denied the request"), "{path}: {reply:?}");
    }
}

#[test]
fn an_eviction_is_judged_as_the_deletion_that_it_is() {
    let stage = Stage::new("eviction");
    on_eci(&stage, "web");
    let eviction = json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "web"}});
    let path = stage.path("pods/web/eviction");
    for user in [BOB, MALLORY] {
        let denial = stage.rest(user).create(&path, &eviction).denial();
        assert_says(&denial, &[user]);
    }
    assert_says(
        &stage.rest(BOB).create(&path, &eviction).denial(),
        &["eci:DeleteContainerGroup"],
    );
    stage.rest(ALICE).create(&path, &eviction).success();
    assert_eq!(stage.rest.find(&stage.path("pods/web")), None);
}

#[test]
fn a_deletion_is_judged_and_one_of_a_whole_namespace_s_pods_too() {
    let stage = Stage::new("deletion");
    on_eci(&stage, "web");
    for user in [BOB, MALLORY] {
        let denial = stage.rest(user).delete(&stage.path("pods/web")).denial();
        assert_says(&denial, &[user]);
        stage.rest(user).delete(&stage.path("pods")).denial();
    }
    stage.object("pods/web");
    stage.rest(ALICE).delete(&stage.path("pods")).success();
    assert_eq!(stage.rest.find(&stage.path("pods/web")), None);
}

#[test]
fn whoever_leaves_a_pod_s_deletion_to_the_garbage_collector_is_asked_for_it() {
    let stage = Stage::new("owners");
    on_eci(&stage, "web");
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "mine"}});
    let map = stage
        .rest(MALLORY)
        .create(&stage.path("configmaps"), &map)
        .success();
    let owner = |uid: &str| json!({"apiVersion": "v1", "kind": "ConfigMap", "name": "mine", "uid": uid});
    let (gone, mine) = (
        owner("00000000-0000-4000-8000-000000000000"),
        owner(map["metadata"]["uid"].as_str().expect("uid")),
    );
    let own = |stage: &Stage<'_>, user: &str, owners: Value| {
        let groups: &[&str] = if user.starts_with("system:") {
            &["system:masters"]
        } else {
            &[]
        };
        let patch = json!({"metadata": {"ownerReferences": owners}});
        stage
            .rest_in(user, groups)
            .patch(&stage.path("pods/web"), Patch::Merge, &patch)
    };
    // One that is not there, and one that can be taken away later.
    for owners in [json!([gone]), json!([mine]), json!([mine, gone])] {
        for user in [BOB, MALLORY] {
            assert_says(&own(&stage, user, owners.clone()).denial(), &[user, "owners"]);
        }
        assert_says(&own(&stage, BOB, owners).denial(), &["eci:DeleteContainerGroup"]);
    }
    assert_eq!(
        stage.object("pods/web")["metadata"]["ownerReferences"],
        Value::Null
    );
    // Who may delete it may, and so may controllers, and those that are listed, which take pods over.
    own(&stage, ALICE, json!([mine])).success();
    assert_says(&own(&stage, MALLORY, json!([gone])).denial(), &[MALLORY]);
    for user in ["system:serviceaccount:kube-system:replicaset-controller", CARRIER] {
        own(&stage, user, Value::Null).success();
        own(&stage, user, json!([mine])).success();
    }
    let impostor = format!("system:serviceaccount:{}:replicaset-controller", stage.name);
    assert_says(&own(&stage, &impostor, json!([gone])).denial(), &[&impostor]);
    // Setting it free deletes nothing.
    own(&stage, MALLORY, Value::Null).success();
    own(&stage, ALICE, json!([gone])).success();
    eventually("the garbage is collected", || {
        match stage.rest.find(&stage.path("pods/web")) {
            None => Ok(()),
            Some(pod) => Err(pod["metadata"].to_string()),
        }
    });
    // A pod that is not ECI's is nobody's business.
    let plain = Stage::new("plain-owners");
    plain
        .person(MALLORY)
        .apply(&pod("web", To::AnyNode, ""))
        .success();
    plain.wait_for_node("web");
    own(&plain, MALLORY, json!([gone])).success();
}

#[test]
fn whoever_deletes_a_workload_is_not_asked_for_what_the_controllers_then_clear_up() {
    let stage = Stage::new("cleared");
    stage
        .person(ALICE)
        .apply(&crate::harness::workloads::deployment(
            "web",
            To::Virtual,
            "env:test",
        ))
        .success();
    let sets = stage.wait_for_children("replicasets", &stage.settled("deployments/web"), 1);
    stage.wait_for_children("pods", &sets[0], 1);
    let arguments = ["delete", "deployment", "web", "--cascade=foreground"];
    stage.person(BOB).run(&arguments).success();
    assert_eq!(stage.children("pods", &sets[0]).len(), 0);
}

#[test]
fn a_debug_container_is_an_update_of_the_instance() {
    let stage = Stage::new("debug");
    on_eci(&stage, "web");
    let debug = |user: &str| {
        let image = "--image=registry.example.com/debug:1";
        stage
            .person(user)
            .run(&["debug", "pod/web", image, "--attach=false"])
    };
    assert_says(
        &debug(BOB).failure(),
        &["denied the request", BOB, "eci:UpdateContainerGroup"],
    );
    assert_says(&debug(MALLORY).failure(), &["denied the request", MALLORY]);
    let containers = || stage.object("pods/web")["spec"]["ephemeralContainers"].clone();
    assert_eq!(containers(), Value::Null);
    debug(ALICE).success();
    assert_ne!(containers(), Value::Null);
}

#[test]
fn a_resize_is_an_update_of_the_instance() {
    let stage = Stage::new("resize");
    on_eci(&stage, "web");
    let path = stage.path("pods/web/resize");
    if !stage.has_subresource("pods/resize") {
        println!("this Kubernetes has no pods/resize");
        return;
    }
    let bigger = |cpu: &str| {
        let container = json!({"name": "main", "resources": {"requests": {"cpu": cpu}}});
        json!({"spec": {"containers": [container]}})
    };
    for user in [BOB, MALLORY] {
        let denial = stage
            .rest(user)
            .patch(&path, Patch::Strategic, &bigger("2"))
            .denial();
        assert_says(&denial, &[user]);
    }
    let cpu = || stage.object("pods/web")["spec"]["containers"][0]["resources"]["requests"]["cpu"].clone();
    assert_eq!(cpu(), "1");
    stage
        .rest(ALICE)
        .patch(&path, Patch::Strategic, &bigger("2"))
        .success();
    assert_eq!(cpu(), "2");
}

#[test]
fn annotations_that_come_in_by_the_status_are_judged_as_any_other() {
    let stage = Stage::new("status");
    on_eci(&stage, "web");
    let before = stage.object("pods/web")["metadata"]["annotations"].clone();
    let smuggle = |user: &str, annotations: Value| {
        let patch = json!({"metadata": {"annotations": annotations}});
        // Some of them have no role in this namespace; what RBAC gives them is not the question here.
        let groups: &[&str] = if user.contains('@') {
            &[]
        } else {
            &["system:masters"]
        };
        stage
            .rest_in(user, groups)
            .patch(&stage.path("pods/web/status"), Patch::Merge, &patch)
    };
    for (user, annotations) in [
        (BOB, json!({TAGS: "env:prod"})),
        (MALLORY, json!({TAGS: "env:prod"})),
        (MALLORY, json!({TAGS: null})),
        (ALICE, json!({TAGS: "env:prod"})),
        (DAVE, json!({ROLE_NAME: ROLE})),
        (BOB, json!({TAGS: "env=prod"})),
        // On ECI's fields the control plane has no more rights than anybody else.
        ("system:kube-controller-manager", json!({TAGS: "env:prod"})),
        (
            "system:serviceaccount:kube-system:replicaset-controller",
            json!({TAGS: "env:prod"}),
        ),
    ] {
        smuggle(user, annotations.clone()).denial();
        let now = stage.object("pods/web")["metadata"]["annotations"].clone();
        assert_eq!(now, before, "{user} {annotations}");
    }
    // What is no annotation of ECI's is the status's own business, whoever writes it.
    smuggle(MALLORY, json!({"example.com/note": "hello"})).success();
    let ready = json!({"status": {"phase": "Running"}});
    stage
        .rest(MALLORY)
        .patch(&stage.path("pods/web/status"), Patch::Merge, &ready)
        .success();
}

#[test]
fn a_pod_s_stamp_cannot_be_changed_by_any_subresource() {
    let stage = Stage::new("restamped");
    on_eci(&stage, "web");
    let mut free = pod("waiting", To::PreferablyVirtual, "env:test");
    free["spec"]["schedulerName"] = "nobody".into();
    stage.person(ALICE).apply(&free).success();
    let mut plain = pod("plain", To::AnyNode, "");
    plain["spec"]["schedulerName"] = "nobody".into();
    stage.person(MALLORY).apply(&plain).success();
    let alices = assert_stamped(&stage.object("pods/web"), ALICE).text;
    for name in ["web", "waiting", "plain"] {
        let path = stage.path(&format!("pods/{name}"));
        let first = stamp(&stage.object(&format!("pods/{name}")));
        assert_eq!(first.is_some(), name != "plain");
        for subresource in ["", "/status", "/ephemeralcontainers", "/resize"] {
            for value in [
                Value::Null,
                "".into(),
                r#"{"v":1,"user":"dave@example.com"}"#.into(),
                alices.clone().into(),
            ] {
                for user in [ALICE, DAVE, MALLORY] {
                    let patch = json!({"metadata": {"annotations": {STAMP: value}}});
                    // It may be refused or put back, but never stand.
                    stage
                        .rest(user)
                        .patch(&format!("{path}{subresource}"), Patch::Merge, &patch);
                    let now = stamp(&stage.object(&format!("pods/{name}")));
                    assert_eq!(now, first, "{user} {name}{subresource} {value}");
                }
            }
        }
    }
}

#[test]
fn a_waiting_pod_gets_no_debug_container_and_no_resize_from_those_who_may_not() {
    let stage = Stage::new("waiting");
    let mut waiting = pod("web", To::PreferablyVirtual, "env:test");
    waiting["spec"]["schedulerName"] = "nobody".into();
    waiting["spec"]["containers"][0]["resources"] = json!({"requests": {"cpu": "1"}});
    stage.person(ALICE).apply(&waiting).success();
    let spy = json!({"name": "spy", "image": "registry.example.com/spy:1"});
    let spy = json!({"spec": {"ephemeralContainers": [spy]}});
    let main = json!({"name": "main", "resources": {"requests": {"cpu": "2"}}});
    let bigger = json!({"spec": {"containers": [main]}});
    let before = stage.object("pods/web")["spec"].clone();
    for (subresource, patch) in [("ephemeralcontainers", spy), ("resize", bigger)] {
        if !stage.has_subresource(&format!("pods/{subresource}")) {
            continue;
        }
        // At the binding nobody would see any more whose they are.
        for user in [BOB, MALLORY] {
            let path = stage.path(&format!("pods/web/{subresource}"));
            let denial = stage.rest(user).patch(&path, Patch::Strategic, &patch).denial();
            assert_says(&denial, &[user]);
        }
    }
    assert_eq!(stage.object("pods/web")["spec"], before);
    assert_stamped(&stage.object("pods/web"), ALICE);
}

#[test]
fn role_and_group_of_an_instance_cannot_be_changed_by_anyone() {
    let stage = Stage::new("role");
    let mut pod = pod("web", To::Virtual, "env:test");
    pod["metadata"]["annotations"][ROLE_NAME] = ROLE.into();
    stage.person(DAVE).apply(&pod).success();
    stage.wait_for_node("web");
    let change = |annotation: &str| {
        stage
            .person(DAVE)
            .run(&["annotate", "--overwrite", "pod", "web", annotation])
    };
    assert_says(
        &change(&format!("{ROLE_NAME}=OtherRole")).failure(),
        &["denied the request", "RoleChange"],
    );
    assert_says(
        &change("k8s.aliyun.com/eci-resource-group-id=rg-production1").failure(),
        &["denied the request", "ResourceGroupChange"],
    );
    change(&format!("{TAGS}=env:prod")).success();
}

#[test]
fn the_control_plane_clears_up_on_eci_without_being_asked() {
    let stage = Stage::new("janitor");
    for (name, user) in [
        ("gc", "system:serviceaccount:kube-system:pod-garbage-collector"),
        (
            "taint",
            "system:serviceaccount:kube-system:taint-eviction-controller",
        ),
        ("manager", "system:kube-controller-manager"),
    ] {
        on_eci(&stage, name);
        // What RBAC gives them is not the question here.
        let path = stage.path(&format!("pods/{name}"));
        stage.rest_in(user, &["system:masters"]).delete(&path).success();
    }
    // One of the same name from elsewhere is nobody.
    on_eci(&stage, "web");
    let impostor = format!("system:serviceaccount:{}:pod-garbage-collector", stage.name);
    let denial = stage
        .rest_in(&impostor, &["system:masters"])
        .delete(&stage.path("pods/web"))
        .denial();
    assert_says(&denial, &[&impostor]);
}
