//! Pods that make pods with the token that is bound to them: for whom, and every edge at which they act for nobody.

use serde_json::Value;
use serde_json::json;

use crate::harness::cast::{ALICE, BOB, DAVE, MALLORY, SPARK_OPERATOR, SPAWNER, SPAWNING};
use crate::harness::nodes::{REAL, VIRTUAL};
use crate::harness::objects::TAGS;
use crate::harness::process::unique;
use crate::harness::rest::{Patch, Reply, Rest};
use crate::harness::stage::{STAMP, Stage, assert_says, assert_stamped, stamp, template};
use crate::harness::wait::eventually;
use crate::harness::workloads::{To, binding, pod, unscheduled, workload};

const POD_NAME: &str = "Impersonate-Extra-authentication.kubernetes.io%2Fpod-name";
const POD_UID: &str = "Impersonate-Extra-authentication.kubernetes.io%2Fpod-uid";

/// A namespace with the spawner's account and another one, which may do everything there as far as Kubernetes goes
fn stage(subject: &str) -> Stage<'static> {
    let stage = Stage::labelled(subject, &[SPAWNING]);
    for account in [SPAWNER, "flink"] {
        furnish(&stage, account);
    }
    stage
}

fn furnish(stage: &Stage<'_>, account: &str) {
    let object = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": account}});
    stage
        .rest
        .create(&stage.path("serviceaccounts"), &object)
        .success();
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": account},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "test-editor"},
        "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": stage.name}],
    });
    stage.rest.create(&stage.path("rolebindings"), &binding).success();
    let question = json!({
        "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
        "spec": {"user": user(stage, account),
            "resourceAttributes": {"namespace": stage.name, "verb": "create", "resource": "pods"}},
    });
    eventually("the account may create pods", || {
        let path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
        let reply = stage.rest.create(path, &question);
        (reply.body["status"]["allowed"] == true)
            .then_some(())
            .ok_or(format!("{reply:?}"))
    });
}

fn user(stage: &Stage<'_>, account: &str) -> String {
    format!("system:serviceaccount:{}:{account}", stage.name)
}

/// A pod or workload of an account, on a real node
fn of_account(mut object: Value, account: &str) -> Value {
    let spec = match object["kind"] == "Pod" {
        true => &mut object["spec"],
        false => &mut object["spec"]["template"]["spec"],
    };
    spec["serviceAccountName"] = account.into();
    object
}

/// A driver, as Spark's own submission makes it
fn driver(name: &str) -> Value {
    let mut driver = of_account(pod(name, To::AnyNode, ""), SPAWNER);
    driver["metadata"]["labels"] = json!({"spark-role": "driver", "spark-app-selector": "spark-1"});
    driver["spec"]["containers"][0]["args"] = json!(["driver", "--class", "org.example.Main"]);
    driver
}

/// An executor, as its driver makes it
fn executor(name: &str, driver: &Value, tags: &str) -> Value {
    let mut executor = of_account(pod(name, To::Virtual, tags), SPAWNER);
    executor["metadata"]["labels"] =
        json!({"spark-role": "executor", "spark-exec-id": "1", "spark-app-selector": "spark-1"});
    executor["metadata"]["ownerReferences"] = json!([{
        "apiVersion": "v1", "kind": "Pod", "name": driver["metadata"]["name"], "uid": driver["metadata"]["uid"],
        "controller": true,
    }]);
    executor["spec"]["containers"][0]["args"] = json!(["executor"]);
    executor
}

/// The API server as whoever holds a token
fn holder(stage: &Stage<'_>, token: &str) -> Rest {
    Rest::new(
        stage
            .plane
            .holder(&format!("token-{}", unique()), token)
            .kubeconfig(),
    )
}

/// The API server in the hands of a pod: by a token that is bound to it
#[track_caller]
fn inside(stage: &Stage<'_>, pod: &Value) -> Rest {
    let account = pod["spec"]["serviceAccountName"].as_str().expect("an account");
    let metadata = &pod["metadata"];
    let request = json!({
        "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
        "spec": {"boundObjectRef":
            {"apiVersion": "v1", "kind": "Pod", "name": metadata["name"], "uid": metadata["uid"]}},
    });
    let path = stage.path(&format!("serviceaccounts/{account}/token"));
    let reply = stage.rest.create(&path, &request).success();
    holder(stage, reply["status"]["token"].as_str().expect("a token"))
}

