//! Whoever touches what others wrote long ago, for a reason of their own: they ask for nothing by it.

use serde_json::Value;
use serde_json::json;

use crate::harness::cast::{ALICE, DAVE, MALLORY, ROLE};
use crate::harness::rest::Patch;
use crate::harness::stage::{Stage, assert_says, assert_stamped, stamp, template};
use crate::harness::wait::eventually;
use crate::harness::workloads::{To, workload};

/// The kinds that get a stamp without a change of their template
const LATE: [&str; 3] = ["cronjobs", "replicasets", "replicationcontrollers"];

/// Mallory's workloads, of which nothing says yet that they lead to ECI
#[track_caller]
fn hidden(stage: &Stage<'_>, resource: &str, role: bool) {
    let mut file = workload(resource, "nightly", To::AnyNode, "");
    if resource != "cronjobs" {
        file["spec"]["replicas"] = 0.into();
    }
    if role {
        let template = match resource {
            "cronjobs" => &mut file["spec"]["jobTemplate"]["spec"]["template"],
            _ => &mut file["spec"]["template"],
        };
        template["metadata"]["annotations"] = json!({"k8s.aliyun.com/eci-ram-role-name": ROLE});
    }
    stage.rest(MALLORY).create(&stage.path(resource), &file).success();
}

/// Leads the namespace to ECI, and waits until ramgate knows
fn lead(stage: &Stage<'_>) {
    stage
        .admin
        .run(&["label", "namespace", &stage.name, "alibabacloud.com/eci=true"])
        .success();
    let pod = crate::harness::objects::pod("probe");
    eventually("the namespace leads to ECI", || {
        let reply = stage
            .rest(MALLORY)
            .create(&(stage.path("pods") + "?dryRun=All"), &pod);
        (!reply.succeeded())
            .then_some(())
            .ok_or_else(|| format!("{reply:?}"))
    });
}

fn found(stage: &Stage<'_>, resource: &str) -> Option<String> {
    let object: Value = stage.object(&format!("{resource}/nightly"));
    stamp(template(&object)).map(|found| found.user)
}

/// `kubectl annotate --all` and its like: the template stays nobody's until somebody asks for it in so many words.
#[test]
fn a_bystander_s_write_makes_nobody_the_requester_of_another_s_template() {
    for role in [false, true] {
        let stage = Stage::new("bystander");
        for resource in LATE {
            hidden(&stage, resource, role);
        }
        lead(&stage);
        let annotate = |user: &str, resource: &str, note: &str| {
            stage
                .person(user)
                .run(&["annotate", "--overwrite", resource, "--all", note])
        };
        for resource in LATE {
            annotate(DAVE, resource, "x=y").success();
            stage
                .person(DAVE)
                .run(&["label", resource, "--all", "seen=yes"])
                .success();
            // Nor is a pause, or another count, a word about what the pods are.
            let path = stage.path(&format!("{resource}/nightly"));
            let change = match resource {
                "cronjobs" => json!({"spec": {"suspend": false}}),
                _ => json!({"metadata": {"annotations": {"z": "y"}}}),
            };
            stage.rest(DAVE).patch(&path, Patch::Merge, &change).success();
            assert_eq!(found(&stage, resource), None, "{resource}, role: {role}");

            // Whoever may not have such pods gets nothing by asking; alice may have none without a tag.
            for user in [MALLORY, ALICE] {
                let outcome = annotate(user, resource, "ramgate.io/stamped=mine");
                assert!(
                    outcome.succeeded || outcome.stderr.contains("denied the request"),
                    "{outcome:?}"
                );
                assert_eq!(
                    found(&stage, resource),
                    None,
                    "{resource} of {user}, role: {role}"
                );
            }
            annotate(DAVE, resource, "ramgate.io/stamped=requested").success();
            assert_stamped(template(&stage.object(&format!("{resource}/nightly"))), DAVE);
            // From then on it is his, whoever asks.
            for user in [MALLORY, ALICE] {
                let _ = annotate(user, resource, "ramgate.io/stamped=again");
                assert_eq!(found(&stage, resource).as_deref(), Some(DAVE));
            }
        }
        if role {
            continue;
        }
        // Until then nothing of it runs: here are others' Jobs.
        let other = Stage::new("untouched");
        hidden(&other, "cronjobs", role);
        lead(&other);
        other
            .person(DAVE)
            .run(&["annotate", "cronjobs", "--all", "x=y"])
            .success();
        other.run_cron_job("nightly");
        let denied = other.wait_for_event("FailedCreate", &["denied the request"]);
        assert_says(&denied, &["ramgate.io/stamped"]);
        assert!(other.creators().is_empty(), "{:?}", other.creators());
    }
}
