//! Stamps that listed controllers bring: in some kinds they count only if the owner has them now.

use crate::admission::outcome::mode::OnDifference;
use crate::admission::review::complete::OwnerRead;
use crate::admission::tests::*;
use crate::stamp::REQUESTED_BY;

const CONTROLLER: &str = "system:serviceaccount:tekton-pipelines:tekton-pipelines-controller";

fn listing() -> Configuration {
    let cluster = "cluster: {carriers: [{preset: tekton}, {preset: openkruise}]}\nboundaries:";
    configuration(&[("boundaries:", cluster)])
}

/// What a webhook answers a controller about an object that it writes
fn answered(
    user: &str,
    (group, resource): (&str, &str),
    (new, old): (&Value, Option<&Value>),
    read: OwnerRead,
    mode: Mode,
) -> Response {
    let operation = if old.is_some() { "UPDATE" } else { "CREATE" };
    let body = json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {
            "uid": "u-1", "resource": {"group": group, "version": "v1", "resource": resource},
            "name": "build", "namespace": "shop", "operation": operation, "object": new, "oldObject": old,
            "userInfo": {"username": user},
        },
    })
    .to_string();
    let configuration = listing();
    let mut review = Review::parse(body.as_bytes()).unwrap();
    review.read_listed(&configuration.cluster).unwrap();
    let named = NamedObjects {
        owner: read,
        ..NamedObjects::default()
    };
    let complete = CompleteReview::new(&review, named);
    let modes = Modes {
        on_difference: OnDifference::Record,
        ..Modes::everywhere(mode)
    };
    let cluster = ClusterSnapshot::default();
    respond(
        Webhook::Validating,
        &complete,
        &configuration,
        &cluster,
        &modes,
        now(),
    )
}

fn code(answer: &Response) -> &str {
    answer.causes().first().map_or("", |cause| &cause.reason)
}

/// A TaskRun as the user `test` wrote it
fn task_run() -> Value {
    let run = json!({
        "apiVersion": "tekton.dev/v1", "kind": "TaskRun",
        "metadata": {"name": "build", "namespace": "shop", "uid": "u-run", "labels": {"alibabacloud.com/eci": "true"},
            "annotations": {CUSTOM_TAGS: "env:test"}},
        "spec": {"taskRef": {"name": "shared"}},
    });
    let snapshot = ClusterSnapshot::default();
    offline::stamped(&run, ("test", &[], None), &listing(), &snapshot, now()).unwrap()
}

/// The pod of that TaskRun
fn pod_of(run: &Value, owner: &Value) -> Value {
    let mut pod = pod(json!(run["metadata"]["annotations"]));
    pod["metadata"]["ownerReferences"] = json!([owner]);
    pod
}

fn owner(kind: &str, api_version: &str) -> Value {
    json!({"apiVersion": api_version, "kind": kind, "name": "build", "uid": "u-run", "controller": true})
}

#[test]
fn a_stamp_counts_in_a_pod_if_its_owner_has_the_same_now() {
    let run = task_run();
    let pod = pod_of(&run, &owner("TaskRun", "tekton.dev/v1"));
    let found = |run: &Value| OwnerRead::Found(run.to_string().into());
    let mut replaced = run.clone();
    replaced["metadata"]["uid"] = json!("u-other");
    let mut unstamped = run.clone();
    unstamped["metadata"]["annotations"] = json!({CUSTOM_TAGS: "env:test"});
    // Where no pod gets its metadata from
    let mut elsewhere = unstamped.clone();
    elsewhere["spec"]["note"] = json!({"annotations": run["metadata"]["annotations"]});
    for (read, expected) in [
        (found(&run), ""),
        (OwnerRead::Assumed, ""),
        (found(&replaced), "ForgedStamp"),
        (found(&unstamped), "ForgedStamp"),
        (found(&elsewhere), "ForgedStamp"),
        (found(&json!("nothing")), "ForgedStamp"),
        (OwnerRead::Absent, "ForgedStamp"),
        (OwnerRead::Unread, "OwnerUnread"),
        (OwnerRead::NotNeeded, "OwnerUnread"),
    ] {
        for mode in [Mode::Enforce, Mode::Warn, Mode::Audit] {
            let answer = answered(CONTROLLER, ("", "pods"), (&pod, None), read.clone(), mode);
            assert_eq!(code(&answer), expected, "{read:?} {mode}");
            let is_denied = answer.decision == Decision::Deny;
            assert_eq!(is_denied, mode == Mode::Enforce && !expected.is_empty());
        }
    }
}

#[test]
fn an_object_that_nothing_controls_keeps_its_stamp_and_gets_no_other_by_its_controller() {
    let run = task_run();
    let mut plain = run.clone();
    plain["metadata"]["labels"] = json!({});
    plain["metadata"]["annotations"] = json!({});
    let taskruns = ("tekton.dev", "taskruns");
    // As the controller merges the annotations of a Task into a TaskRun
    let merged = answered(
        CONTROLLER,
        taskruns,
        (&run, Some(&plain)),
        OwnerRead::NotNeeded,
        Mode::Enforce,
    );
    assert_eq!(code(&merged), "ForgedStamp");
    let mut noted = run.clone();
    noted["metadata"]["annotations"]["example.com/note"] = json!("x");
    noted["spec"]["retries"] = json!(1);
    let kept = answered(
        CONTROLLER,
        taskruns,
        (&noted, Some(&run)),
        OwnerRead::NotNeeded,
        Mode::Enforce,
    );
    assert_eq!(code(&kept), "");
}

#[test]
fn where_pods_are_copies_of_one_template_any_stamp_of_the_object_counts() {
    let stamped = json!({
        "apiVersion": "apps.kruise.io/v1alpha1", "kind": "CloneSet",
        "metadata": {"name": "build", "namespace": "shop", "uid": "u-run"},
        "spec": {"template": pod(json!({CUSTOM_TAGS: "env:test"}))},
    });
    let snapshot = ClusterSnapshot::default();
    let stamped = offline::stamped(&stamped, ("test", &[], None), &listing(), &snapshot, now()).unwrap();
    let mut pod = stamped["spec"]["template"].clone();
    assert!(pod["metadata"]["annotations"].get(REQUESTED_BY).is_some());
    pod["metadata"]["name"] = json!("build-1");
    pod["metadata"]["ownerReferences"] = json!([owner("CloneSet", "apps.kruise.io/v1alpha1")]);
    // An older revision has a stamp that the object does not have any more, so nothing is read
    let answer = answered(
        "system:serviceaccount:kruise-system:kruise-manager",
        ("", "pods"),
        (&pod, None),
        OwnerRead::NotNeeded,
        Mode::Enforce,
    );
    assert_eq!(code(&answer), "");
}