/// The spawner's account as somebody sees it who may impersonate, with any `extra`
fn impersonated(stage: &Stage<'_>, name: &str, uid: &str) -> Rest {
    stage
        .rest_in(&user(stage, SPAWNER), &["system:masters"])
        .with_extra(POD_NAME, name)
        .with_extra(POD_UID, uid)
}

fn create(rest: &Rest, stage: &Stage<'_>, object: &Value) -> Reply {
    let resource = match object["kind"].as_str() {
        Some("Pod") => "pods",
        Some("Job") => "jobs",
        Some("StatefulSet") => "statefulsets",
        other => panic!("{other:?}"),
    };
    rest.create(&stage.path(resource), object)
}

/// Fails unless the account is asked itself, for this reason
#[track_caller]
fn acts_for_nobody(stage: &Stage<'_>, rest: &Rest, driver: &Value, reason: &str) {
    let name = format!("refused-{}", unique());
    let denial = create(rest, stage, &executor(&name, driver, "env:test")).denial();
    assert_says(&denial, &[&user(stage, SPAWNER), "UnboundIdentity", reason]);
}

#[test]
fn what_a_pod_makes_is_judged_for_the_person_of_its_workload() {
    let stage = stage("spawned");
    stage
        .person(ALICE)
        .apply(&of_account(
            workload("deployments", "app", To::AnyNode, ""),
            SPAWNER,
        ))
        .success();
    let deployment = stage.settled("deployments/app");
    assert_stamped(template(&deployment), ALICE);
    let set = stage.wait_for_children("replicasets", &deployment, 1).remove(0);
    let driver = stage.wait_for_children("pods", &set, 1).remove(0);
    assert_stamped(&driver, ALICE);
    assert_eq!(
        stage.wait_for_node(driver["metadata"]["name"].as_str().unwrap()),
        REAL
    );

    let own = inside(&stage, &driver);
    let made = create(&own, &stage, &executor("exec-1", &driver, "env:test")).success();
    assert_stamped(&made, ALICE);
    assert_eq!(stage.wait_for_node("exec-1"), VIRTUAL);
    let denial = create(&own, &stage, &executor("exec-2", &driver, "env:prod")).denial();
    assert_says(&denial, &["alice@example.com", "RAM user `alice`", "env:test"]);

    // An executor makes pods for the same person.
    let deeper = inside(&stage, &made);
    let second = create(&deeper, &stage, &executor("exec-1-1", &made, "env:test")).success();
    assert_stamped(&second, ALICE);
    create(&deeper, &stage, &executor("exec-1-2", &made, "env:prod")).denial();
    assert_eq!(stage.creators(), ["user/alice"]);

    // What it deletes, it deletes for her as well.
    own.delete(&stage.path("pods/exec-1-1")).success();
    stage
        .person(DAVE)
        .apply(&pod("daves", To::Virtual, "env:prod"))
        .success();
    let denial = own.delete(&stage.path("pods/daves")).denial();
    assert_says(&denial, &["alice@example.com", "may not delete"]);
}

#[test]
fn workloads_that_a_pod_makes_are_its_person_s() {
    let stage = stage("spawned-workloads");
    let job = of_account(workload("jobs", "first", To::AnyNode, ""), SPAWNER);
    stage.person(ALICE).apply(&job).success();
    let first = stage
        .wait_for_children("pods", &stage.object("jobs/first"), 1)
        .remove(0);
    assert_stamped(&first, ALICE);
    let own = inside(&stage, &first);
    for resource in ["jobs", "statefulsets"] {
        let made = create(&own, &stage, &workload(resource, "more", To::Virtual, "env:test")).success();
        assert_stamped(template(&made), ALICE);
        let pods = stage.wait_for_children("pods", &made, 1);
        assert_stamped(&pods[0], ALICE);
        let denial = create(
            &own,
            &stage,
            &workload(resource, "other", To::Virtual, "env:prod"),
        )
        .denial();
        assert_says(&denial, &["alice@example.com"]);
    }
    // A Job on real nodes whose pods make pods in turn
    let nested = of_account(workload("jobs", "nested", To::AnyNode, ""), SPAWNER);
    let nested = create(&own, &stage, &nested).success();
    let pod = stage.wait_for_children("pods", &nested, 1).remove(0);
    assert_stamped(&pod, ALICE);
    let made = create(&inside(&stage, &pod), &stage, &executor("exec", &pod, "env:test")).success();
    assert_stamped(&made, ALICE);
    assert_eq!(stage.creators(), ["user/alice"]);
}

