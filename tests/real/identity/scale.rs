//! The judgement of who scales a workload up, where the installation asks for it.

use serde_json::json;

use crate::harness::cast::{ALICE, BOB, DAVE, MALLORY};
use crate::harness::cluster::whole_exclusive;
use crate::harness::install;
use crate::harness::rest::Patch;
use crate::harness::stage::{Stage, assert_says};
use crate::harness::workloads::{To, deployment, workload};

#[test]
fn where_scaling_is_judged_more_pods_on_eci_are_the_request_of_whoever_scales() {
    let cluster = whole_exclusive();
    let mut values = install::values_of_whole_cluster();
    values["scale"] = json!({"judge": true});
    cluster.install(&values);
    cluster.scale(1);
    let stage = Stage::within(&cluster, "judged-scale");
    stage
        .person(ALICE)
        .apply(&deployment("web", To::Virtual, "env:test"))
        .success();
    stage
        .person(ALICE)
        .apply(&workload("statefulsets", "db", To::Virtual, "env:test"))
        .success();
    stage
        .person(MALLORY)
        .apply(&deployment("plain", To::AnyNode, ""))
        .success();
    let scale = |user: &str, resource: &str, replicas: u32| {
        let spec = json!({"spec": {"replicas": replicas}});
        let groups: &[&str] = if user.starts_with("system:") {
            &["system:masters"]
        } else {
            &[]
        };
        let path = stage.path(&format!("{resource}/scale"));
        stage.rest_in(user, groups).patch(&path, Patch::Merge, &spec)
    };
    for resource in ["deployments/web", "statefulsets/db"] {
        for user in [BOB, MALLORY] {
            assert_says(&scale(user, resource, 2).denial(), &[user]);
        }
        scale(ALICE, resource, 2).success();
        scale(DAVE, resource, 3).success();
        // Down is nobody's question, and neither is what an autoscaler does.
        scale(MALLORY, resource, 1).success();
        let autoscaler = "system:serviceaccount:kube-system:horizontal-pod-autoscaler";
        scale(autoscaler, resource, 2).success();
    }
    // Nor can the number be raised beside it.
    let more = json!({"spec": {"replicas": 5}});
    let denial = stage
        .rest(BOB)
        .patch(&stage.path("deployments/web"), Patch::Merge, &more)
        .denial();
    assert_says(&denial, &[BOB]);
    scale(MALLORY, "deployments/plain", 2).success();
}
