//! Queues: Kueue writes a flavor of virtual nodes into a suspended Job when it starts it, and takes it out again when it
//! stops it. The tests write what Kueue 0.17 writes, under its service account.

use serde_json::Value;
use serde_json::json;

use crate::harness::cast::{ALICE, BOB, KUEUE};
use crate::harness::nodes::{TAINT, VIRTUAL};
use crate::harness::rest::{Patch, Reply};
use crate::harness::stage::{Stage, assert_says, assert_stamped, stamp, template};
use crate::harness::wait::eventually;
use crate::harness::workloads::{To, workload};

const ECI: &str = "alibabacloud.com/eci";
/// What Kueue writes about its own objects into the pods of a Job
const LABELS: [(&str, &str); 3] = [
    ("kueue.x-k8s.io/podset", "main"),
    ("kueue.x-k8s.io/queue-name", "users"),
    ("kueue.x-k8s.io/cluster-queue-name", "all"),
];

/// A Job in a queue, suspended as Kueue's webhook does it, with or without the label of ECI
fn queued(has_mark: bool) -> Value {
    let mut job = workload("jobs", "fit", To::AnyNode, "env:test");
    job["metadata"]["labels"] = json!({"kueue.x-k8s.io/queue-name": "users"});
    job["spec"]["suspend"] = true.into();
    if has_mark {
        job["spec"]["template"]["metadata"]["labels"][ECI] = "true".into();
    }
    job
}

/// Starts a Job with the node labels, tolerations and notes of a flavor
fn start(stage: &Stage<'_>) -> Reply {
    let labels: serde_json::Map<_, _> = LABELS
        .iter()
        .map(|&(key, value)| (key.into(), value.into()))
        .collect();
    let flavor = json!({
        "metadata": {"labels": labels, "annotations": {"kueue.x-k8s.io/workload": "job-fit-1a2b3"}},
        "spec": {
            "nodeSelector": {"type": "virtual-kubelet"},
            "tolerations": [{"key": TAINT, "operator": "Exists", "effect": "NoSchedule"}],
        },
    });
    let change = json!({"spec": {"suspend": false, "template": flavor}});
    stage
        .rest(KUEUE)
        .patch(&stage.path("jobs/fit"), Patch::Merge, &change)
}

/// Stops a Job in three steps, and restores its template
fn stop(stage: &Stage<'_>) {
    let kueue = stage.rest(KUEUE);
    let job = stage.path("jobs/fit");
    let note = "kueue.x-k8s.io/stopping";
    let suspend = json!({"metadata": {"annotations": {note: "true"}}, "spec": {"suspend": true}});
    kueue.patch(&job, Patch::Merge, &suspend).success();
    let labels: serde_json::Map<_, _> = LABELS.iter().map(|&(key, _)| (key.into(), Value::Null)).collect();
    let restored = json!({
        "metadata": {"labels": labels, "annotations": {"kueue.x-k8s.io/workload": null}},
        "spec": {"nodeSelector": null, "tolerations": null},
    });
    let restore = json!({"metadata": {"annotations": {note: null}}, "spec": {"template": restored}});
    // Until the Job's controller has seen that the Job is suspended, the API server refuses this, and Kueue tries again.
    eventually("the template is restored", || {
        let status = json!({"status": {"startTime": null}});
        kueue
            .patch(&format!("{job}/status"), Patch::Merge, &status)
            .success();
        let reply = kueue.patch(&job, Patch::Merge, &restore);
        match reply.status {
            422 => Err(reply.body.to_string()),
            _ => Ok(reply.success()),
        }
    });
}

/// Fails unless the only pod of the Job was judged for alice and is on the virtual node
#[track_caller]
fn assert_runs_for_alice(stage: &Stage<'_>) {
    let job = stage.object("jobs/fit");
    assert_stamped(template(&job), ALICE);
    let pod = eventually("the Job has its pod", || {
        let mut pods = stage.children("pods", &job);
        pods.retain(|pod| pod["metadata"]["deletionTimestamp"].is_null());
        match pods.as_slice() {
            [pod] => Ok(pod.clone()),
            _ => Err(stage.events()),
        }
    });
    assert_stamped(&pod, ALICE);
    assert_eq!(
        stage.wait_for_node(pod["metadata"]["name"].as_str().unwrap()),
        VIRTUAL
    );
    assert_eq!(stage.creators(), ["user/alice"]);
}

#[test]
fn a_job_for_eci_that_kueue_starts_and_stops_stays_its_author_s() {
    let stage = Stage::new("queue");
    let said = stage.person(BOB).apply(&queued(true)).failure();
    assert_says(&said, &["denied the request", "(RAM user `bob`)"]);
    stage.person(ALICE).apply(&queued(true)).success();
    let first = assert_stamped(template(&stage.object("jobs/fit")), ALICE);
    start(&stage).success();
    assert_runs_for_alice(&stage);
    stop(&stage);
    start(&stage).success();
    assert_runs_for_alice(&stage);
    assert_eq!(stamp(template(&stage.object("jobs/fit"))), Some(first));
}

#[test]
fn a_job_without_a_mark_is_its_author_s_where_the_namespace_has_queues() {
    let stage = Stage::labelled("queues", &[("burst", "yes")]);
    stage.person(ALICE).apply(&queued(false)).success();
    start(&stage).success();
    assert_runs_for_alice(&stage);
}

#[test]
fn elsewhere_kueue_itself_is_asked_for_a_job_without_a_mark() {
    let stage = Stage::new("no-queues");
    stage.person(ALICE).apply(&queued(false)).success();
    let job = stage.object("jobs/fit");
    assert_eq!(stamp(template(&job)), None);
    let denial = start(&stage).denial();
    assert_says(&denial, &[KUEUE, "UnboundIdentity"]);
    assert_eq!(stage.object("jobs/fit")["spec"]["suspend"], true);
    assert!(stage.children("pods", &job).is_empty());
}
