//! Collects an inventory: the workloads in it, the counts, and the keys in use.

use serde_json::{Value, json};

use crate::analysis::survey::WorkloadKind;
use crate::analysis::survey::evaluated_workload::EvaluatedWorkload;
use crate::analysis::survey::inventory::Inventory;
use crate::analysis::survey::object_sink::ObjectSink;
use crate::analysis::survey::test_cluster::{
    ALICE, CAROL, TestCluster, owned, pod, signer, template, webhooks, workload,
};
use crate::kubernetes::workload::Workload;

fn titles(inventory: Inventory) -> Vec<String> {
    inventory
        .into_workloads()
        .iter()
        .map(EvaluatedWorkload::title)
        .collect()
}

#[test]
fn an_object_that_repeats_its_owner_is_left_out() {
    let test = TestCluster::new("");
    let set = |name: &str, replicas: u64, template: Value| {
        let mut set = workload("ReplicaSet", name, template);
        set["spec"]["replicas"] = replicas.into();
        set
    };
    let owned_set = |set: Value| owned(set, "apps/v1", "Deployment", "web");
    let web = test.made_by(ALICE, &workload("Deployment", "web", template("env:test")));
    let same = owned_set(test.made_by(ALICE, &set("web-same", 1, template("env:test"))));
    let older = owned_set(set("web-older", 1, template("env:test")));
    let idle = owned_set(set("web-idle", 0, template("env:test")));
    let bare = set("bare", 0, template("env:test"));
    let lonely = owned(
        set("lonely-1", 1, template("env:test")),
        "apps/v1",
        "Deployment",
        "lonely",
    );
    let inventory = test.inventory(&[web, same, older, idle, bare, lonely]);
    assert_eq!(
        titles(inventory),
        [
            "Deployment/web",
            "ReplicaSet/bare",
            "ReplicaSet/lonely-1",
            "ReplicaSet/web-older"
        ]
    );
}

#[test]
fn an_older_replica_set_that_leads_to_eci_is_shown_beside_a_deployment_that_does_not() {
    let test = TestCluster::new("");
    let web = workload("Deployment", "web", json!({"spec": {}}));
    let older = owned(
        workload("ReplicaSet", "web-1", template("env:test")),
        "apps/v1",
        "Deployment",
        "web",
    );
    assert_eq!(titles(test.inventory(&[web, older])), ["ReplicaSet/web-1"]);
}

#[test]
fn the_older_template_of_a_stateful_set_counts_while_it_rolls_out() {
    let test = TestCluster::new("");
    let mut set = test.made_by(ALICE, &workload("StatefulSet", "db", template("env:test")));
    let revision = |name: &str| {
        let mut revision = workload("ControllerRevision", name, Value::Null);
        revision["spec"] = Value::Null;
        revision["data"] = json!({"spec": {"template": template("env:test")}});
        owned(revision, "apps/v1", "StatefulSet", "db")
    };
    let revisions = [revision("db-1"), revision("db-0")];
    let both = || vec!["ControllerRevision/db-1", "StatefulSet/db"];
    let one = || vec!["StatefulSet/db"];
    let rolling = json!({"type": "RollingUpdate"});
    for (current, replicas, strategy, shown) in [
        ("db-1", 1, rolling.clone(), both()),
        ("db-1", 0, json!({"rollingUpdate": {"partition": 2}}), both()),
        ("db-1", 0, rolling.clone(), one()),
        ("db-1", 1, json!({"type": "OnDelete"}), one()),
        ("db-2", 1, rolling, one()),
    ] {
        set["spec"]["updateStrategy"] = strategy;
        set["status"] =
            json!({"currentRevision": current, "updateRevision": "db-2", "currentReplicas": replicas});
        let objects: Vec<Value> = revisions.iter().chain([&set]).cloned().collect();
        let inventory = test.inventory(&objects);
        assert_eq!(
            inventory.needs(&WorkloadKind::BuiltIn(Workload::ControllerRevision)),
            shown.len() > 1
        );
        assert_eq!(titles(inventory), shown);
    }
}

#[test]
fn what_has_ended_is_not_shown() {
    let test = TestCluster::new("");
    let ended = |kind: &str| {
        let mut job = workload("Job", &kind.to_lowercase(), template("env:test"));
        job["status"] = json!({"conditions": [{"type": kind, "status": "True"}]});
        job
    };
    let mut deleted = workload("Deployment", "deleted", template("env:test"));
    deleted["metadata"]["deletionTimestamp"] = "2026-05-04T09:00:00Z".into();
    let mut done = pod("done", "env:test");
    done["status"] = json!({"phase": "Succeeded"});
    let objects = [
        ended("Complete"),
        ended("Failed"),
        ended("Suspended"),
        deleted,
        done,
        pod("waiting", "env:test"),
    ];
    assert_eq!(titles(test.inventory(&objects)), ["Job/suspended", "Pod/waiting"]);
}

