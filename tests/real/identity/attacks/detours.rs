//! Ways to ECI that pass by the moment in which a person applies something.

use hyper::Method;
use serde_json::Value;
use serde_json::json;

use crate::harness::cast::{ALICE, BOB, CAROL, DAVE, MALLORY, ROLE};
use crate::harness::cluster::whole_exclusive;
use crate::harness::install::RELEASE;
use crate::harness::nodes::VIRTUAL;
use crate::harness::objects::{TAGS, allow, policy};
use crate::harness::rest::Patch;
use crate::harness::rollout::Watched;
use crate::harness::stage::{Stage, assert_says, assert_stamped, stamp, template};
use crate::harness::wait::eventually;
use crate::harness::workloads::{To, binding, deployment, pod, unscheduled};

const ROLE_NAME: &str = "k8s.aliyun.com/eci-ram-role-name";

/// Scaling, by a person or by the autoscaler: no change of identity, so the new pods are the stamped person's.
#[test]
fn more_replicas_are_the_request_of_whoever_wrote_the_template() {
    let stage = Stage::new("scale");
    stage
        .person(ALICE)
        .apply(&deployment("web", To::Virtual, "env:test"))
        .success();
    let web = Watched::new(&stage, "deployments/web");
    let path = stage.path("deployments/web/scale");
    let autoscaler = "system:serviceaccount:kube-system:horizontal-pod-autoscaler";
    for (replicas, user) in [(2, BOB), (3, MALLORY), (4, autoscaler)] {
        web.kept(&format!("{user} scales"), || {
            let spec = json!({"spec": {"replicas": replicas}});
            // What RBAC gives the autoscaler is not the question here.
            let groups: &[&str] = if user == autoscaler {
                &["system:masters"]
            } else {
                &[]
            };
            stage
                .rest_in(user, groups)
                .patch(&path, Patch::Merge, &spec)
                .success();
        });
        let sets = stage.children("replicasets", &stage.object("deployments/web"));
        for pod in stage.wait_for_children("pods", &sets[0], replicas) {
            assert_stamped(&pod, ALICE);
        }
    }
    assert_eq!(stage.creators(), ["user/alice"]);
}

/// An old stamp after the policy was revoked: every pod is judged by today's policies.
#[test]
fn a_stamp_is_worth_what_its_person_may_today() {
    let stage = Stage::new("replay");
    let name = format!("erin-{}", stage.name);
    let user = format!("{name}@example.com");
    stage.ram_user(&name, &json!([allow(&["eci:*"], &json!({}))]));
    stage
        .admin()
        .run(&[
            "create",
            "rolebinding",
            "erin",
            "--clusterrole=test-editor",
            &format!("--user={user}"),
        ])
        .success();
    stage
        .rest(&user)
        .create(
            &stage.path("deployments"),
            &deployment("web", To::Virtual, "env:test"),
        )
        .success();
    let sets = stage.wait_for_children("replicasets", &stage.settled("deployments/web"), 1);
    let pods = stage.wait_for_children("pods", &sets[0], 1);

    stage.configure(&policy(&name, &json!([allow(&["oss:*"], &json!({}))])));
    stage.lose(&pods[0]);
    stage.wait_for_event("FailedCreate", &["denied the request", &user]);
    assert_eq!(stage.children("pods", &sets[0]).len(), 0);
}

/// The mutating webhook was away: what has no stamp is denied by the validating one, at the latest as a pod.
#[test]
fn without_the_mutating_webhook_there_is_no_stamp_and_no_pod() {
    let cluster = whole_exclusive();
    cluster.scale(1);
    cluster
        .admin
        .run(&["delete", "mutatingwebhookconfiguration", RELEASE])
        .success();
    let stage = Stage::within(&cluster, "unmutated");
    let outcome = stage
        .person(ALICE)
        .apply(&deployment("web", To::Virtual, "env:test"));
    if outcome.succeeded {
        let sets = stage.wait_for_children("replicasets", &stage.object("deployments/web"), 1);
        stage.wait_for_event("FailedCreate", &["denied the request"]);
        assert_eq!(stage.children("pods", &sets[0]).len(), 0);
    } else {
        assert_says(&outcome.stderr, &["denied the request"]);
    }
    // Nor with the stamp of another that somebody has kept from better days.
    let mut forged = deployment("forged", To::Virtual, "env:test");
    let text = r#"{"v":1,"user":"alice@example.com","principal":"user/alice"}"#;
    forged["spec"]["template"]["metadata"]["annotations"][crate::harness::stage::STAMP] = text.into();
    let denial = stage.person(BOB).apply(&forged).failure();
    assert_says(&denial, &["denied the request"]);
    let bare = stage.rest(ALICE).create(
        &stage.path("pods"),
        &pod("bare", To::PreferablyVirtual, "env:test"),
    );
    assert!(!bare.succeeded() || stamp(&bare.body).is_none(), "{bare:?}");
    if bare.succeeded() {
        stage.wait_for_event("FailedScheduling", &["denied the request"]);
    }
}

