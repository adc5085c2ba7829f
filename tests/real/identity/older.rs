//! Workloads that are older than the installation, or than the label that leads them to ECI: they carry no stamp.

use serde_json::Value;

use crate::harness::cast::{ALICE, BOB};
use crate::harness::cluster::whole_exclusive;
use crate::harness::install;
use crate::harness::rollout::Watched;
use crate::harness::stage::{Stage, assert_says, assert_stamped, before_the_install, stamp, template};
use crate::harness::workloads::{RESOURCES, To, workload};

/// Deletes all pods of a workload, as a drained node does
fn lose_pods(stage: &Stage<'_>, owner: &Value) {
    for pod in stage.children("pods", owner) {
        stage.lose(&pod);
    }
}

/// The workload whose controller makes the pods: of a Deployment its newest ReplicaSet
fn maker(stage: &Stage<'_>, resource: &str) -> Value {
    let owner = stage.object(&format!("{resource}/{resource}"));
    if resource != "deployments" {
        return owner;
    }
    let mut sets = stage.children("replicasets", &owner);
    sets.retain(|set| stamp(template(set)) == stamp(template(&owner)));
    sets.pop().expect("a ReplicaSet")
}

#[test]
fn pods_of_unstamped_workloads_are_denied_until_a_person_restarts_them() {
    const RESTARTABLE: [&str; 3] = ["deployments", "statefulsets", "daemonsets"];
    let cluster = whole_exclusive();
    let file = |resource: &str| workload(resource, resource, To::Virtual, "env:test");
    let stage = before_the_install(&cluster, "older", |stage| {
        for resource in RESTARTABLE {
            stage.person(ALICE).apply(&file(resource)).success();
        }
        for resource in RESTARTABLE {
            stage.settled(&format!("{resource}/{resource}"));
            stage.wait_for_children("pods", &maker(stage, resource), 1);
        }
    });
    for (resource, kind) in RESTARTABLE
        .into_iter()
        .zip(["deployment", "statefulset", "daemonset"])
    {
        lose_pods(&stage, &maker(&stage, resource));
        let advice = format!("kubectl rollout restart {kind}/{resource} ");
        stage.wait_for_event("FailedCreate", &["denied the request", &advice]);
        assert_eq!(stage.children("pods", &maker(&stage, resource)).len(), 0);

        // The same file again is no change, and starts no roll-out.
        let watched = Watched::new(&stage, &format!("{resource}/{resource}"));
        watched.kept("alice applies again", || {
            stage.person(ALICE).apply(&file(resource)).success();
        });
        watched.kept("bob may not restart it", || {
            let denial = stage
                .person(BOB)
                .run(&["rollout", "restart", resource, resource])
                .failure();
            assert_says(&denial, &["denied the request", BOB]);
        });
        stage
            .person(ALICE)
            .run(&["rollout", "restart", resource, resource])
            .success();
        let healed = stage.settled(&format!("{resource}/{resource}"));
        assert_stamped(template(&healed), ALICE);
        let pods = stage.wait_for_children("pods", &maker(&stage, resource), 1);
        assert_stamped(&pods[0], ALICE);
    }
}

#[test]
fn unstamped_workloads_that_do_not_roll_out_are_healed_by_the_next_write_of_a_person() {
    const HEALED: [&str; 3] = ["cronjobs", "replicasets", "replicationcontrollers"];
    let cluster = whole_exclusive();
    let stage = before_the_install(&cluster, "healed", |stage| {
        for resource in HEALED {
            let file = workload(resource, resource, To::Virtual, "env:test");
            stage.person(ALICE).apply(&file).success();
        }
        for resource in ["replicasets", "replicationcontrollers"] {
            stage.wait_for_children("pods", &maker(stage, resource), 1);
        }
    });
    for resource in HEALED {
        let current = || template(&stage.object(&format!("{resource}/{resource}"))).clone();
        if resource == "cronjobs" {
            stage.run_cron_job(resource);
            stage.wait_for_event("FailedCreate", &["denied the request", resource]);
        } else {
            lose_pods(&stage, &maker(&stage, resource));
            stage.wait_for_event("FailedCreate", &["denied the request", resource]);
        }
        // What controllers write of it is no person's request.
        assert_eq!(stamp(&current()), None, "{resource}");

        stage
            .person(ALICE)
            .run(&["annotate", resource, resource, "seen=yes"])
            .success();
        assert_stamped(&current(), ALICE);
    }
    for resource in ["replicasets", "replicationcontrollers"] {
        let pods = stage.wait_for_children("pods", &maker(&stage, resource), 1);
        assert_stamped(&pods[0], ALICE);
    }
    // The Job that was made before has no stamp either; the next one has.
    let cron = stage.object("cronjobs/cronjobs");
    for job in stage.children("jobs", &cron) {
        let name = job["metadata"]["name"].as_str().unwrap();
        stage
            .rest
            .delete(&stage.path(&format!("jobs/{name}?propagationPolicy=Background")))
            .success();
    }
    stage.run_cron_job("cronjobs");
    let jobs = stage.wait_for_children("jobs", &cron, 1);
    let pods = stage.wait_for_children("pods", &jobs[0], 1);
    assert_stamped(&pods[0], ALICE);
}

