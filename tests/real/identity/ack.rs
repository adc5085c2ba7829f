//! Identities of ACK: people by the numbers of RAM and by their authenticator's words, and the agents of virtual nodes.

use serde_json::json;

use crate::harness::cast::{ALICE, ALICE_ID, MALLORY};
use crate::harness::nodes::VIRTUAL;
use crate::harness::rest::Patch;
use crate::harness::stage::{Stage, assert_says, stamp};
use crate::harness::wait::eventually;
use crate::harness::workloads::{To, pod};

/// Kubernetes lets them do everything; ramgate decides
const GROUPS: [&str; 1] = ["system:masters"];
const VNODE: &str = "system:serviceaccount:kube-system:vnode";

#[test]
fn a_number_of_ram_is_its_user_whatever_certificate_it_is_in() {
    let stage = Stage::new("numbers");
    for (name, user) in [
        ("old", format!("{ALICE_ID}-1676970192")),
        ("new", format!("{ALICE_ID}-1690000000")),
        ("bare", ALICE_ID.to_owned()),
    ] {
        let rest = stage.rest_in(&user, &GROUPS);
        rest.create(&stage.path("pods"), &pod(name, To::Virtual, "env:test"))
            .success();
        let stamp = stamp(&stage.object(&format!("pods/{name}"))).expect("a stamp");
        assert_eq!(
            (stamp.user.as_str(), stamp.principal.as_str()),
            (&*user, "user/alice")
        );
        let denial = rest
            .create(&stage.path("pods"), &pod("prod", To::Virtual, "env:prod"))
            .denial();
        assert_says(&denial, &[&user, "RAM user `alice`"]);
    }
    let account = format!("system:serviceaccount:shop:{ALICE_ID}");
    for nobody in [format!("{ALICE_ID}-x"), account] {
        let rest = stage.rest_in(&nobody, &GROUPS);
        let denial = rest
            .create(&stage.path("pods"), &pod("nobody", To::Virtual, "env:test"))
            .denial();
        assert_says(&denial, &["bound to no RAM"]);
    }
}

#[test]
fn the_words_of_an_authenticator_count_only_where_they_are_trusted() {
    let stage = Stage::new("words");
    let arn = "acs:ram::1234567890123456:user/alice";
    let rest = stage
        .rest_in("zed@example.com", &GROUPS)
        .with_extra("Impersonate-Extra-canonicalArn", arn);
    // No document of this cluster trusts the key
    let denial = rest
        .create(&stage.path("pods"), &pod("web", To::Virtual, "env:test"))
        .denial();
    assert_says(&denial, &["bound to no RAM"]);
}

#[test]
fn a_virtual_node_ends_its_pods_and_whoever_repeats_a_deletion_is_not_evaluated() {
    let stage = Stage::new("ends-by-node");
    for name in ["held", "web", "left", "other"] {
        let mut pod = pod(name, To::Virtual, "env:test");
        if ["held", "left"].contains(&name) {
            pod["metadata"]["finalizers"] = json!(["example.com/hold"]);
        }
        stage.person(ALICE).apply(&pod).success();
        stage.wait_for_node(name);
    }
    let vnode = stage.rest_in(VNODE, &GROUPS);
    let mallory = stage.rest_in(MALLORY, &GROUPS);
    let path = |name: &str| stage.path(&format!("pods/{name}"));

    // The first deletion is evaluated, later ones are not
    assert_says(&mallory.delete(&path("held")).denial(), &["bound to no RAM"]);
    for name in ["held", "left"] {
        stage.rest_in(ALICE, &GROUPS).delete(&path(name)).success();
        assert!(stage.object(&format!("pods/{name}"))["metadata"]["deletionTimestamp"].is_string());
    }
    mallory
        .delete(&format!("{}?gracePeriodSeconds=0", path("held")))
        .success();

    // The agents of virtual nodes end pods there, deleted by somebody or not
    vnode
        .delete(&format!("{}?gracePeriodSeconds=0", path("web")))
        .success();
    let node = stage.rest_in(
        &format!("system:node:{VIRTUAL}"),
        &["system:nodes", "system:masters"],
    );
    node.delete(&format!("{}?gracePeriodSeconds=0", path("other")))
        .success();

    // A collection is deleted one by one: the pod that is being deleted and no other
    stage
        .person(ALICE)
        .apply(&pod("stays", To::Virtual, "env:test"))
        .success();
    stage.wait_for_node("stays");
    let being_deleted = format!("{}?fieldSelector=metadata.name%3Dleft", stage.path("pods"));
    mallory.delete(&being_deleted).success();
    let stays = format!("{}?fieldSelector=metadata.name%3Dstays", stage.path("pods"));
    assert_says(&mallory.delete(&stays).denial(), &["bound to no RAM"]);

    for name in ["held", "left"] {
        let release = json!({"metadata": {"finalizers": null}});
        stage
            .rest_in(ALICE, &GROUPS)
            .patch(&path(name), Patch::Merge, &release)
            .success();
    }
    eventually("only the last pod is left", || {
        let left = stage.rest_in(ALICE, &GROUPS).list(&stage.path("pods"));
        let names: Vec<String> = left
            .iter()
            .map(|pod| pod["metadata"]["name"].to_string())
            .collect();
        if names == ["\"stays\""] {
            Ok(())
        } else {
            Err(names.join(" "))
        }
    });
}
