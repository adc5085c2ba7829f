//! The stage of these tests: controllers that make pods, and a scheduler that puts them on nodes.

use super::stage::Stage;
use super::workloads::RESOURCES;
use super::workloads::To;
use super::workloads::deployment;
use super::workloads::workload;
use crate::cast::ALICE;
use crate::nodes::REAL;
use crate::wait::eventually;

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