/// Impersonation: the impersonated user is the one who asks, and Kubernetes decides who may impersonate whom.
#[test]
fn whoever_may_act_as_another_is_that_other() {
    let stage = Stage::new("impersonated");
    let file = deployment("web", To::Virtual, "env:test");
    let as_alice = stage.person(MALLORY).acting_as(ALICE, &[]);
    // Without the check of kubectl's own, which would be refused first.
    let apply = ["apply", "--validate=false"];
    let refused = as_alice.give(&apply, &file).failure();
    assert_says(&refused, &["cannot impersonate"]);

    for (kind, object) in [
        (
            "ClusterRole",
            json!({"rules": [{
                "apiGroups": [""], "resources": ["users"], "verbs": ["impersonate"], "resourceNames": [ALICE],
            }]}),
        ),
        (
            "ClusterRoleBinding",
            json!({
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": stage.name},
                "subjects": [{"kind": "User", "name": MALLORY, "apiGroup": "rbac.authorization.k8s.io"}],
            }),
        ),
    ] {
        let mut object = object;
        object["apiVersion"] = "rbac.authorization.k8s.io/v1".into();
        object["kind"] = kind.into();
        object["metadata"] = json!({"name": stage.name});
        stage.admin().apply(&object).success();
    }
    let outcome = eventually("the right is known", || {
        let outcome = as_alice.give(&apply, &file);
        if outcome.succeeded {
            Ok(outcome)
        } else {
            Err(outcome.stderr)
        }
    });
    assert!(outcome.succeeded);
    assert_stamped(template(&stage.object("deployments/web")), ALICE);
    stage
        .admin()
        .run(&["delete", "clusterrolebinding", &stage.name])
        .success();
}

/// A namespace label turns plain pods into ECI's: those that are there are caught when they are bound.
#[test]
fn pods_from_before_a_namespace_was_led_to_eci_are_caught_at_the_binding() {
    let stage = Stage::new("turned");
    for (user, name) in [(ALICE, "alices"), (CAROL, "carols")] {
        let pod = unscheduled(pod(name, To::AnyNode, "env:test"));
        stage.person(user).apply(&pod).success();
    }
    stage
        .admin()
        .run(&["label", "namespace", &stage.name, "alibabacloud.com/eci=true"])
        .success();
    for name in ["alices", "carols"] {
        let path = stage.path(&format!("pods/{name}/binding"));
        stage
            .rest("system:kube-scheduler")
            .create(&path, &binding(name, VIRTUAL, json!({})))
            .denial();
    }
}

/// An edit of the eci-profile turns plain pods into ECI's: they are caught when they are bound, and the edit is recorded.
#[test]
fn pods_from_before_an_eci_profile_led_them_to_eci_are_caught_at_the_binding() {
    let cluster = whole_exclusive();
    cluster.scale(1);
    let stage = Stage::within(&cluster, "profiled");
    let plain = unscheduled(pod("plain", To::AnyNode, ""));
    stage.person(ALICE).apply(&plain).success();
    let selector = json!([{
        "name": "all", "objectSelector": {"matchLabels": {"app": "plain"}},
        "effect": {"annotations": {ROLE_NAME: ROLE}},
    }]);
    let profile = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "eci-profile"},
        "data": {"selectors": selector.to_string()},
    });
    cluster.admin.within("kube-system").apply(&profile).success();
    eventually("the edit is recorded", || {
        let log = cluster.replicas()[0].process.log();
        let recorded = log
            .lines()
            .any(|line| line.contains("eci-profile") && line.contains("\"user\":\"admin\""));
        if recorded {
            Ok(())
        } else {
            Err("no line of the log names it")
        }
    });

    let path = stage.path("pods/plain/binding");
    let reply = stage
        .rest("system:kube-scheduler")
        .create(&path, &binding("plain", VIRTUAL, json!({})));
    cluster
        .admin
        .within("kube-system")
        .run(&["delete", "configmap", "eci-profile"])
        .success();
    reply.denial();
}

