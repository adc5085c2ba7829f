//! Listed controllers: what they make of kinds that are not listed, and what shapes their pods beside the template.

use serde_json::Value;
use serde_json::json;

use super::stranger::Port;
use super::stranger::own;
use crate::harness::cast::{ALICE, BOB, CARRIER, DAVE, KEEPER, MALLORY};
use crate::harness::rest::Patch;
use crate::harness::stage::{STAMP, Stage, assert_says, assert_stamped, stamp, template};
use crate::harness::workloads::{To, pod, workload};

/// Applies alice's CloneSet `web` with a parameter that shapes its pods
#[track_caller]
fn alices(stage: &Stage<'_>) -> Value {
    let mut file = workload("clonesets", "web", To::Virtual, "env:test");
    file["spec"]["podSpecPatch"] = "hostNetwork: false".into();
    stage.person(ALICE).apply(&file).success();
    let set = stage.object("clonesets/web");
    assert_stamped(template(&set), ALICE);
    set
}

/// A pod that says it is controlled by an object
fn owned(mut pod: Value, version: &str, kind: &str, name: &str) -> Value {
    pod["metadata"]["ownerReferences"] = json!([{
        "apiVersion": version, "kind": kind, "name": name, "uid": "6f7a7f0e-4dd7-4bd2-a4a4-6f0a6ad8a0d1",
        "controller": true,
    }]);
    pod
}

/// A kind of the same operator is never sent, so that anybody may write anything into one.
#[test]
fn a_carrier_is_not_believed_for_kinds_that_are_not_listed() {
    let stage = Stage::new("unlisted-kind");
    let owner = own(&stage);
    let port = Port::of(&stage);
    let set = alices(&stage);
    let alices = stamp(template(&set)).expect("a stamp").text;
    let carrier = stage.rest(CARRIER);
    // Nothing is stored, or the garbage collector would look for the owners.
    let path = stage.path("pods") + "?dryRun=All";
    for user in [ALICE, DAVE, owner.as_str()] {
        let clone_set = workload("clonesets", "web", To::Virtual, "env:test");
        for to in [To::Virtual, To::PreferablyVirtual] {
            let mut bare = pod("web-0", to, "env:test");
            bare["metadata"]["annotations"][STAMP] = "any".into();
            let signed = [
                alices.clone(),
                port.signed(user, "pods", &bare, &stage.name),
                port.signed(user, "clonesets", &clone_set, &stage.name),
            ];
            for text in signed {
                bare["metadata"]["annotations"][STAMP] = text.into();
                for (version, kind) in [
                    ("apps.example.com/v1", "BroadcastJob"),
                    ("apps.kruise.io/v1alpha1", "BroadcastJob"),
                    ("apps.kruise.io/v1alpha1", "CloneSet"),
                    ("apps.example.com/v1", "cloneset"),
                ] {
                    let reply = carrier.create(&path, &owned(bare.clone(), version, kind, "web"));
                    if to == To::Virtual {
                        assert_says(&reply.denial(), &[CARRIER]);
                    } else {
                        // It may have one that only may reach ECI, in its own name, and is denied at the binding.
                        let made = reply.success();
                        assert_eq!(stamp(&made).expect("a stamp").user, CARRIER, "{version} {kind}");
                    }
                }
            }
        }
        // The port signs for any listed kind; the pod of an object that never had it is another's.
        let mut bare = pod("web-0", To::Virtual, "env:test");
        let elsewhere = port.signed(
            user,
            "deployments",
            &workload("deployments", "web", To::Virtual, "env:test"),
            &stage.name,
        );
        bare["metadata"]["annotations"][STAMP] = elsewhere.into();
        carrier
            .create(&path, &owned(bare, "apps.example.com/v1", "CloneSet", "web"))
            .denial();
    }
    assert!(stage.creators().is_empty(), "{:?}", stage.creators());
}

/// What stands beside the template shapes the pods as well: whoever changes it asks for them.
#[test]
fn a_parameter_beside_the_template_is_its_author_s_request() {
    let stage = Stage::new("parameter");
    let set = alices(&stage);
    let path = stage.path("clonesets/web");
    let alices = stamp(template(&set));
    for change in [
        json!({"spec": {"podSpecPatch": "containers: [{name: main, image: evil}]"}}),
        json!({"spec": {"podSpecPatch": null}}),
        json!({"spec": {"startParameters": ["sh", "-c", "id"]}}),
        json!({"spec": {"Template": {"spec": {"containers": []}}}}),
        json!({"spec": {"volumeClaimTemplates": [{"metadata": {"name": "data"}}]}}),
        json!({"parameters": {"image": "evil"}}),
    ] {
        for user in [MALLORY, BOB, KEEPER] {
            let denial = stage.rest(user).patch(&path, Patch::Merge, &change).denial();
            assert_says(&denial, &[user]);
        }
        assert_eq!(
            stamp(template(&stage.object("clonesets/web"))),
            alices,
            "{change}"
        );
    }
    // The stamp of somebody else does not help.
    let both =
        json!({"spec": {"podSpecPatch": "evil", "template": {"metadata": {"annotations": {STAMP: "{}"}}}}});
    assert_says(
        &stage.rest(MALLORY).patch(&path, Patch::Merge, &both).denial(),
        &[MALLORY],
    );

    let change = json!({"spec": {"podSpecPatch": "hostNetwork: true"}});
    stage.rest(DAVE).patch(&path, Patch::Merge, &change).success();
    assert_stamped(template(&stage.object("clonesets/web")), DAVE);
}

/// Counts, pauses, labels and the state of the object leave its pods as they are.
#[test]
fn what_does_not_shape_the_pods_leaves_the_stamp_as_it_is() {
    let stage = Stage::new("harmless");
    let set = alices(&stage);
    let path = stage.path("clonesets/web");
    for change in [
        json!({"spec": {"replicas": 0}}),
        json!({"spec": {"replicas": 5}}),
        json!({"spec": {"paused": true}}),
        json!({"spec": {"paused": false, "replicas": 1}}),
        json!({"metadata": {"labels": {"seen": "yes"}, "annotations": {"example.com/note": "hello"}}}),
        json!({"status": {"replicas": 1}}),
    ] {
        stage.rest(MALLORY).patch(&path, Patch::Merge, &change).success();
        let now = stage.object("clonesets/web");
        assert_eq!(stamp(template(&now)), stamp(template(&set)), "{change}");
    }
    // Its pods are alice's as before.
    let mut metadata = template(&set)["metadata"].clone();
    metadata["name"] = "web-0".into();
    let pod =
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template(&set)["spec"]});
    let pod = owned(pod, "apps.example.com/v1", "CloneSet", "web");
    let made = stage.rest(CARRIER).create(&stage.path("pods"), &pod).success();
    assert_stamped(&made, ALICE);
    assert_eq!(stage.creators(), ["user/alice"]);
}
