//! The other kinds of workload: the stamp of each reaches its pods, and nobody's roll-out is started by it.

use serde_json::Value;
use serde_json::json;

use crate::harness::cast::{ALICE, BOB, DAVE, MALLORY};
use crate::harness::rest::Patch;
use crate::harness::rollout::Watched;
use crate::harness::stage::{Stage, assert_says, assert_stamped, stamp, template};
use crate::harness::workloads::{To, image, workload};

/// Kinds whose controllers make pods of them themselves, and whose templates can be changed
const DIRECT: [&str; 4] = [
    "replicasets",
    "statefulsets",
    "daemonsets",
    "replicationcontrollers",
];

/// Applies alice's workload of this kind, which has the resource as its name, and waits for its pod
#[track_caller]
fn alices(stage: &Stage<'_>, resource: &str) -> (Value, Value) {
    let file = workload(resource, resource, To::Virtual, "env:test");
    stage.person(ALICE).apply(&file).success();
    let owner = stage.object(&format!("{resource}/{resource}"));
    let pods = stage.wait_for_children("pods", &owner, 1);
    (file, pods[0].clone())
}

#[test]
fn pods_of_every_kind_carry_the_stamp_and_are_judged_for_that_person() {
    let stage = Stage::new("direct");
    for resource in DIRECT.into_iter().chain(["jobs"]) {
        let (_, pod) = alices(&stage, resource);
        let owner = stage.object(&format!("{resource}/{resource}"));
        assert_eq!(
            stamp(&pod),
            Some(assert_stamped(template(&owner), ALICE)),
            "{resource}"
        );
    }
    assert_eq!(stage.creators(), ["user/alice"]);
}

#[test]
fn what_leaves_a_template_as_it_is_starts_no_roll_out_of_any_kind() {
    let stage = Stage::new("unchanged");
    for resource in DIRECT {
        let (file, pod) = alices(&stage, resource);
        let watched = Watched::new(&stage, &format!("{resource}/{resource}"));
        for user in [ALICE, BOB, MALLORY] {
            let person = stage.person(user);
            watched.kept(&format!("{user} applies the same {resource}"), || {
                person.apply(&file).success();
            });
            watched.kept(&format!("{user} annotates {resource}"), || {
                let note = format!("by={user}");
                person
                    .run(&["annotate", resource, resource, "--overwrite", &note])
                    .success();
            });
            if resource != "daemonsets" {
                for replicas in ["--replicas=2", "--replicas=1"] {
                    watched.kept(&format!("{user} scales {resource}"), || {
                        person.run(&["scale", resource, resource, replicas]).success();
                    });
                }
            }
        }
        // Its first pod is still there, unless the scaling took that one.
        let owner = stage.object(&format!("{resource}/{resource}"));
        let pods = stage.wait_for_children("pods", &owner, 1);
        assert_eq!(stamp(&pods[0]), stamp(&pod), "{resource}");
    }
    assert_eq!(stage.creators(), ["user/alice"]);
}

#[test]
fn a_changed_template_of_any_kind_makes_the_next_pods_those_of_its_editor() {
    let stage = Stage::new("edited");
    for resource in DIRECT {
        let (_, first) = alices(&stage, resource);
        let path = stage.path(&format!("{resource}/{resource}"));
        let change = image(resource, "registry.example.com/app:2");
        let denial = stage.rest(BOB).patch(&path, Patch::Strategic, &change).denial();
        assert_says(&denial, &[BOB]);
        stage.rest(DAVE).patch(&path, Patch::Strategic, &change).success();
        // The controllers of these two leave old pods alone.
        if matches!(resource, "replicasets" | "replicationcontrollers") {
            stage.lose(&first);
        }
        let owner = stage.object(&format!("{resource}/{resource}"));
        crate::harness::wait::eventually("the new pod", || {
            let pods = stage.children("pods", &owner);
            match pods.as_slice() {
                [pod] if pod["metadata"]["uid"] != first["metadata"]["uid"] => {
                    assert_stamped(pod, DAVE);
                    Ok(())
                }
                _ => Err(stage.events()),
            }
        });
    }
    assert_eq!(stage.creators(), ["user/alice", "user/dave"]);
}

#[test]
fn a_restart_of_a_stateful_set_or_daemon_set_is_the_request_of_whoever_asks_for_it() {
    let stage = Stage::new("restarted");
    for resource in ["statefulsets", "daemonsets"] {
        alices(&stage, resource);
        let watched = Watched::new(&stage, &format!("{resource}/{resource}"));
        let restart = |user: &str| {
            stage
                .person(user)
                .run(&["rollout", "restart", resource, resource])
        };
        watched.kept("bob may not", || {
            assert_says(&restart(BOB).failure(), &["denied the request", BOB]);
        });
        watched.rolls_out("dave restarts", DAVE, || {
            restart(DAVE).success();
        });
    }
}