/// A pod with harmless annotations that are changed before the virtual kubelet reads them: changes are judged.
#[test]
fn annotations_that_change_between_creation_and_start_are_judged() {
    let stage = Stage::new("swapped");
    stage
        .rest(ALICE)
        .create(&stage.path("pods"), &pod("bound", To::Virtual, "env:test"))
        .success();
    stage.wait_for_node("bound");
    let waiting = unscheduled(pod("waiting", To::Virtual, "env:test"));
    stage.rest(ALICE).create(&stage.path("pods"), &waiting).success();
    for name in ["bound", "waiting"] {
        let path = stage.path(&format!("pods/{name}"));
        for (user, annotation, value) in [
            (ALICE, TAGS, "env:prod"),
            (ALICE, ROLE_NAME, ROLE),
            (BOB, TAGS, "env:prod"),
            (MALLORY, TAGS, ""),
            (
                MALLORY,
                "k8s.aliyun.com/acr-service-arns",
                "acs:ram::1234567890123456:role/workerrole",
            ),
        ] {
            let patch = json!({"metadata": {"annotations": {annotation: value}}});
            let denial = stage.rest(user).patch(&path, Patch::Merge, &patch).denial();
            assert_says(&denial, &[name]);
        }
        let stored = stage.object(&format!("pods/{name}"));
        assert_eq!(stored["metadata"]["annotations"][TAGS], "env:test");
        assert_stamped(&stored, ALICE);
    }
}

/// A node named at the creation, or a binding sent by hand: both are judged, neither for the sender's rights alone.
#[test]
fn neither_a_named_node_nor_a_binding_by_hand_passes_by_the_gate() {
    let stage = Stage::new("by-hand");
    let mut named = pod("named", To::AnyNode, "env:test");
    named["spec"]["nodeName"] = VIRTUAL.into();
    for user in [BOB, CAROL, MALLORY] {
        let denial = stage.rest(user).create(&stage.path("pods"), &named).denial();
        assert_says(&denial, &[user]);
    }
    let plain = unscheduled(pod("plain", To::AnyNode, "env:test"));
    stage.rest(MALLORY).create(&stage.path("pods"), &plain).success();
    for (path, user) in [
        ("pods/plain/binding", MALLORY),
        ("bindings", MALLORY),
        ("pods/plain/binding", DAVE),
    ] {
        stage
            .rest(user)
            .create(&stage.path(path), &binding("plain", VIRTUAL, json!({})))
            .denial();
    }
    assert_eq!(stage.object("pods/plain")["spec"]["nodeName"], Value::Null);
}

/// An ephemeral container in an ECI pod, or an exec into it, to read the role's credentials: both need the right.
#[test]
fn nobody_gets_into_an_instance_to_read_its_role_s_credentials() {
    let stage = Stage::new("credentials");
    let mut daves = pod("web", To::Virtual, "env:prod");
    daves["metadata"]["annotations"][ROLE_NAME] = ROLE.into();
    stage.rest(DAVE).create(&stage.path("pods"), &daves).success();
    stage.wait_for_node("web");
    let container =
        json!({"name": "spy", "image": "registry.example.com/spy:1", "targetContainerName": "main"});
    let spy = json!({"spec": {"ephemeralContainers": [container]}});
    for user in [ALICE, CAROL, MALLORY] {
        let path = stage.path("pods/web/ephemeralcontainers");
        let denial = stage.rest(user).patch(&path, Patch::Strategic, &spy).denial();
        assert_says(&denial, &[user]);
        let exec = stage.path("pods/web/exec?command=curl&stdout=true");
        for method in [Method::GET, Method::POST] {
            let denial = stage.rest(user).connect(method, &exec).denial();
            assert_says(&denial, &[user]);
        }
    }
}
