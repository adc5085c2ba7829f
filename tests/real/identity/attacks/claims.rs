//! Objects that claim to be somebody else's.

use serde_json::Value;
use serde_json::json;

use crate::harness::cast::{ALICE, BOB, DAVE, MALLORY};
use crate::harness::objects::TAGS;
use crate::harness::rest::{Patch, Rest};
use crate::harness::stage::{STAMP, Stage, assert_says, assert_stamped, stamp, template};
use crate::harness::workloads::{To, deployment, image, pod, workload};

const CONTROLLER: &str = "system:serviceaccount:kube-system:replicaset-controller";

/// Applies alice's Deployment `web` and gives its ReplicaSet
#[track_caller]
fn alices(stage: &Stage<'_>) -> Value {
    stage
        .person(ALICE)
        .apply(&deployment("web", To::Virtual, "env:test"))
        .success();
    let web = stage.settled("deployments/web");
    stage.wait_for_children("replicasets", &web, 1).remove(0)
}

/// A pod as the controller makes it of a ReplicaSet
fn pod_of(set: &Value, name: &str) -> Value {
    let mut metadata = template(set)["metadata"].clone();
    metadata["name"] = name.into();
    metadata["ownerReferences"] = json!([{
        "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": set["metadata"]["name"],
        "uid": set["metadata"]["uid"], "controller": true, "blockOwnerDeletion": true,
    }]);
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template(set)["spec"]})
}

/// The real controller's identity, in the hands of the test
fn controller(stage: &Stage<'_>) -> Rest {
    stage.rest(CONTROLLER)
}

/// Forged owner references on a bare pod: it is a bare pod of the requester.
#[test]
fn a_pod_that_claims_a_controller_as_its_owner_is_its_author_s() {
    let stage = Stage::new("owner");
    let set = alices(&stage);
    let forged = pod_of(&set, "forged");
    for user in [BOB, MALLORY] {
        let denial = stage.rest(user).create(&stage.path("pods"), &forged).denial();
        assert_says(&denial, &[user]);
    }
    let made = stage.rest(DAVE).create(&stage.path("pods"), &forged).success();
    assert_stamped(&made, DAVE);
}

/// A stamp copied from another workload of the namespace: it is overwritten, and whoever pastes it is asked.
#[test]
fn a_stamp_copied_from_another_workload_is_worth_nothing() {
    let stage = Stage::new("copied");
    let set = alices(&stage);
    let copied = stamp(template(&set)).unwrap().text;
    for resource in ["deployments", "replicasets", "jobs", "cronjobs", "statefulsets"] {
        let mut file = workload(resource, "copy", To::Virtual, "env:test");
        let template = if resource == "cronjobs" {
            &mut file["spec"]["jobTemplate"]["spec"]["template"]
        } else {
            &mut file["spec"]["template"]
        };
        template["metadata"]["annotations"][STAMP] = copied.as_str().into();
        for user in [BOB, MALLORY] {
            let denial = stage.rest(user).create(&stage.path(resource), &file).denial();
            assert_says(&denial, &[user]);
        }
    }
    let mut pod = pod("copy", To::Virtual, "env:test");
    pod["metadata"]["annotations"][STAMP] = copied.as_str().into();
    stage.rest(BOB).create(&stage.path("pods"), &pod).denial();
    // Also where nothing but the stamp itself leads to ECI.
    let mut plain = crate::harness::workloads::pod("plain", To::AnyNode, "");
    plain["metadata"]["annotations"] = json!({STAMP: copied});
    let reply = stage.rest(BOB).create(&stage.path("pods"), &plain);
    if reply.succeeded() {
        assert_ne!(stamp(&reply.body).map(|found| found.user), Some(ALICE.to_owned()));
    }
}