#[test]
fn an_undo_of_a_stateful_set_or_daemon_set_is_the_request_of_whoever_asks_for_it() {
    let stage = Stage::new("undone");
    for resource in ["statefulsets", "daemonsets"] {
        alices(&stage, resource);
        let watched = Watched::new(&stage, &format!("{resource}/{resource}"));
        let path = stage.path(&format!("{resource}/{resource}"));
        watched.rolls_out("alice sets an image", ALICE, || {
            let change = image(resource, "registry.example.com/app:2");
            stage
                .rest(ALICE)
                .patch(&path, Patch::Strategic, &change)
                .success();
        });
        let undo = |user: &str| stage.person(user).run(&["rollout", "undo", resource, resource]);
        watched.kept("bob may not", || {
            assert_says(&undo(BOB).failure(), &["denied the request", BOB]);
        });
        watched.rolls_out("dave goes back", DAVE, || {
            undo(DAVE).success();
        });
    }
}

#[test]
fn a_cron_job_s_stamp_goes_through_its_job_to_the_pod() {
    let stage = Stage::new("cron");
    let file = workload("cronjobs", "nightly", To::Virtual, "env:test");
    stage.person(ALICE).apply(&file).success();
    let cron = stage.object("cronjobs/nightly");
    let written = assert_stamped(template(&cron), ALICE);

    stage.run_cron_job("nightly");
    let jobs = stage.wait_for_children("jobs", &cron, 1);
    assert_eq!(stamp(template(&jobs[0])), Some(written.clone()));
    let pods = stage.wait_for_children("pods", &jobs[0], 1);
    assert_eq!(stamp(&pods[0]), Some(written));
    assert_eq!(stage.creators(), ["user/alice"]);
}

#[test]
fn a_cron_job_keeps_its_stamp_unless_its_template_changes() {
    let stage = Stage::new("cron-kept");
    let file = workload("cronjobs", "nightly", To::Virtual, "env:test");
    stage.person(ALICE).apply(&file).success();
    let current = || stamp(template(&stage.object("cronjobs/nightly")));
    let first = current();
    for user in [ALICE, BOB, MALLORY] {
        let person = stage.person(user);
        person.apply(&file).success();
        person
            .run(&[
                "annotate",
                "cronjob",
                "nightly",
                "--overwrite",
                &format!("by={user}"),
            ])
            .success();
        let path = stage.path("cronjobs/nightly");
        // When it runs is not whose it is.
        let schedule = json!({"spec": {"schedule": "0 0 2 1 *", "suspend": false}});
        stage.rest(user).patch(&path, Patch::Merge, &schedule).success();
        assert_eq!(current(), first, "{user}");
    }

    let path = stage.path("cronjobs/nightly");
    let change = image("cronjobs", "registry.example.com/app:2");
    stage.rest(BOB).patch(&path, Patch::Strategic, &change).denial();
    stage.rest(DAVE).patch(&path, Patch::Strategic, &change).success();
    assert_stamped(template(&stage.object("cronjobs/nightly")), DAVE);
    stage.run_cron_job("nightly");
    let cron = stage.object("cronjobs/nightly");
    let jobs = stage.wait_for_children("jobs", &cron, 1);
    let pods = stage.wait_for_children("pods", &jobs[0], 1);
    assert_stamped(&pods[0], DAVE);
}

#[test]
fn a_job_can_be_annotated_suspended_and_applied_again_by_anyone() {
    let stage = Stage::new("job");
    let (file, pod) = alices(&stage, "jobs");
    let current = || stamp(template(&stage.object("jobs/jobs")));
    let first = current();
    for user in [ALICE, BOB, MALLORY] {
        let person = stage.person(user);
        // Its template cannot be changed, so a stamp that changed would be an error of the API server.
        person.apply(&file).success();
        person
            .run(&["annotate", "job", "jobs", "--overwrite", &format!("by={user}")])
            .success();
        for suspend in [true, false] {
            let spec = json!({"spec": {"suspend": suspend}});
            stage
                .rest(user)
                .patch(&stage.path("jobs/jobs"), Patch::Merge, &spec)
                .success();
        }
        assert_eq!(current(), first, "{user}");
    }
    let owner = stage.object("jobs/jobs");
    let pods = stage.wait_for_children("pods", &owner, 1);
    assert_eq!(stamp(&pods[0]), stamp(&pod));
}

#[test]
fn a_stamp_written_into_any_kind_is_put_back() {
    let stage = Stage::new("forged");
    for resource in DIRECT.into_iter().chain(["jobs", "cronjobs", "clonesets"]) {
        stage
            .person(ALICE)
            .apply(&workload(resource, resource, To::Virtual, "env:test"))
            .success();
        let path = stage.path(&format!("{resource}/{resource}"));
        let first = stamp(template(&stage.object(&format!("{resource}/{resource}"))));
        for value in [
            Value::Null,
            "".into(),
            r#"{"v":1,"user":"dave@example.com"}"#.into(),
        ] {
            let mut spec =
                json!({"template": {"metadata": {"annotations": {crate::harness::stage::STAMP: value}}}});
            if resource == "cronjobs" {
                spec = json!({"jobTemplate": {"spec": spec}});
            }
            stage
                .rest(BOB)
                .patch(&path, Patch::Merge, &json!({"spec": spec}))
                .success();
            let now = stamp(template(&stage.object(&format!("{resource}/{resource}"))));
            assert_eq!(now, first, "{resource}");
        }
    }
}
