//! Pod templates at the gate: whoever applies a workload sees there what would become of its pods.

use serde_json::Value;
use serde_json::json;

use crate::harness::cast::{ALICE, BOB, CAROL, DAVE, MALLORY};
use crate::harness::cluster::whole;
use crate::harness::objects::TAGS;
use crate::harness::rest::Patch;
use crate::harness::stage::{Stage, assert_says, assert_stamped, stamp, template};
use crate::harness::workloads::{RESOURCES, To, deployment, image, workload};

#[test]
fn a_workload_of_every_kind_is_judged_for_whoever_applies_it() {
    let stage = Stage::new("templates");
    for resource in RESOURCES.into_iter().chain(["clonesets"]) {
        let object = workload(resource, resource, To::Virtual, "env:test");
        let kind = object["kind"].as_str().unwrap();

        let denial = stage.person(BOB).apply(&object).failure();
        assert_says(
            &denial,
            &[
                "denied the request",
                BOB,
                "RAM user `bob`",
                resource,
                "eci:CreateContainerGroup",
            ],
        );
        assert_says(&denial, &[&format!("{TAGS}: \"env:prod\"")]);
        assert_eq!(
            stage.rest.find(&stage.path(&format!("{resource}/{resource}"))),
            None,
            "{kind}"
        );

        stage.person(ALICE).apply(&object).success();
        let stored = stage.object(&format!("{resource}/{resource}"));
        assert_stamped(template(&stored), ALICE);
        assert_eq!(
            stamp(&stored),
            None,
            "{kind}: the stamp belongs to the template, not to the workload"
        );
    }
}

#[test]
fn a_change_of_a_template_is_judged_for_whoever_makes_it() {
    let stage = Stage::new("changes");
    // The template of a Job cannot be changed.
    for resource in RESOURCES
        .into_iter()
        .filter(|&resource| resource != "jobs")
        .chain(["clonesets"])
    {
        stage
            .person(ALICE)
            .apply(&workload(resource, resource, To::Virtual, "env:test"))
            .success();
        let path = stage.path(&format!("{resource}/{resource}"));
        // Kinds that are defined in the cluster take no strategic patch.
        let (form, change) = if resource == "clonesets" {
            let path = "/spec/template/spec/containers/0/image";
            (
                Patch::Json,
                json!([{"op": "replace", "path": path, "value": "registry.example.com/app:2"}]),
            )
        } else {
            (Patch::Strategic, image(resource, "registry.example.com/app:2"))
        };

        let denial = stage.rest(BOB).patch(&path, form, &change).denial();
        assert_says(&denial, &[BOB, "eci:CreateContainerGroup"]);
        let denial = stage.rest(MALLORY).patch(&path, form, &change).denial();
        assert_says(&denial, &[MALLORY, "bound to no RAM user or role"]);
        assert_stamped(template(&stage.object(&format!("{resource}/{resource}"))), ALICE);

        stage.rest(DAVE).patch(&path, form, &change).success();
        assert_stamped(template(&stage.object(&format!("{resource}/{resource}"))), DAVE);
    }
}

#[test]
fn tags_that_a_template_gets_by_mapping_count_and_stay() {
    let stage = Stage::labelled("mapped", &[("env", "test")]);
    let file = deployment("web", To::Virtual, "");
    stage.person(ALICE).apply(&file).success();
    let tags = |stored: &Value| template(stored)["metadata"]["annotations"][TAGS].clone();
    let first = stage.settled("deployments/web");
    assert_eq!(tags(&first), "env:test");
    let sets = stage.wait_for_children("replicasets", &first, 1);
    stage.wait_for_children("pods", &sets[0], 1);

    // Mapped again, the file of the same or of another person is what is stored already.
    for user in [ALICE, BOB] {
        stage.person(user).apply(&file).success();
        stage
            .person(user)
            .run(&[
                "annotate",
                "--overwrite",
                "deployment",
                "web",
                &format!("seen={user}"),
            ])
            .success();
        let now = stage.settled("deployments/web");
        assert_eq!(tags(&now), "env:test");
        assert_eq!(stamp(template(&now)), stamp(template(&first)));
        assert_eq!(stage.children("replicasets", &now).len(), 1);
    }
}