#[test]
fn without_its_pod_a_spawner_is_asked_itself() {
    let stage = stage("edges");
    let alices = create(&stage.rest(ALICE), &stage, &driver("alices")).success();
    assert_stamped(&alices, ALICE);
    let bobs = create(&stage.rest(BOB), &stage, &driver("bobs")).success();

    // Another pod's token acts for the person of that pod.
    let denial = create(
        &inside(&stage, &bobs),
        &stage,
        &executor("exec", &alices, "env:test"),
    )
    .denial();
    assert_says(&denial, &["bob@example.com"]);

    // A token from a Secret is bound to no pod.
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/service-account-token",
        "metadata": {"name": "legacy", "annotations": {"kubernetes.io/service-account.name": SPAWNER}},
    });
    stage.rest.create(&stage.path("secrets"), &secret).success();
    let token = eventually("the Secret has its token", || {
        let data = stage.object("secrets/legacy")["data"]["token"].take();
        match serde_json::from_value::<k8s_openapi::ByteString>(data) {
            Ok(token) if !token.0.is_empty() => Ok(token),
            other => Err(format!("{other:?}")),
        }
    });
    let legacy = holder(&stage, std::str::from_utf8(&token.0).unwrap());
    acts_for_nobody(&stage, &legacy, &alices, "bound to no pod");

    // So is one that somebody asks for without naming a pod.
    let request = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}});
    let path = stage.path(&format!("serviceaccounts/{SPAWNER}/token"));
    let reply = stage.rest.create(&path, &request).success();
    let unbound = holder(&stage, reply["status"]["token"].as_str().unwrap());
    acts_for_nobody(&stage, &unbound, &alices, "bound to no pod");

    // An account that is not listed has the same kind of token.
    let other = of_account(pod("flink", To::AnyNode, ""), "flink");
    let other = create(&stage.rest(ALICE), &stage, &other).success();
    assert_eq!(stamp(&other), None);
    let denial = create(
        &inside(&stage, &other),
        &stage,
        &executor("exec", &other, "env:test"),
    )
    .denial();
    assert_says(&denial, &[&user(&stage, "flink")]);

    // Another pod of that name, a pod that never was, and one that is gone by now
    let (name, uid) = ("alices", alices["metadata"]["uid"].as_str().unwrap());
    let made = create(
        &impersonated(&stage, name, uid),
        &stage,
        &executor("exec", &alices, "env:test"),
    );
    assert_stamped(&made.success(), ALICE);
    let before = impersonated(&stage, name, "6f7a7f0e-4dd7-4bd2-a4a4-6f0a6ad8a0d1");
    acts_for_nobody(&stage, &before, &alices, "is gone");
    acts_for_nobody(&stage, &impersonated(&stage, "never", uid), &alices, "is gone");
    let late = inside(&stage, &alices);
    create(&late, &stage, &executor("in-time", &alices, "env:test")).success();
    stage.rest.delete(&stage.path("pods/alices")).success();
    eventually("the pod is gone", || {
        match stage.rest.find(&stage.path("pods/alices")) {
            None => Ok(()),
            Some(pod) => Err(pod.to_string()),
        }
    });
    acts_for_nobody(&stage, &impersonated(&stage, name, uid), &alices, "is gone");
    // The API server itself remembers a token for some seconds.
    let reply = create(&late, &stage, &executor("too-late", &alices, "env:test"));
    assert!(reply.status == 401 || reply.denial().contains("is gone"));

    // Elsewhere the account is asked itself, also where Kubernetes lets it work.
    let elsewhere = Stage::labelled("elsewhere", &[SPAWNING]);
    furnish(&elsewhere, SPAWNER);
    let uid = bobs["metadata"]["uid"].as_str().unwrap();
    let denial = create(
        &impersonated(&stage, "bobs", uid),
        &elsewhere,
        &executor("exec", &bobs, "env:prod"),
    )
    .denial();
    assert_says(&denial, &[&user(&stage, SPAWNER)]);
}

