//! ControllerRevisions, which their controllers merge into the workload: nobody's pods become somebody else's by one.

use serde_json::Value;
use serde_json::json;

use crate::harness::cast::{ALICE, CARRIER, DAVE, MALLORY};
use crate::harness::nodes::REAL;
use crate::harness::rest::Patch;
use crate::harness::stage::{STAMP, Stage, assert_says, assert_stamped, stamp, template};
use crate::harness::wait::eventually;
use crate::harness::workloads::{IMAGE, To, image, pod_like, workload};

const SECOND: &str = "registry.example.com/app:2";
const EVIL: &str = "registry.example.com/evil:1";
const MALFORMED: &str = "a revision must hold exactly one whole pod template";
const NOT_YOURS: &str = "only its controller, or its author, may give a revision to a workload";

/// Alice's StatefulSet `web` of two pods, of which the first stays at the first revision, and that revision's name
#[track_caller]
fn parted(stage: &Stage<'_>, to: To) -> String {
    let mut file = workload(
        "statefulsets",
        "web",
        to,
        if to == To::AnyNode { "" } else { "env:test" },
    );
    file["spec"]["replicas"] = 2.into();
    file["spec"]["updateStrategy"] = json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 1}});
    stage.person(ALICE).apply(&file).success();
    stage.wait_for_children("pods", &stage.object("statefulsets/web"), 2);
    let change = image("statefulsets", SECOND);
    let path = stage.path("statefulsets/web");
    stage
        .rest(ALICE)
        .patch(&path, Patch::Strategic, &change)
        .success();
    eventually("the second pod is of the second revision", || {
        let images = images(stage);
        (images == [IMAGE, SECOND])
            .then_some(())
            .ok_or_else(|| format!("{images:?}; {}", stage.events()))
    });
    let status = stage.settled("statefulsets/web")["status"].take();
    assert_ne!(status["currentRevision"], status["updateRevision"]);
    status["currentRevision"].as_str().expect("a name").to_owned()
}

