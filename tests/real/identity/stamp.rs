//! The stamp on a Deployment: it names whoever wrote the template, reaches the pods, and nothing but a change of the
//! template changes it.

use serde_json::Value;
use serde_json::json;

use crate::harness::cast::{ALICE, BOB, DAVE, MALLORY};
use crate::harness::nodes::VIRTUAL;
use crate::harness::rest::Patch;
use crate::harness::rollout::{Watched, alices, newest_pod};
use crate::harness::stage::{STAMP, Stage, assert_says, assert_stamped, stamp, template};
use crate::harness::workloads::{To, deployment};

const SECOND: &str = "main=registry.example.com/app:2";

#[test]
fn the_stamp_of_a_deployment_reaches_its_replica_set_and_pods_which_are_judged_for_that_person() {
    let stage = Stage::new("carried");
    alices(&stage);
    let web = stage.object("deployments/web");
    let written = assert_stamped(template(&web), ALICE);
    let sets = stage.wait_for_children("replicasets", &web, 1);
    assert_eq!(assert_stamped(template(&sets[0]), ALICE), written);
    let pod = newest_pod(&stage);
    assert_eq!(assert_stamped(&pod, ALICE), written);

    let name = pod["metadata"]["name"].as_str().unwrap();
    assert_eq!(stage.wait_for_node(name), VIRTUAL);
    let judged = stage.judged();
    let made = judged
        .iter()
        .find(|one| one.resource == "pods" && one.operation == "CREATE")
        .unwrap_or_else(|| panic!("no review of the pod: {judged:?}"));
    assert_eq!(
        (
            made.user.as_str(),
            made.principal.as_str(),
            made.decision.as_str()
        ),
        (
            "system:serviceaccount:kube-system:replicaset-controller",
            "user/alice",
            "allow"
        )
    );
    let bound = judged
        .iter()
        .find(|one| one.resource.ends_with("binding"))
        .unwrap_or_else(|| panic!("no review of the binding: {judged:?}"));
    assert_eq!(
        (
            bound.user.as_str(),
            bound.principal.as_str(),
            bound.decision.as_str()
        ),
        ("system:kube-scheduler", "user/alice", "allow")
    );
}

#[test]
fn applying_the_same_file_again_changes_nothing_whoever_does_it() {
    let stage = Stage::new("again");
    let file = alices(&stage);
    let web = Watched::new(&stage, "deployments/web");
    for user in [ALICE, BOB, DAVE, MALLORY] {
        let person = stage.person(user);
        web.kept(&format!("{user} applies"), || {
            person.apply(&file).success();
        });
        web.kept(&format!("{user} applies in the server"), || {
            person
                .give(&["apply", "--server-side", "--force-conflicts"], &file)
                .success();
        });
        web.kept(&format!("{user} replaces"), || {
            person.give(&["replace"], &file).success();
        });
    }
}

#[test]
fn what_leaves_the_template_as_it_is_keeps_the_stamp_whoever_does_it() {
    let stage = Stage::new("beside");
    alices(&stage);
    let web = Watched::new(&stage, "deployments/web");
    let path = stage.path("deployments/web");
    for user in [ALICE, BOB, MALLORY] {
        let person = stage.person(user);
        for (what, arguments) in [
            (
                "annotates",
                [
                    "annotate",
                    "deployment",
                    "web",
                    "--overwrite",
                    &format!("by={user}"),
                ],
            ),
            (
                "labels",
                [
                    "label",
                    "deployment",
                    "web",
                    "--overwrite",
                    &format!("by={}", user.len()),
                ],
            ),
            (
                "pauses",
                ["rollout", "pause", "deployment", "web", "--output=name"],
            ),
            (
                "resumes",
                ["rollout", "resume", "deployment", "web", "--output=name"],
            ),
        ] {
            web.kept(&format!("{user} {what}"), || {
                person.run(&arguments).success();
            });
        }
        for replicas in [2, 1] {
            web.kept(&format!("{user} scales"), || {
                let replicas = format!("--replicas={replicas}");
                person.run(&["scale", "deployment", "web", &replicas]).success();
            });
        }
        web.kept(&format!("{user} applies one field in the server"), || {
            let field = json!({
                "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
                "spec": {"minReadySeconds": user.len()},
            });
            stage.rest(user).patch(&path, Patch::Apply, &field).success();
        });
        web.kept(
            &format!("{user} changes the number of replicas in the spec"),
            || {
                let spec = json!({"spec": {"replicas": 1, "revisionHistoryLimit": user.len()}});
                stage.rest(user).patch(&path, Patch::Merge, &spec).success();
            },
        );
    }
}

