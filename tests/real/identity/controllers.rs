//! The stage of these tests: controllers that make pods, and a scheduler that puts them on nodes.

use crate::harness::cast::ALICE;
use crate::harness::cluster::whole_exclusive;
use crate::harness::nodes::REAL;
use crate::harness::stage::{Judged, Stage, assert_stamped};
use crate::harness::wait::eventually;
use crate::harness::workloads::{RESOURCES, To, deployment, workload};

#[test]
fn a_deployment_that_is_not_for_eci_gets_its_pods_on_the_real_node() {
    let stage = Stage::new("stage");
    stage
        .person(ALICE)
        .apply(&deployment("web", To::AnyNode, ""))
        .success();
    let sets = stage.wait_for_children("replicasets", &stage.object("deployments/web"), 1);
    let pods = stage.wait_for_children("pods", &sets[0], 1);
    let name = pods[0]["metadata"]["name"].as_str().unwrap();
    assert_eq!(stage.wait_for_node(name), REAL);
}

#[test]
fn every_kind_of_workload_gets_pods_from_its_controller() {
    let stage = Stage::new("kinds");
    let alice = stage.person(ALICE);
    for resource in RESOURCES {
        alice
            .apply(&workload(resource, resource, To::AnyNode, ""))
            .success();
    }
    for resource in RESOURCES.into_iter().filter(|&resource| resource != "cronjobs") {
        let owner = stage.object(&format!("{resource}/{resource}"));
        let owner = if resource == "deployments" {
            stage.wait_for_children("replicasets", &owner, 1).remove(0)
        } else {
            owner
        };
        stage.wait_for_children("pods", &owner, 1);
    }
    stage.run_cron_job("cronjobs");
    eventually("the CronJob's Job has a pod", || {
        let jobs = stage.children("jobs", &stage.object("cronjobs/cronjobs"));
        let pods: usize = jobs.iter().map(|job| stage.children("pods", job).len()).sum();
        if pods == 1 { Ok(()) } else { Err(stage.events()) }
    });
}

#[test]
fn where_all_controllers_are_one_user_stamps_are_carried_all_the_same() {
    let cluster = whole_exclusive();
    cluster.scale(1);
    let stage = Stage::within(&cluster, "one-user");
    let kinds = RESOURCES.into_iter().filter(|&resource| resource != "cronjobs");
    for resource in kinds.clone() {
        let file = workload(resource, resource, To::Virtual, "env:test");
        stage.person(ALICE).apply(&file).success();
    }
    let cron = workload("cronjobs", "cronjobs", To::Virtual, "env:test");
    stage.person(ALICE).apply(&cron).success();
    stage.run_cron_job("cronjobs");
    for resource in kinds {
        let mut owner = stage.object(&format!("{resource}/{resource}"));
        if resource == "deployments" {
            owner = stage.wait_for_children("replicasets", &owner, 1).remove(0);
        }
        let pods = stage.wait_for_children("pods", &owner, 1);
        assert_stamped(&pods[0], ALICE);
    }
    let jobs = stage.wait_for_children("jobs", &stage.object("cronjobs/cronjobs"), 1);
    let pods = stage.wait_for_children("pods", &jobs[0], 1);
    assert_stamped(&pods[0], ALICE);

    let judged = stage.judged();
    let made = |one: &&Judged| one.resource == "pods" && one.operation == "CREATE";
    for one in judged.iter().filter(made) {
        assert_eq!(
            (one.user.as_str(), one.principal.as_str()),
            ("system:kube-controller-manager", "user/alice")
        );
    }
    assert!(judged.iter().any(|one| made(&one)), "{judged:?}");
}