/// The images of the pods of `web`, by their ordinals
fn images(stage: &Stage<'_>) -> Vec<String> {
    let mut pods = stage.children("pods", &stage.object("statefulsets/web"));
    pods.sort_by_key(|pod| pod["metadata"]["name"].to_string());
    let image = |pod: &Value| {
        pod["spec"]["containers"][0]["image"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    pods.iter().map(image).collect()
}

/// Says of every pod of `web` that it is ready, as a kubelet does
fn ready(stage: &Stage<'_>) {
    let status = json!({"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}});
    for pod in stage.children("pods", &stage.object("statefulsets/web")) {
        let path = stage.path(&format!(
            "pods/{}/status",
            pod["metadata"]["name"].as_str().unwrap()
        ));
        // It may be gone by now.
        stage.rest.patch(&path, Patch::Strategic, &status);
    }
}

/// A revision of the StatefulSet `web`, as its controller would write it
fn revision(stage: &Stage<'_>, name: &str, data: Value) -> Value {
    let set = stage.object("statefulsets/web");
    let mut revision = orphan(name, data);
    revision["metadata"]["ownerReferences"] = json!([{
        "apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web", "uid": set["metadata"]["uid"],
        "controller": true, "blockOwnerDeletion": true,
    }]);
    revision
}

/// A revision that nothing controls, with the labels by which `web` adopts it
fn orphan(name: &str, data: Value) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "ControllerRevision", "revision": 1, "data": data,
        "metadata": {"name": name, "labels": {"app": "web"}},
    })
}

/// One whole template, as a controller writes it
fn whole(to: To, tags: &str, image: &str) -> Value {
    let mut template = pod_like("web", to, tags);
    template["spec"]["containers"][0]["image"] = image.into();
    template["$patch"] = "replace".into();
    json!({"spec": {"template": template}})
}

/// Everything that a merge makes something else of than it looks like, with templates that are whole but for that
fn merging(to: To, tags: &str) -> Vec<(&'static str, Value)> {
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut data = whole(to, tags, IMAGE);
        change(&mut data);
        data
    };
    let evil = json!([{"name": "main", "image": EVIL}]);
    vec![
        (
            "containers in capitals",
            changed(&|data| {
                data["spec"]["template"]["spec"]["Containers"] = evil.clone();
            }),
        ),
        (
            "an image in capitals",
            changed(&|data| {
                data["spec"]["template"]["spec"]["containers"][0]["Image"] = EVIL.into();
            }),
        ),
        (
            "a command in capitals",
            changed(&|data| {
                data["spec"]["template"]["spec"]["containers"][0]["COMMAND"] = json!(["sh"]);
            }),
        ),
        (
            "a template in capitals",
            changed(&|data| {
                data["spec"]["Template"] = json!({"spec": {"containers": evil}});
            }),
        ),
        (
            "a spec in capitals",
            changed(&|data| {
                data["Spec"] = json!({"template": {"spec": {"containers": evil}}});
            }),
        ),
        (
            "no $patch",
            changed(&|data| {
                data["spec"]["template"].as_object_mut().unwrap().remove("$patch");
            }),
        ),
        (
            "$patch that merges",
            changed(&|data| data["spec"]["template"]["$patch"] = "merge".into()),
        ),
        (
            "$patch in capitals",
            changed(&|data| {
                let template = data["spec"]["template"].as_object_mut().unwrap();
                template.remove("$patch");
                template.insert("$Patch".to_owned(), "replace".into());
            }),
        ),
        (
            "a directive below",
            changed(&|data| {
                data["spec"]["template"]["spec"]["$setElementOrder/containers"] = json!([{"name": "main"}]);
            }),
        ),
        (
            "claims beside the template",
            changed(&|data| {
                data["spec"]["volumeClaimTemplates"] =
                    json!([{"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"]}}]);
            }),
        ),
        (
            "replicas beside the template",
            changed(&|data| data["spec"]["replicas"] = 50.into()),
        ),
        (
            "metadata beside the spec",
            changed(&|data| data["metadata"] = json!({"labels": {"a": "b"}})),
        ),
        (
            "an image alone",
            json!({"spec": {"template": {"spec": {"containers": evil}}}}),
        ),
        ("nothing", json!({})),
    ]
}

/// A pod of `web` that is lost comes again, and this is it
#[track_caller]
fn again(stage: &Stage<'_>, name: &str) -> Value {
    let path = format!("pods/{name}");
    let before = stage.object(&path);
    stage.lose(&before);
    eventually("the pod is made again", || {
        let now = stage
            .rest
            .find(&stage.path(&path))
            .ok_or_else(|| stage.events())?;
        let is_new = now["metadata"]["uid"] != before["metadata"]["uid"];
        is_new
            .then_some(now)
            .ok_or_else(|| "it is the old one".to_owned())
    })
}

/// The current revision is deleted and another one written under its name, by somebody who may do both in Kubernetes.
#[test]
fn nothing_that_merges_takes_the_place_of_somebody_s_current_revision() {
    let stage = Stage::new("merging");
    let current = parted(&stage, To::Virtual);
    let mallory = stage.rest(MALLORY);
    mallory
        .delete(&stage.path(&format!("controllerrevisions/{current}")))
        .success();
    let path = stage.path("controllerrevisions");
    let set = stage.object("statefulsets/web");
    let alices = stamp(template(&set)).expect("alice's stamp").text;
    for (to, tags) in [(To::Virtual, "env:test"), (To::AnyNode, "")] {
        for (what, data) in merging(to, tags) {
            let mut stamped = data.clone();
            stamped["spec"]["template"]["metadata"]["annotations"][STAMP] = alices.as_str().into();
            for data in [data, stamped] {
                for object in [revision(&stage, &current, data.clone()), orphan(&current, data)] {
                    // Whether a pod would be alice's, dave's or nobody's: it is not what it looks like.
                    for user in [MALLORY, DAVE] {
                        let reply = stage.rest(user).create(&path, &object);
                        assert!(!reply.succeeded(), "{what}: {object}");
                        assert_says(&reply.denial(), &[MALFORMED]);
                    }
                }
            }
        }
    }
    // The patch of a stored revision that would hold such data is refused by the API server itself.
    let pod = again(&stage, "web-0");
    assert_stamped(&pod, ALICE);
    assert!(
        images(&stage).iter().all(|image| image != EVIL),
        "{:?}",
        images(&stage)
    );
    assert!(stage.creators() == ["user/alice"], "{:?}", stage.creators());
}

