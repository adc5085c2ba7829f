//! Others who act for people: listed carriers, keepers, and identities that many teams share.

use serde_json::Value;
use serde_json::json;

use crate::harness::cast::{ALICE, BOB, BOUNDED, CARRIER, DAVE, KEEPER, MALLORY, PIPELINE, SPARK_OPERATOR};
use crate::harness::cluster::whole_exclusive;
use crate::harness::http;
use crate::harness::install::RELEASE;
use crate::harness::objects::TAGS;
use crate::harness::rest::Patch;
use crate::harness::rollout::Watched;
use crate::harness::stage::{STAMP, Stage, assert_says, assert_stamped, stamp, template};
use crate::harness::wait::eventually;
use crate::harness::workloads::{To, deployment, image, pod, workload};

/// Applies alice's CloneSet and gives the pod that its controller would make of it
#[track_caller]
fn clone_of_alices(stage: &Stage<'_>) -> Value {
    stage
        .person(ALICE)
        .apply(&workload("clonesets", "web", To::Virtual, "env:test"))
        .success();
    let set = stage.object("clonesets/web");
    let template = template(&set);
    assert_stamped(template, ALICE);
    let mut metadata = template["metadata"].clone();
    metadata["generateName"] = "web-".into();
    metadata["ownerReferences"] = json!([{
        "apiVersion": set["apiVersion"], "kind": set["kind"], "name": "web",
        "uid": set["metadata"]["uid"], "controller": true,
    }]);
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]})
}

#[test]
fn a_listed_carrier_s_pod_is_judged_for_the_person_of_its_template() {
    let stage = Stage::new("carrier");
    let pod = clone_of_alices(&stage);
    let carrier = stage.rest(CARRIER);
    let made = carrier.create(&stage.path("pods"), &pod).success();
    assert_stamped(&made, ALICE);
    assert_eq!(stage.creators(), ["user/alice"]);

    let mut unstamped = pod.clone();
    unstamped["metadata"]["annotations"]
        .as_object_mut()
        .unwrap()
        .remove(STAMP);
    carrier.create(&stage.path("pods"), &unstamped).denial();
    for (annotation, value) in [
        (TAGS, "env:prod"),
        ("k8s.aliyun.com/eci-ram-role-name", crate::harness::cast::ROLE),
    ] {
        let mut other = pod.clone();
        other["metadata"]["annotations"][annotation] = value.into();
        carrier.create(&stage.path("pods"), &other).denial();
    }
}

#[test]
fn a_controller_that_is_not_listed_is_asked_itself() {
    let stage = Stage::new("unlisted");
    let pod = clone_of_alices(&stage);
    // It is bound, so its pods are its own, whatever stamp they bring.
    let made = stage.rest(PIPELINE).create(&stage.path("pods"), &pod).success();
    assert_stamped(&made, PIPELINE);
    let stranger = "system:serviceaccount:tools:other-controller";
    let denial = stage
        .rest_in(stranger, &["system:masters"])
        .create(&stage.path("pods"), &pod)
        .denial();
    assert_says(&denial, &[stranger]);
}

#[test]
fn a_carrier_may_carry_a_stamp_into_a_built_in_workload_and_nothing_else() {
    let stage = Stage::new("nested");
    let pod = clone_of_alices(&stage);
    let mut job = workload("jobs", "web-nested", To::Virtual, "env:test");
    job["metadata"]["ownerReferences"] = pod["metadata"]["ownerReferences"].clone();
    job["spec"]["template"]["metadata"]["annotations"][STAMP] = pod["metadata"]["annotations"][STAMP].clone();
    let made = stage.rest(CARRIER).create(&stage.path("jobs"), &job).success();
    assert_stamped(template(&made), ALICE);
    let pods = stage.wait_for_children("pods", &made, 1);
    assert_stamped(&pods[0], ALICE);

    let mut unstamped = workload("jobs", "unstamped", To::Virtual, "env:test");
    unstamped["metadata"]["ownerReferences"] = pod["metadata"]["ownerReferences"].clone();
    let denial = stage
        .rest(CARRIER)
        .create(&stage.path("jobs"), &unstamped)
        .denial();
    assert_says(&denial, &["unstamped"]);
}

