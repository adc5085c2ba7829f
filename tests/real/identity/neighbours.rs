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