/// A whole template of mallory's is hers, and where it does not lead to ECI she may have it.
#[test]
fn a_whole_revision_is_its_author_s_and_never_of_whoever_wrote_the_workload() {
    let stage = Stage::new("whole");
    let current = parted(&stage, To::Virtual);
    let mallory = stage.rest(MALLORY);
    mallory
        .delete(&stage.path(&format!("controllerrevisions/{current}")))
        .success();
    let set = stage.object("statefulsets/web");
    let alices = stamp(template(&set)).expect("alice's stamp").text;
    let path = stage.path("controllerrevisions");

    // One that leads to ECI is judged for her.
    for pasted in [false, true] {
        let mut data = whole(To::Virtual, "env:test", EVIL);
        if pasted {
            data["spec"]["template"]["metadata"]["annotations"][STAMP] = alices.as_str().into();
        }
        let denial = mallory.create(&path, &revision(&stage, &current, data)).denial();
        assert_says(&denial, &[MALLORY]);
    }
    // Any other is stored with her name in it, whichever stamp she writes there.
    for (name, pasted) in [("web-first", false), (current.as_str(), true)] {
        let mut data = whole(To::AnyNode, "", EVIL);
        if pasted {
            data["spec"]["template"]["metadata"]["annotations"] = json!({STAMP: alices});
        }
        let made = mallory.create(&path, &revision(&stage, name, data)).success();
        let found = stamp(&made["data"]["spec"]["template"]).expect("a stamp");
        assert_eq!((found.user.as_str(), found.principal.as_str()), (MALLORY, ""));
    }
    let status = json!({"status": {"currentRevision": current}});
    mallory
        .patch(&stage.path("statefulsets/web/status"), Patch::Merge, &status)
        .success();
    let pod = again(&stage, "web-0");
    if pod["spec"]["containers"][0]["image"] == EVIL {
        let found = stamp(&pod).expect("a stamp");
        assert_eq!((found.user.as_str(), found.principal.as_str()), (MALLORY, ""));
        assert_eq!(stage.wait_for_node("web-0"), REAL);
    } else {
        // The controller had put its own back before.
        assert_stamped(&pod, ALICE);
    }
    for pod in stage.children("pods", &set) {
        let is_alices = stamp(&pod).is_some_and(|found| found.user == ALICE);
        assert!(
            !is_alices || pod["spec"]["containers"][0]["image"] != EVIL,
            "{pod}"
        );
    }
}

/// The same where alice's workload leads nowhere near ECI: no mark is needed for it to be seen.
#[test]
fn a_revision_of_a_workload_without_any_mark_is_seen_as_well() {
    let stage = Stage::new("unmarked");
    let current = parted(&stage, To::AnyNode);
    let mallory = stage.rest(MALLORY);
    mallory
        .delete(&stage.path(&format!("controllerrevisions/{current}")))
        .success();
    for (what, data) in merging(To::AnyNode, "") {
        let reply = mallory.create(
            &stage.path("controllerrevisions"),
            &revision(&stage, &current, data),
        );
        assert!(!reply.succeeded(), "{what}");
        assert_says(&reply.denial(), &[MALFORMED]);
    }
    let made = mallory
        .create(
            &stage.path("controllerrevisions"),
            &revision(&stage, "web-whole", whole(To::AnyNode, "", EVIL)),
        )
        .success();
    assert_eq!(
        stamp(&made["data"]["spec"]["template"]).expect("a stamp").user,
        MALLORY
    );
}