#[test]
fn a_stamp_that_someone_takes_away_or_writes_is_put_back() {
    let stage = Stage::new("tampered");
    alices(&stage);
    stage
        .person(DAVE)
        .apply(&deployment("daves", To::Virtual, "env:test"))
        .success();
    let daves = stamp(template(&stage.object("deployments/daves"))).unwrap().text;
    let web = Watched::new(&stage, "deployments/web");
    let path = stage.path("deployments/web");
    let pointer = "/spec/template/metadata/annotations/ramgate.io~1requested-by";
    let written = |value: Value| json!({"spec": {"template": {"metadata": {"annotations": {STAMP: value}}}}});
    for user in [ALICE, BOB, DAVE, MALLORY] {
        for (what, form, patch) in [
            ("removes it", Patch::Merge, written(Value::Null)),
            (
                "removes it",
                Patch::Json,
                json!([{"op": "remove", "path": pointer}]),
            ),
            ("empties it", Patch::Merge, written("".into())),
            (
                "writes any text",
                Patch::Strategic,
                written("alice@example.com".into()),
            ),
            (
                "writes another's",
                Patch::Json,
                json!([{"op": "replace", "path": pointer, "value": daves}]),
            ),
            ("writes another's", Patch::Merge, written(daves.clone().into())),
        ] {
            web.kept(&format!("{user} {what}"), || {
                stage.rest(user).patch(&path, form, &patch).success();
            });
        }
    }
    let reply = stage
        .rest(BOB)
        .patch(&path, Patch::Merge, &written("mine".into()));
    assert!(
        reply.warnings.iter().any(|warning| warning.contains(STAMP)),
        "{reply:?}"
    );
}

#[test]
fn a_new_workload_is_stamped_for_its_author_whatever_stamp_the_file_brings() {
    let stage = Stage::new("brought");
    alices(&stage);
    let alices = stamp(template(&stage.object("deployments/web"))).unwrap().text;
    for text in [
        alices.as_str(),
        "",
        "anything",
        r#"{"v":1,"user":"alice@example.com"}"#,
    ] {
        let mut file = deployment("brought", To::Virtual, "env:test");
        file["spec"]["template"]["metadata"]["annotations"][STAMP] = text.into();
        let denial = stage.person(BOB).apply(&file).failure();
        assert_says(&denial, &["denied the request", BOB]);
        let outcome = stage.person(DAVE).apply(&file).success();
        assert_says(&outcome.stderr, &["Warning:", STAMP]);
        let stored = stage.object("deployments/brought");
        assert_stamped(template(&stored), DAVE);
        stage.rest.delete(&stage.path("deployments/brought")).success();
    }
}

#[test]
fn the_same_request_of_the_same_person_gives_the_same_stamp() {
    let stage = Stage::new("same");
    let file = alices(&stage);
    let first = stamp(template(&stage.object("deployments/web"))).unwrap();
    stage
        .person(ALICE)
        .run(&["delete", "deployment", "web", "--cascade=foreground"])
        .success();
    stage.person(ALICE).apply(&file).success();
    assert_eq!(stamp(template(&stage.object("deployments/web"))), Some(first));
}

#[test]
fn a_dry_run_is_judged_and_stamped_and_changes_nothing() {
    let stage = Stage::new("dry");
    let file = deployment("web", To::Virtual, "env:test");
    let dry = ["apply", "--dry-run=server", "--output=json"];
    let denial = stage.person(BOB).give(&dry, &file).failure();
    assert_says(&denial, &["denied the request", BOB]);
    let outcome = stage.person(ALICE).give(&dry, &file).success();
    let shown: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_stamped(template(&shown), ALICE);
    assert_eq!(stage.rest.find(&stage.path("deployments/web")), None);

    stage.person(ALICE).apply(&file).success();
    let web = Watched::new(&stage, "deployments/web");
    web.kept("dave tries an image", || {
        let try_out = ["set", "image", "deployment/web", SECOND, "--dry-run=server"];
        stage.person(DAVE).run(&try_out).success();
    });
}
