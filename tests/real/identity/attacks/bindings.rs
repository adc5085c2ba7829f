//! Bindings that bring more than a node: nobody chooses for the pod's person.

use serde_json::Value;
use serde_json::json;

use crate::harness::cast::{ALICE, BOB, DAVE, MALLORY, PIPELINE, ROLE};
use crate::harness::nodes::VIRTUAL;
use crate::harness::objects::TAGS;
use crate::harness::rest::Reply;
use crate::harness::stage::{STAMP, Stage, assert_says, assert_stamped, stamp};
use crate::harness::wait::eventually;
use crate::harness::workloads::{To, binding, pod, unscheduled};

const ROLE_NAME: &str = "k8s.aliyun.com/eci-ram-role-name";
const GROUP: &str = "k8s.aliyun.com/eci-resource-group-id";
const SCHEDULER: &str = "system:kube-scheduler";
const BROUGHT: &str = "its Binding brings annotation";

#[track_caller]
fn waiting(stage: &Stage<'_>, user: &str, name: &str, tags: &str) {
    let pod = unscheduled(pod(name, To::PreferablyVirtual, tags));
    stage.person(user).apply(&pod).success();
}

fn bind(stage: &Stage<'_>, user: &str, name: &str, annotations: &Value) -> Reply {
    let path = stage.path(&format!("pods/{name}/binding"));
    stage
        .rest(user)
        .create(&path, &binding(name, VIRTUAL, annotations.clone()))
}

/// Fails unless a pod is as it was, without a node
#[track_caller]
fn assert_untouched(stage: &Stage<'_>, name: &str, before: &Value) {
    let now = stage.object(&format!("pods/{name}"));
    assert_eq!(now["metadata"]["annotations"], before["metadata"]["annotations"]);
    assert_eq!(now["spec"]["nodeName"], Value::Null);
}

/// Tags, role, group, anything that ECI reads, in whatever form: whoever sends it, and whoever might have it.
#[test]
fn a_binding_brings_nothing_that_eci_reads() {
    let stage = Stage::new("brought");
    waiting(&stage, DAVE, "other", "env:test");
    let daves = stamp(&stage.object("pods/other")).expect("a stamp").text;
    for (owner, name) in [(ALICE, "alices"), (DAVE, "daves")] {
        waiting(&stage, owner, name, "env:test");
        let before = stage.object(&format!("pods/{name}"));
        for annotations in [
            json!({TAGS: "env:prod"}),
            json!({TAGS: "env:test,more:yes"}),
            json!({ROLE_NAME: ROLE}),
            json!({GROUP: "rg-production1"}),
            json!({"k8s.aliyun.com/eci-use-specs": "2-4Gi"}),
            json!({"k8s.aliyun.com/eci-extra-ephemeral-storage": "50Gi"}),
            json!({"k8s.aliyun.com/eci-image-cache": "true"}),
            json!({"k8s.aliyun.com/eci-with-eip": "true"}),
            json!({"k8s.aliyun.com/acr-service-arns": "acs:ram::1:role/x"}),
        ] {
            for sender in [MALLORY, BOB, ALICE, DAVE, PIPELINE, SCHEDULER] {
                let denial = bind(&stage, sender, name, &annotations).denial();
                assert_says(&denial, &[BROUGHT]);
                assert_untouched(&stage, name, &before);
            }
        }
        for text in ["", "env:test,", "env=prod"] {
            // No form of the annotation at all
            bind(&stage, MALLORY, name, &json!({TAGS: text})).denial();
            assert_untouched(&stage, name, &before);
        }
        for text in [daves.as_str(), "anything", ""] {
            for sender in [MALLORY, DAVE, SCHEDULER] {
                bind(&stage, sender, name, &json!({STAMP: text})).denial();
                assert_untouched(&stage, name, &before);
            }
        }
        // Anything that is nobody's business goes over.
        bind(
            &stage,
            SCHEDULER,
            name,
            &json!({"example.com/note": "hello", TAGS: "env:test"}),
        )
        .success();
        assert_stamped(&stage.object(&format!("pods/{name}")), owner);
    }
}

/// What mapping would write is no choice: but whoever sends it is held to it beside the pod's person.
#[test]
fn what_mapping_writes_may_come_in_a_binding_from_those_who_may_have_it() {
    let stage = Stage::new("mapped");
    let names = ["alices", "more", "bobs"];
    for name in names {
        waiting(&stage, if name == "bobs" { BOB } else { ALICE }, name, "");
    }
    // From now on the namespace says what untagged pods get.
    stage
        .admin
        .run(&["label", "namespace", &stage.name, "env=test"])
        .success();
    let mapped = json!({TAGS: "env:test"});
    eventually("ramgate has seen the label", || {
        let path = stage.path("pods/alices/binding?dryRun=All");
        let reply = stage
            .rest(SCHEDULER)
            .create(&path, &binding("alices", VIRTUAL, mapped.clone()));
        reply
            .succeeded()
            .then_some(())
            .ok_or_else(|| format!("{reply:?}"))
    });
    for (sender, says) in [(MALLORY, MALLORY), (BOB, BOB)] {
        let denial = bind(&stage, sender, "alices", &mapped).denial();
        assert_says(&denial, &[says]);
    }
    for other in [json!({TAGS: "env:prod"}), json!({TAGS: "env:test,a:b"})] {
        for sender in [ALICE, DAVE, SCHEDULER] {
            assert_says(&bind(&stage, sender, "alices", &other).denial(), &[BROUGHT]);
        }
    }
    // The pod's person is asked in any case.
    for sender in [ALICE, DAVE, SCHEDULER] {
        assert_says(&bind(&stage, sender, "bobs", &mapped).denial(), &[BOB]);
    }
    bind(&stage, ALICE, "alices", &mapped).success();
    bind(&stage, SCHEDULER, "more", &mapped).success();
    for name in ["alices", "more"] {
        let bound = stage.object(&format!("pods/{name}"));
        assert_eq!(bound["spec"]["nodeName"], VIRTUAL);
        assert_stamped(&bound, ALICE);
    }
}

/// A tag that mapping enforces is not replaced by the pod's own person either.
#[test]
fn an_enforced_tag_is_not_replaced_by_a_binding() {
    let stage = Stage::labelled("enforced", &[("owner", "shop")]);
    waiting(&stage, ALICE, "alices", "env:test");
    let before = stage.object("pods/alices");
    let tags = before["metadata"]["annotations"][TAGS]
        .as_str()
        .expect("tags")
        .to_owned();
    assert_says(&tags, &["owner:shop"]);
    for sender in [ALICE, DAVE, SCHEDULER] {
        for tags in ["env:test,owner:other", "env:test", "owner:shop"] {
            let denial = bind(&stage, sender, "alices", &json!({TAGS: tags})).denial();
            assert_says(&denial, &["alices"]);
            assert_untouched(&stage, "alices", &before);
        }
    }
    bind(&stage, SCHEDULER, "alices", &json!({})).success();
}