/// A stamp copied from another namespace or cluster, on a pod that a controller makes: it verifies for neither.
#[test]
fn a_stamp_of_another_namespace_or_cluster_or_with_any_other_change_is_denied() {
    let here = Stage::new("here");
    let there = Stage::new("there");
    let set = alices(&here);
    let theirs = alices(&there);
    let path = here.path("pods");
    // The control of this experiment: with its own stamp the pod is made.
    controller(&here).create(&path, &pod_of(&set, "own")).success();

    let own = stamp(template(&set)).unwrap().text;
    let other = stamp(template(&theirs)).unwrap().text;
    let mut forgeries = vec![other, String::new(), "null".to_owned(), "{}".to_owned()];
    let parsed: Value = serde_json::from_str(&own).unwrap();
    for (field, value) in [
        ("user", DAVE),
        ("principal", "user/dave"),
        ("principal", "account"),
        ("namespace", "kube-system"),
        ("cluster", "another-cluster"),
        ("key", "another-key"),
        ("mac", "00"),
    ] {
        let mut forged = parsed.clone();
        forged[field] = value.into();
        forgeries.push(forged.to_string());
    }
    let mut extended = parsed;
    extended["admin"] = true.into();
    forgeries.push(extended.to_string());
    for forgery in forgeries {
        let mut pod = pod_of(&set, "forged");
        pod["metadata"]["annotations"][STAMP] = forgery.as_str().into();
        let reply = controller(&here).create(&path, &pod);
        assert!(!reply.succeeded(), "{forgery}: {reply:?}");
        reply.denial();
    }
}

/// User B edits image, annotations or anything else of A's Deployment: it is B's, and B is asked.
#[test]
fn whoever_edits_somebody_s_template_is_asked_for_it() {
    let stage = Stage::new("editor");
    alices(&stage);
    let path = stage.path("deployments/web");
    let template_patch = |patch: Value| json!({"spec": {"template": patch}});
    let container = |field: &str, value: Value| {
        let container = json!({"name": "main", field: value});
        template_patch(json!({"spec": {"containers": [container]}}))
    };
    let annotation =
        |key: &str, value: &str| template_patch(json!({"metadata": {"annotations": {key: value}}}));
    for change in [
        image("deployments", "registry.example.com/evil:1"),
        container("command", json!(["sh"])),
        container("env", json!([{"name": "A", "value": "b"}])),
        annotation("example.com/any", "thing"),
        annotation(TAGS, "env:test,team:evil"),
        annotation("k8s.aliyun.com/eci-use-specs", "2-4Gi"),
        template_patch(json!({"metadata": {"labels": {"more": "labels"}}})),
        template_patch(json!({"spec": {"serviceAccountName": "other"}})),
        template_patch(json!({"spec": {"terminationGracePeriodSeconds": 1}})),
    ] {
        for user in [BOB, MALLORY] {
            let denial = stage.rest(user).patch(&path, Patch::Strategic, &change).denial();
            assert_says(&denial, &[user]);
        }
    }
    let stored = stage.object("deployments/web");
    assert_stamped(template(&stored), ALICE);
    assert_eq!(stage.children("replicasets", &stored).len(), 1);
}

/// Undo, set, server-side apply of a sub-field, JSON patch of an annotation alone: any change of a template re-stamps.
#[test]
fn every_road_to_a_changed_template_names_whoever_took_it() {
    let stage = Stage::new("roads");
    alices(&stage);
    let path = stage.path("deployments/web");
    let dave = stage.person(DAVE);
    let alice = stage.person(ALICE);
    let current = || stage.object("deployments/web");
    let annotation = "/spec/template/metadata/annotations/k8s.aliyun.com~1eci-custom-tags";
    let roads: [(&str, &dyn Fn()); 6] = [
        ("set image", &|| {
            dave.run(&[
                "set",
                "image",
                "deployment/web",
                "main=registry.example.com/app:9",
            ])
            .success();
        }),
        ("set env", &|| {
            dave.run(&["set", "env", "deployment/web", "LEVEL=9"]).success();
        }),
        ("set resources", &|| {
            dave.run(&["set", "resources", "deployment/web", "--requests=cpu=9m"])
                .success();
        }),
        ("undo", &|| {
            dave.run(&["rollout", "undo", "deployment/web"]).success();
        }),
        ("server-side apply", &|| {
            let field = json!({
                "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
                "spec": {"template": {"spec": {"terminationGracePeriodSeconds": 9}}},
            });
            stage.rest(DAVE).patch(&path, Patch::Apply, &field).success();
        }),
        ("json patch", &|| {
            let patch = json!([{"op": "replace", "path": annotation, "value": "env:test,by:dave"}]);
            stage.rest(DAVE).patch(&path, Patch::Json, &patch).success();
        }),
    ];
    for (what, road) in roads {
        alice
            .run(&["set", "env", "deployment/web", &format!("BEFORE={what}")])
            .success();
        assert_stamped(template(&current()), ALICE);
        road();
        let found = stamp(template(&current())).map(|found| found.user);
        assert_eq!(found.as_deref(), Some(DAVE), "{what}");
    }
}

