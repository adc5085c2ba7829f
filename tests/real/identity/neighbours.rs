//! Beside other mutating webhooks, which rewrite what people apply: a file that they rewrite the same way is the same.

use serde_json::Value;
use serde_json::json;

use crate::harness::cast::{ALICE, BOB, DAVE, MALLORY};
use crate::harness::neighbour;
use crate::harness::objects::TAGS;
use crate::harness::rollout::Watched;
use crate::harness::stage::{Stage, assert_says, assert_stamped, template};
use crate::harness::wait::eventually;
use crate::harness::workloads::{To, deployment, pod};

const DIGEST: &str = "@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// Puts a digest behind each image, as verifiers of signatures do, and a container into each pod, as meshes do
fn digests_and_sidecars(request: &Value) -> Vec<Value> {
    let object = &request["object"];
    let (place, spec) = if object["kind"] == "Pod" {
        ("/spec", &object["spec"])
    } else {
        ("/spec/template/spec", &object["spec"]["template"]["spec"])
    };
    let mut patch = vec![];
    for (index, container) in spec["containers"].as_array().into_iter().flatten().enumerate() {
        let image = container["image"].as_str().unwrap_or_default();
        if !image.contains('@') {
            let path = format!("{place}/containers/{index}/image");
            patch.push(json!({"op": "replace", "path": path, "value": format!("{image}{DIGEST}")}));
        }
    }
    let has_sidecar = spec["containers"]
        .as_array()
        .is_some_and(|all| all.iter().any(|container| container["name"] == "sidecar"));
    if object["kind"] == "Pod" && request["operation"] == "CREATE" && !has_sidecar {
        let sidecar = json!({"name": "sidecar", "image": format!("registry.example.com/mesh:1{DIGEST}")});
        patch.push(json!({"op": "add", "path": format!("{place}/containers/-"), "value": sidecar}));
    }
    patch
}

/// Changes the tags of pods to what somebody else may have
fn tags(request: &Value) -> Vec<Value> {
    if request["object"]["kind"] != "Pod" || request["operation"] != "CREATE" {
        return vec![];
    }
    let path = format!("/metadata/annotations/{}", TAGS.replace('/', "~1"));
    vec![json!({"op": "add", "path": path, "value": "env:prod"})]
}

/// Sends pods to ECI by its label, unless they have it
fn labels(request: &Value) -> Vec<Value> {
    let object = &request["object"];
    if object["kind"] != "Pod"
        || request["operation"] != "CREATE"
        || object["metadata"]["labels"]["eci"] == "true"
    {
        return vec![];
    }
    vec![json!({"op": "add", "path": "/metadata/labels/eci", "value": "true"})]
}

#[track_caller]
fn wait_until_asked(stage: &Stage<'_>) {
    eventually("the other webhook is in force", || {
        let path = stage.path("pods") + "?dryRun=All";
        let reply = stage
            .rest(MALLORY)
            .create(&path, &pod("try", To::AnyNode, "env:test"));
        let pod = reply.body.to_string();
        if pod.contains("sidecar") || pod.contains("env:prod") {
            Ok(())
        } else {
            Err(pod)
        }
    });
}

#[test]
fn a_file_that_another_webhook_rewrites_is_the_same_file_whoever_applies_it_again() {
    let stage = Stage::new("neighbours");
    neighbour::start(&stage, digests_and_sidecars);
    wait_until_asked(&stage);
    let file = deployment("web", To::Virtual, "env:test");
    stage.person(ALICE).apply(&file).success();
    let stored = stage.settled("deployments/web");
    assert_stamped(template(&stored), ALICE);
    let image = template(&stored)["spec"]["containers"][0]["image"]
        .as_str()
        .unwrap();
    assert!(image.ends_with(DIGEST), "{image}");
    let sets = stage.wait_for_children("replicasets", &stored, 1);
    let pods = stage.wait_for_children("pods", &sets[0], 1);
    assert_stamped(&pods[0], ALICE);
    assert_eq!(pods[0]["spec"]["containers"][1]["name"], "sidecar");

    let web = Watched::new(&stage, "deployments/web");
    for user in [ALICE, BOB, MALLORY] {
        let person = stage.person(user);
        web.kept(&format!("{user} applies"), || {
            person.apply(&file).success();
        });
        web.kept(&format!("{user} applies in the server"), || {
            person
                .give(&["apply", "--server-side", "--force-conflicts"], &file)
                .success();
        });
        web.kept(&format!("{user} replaces"), || {
            person.give(&["replace"], &file).success();
        });
    }
    let set = [
        "set",
        "image",
        "deployment/web",
        "main=registry.example.com/app:2",
    ];
    web.kept("bob may not", || {
        assert_says(
            &stage.person(BOB).run(&set).failure(),
            &["denied the request", BOB],
        );
    });
    web.rolls_out("dave sets an image", DAVE, || {
        stage.person(DAVE).run(&set).success();
    });
}

#[test]
fn tags_that_another_webhook_writes_into_a_controller_s_pod_are_not_those_of_its_stamp() {
    let stage = Stage::new("rewriting");
    neighbour::start(&stage, tags);
    wait_until_asked(&stage);
    stage
        .person(ALICE)
        .apply(&deployment("web", To::Virtual, "env:test"))
        .success();
    stage.wait_for_event("FailedCreate", &["denied the request", ALICE]);
    let web = stage.settled("deployments/web");
    let sets = stage.wait_for_children("replicasets", &web, 1);
    assert_eq!(stage.children("pods", &sets[0]).len(), 0);
    // Of a bare pod its author is asked for what it is in the end.
    let bare = pod("bare", To::Virtual, "env:test");
    assert_says(
        &stage.person(ALICE).apply(&bare).failure(),
        &["denied the request", "`prod`"],
    );
    stage.person(DAVE).apply(&bare).success();
    assert_stamped(&stage.object("pods/bare"), DAVE);
}

#[test]
fn a_pod_that_another_webhook_sends_to_eci_is_stamped_or_told_what_to_set_earlier() {
    let stage = Stage::new("labelling");
    neighbour::start(&stage, labels);
    let mut plain = pod("plain", To::AnyNode, "env:test");
    plain["metadata"]["annotations"] = json!({});
    eventually("the other webhook is in force", || {
        let outcome = stage.person(ALICE).give(&["create", "--dry-run=server"], &plain);
        if outcome.stderr.contains("denied the request") {
            Ok(())
        } else {
            Err(format!("{outcome:?}"))
        }
    });
    // The API server never asks a webhook again that it has not asked in the first turn.
    assert_says(
        &stage.person(ALICE).apply(&plain).failure(),
        &[
            "denied the request",
            "after ramgate's turn",
            "label eci=true",
            "burstNamespaces",
        ],
    );
    // One that has a field of ECI is sent in both turns, and what it is in the end counts.
    let tagged = pod("tagged", To::AnyNode, "env:test");
    stage.person(ALICE).apply(&tagged).success();
    let stored = stage.object("pods/tagged");
    assert_eq!(stored["metadata"]["labels"]["eci"], "true");
    assert_stamped(&stored, ALICE);
    assert_says(
        &stage
            .person(MALLORY)
            .apply(&pod("other", To::AnyNode, "env:test"))
            .failure(),
        &["denied the request", MALLORY],
    );
    // With the label from the beginning, too.
    let mut labelled = pod("labelled", To::AnyNode, "env:test");
    labelled["metadata"]["labels"]["eci"] = "true".into();
    stage.person(ALICE).apply(&labelled).success();
    assert_stamped(&stage.object("pods/labelled"), ALICE);
}