#[test]
fn a_stamp_that_the_owner_does_not_have_now_is_worth_nothing() {
    let stage = Stage::new("reborn");
    let application = |driver: Value| {
        json!({
            "apiVersion": "sparkoperator.k8s.io/v1", "kind": "SparkApplication", "metadata": {"name": "sum"},
            "spec": {"driver": {"template": driver}, "sparkConf": {"spark.kubernetes.driver.label.app": "sum"}},
        })
    };
    let spec = pod("sum", To::AnyNode, "")["spec"].clone();
    let marked = json!({
        "metadata": {"labels": {"alibabacloud.com/eci": "true"}, "annotations": {TAGS: "env:test"}}, "spec": spec,
    });
    stage.person(ALICE).apply(&application(marked)).success();
    let alices = stage.object("sparkapplications/sum");
    let template = &alices["spec"]["driver"]["template"];
    assert_stamped(template, ALICE);
    let operator = stage.rest_in(SPARK_OPERATOR, &["system:masters"]);
    let driver = |name: &str, owner: &Value| {
        let mut driver =
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": template["metadata"], "spec": spec});
        driver["metadata"]["name"] = name.into();
        driver["metadata"]["ownerReferences"] = json!([{
            "apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": "sum",
            "uid": owner["metadata"]["uid"], "controller": true,
        }]);
        operator.create(&stage.path("pods"), &driver)
    };
    assert_stamped(&driver("first", &alices).success(), ALICE);

    // Somebody else takes the name, and keeps the stamp where the operator takes settings of pods from.
    let mallory = stage.rest(MALLORY);
    mallory.delete(&stage.path("sparkapplications/sum")).success();
    stage
        .person(MALLORY)
        .apply(&application(json!({"spec": spec})))
        .success();
    let mallorys = stage.object("sparkapplications/sum");
    for (name, owner) in [("second", &mallorys), ("third", &alices)] {
        assert_says(
            &driver(name, owner).denial(),
            &["ForgedStamp", "`SparkApplication`"],
        );
    }
}

#[test]
fn a_carrier_whose_kind_is_not_sent_any_more_is_not_believed() {
    let cluster = whole_exclusive();
    cluster.scale(1);
    let stage = Stage::within(&cluster, "unsent");
    let pod = clone_of_alices(&stage);
    let carrier = stage.rest(CARRIER);
    carrier.create(&stage.path("pods"), &pod).success();

    // Somebody takes the kind out of the rules, so that anybody could write any stamp into one.
    let kind = "mutatingwebhookconfigurations";
    let path = format!("/apis/admissionregistration.k8s.io/v1/{kind}/{RELEASE}");
    let mut configuration = cluster.rest.get(&path);
    let hooks = configuration["webhooks"].as_array_mut().unwrap();
    for hook in hooks.iter_mut() {
        let rules = hook["rules"].as_array_mut().unwrap();
        rules.retain(|rule| rule["apiGroups"][0] != "apps.example.com");
    }
    hooks.retain(|hook| !hook["rules"].as_array().unwrap().is_empty());
    let webhooks = json!({"webhooks": hooks});
    cluster.rest.patch(&path, Patch::Merge, &webhooks).success();

    let denial = eventually("the carrier is not believed", || {
        let reply = carrier.create(&(stage.path("pods") + "?dryRun=All"), &pod);
        if reply.succeeded() {
            Err("it still is")
        } else {
            Ok(reply.denial())
        }
    });
    assert_says(&denial, &["CloneSet"]);
    eventually("the gap shows in /ready", || {
        match http::get(cluster.replicas()[0].admin_port, "/ready") {
            Ok(answer) if answer.body.contains("clonesets") || answer.body.contains("CloneSet") => Ok(()),
            other => Err(format!("{other:?}")),
        }
    });
}