#[test]
fn a_pod_that_nobody_stamped_acts_for_nobody() {
    // The account is listed later than its pod was made.
    let stage = Stage::new("unstamped");
    furnish(&stage, SPAWNER);
    let driver = create(&stage.rest(ALICE), &stage, &driver("driver")).success();
    assert_eq!(stamp(&driver), None);
    let own = inside(&stage, &driver);
    let denial = create(&own, &stage, &executor("exec", &driver, "env:test")).denial();
    assert_says(&denial, &[&user(&stage, SPAWNER)]);
    let labels = json!({"metadata": {"labels": {SPAWNING.0: SPAWNING.1}}});
    let path = format!("/api/v1/namespaces/{}", stage.name);
    stage.rest.patch(&path, Patch::Merge, &labels).success();
    eventually("the label is seen", || {
        let denial = create(&own, &stage, &executor("exec", &driver, "env:test")).denial();
        denial.contains("has no stamp").then_some(()).ok_or(denial)
    });
}

#[test]
fn nobody_acts_for_the_person_of_a_driver_by_changing_it_or_copying_its_stamp() {
    let stage = stage("driven");
    let alices = create(&stage.rest(ALICE), &stage, &unscheduled(driver("alices"))).success();
    let stolen = assert_stamped(&alices, ALICE).text;
    let mallory = stage.rest(MALLORY);

    // A pod that names a real node is sent as well, so a pasted stamp is overwritten.
    let mut copy = driver("alices-2");
    copy["metadata"]["annotations"] = json!({STAMP: stolen});
    copy["spec"]["nodeName"] = REAL.into();
    let copy = create(&mallory, &stage, &copy).success();
    assert_eq!(stamp(&copy).unwrap().user, MALLORY);
    let denial = create(
        &inside(&stage, &copy),
        &stage,
        &executor("exec", &copy, "env:test"),
    )
    .denial();
    assert_says(&denial, &[MALLORY, "UnboundIdentity"]);

    // A stamp that is pasted into a running pod, its status or its binding is not stored.
    let mut bare = driver("bare");
    bare["spec"]["nodeName"] = REAL.into();
    let bare = create(&mallory, &stage, &bare).success();
    let own = stamp(&bare).unwrap();
    for subresource in ["", "/status"] {
        let path = stage.path(&format!("pods/bare{subresource}"));
        let patch = json!({"metadata": {"annotations": {STAMP: stolen}}});
        mallory.patch(&path, Patch::Merge, &patch);
        assert_eq!(
            stamp(&stage.object("pods/bare")),
            Some(own.clone()),
            "{subresource}"
        );
    }
    let waiting = create(&mallory, &stage, &unscheduled(driver("waiting"))).success();
    let bound = binding("waiting", REAL, json!({STAMP: stolen}));
    mallory
        .create(&stage.path("pods/waiting/binding"), &bound)
        .denial();
    assert_eq!(stamp(&waiting).unwrap().user, MALLORY);

    // Whoever changes what a running driver runs becomes its requester.
    let bound = binding("alices", REAL, json!({}));
    stage
        .rest
        .create(&stage.path("pods/alices/binding"), &bound)
        .success();
    let inside_alices = inside(&stage, &alices);
    create(&inside_alices, &stage, &executor("before", &alices, "env:test")).success();
    let path = stage.path("pods/alices");
    let label = json!({"metadata": {"labels": {"more": "yes"}}});
    mallory.patch(&path, Patch::Merge, &label).success();
    create(&inside_alices, &stage, &executor("labelled", &alices, "env:test")).success();
    let image = json!({"spec": {"containers": [{"name": "main", "image": "registry.example.com/evil:1"}]}});
    let changed = mallory.patch(&path, Patch::Strategic, &image).success();
    assert_eq!(stamp(&changed).unwrap().user, MALLORY);
    let denial = create(&inside_alices, &stage, &executor("after", &alices, "env:test")).denial();
    assert_says(&denial, &[MALLORY]);

    // A container that is added to a running pod has its token as well.
    let bobs = create(&stage.rest(BOB), &stage, &driver("bobs")).success();
    let debug =
        json!({"spec": {"ephemeralContainers": [{"name": "debug", "image": "registry.example.com/sh:1"}]}});
    let path = stage.path("pods/bobs/ephemeralcontainers");
    mallory.patch(&path, Patch::Strategic, &debug).success();
    acts_for_nobody(&stage, &inside(&stage, &bobs), &bobs, "ephemeral container");
}