#[test]
fn a_write_of_somebody_without_rights_heals_nothing() {
    let cluster = whole_exclusive();
    let stage = before_the_install(&cluster, "unhealed", |stage| {
        let file = workload("cronjobs", "cronjobs", To::Virtual, "env:test");
        stage.person(ALICE).apply(&file).success();
    });
    stage
        .person(BOB)
        .run(&["annotate", "cronjob", "cronjobs", "seen=yes"]);
    if let Some(found) = stamp(template(&stage.object("cronjobs/cronjobs"))) {
        assert_eq!(found.user, BOB, "nobody is spoken for by another");
    }
    stage.run_cron_job("cronjobs");
    stage.wait_for_event("FailedCreate", &["denied the request", "cronjobs"]);
}

#[test]
fn in_warn_mode_pods_of_unstamped_workloads_are_let_in() {
    let cluster = whole_exclusive();
    cluster.remove_webhooks();
    let stage = Stage::on(cluster.namespace_named("soft", &[]));
    let resources: Vec<&str> = RESOURCES
        .into_iter()
        .filter(|&resource| resource != "cronjobs")
        .collect();
    for &resource in &resources {
        let file = workload(resource, resource, To::Virtual, "env:test");
        stage.person(ALICE).apply(&file).success();
    }
    for &resource in &resources {
        if resource != "jobs" && resource != "replicationcontrollers" {
            stage.settled(&format!("{resource}/{resource}"));
        }
        stage.wait_for_children("pods", &maker(&stage, resource), 1);
    }
    cluster.install(&install::values_of_whole_cluster());
    cluster.scale(1);

    for &resource in &resources {
        let old = stage.children("pods", &maker(&stage, resource));
        lose_pods(&stage, &maker(&stage, resource));
        crate::harness::wait::eventually("a new pod", || {
            let new = stage.children("pods", &maker(&stage, resource));
            if new.len() == 1 && new[0]["metadata"]["uid"] != old[0]["metadata"]["uid"] {
                Ok(())
            } else {
                Err(stage.events())
            }
        });
    }
    let judged = stage.judged();
    assert!(
        judged
            .iter()
            .any(|one| one.operation == "CREATE" && one.decision == "warn"),
        "{judged:?}"
    );
}

#[test]
fn a_label_that_leads_a_namespace_to_eci_later_makes_its_workloads_unstamped_ones() {
    let stage = Stage::new("labelled-later");
    stage
        .person(ALICE)
        .apply(&workload("deployments", "deployments", To::AnyNode, "env:test"))
        .success();
    stage.settled("deployments/deployments");
    stage.wait_for_children("pods", &maker(&stage, "deployments"), 1);
    stage
        .admin()
        .run(&["label", "namespace", &stage.name, "alibabacloud.com/eci=true"])
        .success();
    crate::harness::wait::eventually("the label is known", || {
        let outcome = stage.person(BOB).give(
            &["create", "--dry-run=server"],
            &crate::harness::workloads::pod("probe", To::AnyNode, "env:test"),
        );
        if outcome.succeeded { Err("not yet") } else { Ok(()) }
    });

    lose_pods(&stage, &maker(&stage, "deployments"));
    stage.wait_for_event(
        "FailedCreate",
        &[
            "denied the request",
            "kubectl rollout restart deployment/deployments ",
        ],
    );
    stage
        .person(ALICE)
        .run(&["rollout", "restart", "deployments", "deployments"])
        .success();
    stage.settled("deployments/deployments");
    let pods = stage.wait_for_children("pods", &maker(&stage, "deployments"), 1);
    assert_stamped(&pods[0], ALICE);
}
