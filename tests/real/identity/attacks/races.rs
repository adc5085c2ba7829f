//! Between the judgement and what is then stored: another webhook that is slow gives an attacker all the time.

use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use serde_json::json;

use crate::harness::cast::{ALICE, CAROL, MALLORY};
use crate::harness::nodes::VIRTUAL;
use crate::harness::rest::Patch;
use crate::harness::stage::{Stage, stamp};
use crate::harness::wait::eventually;
use crate::harness::workloads::{To, binding, pod, unscheduled};

/// How long the other webhook keeps the API server waiting
const SECONDS: u64 = 3;

/// Somebody else's webhook on bindings of this namespace, which never answers
fn slow_webhook(stage: &Stage<'_>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its address").port();
    // Connections are taken and kept, and nothing is ever said.
    thread::spawn(move || {
        let mut kept = vec![];
        for connection in listener.incoming().flatten() {
            kept.push(connection);
        }
    });
    let service = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "slow"},
        "spec": {"ports": [{"port": 443}]},
    });
    let service = stage.rest.create(&stage.path("services"), &service).success();
    let address = service["spec"]["clusterIP"].as_str().expect("an address");
    stage.plane.egress().route(&format!("{address}:443"), vec![port]);
    let webhook = json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": stage.name},
        "webhooks": [{
            "name": "slow.example.com",
            "clientConfig": {"service": {"namespace": stage.name, "name": "slow"}},
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": stage.name}},
            "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods/binding", "bindings"]}],
            "failurePolicy": "Ignore", "timeoutSeconds": SECONDS,
            "sideEffects": "None", "admissionReviewVersions": ["v1"],
        }],
    });
    stage.admin().apply(&webhook).success();
    eventually("the other webhook is asked", || {
        let before = asked(stage);
        let path = stage.path("pods/nobody/binding?dryRun=All");
        let nobody = binding("nobody", crate::harness::nodes::REAL, json!({}));
        stage.rest.create(&path, &nobody);
        if asked(stage) > before {
            Ok(())
        } else {
            Err("not yet")
        }
    });
}

fn asked(stage: &Stage<'_>) -> usize {
    let service = stage.object("services/slow");
    let address = format!(
        "{}:443",
        service["spec"]["clusterIP"].as_str().unwrap_or_default()
    );
    let all = stage.plane.egress().asked();
    all.iter().filter(|one| **one == address).count()
}

/// Sends a binding, does something once ramgate has judged it, and gives the pod as it is in the end
#[track_caller]
fn while_it_is_bound(stage: &Stage<'_>, meanwhile: impl FnOnce()) -> Value {
    slow_webhook(stage);
    let waiting = unscheduled(pod("web", To::PreferablyVirtual, "env:test"));
    stage.rest(ALICE).create(&stage.path("pods"), &waiting).success();
    let scheduler = stage.rest("system:kube-scheduler");
    let path = stage.path("pods/web/binding");
    let sent = thread::spawn(move || scheduler.create(&path, &binding("web", VIRTUAL, json!({}))));
    eventually("ramgate has judged it", || {
        let judged = stage.judged();
        let found = judged
            .iter()
            .any(|one| one.resource.ends_with("binding") && one.decision == "allow");
        if found { Ok(()) } else { Err(format!("{judged:?}")) }
    });
    meanwhile();
    let reply = sent.join().expect("an answer");
    println!("the binding: {reply:?}");
    thread::sleep(Duration::from_millis(100));
    stage.object("pods/web")
}

#[track_caller]
fn assert_not_on_eci_as(pod: &Value, user: &str) {
    let found = stamp(pod).map(|found| found.user);
    assert!(
        pod["spec"]["nodeName"] != VIRTUAL || found.as_deref() != Some(user),
        "judged for alice, bound for {found:?}: {pod}"
    );
}

/// A pod that is changed by somebody without rights between the judgement of its binding and the binding.
#[test]
fn a_pod_that_changes_hands_while_it_is_bound_is_not_bound() {
    let stage = Stage::new("changed");
    let pod = while_it_is_bound(&stage, || {
        let image =
            json!({"spec": {"containers": [{"name": "main", "image": "registry.example.com/evil:1"}]}});
        stage
            .rest(CAROL)
            .patch(&stage.path("pods/web"), Patch::Strategic, &image);
    });
    assert_not_on_eci_as(&pod, CAROL);
}

/// A pod that is deleted and made anew under its name between the judgement of its binding and the binding.
#[test]
fn another_pod_of_the_same_name_is_not_bound_in_its_place() {
    let stage = Stage::new("replaced");
    let pod = while_it_is_bound(&stage, || {
        let mallory = stage.rest(MALLORY);
        let path = stage.path("pods/web");
        if mallory.delete(&path).succeeded() {
            let evil = unscheduled(pod("web", To::PreferablyVirtual, ""));
            eventually("the name is free", || {
                let reply = mallory.create(&stage.path("pods"), &evil);
                if reply.succeeded() {
                    Ok(())
                } else {
                    Err(format!("{reply:?}"))
                }
            });
        }
    });
    assert_not_on_eci_as(&pod, MALLORY);
    assert!(
        pod["spec"]["nodeName"] != VIRTUAL || stamp(&pod).is_some(),
        "{pod}"
    );
}