/// A ReplicaSet of a Deployment, or the template of a Job in a CronJob, edited directly: it is its editor's.
#[test]
fn a_replica_set_or_cron_job_that_is_edited_directly_is_its_editor_s() {
    let stage = Stage::new("direct");
    let set = alices(&stage);
    let name = set["metadata"]["name"].as_str().unwrap();
    stage
        .person(ALICE)
        .apply(&workload("cronjobs", "nightly", To::Virtual, "env:test"))
        .success();
    for (resource, name) in [("replicasets", name), ("cronjobs", "nightly")] {
        let path = stage.path(&format!("{resource}/{name}"));
        let change = image(resource, "registry.example.com/evil:1");
        for user in [BOB, MALLORY] {
            let denial = stage.rest(user).patch(&path, Patch::Strategic, &change).denial();
            assert_says(&denial, &[user]);
        }
        let edited = stage.rest(DAVE).patch(&path, Patch::Strategic, &change).success();
        assert_stamped(template(&edited), DAVE);
    }
    // The Deployment still is alice's, and her template is what runs.
    let web = stage.settled("deployments/web");
    assert_stamped(template(&web), ALICE);
}

/// `kubectl create job --from=cronjob`: the Job is the requester's.
#[test]
fn a_job_that_somebody_makes_of_a_cron_job_is_that_person_s() {
    let stage = Stage::new("from");
    stage
        .person(ALICE)
        .apply(&workload("cronjobs", "nightly", To::Virtual, "env:test"))
        .success();
    let make = |user: &str| {
        stage
            .person(user)
            .run(&["create", "job", "now", "--from=cronjob/nightly"])
    };
    for user in [BOB, MALLORY] {
        assert_says(&make(user).failure(), &["denied the request", user]);
    }
    make(DAVE).success();
    let job = stage.object("jobs/now");
    assert_stamped(template(&job), DAVE);
    let pods = stage.wait_for_children("pods", &job, 1);
    assert_stamped(&pods[0], DAVE);
    assert_eq!(stage.creators(), ["user/dave"]);
}

/// A bare pod with the labels of a ReplicaSet, which adopts it: it was judged for its author, and stays that person's.
#[test]
fn a_pod_that_a_replica_set_adopts_stays_its_author_s() {
    let stage = Stage::new("adopted");
    let mut orphan = pod("orphan", To::Virtual, "env:test");
    orphan["metadata"]["labels"]["app"] = "web".into();
    for user in [BOB, MALLORY] {
        stage.rest(user).create(&stage.path("pods"), &orphan).denial();
    }
    stage.rest(DAVE).create(&stage.path("pods"), &orphan).success();
    stage
        .person(ALICE)
        .apply(&workload("replicasets", "web", To::Virtual, "env:test"))
        .success();
    let pods = stage.wait_for_children("pods", &stage.object("replicasets/web"), 1);
    assert_eq!(pods[0]["metadata"]["name"], "orphan");
    assert_stamped(&pods[0], DAVE);
}