/// Whatever is somebody else's becomes no part of another workload: by an owner, or by labels for it to be adopted.
#[test]
fn a_revision_that_somebody_else_wrote_is_not_given_to_a_workload() {
    let stage = Stage::new("adoption");
    parted(&stage, To::Virtual);
    let path = |name: &str| stage.path(&format!("controllerrevisions/{name}"));
    let mut daves = orphan("daves", whole(To::Virtual, "env:prod", EVIL));
    daves["metadata"]["labels"] = json!({"app": "nothing"});
    stage
        .rest(DAVE)
        .create(&stage.path("controllerrevisions"), &daves)
        .success();
    let owners = revision(&stage, "any", json!({}))["metadata"]["ownerReferences"].take();
    let relabelled = json!({"metadata": {"labels": {"app": "web"}}});
    let owned = json!({"metadata": {"ownerReferences": owners}});
    for change in [&relabelled, &owned] {
        for user in [MALLORY, ALICE] {
            let denial = stage
                .rest(user)
                .patch(&path("daves"), Patch::Merge, change)
                .denial();
            assert_says(&denial, &[DAVE, NOT_YOURS]);
        }
    }
    // What tells nobody's author is nobody's.
    let unmarked = workload("statefulsets", "plain", To::AnyNode, "");
    stage.person(ALICE).apply(&unmarked).success();
    let plain = stage.settled("statefulsets/plain");
    let unstamped = stage
        .wait_for_children("controllerrevisions", &plain, 1)
        .remove(0);
    assert_eq!(stamp(&unstamped["data"]["spec"]["template"]), None);
    let unstamped = path(unstamped["metadata"]["name"].as_str().unwrap());
    let alices = stage
        .wait_for_children("controllerrevisions", &stage.object("statefulsets/web"), 2)
        .remove(0);
    let alices = path(alices["metadata"]["name"].as_str().unwrap());
    // Without its owner the stamp of its workload does not count in it either.
    let unsigned =
        "nothing says who wrote its template, and only its controller may give such a revision to a workload";
    for orphaned in [&unstamped, &alices] {
        for owners in [json!(null), json!([])] {
            let change = json!({"metadata": {"ownerReferences": owners}});
            let denial = stage
                .rest(MALLORY)
                .patch(orphaned, Patch::Merge, &change)
                .denial();
            assert_says(&denial, &[unsigned]);
        }
    }
    // Labels beside an owner lead nowhere, and its author may do what they like.
    let note = json!({"metadata": {"labels": {"seen": "yes"}}});
    stage
        .rest(MALLORY)
        .patch(&unstamped, Patch::Merge, &note)
        .success();
    stage
        .rest(DAVE)
        .patch(&path("daves"), Patch::Merge, &relabelled)
        .success();
}

/// A revision of an operator that ramgate does not know, in the operator's own form.
fn operators(stage: &Stage<'_>, name: &str, owner: (&str, &str), data: Value) -> Value {
    let mut revision = orphan(name, data);
    revision["metadata"]["namespace"] = stage.name.as_str().into();
    revision["metadata"]["ownerReferences"] = json!([{
        "apiVersion": owner.0, "kind": owner.1, "name": "web", "uid": "6f7a7f0e-4dd7-4bd2-a4a4-6f0a6ad8a0d1",
        "controller": true, "blockOwnerDeletion": true,
    }]);
    revision
}