#[test]
fn a_pod_that_runs_is_shown_and_not_counted() {
    let test = TestCluster::new("");
    let bound = |name: &str, node: &str| {
        let mut pod = pod(name, "env:test");
        pod["spec"]["nodeName"] = node.into();
        pod
    };
    let inventory = test.inventory(&[
        bound("on-vk", "vk"),
        bound("on-real", "real"),
        pod("waits", "env:test"),
    ]);
    let workloads = inventory.into_workloads();
    let found: Vec<_> = workloads
        .iter()
        .map(|one| (one.name.as_str(), one.is_bound, one.would_be_denied()))
        .collect();
    assert_eq!(found, [("on-vk", true, false), ("waits", false, true)]);
}

#[test]
fn keys_are_counted_where_a_stamp_still_counts() {
    let test = TestCluster::new("");
    let made = |signer, object: &Value| test.made_with(signer, ALICE, object);
    let unbound = owned(
        made(signer(&["k1"]), &pod("web-1", "env:test")),
        "apps/v1",
        "ReplicaSet",
        "web",
    );
    let mut bound = unbound.clone();
    bound["spec"]["nodeName"] = "vk".into();
    let mut unmarked = made(
        signer(&["k2"]),
        &workload("Deployment", "off", template("env:test")),
    );
    unmarked["spec"]["template"]["metadata"]["labels"] = json!({});
    let objects = [
        unmarked,
        made(
            signer(&["k2"]),
            &workload("Deployment", "a", template("env:test")),
        ),
        made(
            signer(&["k2"]),
            &workload("Deployment", "b", template("env:test")),
        ),
        made(
            signer(&["gone"]),
            &workload("Deployment", "c", template("env:test")),
        ),
        unbound,
        bound,
    ];
    let inventory = test.inventory(&objects);
    let ring = signer(&["k0", "k1", "k2"]);
    let uses = inventory.key_uses(Some(ring.ring()));
    let found: Vec<_> = uses
        .iter()
        .map(|key| (key.id.as_str(), key.stamps, key.is_known, key.is_newest))
        .collect();
    assert_eq!(
        found,
        [
            ("k2", 3, true, true),
            ("k1", 1, true, false),
            ("k0", 0, true, false),
            ("gone", 1, false, false)
        ]
    );
}

#[test]
fn exempt_namespaces_are_counted_apart_with_and_without_webhooks() {
    let mut test = TestCluster::new("");
    let mut agent = workload("Deployment", "agent", template("env:test"));
    agent["metadata"]["namespace"] = "kube-system".into();
    let web = test.made_by(CAROL, &workload("Deployment", "web", template("env:test")));
    for live in [false, true] {
        test.cluster.webhooks = live.then(|| webhooks(|_| {}));
        let inventory = test.inventory(&[agent.clone(), web.clone()]);
        assert_eq!(
            inventory.exempt()["kube-system"].examples,
            ["Deployment/kube-system/agent"]
        );
        assert_eq!(titles(inventory), ["Deployment/web"]);
    }
    // A missing entry makes no namespace exempt
    test.cluster.webhooks = Some(webhooks(|object| {
        if let Some(entries) = object["webhooks"].as_array_mut() {
            entries.retain(|entry| entry["name"] == "namespaces-eci.ramgate.io");
        }
    }));
    assert!(!test.cluster.is_exempt("shop") && test.cluster.is_exempt("kube-system"));
}

#[test]
fn unknown_controllers_are_counted() {
    let test = TestCluster::new("");
    let foreign = |object| owned(object, "argoproj.io/v1alpha1", "Workflow", "build");
    let mut plain = pod("plain", "env:test");
    plain["metadata"]["labels"] = json!({});
    let objects = [
        foreign(pod("build-1", "env:test")),
        foreign(plain),
        owned(pod("job-1", "env:test"), "batch/v1", "Job", "job"),
        owned(pod("static", "env:test"), "v1", "Node", "n"),
        owned(
            test.made_by(ALICE, &workload("Deployment", "web", template("env:test"))),
            "apps.example.com/v1",
            "App",
            "web",
        ),
    ];
    let inventory = test.inventory(&objects);
    let makers: Vec<_> = inventory
        .unknown_controllers()
        .iter()
        .map(|((group, kind), made)| (group.as_str(), kind.as_str(), made.examples.clone()))
        .collect();
    assert_eq!(
        makers,
        [
            ("apps.example.com", "App", vec!["Deployment/shop/web".to_owned()]),
            ("argoproj.io", "Workflow", vec!["Pod/shop/build-1".to_owned()]),
        ]
    );
}