/// The objects of the Spark operator: its application, the driver that it submits, and executors by that driver
#[test]
fn a_spark_application_runs_for_its_author() {
    let stage = stage("sparks");
    let mut application = json!({
        "apiVersion": "sparkoperator.k8s.io/v1", "kind": "SparkApplication", "metadata": {"name": "pi"},
        "spec": {
            "type": "Scala", "mode": "cluster", "image": "registry.example.com/spark:4", "sparkVersion": "4.0.1",
            "mainClass": "org.apache.spark.examples.SparkPi", "restartPolicy": {"type": "Never"},
            "driver": {"cores": 1, "serviceAccount": SPAWNER, "template": {
                "metadata": {"labels": {"version": "4.0.1"}},
                "spec": {
                    "serviceAccountName": SPAWNER,
                    "containers": [{"name": "spark-kubernetes-driver", "image": "registry.example.com/spark:4"}],
                },
            }},
            "executor": {"instances": 2, "cores": 1, "labels": {"alibabacloud.com/eci": "true"}, "annotations": {TAGS: "env:test"}},
        },
    });
    for (author, tags) in [(ALICE, "env:test"), (BOB, "env:prod")] {
        let name = author.split('@').next().unwrap();
        application["metadata"]["name"] = name.into();
        stage.person(author).apply(&application).success();
        let application = stage.object(&format!("sparkapplications/{name}"));
        let template = &application["spec"]["driver"]["template"];
        assert_stamped(template, author);
        let mut driver = driver(&format!("{name}-driver"));
        let labels = json!({
            "spark-role": "driver", "spark-app-selector": "spark-1", "spark-app-name": name, "version": "4.0.1",
            "sparkoperator.k8s.io/app-name": name, "sparkoperator.k8s.io/launched-by-spark-operator": "true",
            "sparkoperator.k8s.io/submission-id": "1",
        });
        driver["metadata"]["labels"] = labels;
        driver["metadata"]["annotations"] = template["metadata"]["annotations"].clone();
        driver["metadata"]["ownerReferences"] = json!([{
            "apiVersion": application["apiVersion"], "kind": "SparkApplication", "name": name,
            "uid": application["metadata"]["uid"], "controller": true,
        }]);
        driver["spec"]["containers"] = template["spec"]["containers"].clone();
        let operator = stage.rest_in(SPARK_OPERATOR, &["system:masters"]);
        let driver = create(&operator, &stage, &driver).success();
        assert_stamped(&driver, author);
        let own = inside(&stage, &driver);
        for at in 1..=2 {
            let mut executor = executor(&format!("{name}-exec-{at}"), &driver, tags);
            executor["metadata"]["labels"]["alibabacloud.com/eci"] = "true".into();
            executor["metadata"]["labels"]["spark-exec-resourceprofile-id"] = "0".into();
            assert_stamped(&create(&own, &stage, &executor).success(), author);
        }
        let other = if tags == "env:test" {
            "env:prod"
        } else {
            "env:test"
        };
        let denial = create(&own, &stage, &executor("none", &driver, other)).denial();
        assert_says(&denial, &[author]);
        // The driver takes its executors away as it goes.
        own.delete(&stage.path(&format!("pods/{name}-exec-1"))).success();
    }
    assert_eq!(stage.creators(), ["user/alice", "user/bob"]);
}
