//! Old templates, which controllers keep in objects of their own and take up again.

use serde_json::Value;
use serde_json::json;

use crate::harness::cast::{ALICE, BOB, DAVE, MALLORY};
use crate::harness::rest::Patch;
use crate::harness::rollout::alices;
use crate::harness::stage::{Stage, assert_stamped, stamp, template};
use crate::harness::wait::eventually;
use crate::harness::workloads::{IMAGE, To, image, workload};

const EVIL: &str = "registry.example.com/evil:1";

/// A revision of alice's StatefulSet that somebody else has written: nothing comes of it in her name.
#[test]
fn a_forged_revision_of_a_stateful_set_makes_no_pod_in_its_person_s_name() {
    forge_a_revision("revision", "apps/v1");
}

/// A controller knows its revisions by the UID of their owner alone: one that says that it belongs to something else, with the
/// UID of alice's StatefulSet, is hers to take up all the same.
#[test]
fn a_revision_under_another_owner_s_name_makes_no_pod_in_its_person_s_name() {
    forge_a_revision("disguised", "apps.example.com/v1");
}

fn forge_a_revision(namespace: &str, owner_version: &str) {
    let stage = Stage::new(namespace);
    stage
        .person(ALICE)
        .apply(&workload("statefulsets", "web", To::Virtual, "env:test"))
        .success();
    let set = stage.settled("statefulsets/web");
    stage.wait_for_children("pods", &set, 1);
    let mut forged = stage.wait_for_children("controllerrevisions", &set, 1).remove(0);
    let metadata = forged["metadata"].as_object_mut().unwrap();
    for field in ["uid", "resourceVersion", "creationTimestamp", "managedFields"] {
        metadata.remove(field);
    }
    metadata.insert("name".to_owned(), "web-forged".into());
    metadata["ownerReferences"][0]["apiVersion"] = owner_version.into();
    forged["revision"] = 0.into();
    forged["data"]["spec"]["template"]["spec"]["containers"][0]["image"] = EVIL.into();

    // Without a stamp of alice's it would be denied as a pod, so this is the whole attack.
    let mallory = stage.rest(MALLORY);
    let made = mallory.create(&stage.path("controllerrevisions"), &forged);
    if !made.succeeded() {
        made.denial();
        return;
    }
    let current = json!({"status": {"currentRevision": "web-forged"}});
    mallory
        .patch(&stage.path("statefulsets/web/status"), Patch::Merge, &current)
        .success();
    let partition = json!({"spec": {
        "replicas": 2,
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 5}},
    }});
    mallory
        .patch(&stage.path("statefulsets/web"), Patch::Merge, &partition)
        .success();
    eventually("the second pod is made or denied", || {
        let denied = stage.events().contains("denied the request");
        let pods = stage.children("pods", &set).len();
        if denied || pods == 2 {
            Ok(())
        } else {
            Err(stage.events())
        }
    });
    for pod in stage.children("pods", &set) {
        if pod["spec"]["containers"][0]["image"] == EVIL {
            let owner = stamp(&pod).map(|found| found.user);
            assert_ne!(
                owner.as_deref(),
                Some(ALICE),
                "mallory's image runs in alice's name"
            );
        }
    }
}

/// A revision that is rewritten: the API server holds its data fast, whoever asks.
#[test]
fn the_data_of_a_revision_cannot_be_rewritten() {
    let stage = Stage::new("rewritten");
    stage
        .person(ALICE)
        .apply(&workload("statefulsets", "web", To::Virtual, "env:test"))
        .success();
    let set = stage.settled("statefulsets/web");
    let revision = stage.wait_for_children("controllerrevisions", &set, 1).remove(0);
    let name = revision["metadata"]["name"].as_str().unwrap();
    let path = "/data/spec/template/spec/containers/0/image";
    let patch = json!([{"op": "replace", "path": path, "value": EVIL}]);
    let reply = stage.rest(MALLORY).patch(
        &stage.path(&format!("controllerrevisions/{name}")),
        Patch::Json,
        &patch,
    );
    assert!(!reply.succeeded(), "{reply:?}");
}

/// The annotation by which the Deployment controller itself goes back: the template it takes up stays its author's.
#[test]
fn a_rollback_by_annotation_brings_back_the_person_of_that_revision() {
    let stage = Stage::new("rollback");
    alices(&stage);
    let path = stage.path("deployments/web");
    let change = image("deployments", "registry.example.com/app:2");
    stage.rest(DAVE).patch(&path, Patch::Strategic, &change).success();
    let web = stage.settled("deployments/web");
    stage.wait_for_children("replicasets", &web, 2);

    // Nobody asked bob whether he may, since he changes no template.
    let note = json!({"metadata": {"annotations": {"deprecated.deployment.rollback.to": "1"}}});
    let reply = stage.rest(BOB).patch(&path, Patch::Merge, &note);
    if !reply.succeeded() {
        reply.denial();
        return;
    }
    eventually("the controller has done what it was told", || {
        let now = stage.settled("deployments/web");
        match now["metadata"]["annotations"]["deprecated.deployment.rollback.to"] {
            Value::Null => Ok(()),
            _ => Err(stage.events()),
        }
    });
    let back = stage.settled("deployments/web");
    let current = &template(&back)["spec"]["containers"][0]["image"];
    let author = if current == IMAGE { ALICE } else { DAVE };
    assert_stamped(template(&back), author);
}

/// The same where the old template is another's: it comes back as theirs, judged by what they may today.
#[test]
fn a_rollback_by_annotation_never_puts_one_s_template_under_another_s_name() {
    let stage = Stage::new("renamed");
    stage
        .person(DAVE)
        .apply(&workload("deployments", "web", To::Virtual, "env:prod"))
        .success();
    let first = stage.settled("deployments/web");
    let path = stage.path("deployments/web");
    // Alice takes it over, for what she may have.
    stage
        .person(ALICE)
        .apply(&workload("deployments", "web", To::Virtual, "env:test"))
        .success();
    stage.wait_for_children("replicasets", &stage.settled("deployments/web"), 2);

    let note = json!({"metadata": {"annotations": {"deprecated.deployment.rollback.to": "1"}}});
    stage.rest(MALLORY).patch(&path, Patch::Merge, &note);
    eventually("the controller has tried", || {
        let told =
            stage.object("deployments/web")["metadata"]["annotations"]["deprecated.deployment.rollback.to"]
                .take();
        let judged = stage.judged();
        let tried = |user: &str| user.ends_with(":deployment-controller");
        let tried = judged
            .iter()
            .any(|one| one.resource == "deployments" && one.operation == "UPDATE" && tried(&one.user));
        if told.is_null() || tried {
            Ok(())
        } else {
            Err(stage.events())
        }
    });
    let now = stage.object("deployments/web");
    let tags = |workload: &Value| {
        template(workload)["metadata"]["annotations"][crate::harness::objects::TAGS].clone()
    };
    if tags(&now) == tags(&first) {
        assert_stamped(template(&now), DAVE);
    } else {
        assert_stamped(template(&now), ALICE);
    }
}