#[test]
fn the_revisions_of_other_operators_are_theirs() {
    let stage = Stage::new("operators");
    let path = stage.path("controllerrevisions");
    let machine = json!({
        "apiVersion": "kubevirt.io/v1", "kind": "VirtualMachine",
        "spec": {"runStrategy": "Always", "template": {"spec": {
            "domain": {"devices": {}}, "volumes": [{"name": "disk", "containerDisk": {"image": "registry.example.com/disk:1"}}],
        }}},
    });
    let mut kruise = whole(To::Virtual, "env:test", IMAGE);
    kruise["spec"]["volumeClaimTemplates"] = json!([{"metadata": {"name": "data"}}]);
    let users = [
        (
            "system:serviceaccount:kubevirt:kubevirt-controller",
            &["system:masters"][..],
        ),
        (MALLORY, &[]),
    ];
    for (user, groups) in users {
        let rest = stage.rest_in(user, groups);
        let suffix = if user == MALLORY { "other" } else { "own" };
        for (kind, owner, data) in [
            ("machine", ("kubevirt.io/v1", "VirtualMachine"), &machine),
            ("clone", ("apps.kruise.io/v1alpha1", "CloneSet"), &kruise),
        ] {
            let name = format!("{kind}-{suffix}");
            let object = operators(&stage, &name, owner, data.clone());
            let made = rest.create(&path, &object).success();
            assert_eq!(made["data"], *data, "{kind} of {user} is as it was sent");
            let note = json!({"metadata": {"labels": {"seen": "yes"}}});
            rest.patch(&format!("{path}/{name}"), Patch::Merge, &note)
                .success();
            rest.delete(&format!("{path}/{name}")).success();
        }
    }
}

#[test]
fn the_revisions_of_a_listed_kind_are_its_controller_s_alone() {
    let stage = Stage::new("listed");
    let path = stage.path("controllerrevisions");
    let owner = ("apps.example.com/v1", "CloneSet");
    let mut own = whole(To::Virtual, "env:test", IMAGE);
    own["spec"]["volumeClaimTemplates"] = json!([{"metadata": {"name": "data"}}]);
    let made = stage
        .rest(CARRIER)
        .create(&path, &operators(&stage, "web-own", owner, own.clone()))
        .success();
    assert_eq!(made["data"], own);

    let denial = stage
        .rest(MALLORY)
        .create(&path, &operators(&stage, "web-merged", owner, own))
        .denial();
    assert_says(&denial, &[MALFORMED]);
    let marked = operators(&stage, "web-marked", owner, whole(To::Virtual, "env:test", EVIL));
    assert_says(&stage.rest(MALLORY).create(&path, &marked).denial(), &[MALLORY]);
    let unmarked = operators(&stage, "web-plain", owner, whole(To::AnyNode, "", EVIL));
    let made = stage.rest(MALLORY).create(&path, &unmarked).success();
    assert_eq!(
        stamp(&made["data"]["spec"]["template"]).expect("a stamp").user,
        MALLORY
    );
}

/// The controller's own revisions and roll-outs are held up by nothing.
#[test]
fn a_roll_out_with_a_partition_goes_its_way() {
    let stage = Stage::new("partition");
    parted(&stage, To::Virtual);
    let set = stage.object("statefulsets/web");
    let revisions = stage.wait_for_children("controllerrevisions", &set, 2);
    for revision in &revisions {
        assert_stamped(&revision["data"]["spec"]["template"], ALICE);
    }
    let all = json!({"spec": {"updateStrategy": {"rollingUpdate": {"partition": 0}}}});
    stage
        .rest(ALICE)
        .patch(&stage.path("statefulsets/web"), Patch::Merge, &all)
        .success();
    eventually("all pods are of the second revision", || {
        ready(&stage);
        let images = images(&stage);
        (images == [SECOND, SECOND])
            .then_some(())
            .ok_or_else(|| format!("{images:?}; {}", stage.events()))
    });
    for pod in stage.children("pods", &set) {
        assert_stamped(&pod, ALICE);
    }
    // Back to the first one, whose revision the controller finds again and gives another number.
    stage
        .person(ALICE)
        .run(&["rollout", "undo", "statefulset/web"])
        .success();
    eventually("all pods are of the first revision again", || {
        ready(&stage);
        let images = images(&stage);
        (images == [IMAGE, IMAGE])
            .then_some(())
            .ok_or_else(|| format!("{images:?}; {}", stage.events()))
    });
    assert_eq!(stage.creators(), ["user/alice"]);
    let reviewed = stage
        .judged()
        .iter()
        .filter(|one| one.resource == "controllerrevisions")
        .count();
    assert_eq!(reviewed, 0, "no revision of the controller is asked about");
}