#[test]
fn a_carrier_is_believed_only_while_its_kind_is_sent_as_it_was_installed() {
    let cluster = whole_exclusive();
    cluster.scale(1);
    let stage = Stage::within(&cluster, "bent");
    let pod = clone_of_alices(&stage);
    let carrier = stage.rest(CARRIER);
    let path = format!("/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/{RELEASE}");
    let installed = cluster.rest.get(&path)["webhooks"].clone();
    let is_about_carriers = |rule: &Value| rule["apiGroups"][0] == "apps.example.com";
    let wait_until = |wanted: bool, what: &str| {
        eventually(what, || {
            let reply = carrier.create(&(stage.path("pods") + "?dryRun=All"), &pod);
            let is_so = reply.succeeded() == wanted;
            is_so.then_some(()).ok_or_else(|| format!("{reply:?}"))
        });
    };
    type Change<'a> = (&'a str, &'a dyn Fn(&mut Value));
    let changes: [Change<'_>; 4] = [
        ("sent in the scope of clusters", &|hook| {
            let rules = hook["rules"].as_array_mut().unwrap().iter_mut();
            for rule in rules.filter(|rule| is_about_carriers(rule)) {
                rule["scope"] = "Cluster".into();
            }
        }),
        ("sent in one version", &|hook| {
            let rules = hook["rules"].as_array_mut().unwrap().iter_mut();
            for rule in rules.filter(|rule| is_about_carriers(rule)) {
                rule["apiVersions"] = json!(["v1"]);
            }
        }),
        ("softer than Deployments", &|hook| {
            if hook["rules"].as_array().unwrap().iter().all(is_about_carriers) {
                hook["failurePolicy"] = "Ignore".into();
            }
        }),
        ("sent on a condition that never holds", &|hook| {
            if hook["rules"].as_array().unwrap().iter().all(is_about_carriers) {
                hook["matchConditions"][0]["expression"] = "false".into();
            }
        }),
    ];
    for (what, change) in changes {
        wait_until(true, "the carrier is believed");
        let mut webhooks = installed.clone();
        webhooks.as_array_mut().unwrap().iter_mut().for_each(change);
        assert_ne!(webhooks, installed, "{what}");
        let patch = |webhooks: &Value| {
            let webhooks = json!({"webhooks": webhooks});
            cluster.rest.patch(&path, Patch::Merge, &webhooks).success();
        };
        patch(&webhooks);
        wait_until(false, what);
        patch(&installed);
    }
    wait_until(true, "the carrier is believed again");
}

#[test]
fn a_keeper_s_restart_keeps_the_stamp() {
    let stage = Stage::new("keeper");
    stage
        .person(ALICE)
        .apply(&deployment("web", To::Virtual, "env:test"))
        .success();
    let path = stage.path("deployments/web");
    let first = stage.settled("deployments/web");
    let annotate =
        json!({"spec": {"template": {"metadata": {"annotations": {"example.com/reloaded": "1"}}}}});
    stage
        .rest(KEEPER)
        .patch(&path, Patch::Strategic, &annotate)
        .success();
    let second = stage.settled("deployments/web");
    assert_eq!(stamp(template(&second)), stamp(template(&first)));
    // It is a roll-out that the keeper asked for, in alice's name.
    let sets = stage.wait_for_children("replicasets", &second, 2);
    for set in &sets {
        let pods = stage.wait_for_children("pods", set, 1);
        assert_stamped(&pods[0], ALICE);
    }
    let environment = json!({"name": "main", "env": [{"name": "STAKATER_WEB", "value": "hash"}]});
    let environment = json!({"spec": {"template": {"spec": {"containers": [environment]}}}});
    stage
        .rest(KEEPER)
        .patch(&path, Patch::Strategic, &environment)
        .success();
    assert_stamped(template(&stage.object("deployments/web")), ALICE);
    assert_eq!(stage.creators(), ["user/alice"]);
}

