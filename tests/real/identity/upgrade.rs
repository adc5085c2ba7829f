//! From stamps of the first form to those of the second: nothing fails on the way, and what was stamped before stays good.

use serde_json::Value;
use serde_json::json;

use crate::harness::cast::ALICE;
use crate::harness::cluster::whole_exclusive;
use crate::harness::install;
use crate::harness::install::NAMESPACE;
use crate::harness::load::Load;
use crate::harness::objects::{TAGS, eci_pod};
use crate::harness::rest::Patch;
use crate::harness::rollout::{Watched, alices};
use crate::harness::stage::{Stage, assert_stamped, stamp, template};
use crate::harness::wait::eventually;
use crate::harness::workloads::{To, deployment};

/// The version that a stamp bears
#[track_caller]
fn form(object: &Value) -> Value {
    let text = stamp(object).expect("a stamp").text;
    serde_json::from_str::<Value>(&text).unwrap()["v"].take()
}

#[test]
fn stamps_change_their_form_under_load_and_old_ones_stay_good() {
    let cluster = whole_exclusive();
    cluster.scale(1);
    // The Secret of an older version says nothing of forms.
    let secret = format!("/api/v1/namespaces/{NAMESPACE}/secrets/ramgate-stamp");
    let older = json!({"metadata": {"annotations": {"ramgate.io/stamp-form": null}}});
    cluster.rest.patch(&secret, Patch::Merge, &older).success();
    let mut values = install::values_of_whole_cluster();
    values["stamp"] = json!({"upgradeAfterSeconds": 20});
    cluster.scale(0);
    cluster.install(&values);
    cluster.scale(2);
    let stage = Stage::within(&cluster, "forms");
    let file = alices(&stage);
    assert_eq!(form(template(&stage.object("deployments/web"))), 1);

    let alice = stage.person(ALICE);
    let load = Load::start(
        alice.kubeconfig(),
        &stage.name,
        &eci_pod("load", &[(TAGS, "env:test")]),
    );
    eventually("new stamps are of the second form", || {
        let path = stage.path("deployments") + "?dryRun=All";
        let tried = stage
            .rest(ALICE)
            .create(&path, &deployment("try", To::Virtual, "env:test"));
        match form(template(&tried.success())) {
            form if form == 2 => Ok(()),
            form => Err(form),
        }
    });
    // Another replica comes and goes meanwhile.
    cluster.scale(3);
    cluster.scale(2);
    let (allowed, failures) = load.stop();
    assert!(
        failures.is_empty() && allowed > 20,
        "{allowed} passed, {failures:?} did not"
    );

    // What was stamped before is whose it was: it is applied again, scaled, and its pods are made and bound.
    let web = Watched::new(&stage, "deployments/web");
    web.kept("alice applies the same file", || {
        stage.person(ALICE).apply(&file).success();
    });
    let more = json!({"spec": {"replicas": 2}});
    let path = stage.path("deployments/web");
    stage.rest(ALICE).patch(&path, Patch::Merge, &more).success();
    let set = stage
        .children("replicasets", &stage.settled("deployments/web"))
        .remove(0);
    for pod in stage.wait_for_children("pods", &set, 2) {
        assert_stamped(&pod, ALICE);
        assert_eq!(form(&pod), 1);
        stage.wait_for_node(pod["metadata"]["name"].as_str().unwrap());
    }
    // A change of the template brings the second form.
    web.rolls_out("alice changes the image", ALICE, || {
        alice
            .run(&[
                "set",
                "image",
                "deployment/web",
                "main=registry.example.com/app:2",
            ])
            .success();
    });
    assert_eq!(form(template(&stage.object("deployments/web"))), 2);
}
