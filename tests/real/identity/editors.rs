//! A changed template of a Deployment is the request of whoever changed it, by whichever road.

use serde_json::json;

use crate::harness::cast::{ALICE, BOB, DAVE};
use crate::harness::rest::Patch;
use crate::harness::rollout::{Watched, alices, newest_pod};
use crate::harness::stage::{Stage, assert_says, assert_stamped, stamp, template};
use crate::harness::workloads::image;

const SECOND: &str = "main=registry.example.com/app:2";

#[test]
fn a_new_image_is_the_request_of_whoever_sets_it() {
    let stage = Stage::new("image");
    alices(&stage);
    let web = Watched::new(&stage, "deployments/web");
    let set = |user: &str, image: &str| stage.person(user).run(&["set", "image", "deployment/web", image]);

    web.kept("bob may not", || {
        let denial = set(BOB, SECOND).failure();
        assert_says(&denial, &["denied the request", BOB, "eci:CreateContainerGroup"]);
    });
    web.rolls_out("dave sets an image", DAVE, || {
        set(DAVE, SECOND).success();
    });
    assert_stamped(&newest_pod(&stage), DAVE);
    assert_eq!(stage.creators(), ["user/alice", "user/dave"]);
}

#[test]
fn two_editors_in_turn_are_each_asked_for_their_own_change() {
    let stage = Stage::new("turns");
    alices(&stage);
    let web = Watched::new(&stage, "deployments/web");
    for (user, version) in [(DAVE, 2), (ALICE, 3), (DAVE, 4)] {
        web.rolls_out(&format!("{user} sets version {version}"), user, || {
            let image = format!("main=registry.example.com/app:{version}");
            stage
                .person(user)
                .run(&["set", "image", "deployment/web", &image])
                .success();
        });
        assert_stamped(&newest_pod(&stage), user);
    }
}

#[test]
fn a_restart_is_the_request_of_whoever_asks_for_it() {
    let stage = Stage::new("restart");
    alices(&stage);
    let web = Watched::new(&stage, "deployments/web");
    let restart = |user: &str| stage.person(user).run(&["rollout", "restart", "deployment/web"]);

    web.kept("bob may not", || {
        assert_says(&restart(BOB).failure(), &["denied the request", BOB]);
    });
    web.rolls_out("dave restarts", DAVE, || {
        restart(DAVE).success();
    });
    assert_stamped(&newest_pod(&stage), DAVE);
}

#[test]
fn an_undo_is_the_request_of_whoever_asks_for_it() {
    let stage = Stage::new("undo");
    alices(&stage);
    let web = Watched::new(&stage, "deployments/web");
    let undo = |user: &str| stage.person(user).run(&["rollout", "undo", "deployment/web"]);
    web.rolls_out("alice sets an image", ALICE, || {
        stage
            .person(ALICE)
            .run(&["set", "image", "deployment/web", SECOND])
            .success();
    });

    web.kept("bob may not", || {
        assert_says(&undo(BOB).failure(), &["denied the request", BOB]);
    });
    web.rolls_out("dave goes back", DAVE, || {
        undo(DAVE).success();
    });
    assert_stamped(&newest_pod(&stage), DAVE);
}

#[test]
fn an_undo_by_the_person_of_the_old_revision_takes_up_its_replica_set_again() {
    let stage = Stage::new("reused");
    alices(&stage);
    let first = stage.children("replicasets", &stage.object("deployments/web"));
    let path = stage.path("deployments/web");
    let change = image("deployments", "registry.example.com/app:2");
    stage.rest(DAVE).patch(&path, Patch::Strategic, &change).success();
    stage.wait_for_children("replicasets", &stage.settled("deployments/web"), 2);

    stage
        .person(ALICE)
        .run(&["rollout", "undo", "deployment/web"])
        .success();
    let web = stage.settled("deployments/web");
    assert_stamped(template(&web), ALICE);
    assert_eq!(stamp(template(&web)), stamp(template(&first[0])));
    assert_eq!(stage.children("replicasets", &web).len(), 2);
}

#[test]
fn a_replaced_template_is_the_request_of_whoever_replaces_it() {
    let stage = Stage::new("replace");
    let mut file = alices(&stage);
    file["spec"]["template"]["spec"]["containers"][0]["image"] = "registry.example.com/app:2".into();
    let web = Watched::new(&stage, "deployments/web");
    web.kept("bob may not", || {
        assert_says(
            &stage.person(BOB).give(&["replace"], &file).failure(),
            &["denied the request", BOB],
        );
    });
    web.rolls_out("dave replaces", DAVE, || {
        stage.person(DAVE).give(&["replace"], &file).success();
    });
}

#[test]
fn one_field_of_the_template_applied_in_the_server_is_the_request_of_whoever_applies_it() {
    let stage = Stage::new("field");
    alices(&stage);
    let web = Watched::new(&stage, "deployments/web");
    let path = stage.path("deployments/web");
    let field = |value: &str| {
        let container = json!({"name": "main", "env": [{"name": "LEVEL", "value": value}]});
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
            "spec": {"template": {"spec": {"containers": [container]}}},
        })
    };
    web.kept("bob may not", || {
        let denial = stage.rest(BOB).patch(&path, Patch::Apply, &field("bob")).denial();
        assert_says(&denial, &[BOB]);
    });
    web.rolls_out("dave applies a field", DAVE, || {
        stage
            .rest(DAVE)
            .patch(&path, Patch::Apply, &field("dave"))
            .success();
    });
    // What is there already is no change.
    web.kept("alice applies the same field", || {
        stage
            .rest(ALICE)
            .patch(&path, Patch::Apply, &field("dave"))
            .success();
    });
}