#[test]
fn a_keeper_that_changes_more_than_it_may_is_asked_itself() {
    let stage = Stage::new("greedy");
    stage
        .person(ALICE)
        .apply(&deployment("web", To::Virtual, "env:test"))
        .success();
    let path = stage.path("deployments/web");
    let container = |field: &str, value: Value| {
        let container = json!({"name": "main", field: value});
        json!({"spec": {"template": {"spec": {"containers": [container]}}}})
    };
    let volume = json!([{"name": "secrets", "secret": {"secretName": "any"}}]);
    let web = Watched::new(&stage, "deployments/web");
    for (what, change) in [
        ("image", image("deployments", "registry.example.com/app:2")),
        ("command", container("command", json!(["sh"]))),
        ("arguments", container("args", json!(["-x"]))),
        (
            "volumes",
            json!({"spec": {"template": {"spec": {"volumes": volume}}}}),
        ),
        (
            "service account",
            json!({"spec": {"template": {"spec": {"serviceAccountName": "other"}}}}),
        ),
        (
            "tags",
            json!({"spec": {"template": {"metadata": {"annotations": {TAGS: "env:prod"}}}}}),
        ),
        (
            "another container",
            json!({"spec": {"template": {"spec": {"initContainers": [{"name": "more", "image": "x"}]}}}}),
        ),
    ] {
        web.kept(what, || {
            let denial = stage
                .rest(KEEPER)
                .patch(&path, Patch::Strategic, &change)
                .denial();
            assert_says(&denial, &[KEEPER]);
        });
    }
    // Nor may it ask for anything new, or use a stamp that somebody else has written.
    let denial = stage
        .rest(KEEPER)
        .create(
            &stage.path("deployments"),
            &deployment("new", To::Virtual, "env:test"),
        )
        .denial();
    assert_says(&denial, &[KEEPER]);
}

#[test]
fn in_a_bounded_namespace_a_shared_identity_needs_the_boundary_s_right_as_well() {
    let stage = Stage::labelled("bounded", &[BOUNDED]);
    for (user, tags) in [
        (DAVE, "env:test"),
        (PIPELINE, "env:test"),
        (ALICE, "env:test"),
        (ALICE, "env:prod"),
    ] {
        let file = deployment("web", To::Virtual, tags);
        let denial = stage.person(user).apply(&file).failure();
        assert_says(&denial, &["denied the request", user]);
        let bare = pod("web", To::Virtual, tags);
        let denial = stage.person(user).apply(&bare).failure();
        assert_says(&denial, &["denied the request", user]);
    }
    for user in [DAVE, PIPELINE] {
        let name = user.rsplit(':').next().unwrap().split('@').next().unwrap();
        let file = deployment(name, To::Virtual, "env:prod");
        stage.person(user).apply(&file).success();
        let stored = stage.settled(&format!("deployments/{name}"));
        assert_stamped(template(&stored), user);
        let sets = stage.wait_for_children("replicasets", &stored, 1);
        let pods = stage.wait_for_children("pods", &sets[0], 1);
        assert_stamped(&pods[0], user);
    }
    stage
        .person(BOB)
        .apply(&pod("bobs", To::Virtual, "env:prod"))
        .success();
}

#[test]
fn a_boundary_holds_at_the_binding_and_for_exec() {
    let stage = Stage::labelled("bounded", &[BOUNDED]);
    let outcome = stage
        .person(DAVE)
        .apply(&pod("web", To::PreferablyVirtual, "env:test"))
        .success();
    assert_says(&outcome.stderr, &["Warning:"]);
    stage.wait_for_event("FailedScheduling", &["denied the request", "bob"]);

    stage
        .person(DAVE)
        .apply(&pod("prod", To::Virtual, "env:prod"))
        .success();
    stage.wait_for_node("prod");
    let path = stage.path("pods/prod/exec?command=id&stdout=true");
    let reply = stage.rest(DAVE).connect(hyper::Method::POST, &path);
    assert!(
        !reply.body.to_string().contains("denied the request"),
        "{reply:?}"
    );
    stage.rest(MALLORY).connect(hyper::Method::POST, &path).denial();
}