#[test]
fn a_template_that_cannot_reach_eci_is_left_alone() {
    let stage = Stage::new("plain");
    let mallory = stage.person(MALLORY);
    for resource in RESOURCES.into_iter().chain(["clonesets"]) {
        mallory
            .apply(&workload(resource, resource, To::AnyNode, ""))
            .success();
        let stored = stage.object(&format!("{resource}/{resource}"));
        assert_eq!(stamp(template(&stored)), None, "{resource}");
    }
    assert_eq!(stage.judged().len(), 0, "{:?}", stage.judged());
}

#[test]
fn a_template_that_may_reach_eci_is_stamped_and_warned_of() {
    let stage = Stage::new("possible");
    let file = deployment("web", To::PreferablyVirtual, "env:test");
    let outcome = stage.person(CAROL).apply(&file).success();
    assert_says(&outcome.stderr, &["Warning:", CAROL, "eci:CreateContainerGroup"]);
    assert_stamped(template(&stage.object("deployments/web")), CAROL);

    let file = deployment("other", To::PreferablyVirtual, "env:test");
    let outcome = stage.person(ALICE).apply(&file).success();
    assert!(!outcome.stderr.contains("Warning"), "{}", outcome.stderr);
    assert_stamped(template(&stage.object("deployments/other")), ALICE);
}

#[test]
fn templates_in_a_namespace_that_routes_to_eci_need_no_mark() {
    for (subject, label) in [
        ("routed", ("alibabacloud.com/eci", "true")),
        ("injected", ("virtual-node-affinity-injection", "enabled")),
    ] {
        let stage = Stage::labelled(subject, &[label]);
        for resource in RESOURCES {
            let denial = stage
                .person(BOB)
                .apply(&workload(resource, resource, To::AnyNode, "env:test"))
                .failure();
            assert_says(&denial, &["denied the request", BOB]);
            stage
                .person(ALICE)
                .apply(&workload(resource, resource, To::AnyNode, "env:test"))
                .success();
            assert_stamped(template(&stage.object(&format!("{resource}/{resource}"))), ALICE);
        }
    }
}

#[test]
fn templates_in_a_burst_namespace_are_stamped_without_a_mark() {
    let stage = Stage::labelled("burst", &[("burst", "yes")]);
    let outcome = stage
        .person(CAROL)
        .apply(&deployment("web", To::AnyNode, ""))
        .success();
    assert_says(&outcome.stderr, &["Warning:", CAROL]);
    assert_stamped(template(&stage.object("deployments/web")), CAROL);
}

#[test]
fn in_warn_mode_a_template_is_stamped_and_its_denial_is_a_warning() {
    let stage = Stage::on(whole().namespace_named("soft", &[]));
    let outcome = stage
        .person(BOB)
        .apply(&deployment("warned", To::Virtual, "env:test"))
        .success();
    assert_says(&outcome.stderr, &["Warning:", BOB, "eci:CreateContainerGroup"]);
    let stored = stage.object("deployments/warned");
    assert_stamped(template(&stored), BOB);
    // Nor are its pods held back.
    let sets = stage.wait_for_children("replicasets", &stored, 1);
    stage.wait_for_children("pods", &sets[0], 1);
}

#[test]
fn malformed_tags_of_a_template_are_denied_or_warned_of() {
    let malformed = deployment("malformed", To::Virtual, "env=test");
    let denial = Stage::new("malformed").person(DAVE).apply(&malformed).failure();
    assert_says(&denial, &["denied the request", TAGS, "env=test"]);
    let soft = Stage::on(whole().namespace_named("soft", &[]));
    let outcome = soft.person(DAVE).apply(&malformed).success();
    assert_says(&outcome.stderr, &["Warning:", TAGS, "env=test"]);
}

#[test]
fn an_annotation_of_a_template_that_looks_like_one_of_ecis_is_warned_of() {
    let stage = Stage::new("lookalike");
    let mut file = deployment("web", To::Virtual, "env:test");
    file["spec"]["template"]["metadata"]["annotations"]["k8s.aliyun.com/eci-custom-tag"] = "env:prod".into();
    let outcome = stage.person(ALICE).apply(&file).success();
    assert_says(
        &outcome.stderr,
        &["k8s.aliyun.com/eci-custom-tag", "did you mean"],
    );
}
