//! All of ramgate gone in a whole cluster: what is not ECI's lives on, what would be ECI's waits, what is deleted goes.

use serde_json::Value;
use serde_json::json;

use crate::harness::cast::{ALICE, CAROL, MALLORY};
use crate::harness::cluster::whole_exclusive;
use crate::harness::nodes;
use crate::harness::nodes::{REAL, VIRTUAL};
use crate::harness::objects::TAGS;
use crate::harness::rest::Patch;
use crate::harness::stage::{Stage, assert_says, stamp};
use crate::harness::wait::eventually;
use crate::harness::workloads::{RESOURCES, To, binding, deployment, pod, unscheduled, workload};

const UNREACHABLE: &str = "failed calling webhook";

/// Every kind of workload gets its pods, and those get the real node
#[track_caller]
fn lives(stage: &Stage<'_>) {
    for resource in RESOURCES.into_iter().filter(|&resource| resource != "cronjobs") {
        let file = workload(resource, resource, To::AnyNode, "");
        stage.rest.create(&stage.path(resource), &file).success();
        let mut owner = stage.object(&format!("{resource}/{resource}"));
        if resource == "deployments" {
            owner = stage.wait_for_children("replicasets", &owner, 1).remove(0);
        }
        let pods = eventually("pods", || match stage.children("pods", &owner) {
            pods if pods.is_empty() => Err(stage.events()),
            pods => Ok(pods),
        });
        let name = pods[0]["metadata"]["name"].as_str().unwrap();
        assert_eq!(stage.wait_for_node(name), REAL, "{resource}");
        // What a kubelet then does with a pod.
        let running =
            json!({"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}});
        let kubelet = stage.rest_in(
            &format!("system:node:{REAL}"),
            &["system:nodes", "system:masters"],
        );
        kubelet
            .patch(
                &stage.path(&format!("pods/{name}/status")),
                Patch::Strategic,
                &running,
            )
            .success();
    }
}

#[test]
fn with_all_replicas_gone_whatever_is_not_eci_s_lives_on() {
    let cluster = whole_exclusive();
    lives(&Stage::within(&cluster, "gone"));
    let system = Stage::on(cluster.namespace_named("kube-system", &[]));
    lives(&system);
    // Exempt is exempt, also for pods that are marked.
    let marked = pod("marked", To::Virtual, "");
    system.rest.create(&system.path("pods"), &marked).success();
    assert_eq!(system.wait_for_node("marked"), VIRTUAL);
    for name in RESOURCES {
        let path = system.path(&format!("{name}/{name}?propagationPolicy=Background"));
        // There is no CronJob.
        system.rest.delete(&path);
    }
    system.rest.delete(&system.path("pods/marked")).success();
}

#[test]
fn with_all_replicas_gone_kubelets_report_and_mirror_their_static_pods() {
    let cluster = whole_exclusive();
    let stage = Stage::within(&cluster, "kubelet");
    let kubelet = stage.rest_in(
        &format!("system:node:{REAL}"),
        &["system:nodes", "system:masters"],
    );
    let ready =
        json!({"status": {"conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}]}});
    for node in [REAL, VIRTUAL] {
        let path = format!("/api/v1/nodes/{node}/status");
        kubelet.patch(&path, Patch::Strategic, &ready).success();
    }
    let mut mirror = pod("static", To::AnyNode, "");
    mirror["spec"]["nodeName"] = REAL.into();
    mirror["metadata"]["annotations"] = json!({
        "kubernetes.io/config.mirror": "0123", "kubernetes.io/config.source": "file",
    });
    for space in ["kube-system", &stage.name] {
        let path = format!("/api/v1/namespaces/{space}/pods");
        kubelet.create(&path, &mirror).success();
        kubelet.delete(&format!("{path}/static")).success();
    }
}

#[test]
fn with_all_replicas_gone_what_would_be_eci_s_waits_and_comes_up_afterwards() {
    let cluster = whole_exclusive();
    let stage = Stage::within(&cluster, "waits");
    let denial = stage
        .person(ALICE)
        .apply(&deployment("web", To::Virtual, "env:test"))
        .failure();
    assert_says(&denial, &[UNREACHABLE]);
    let denial = stage
        .person(ALICE)
        .apply(&pod("bare", To::Virtual, "env:test"))
        .failure();
    assert_says(&denial, &[UNREACHABLE]);
    // Nothing on this one speaks of ECI until somebody binds it.
    let plain = unscheduled(pod("plain", To::AnyNode, ""));
    stage.rest(ALICE).create(&stage.path("pods"), &plain).success();
    let reply = stage.rest("system:kube-scheduler").create(
        &stage.path("pods/plain/binding"),
        &binding("plain", VIRTUAL, json!({})),
    );
    assert!(reply.body.to_string().contains(UNREACHABLE), "{reply:?}");

    cluster.scale(1);
    stage
        .person(ALICE)
        .apply(&deployment("web", To::Virtual, "env:test"))
        .success();
    let sets = stage.wait_for_children("replicasets", &stage.settled("deployments/web"), 1);
    let pods = stage.wait_for_children("pods", &sets[0], 1);
    let name = pods[0]["metadata"]["name"].as_str().unwrap();
    assert_eq!(stage.wait_for_node(name), VIRTUAL);
}

#[test]
fn with_all_replicas_gone_a_running_deployment_s_lost_pod_waits_for_them() {
    let cluster = whole_exclusive();
    cluster.scale(1);
    let stage = Stage::within(&cluster, "lost");
    stage
        .person(ALICE)
        .apply(&deployment("web", To::Virtual, "env:test"))
        .success();
    let sets = stage.wait_for_children("replicasets", &stage.settled("deployments/web"), 1);
    let first = stage.wait_for_children("pods", &sets[0], 1).remove(0);
    let name = first["metadata"]["name"].as_str().unwrap();
    stage.wait_for_node(name);

    cluster.scale(0);
    // Deletions and evictions pass unjudged: an outage must not keep pods alive.
    stage
        .rest(MALLORY)
        .delete(&stage.path(&format!("pods/{name}")))
        .success();
    stage.wait_for_event("FailedCreate", &[UNREACHABLE]);
    cluster.scale(1);
    // The controller comes back by itself, at the latest when anything about the ReplicaSet changes.
    let path = stage.path(&format!(
        "replicasets/{}",
        sets[0]["metadata"]["name"].as_str().unwrap()
    ));
    let note = json!({"metadata": {"annotations": {"example.com/nudge": "1"}}});
    stage.rest(ALICE).patch(&path, Patch::Merge, &note).success();
    let second = stage.wait_for_children("pods", &sets[0], 1).remove(0);
    assert_eq!(stamp(&second), stamp(&first));
}

#[test]
fn with_all_replicas_gone_deletions_and_evictions_pass() {
    let cluster = whole_exclusive();
    cluster.scale(1);
    let stage = Stage::within(&cluster, "deletions");
    for name in ["deleted", "evicted", "collected"] {
        stage
            .person(ALICE)
            .apply(&pod(name, To::Virtual, "env:test"))
            .success();
        stage.wait_for_node(name);
    }
    cluster.scale(0);
    let mallory = stage.rest(MALLORY);
    mallory.delete(&stage.path("pods/deleted")).success();
    let eviction = json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "evicted"}});
    mallory
        .create(&stage.path("pods/evicted/eviction"), &eviction)
        .success();
    mallory.delete(&stage.path("pods")).success();
    assert_eq!(stage.rest.list(&stage.path("pods")), Vec::<Value>::new());
}

#[test]
fn with_all_replicas_gone_the_ways_into_an_instance_are_shut_and_its_status_is_written() {
    let cluster = whole_exclusive();
    cluster.scale(1);
    let stage = Stage::within(&cluster, "instance");
    stage
        .person(ALICE)
        .apply(&pod("web", To::Virtual, "env:test"))
        .success();
    stage.wait_for_node("web");
    cluster.scale(0);
    let exec = stage.path("pods/web/exec?command=id&stdout=true");
    let reply = stage.rest(ALICE).connect(hyper::Method::POST, &exec);
    assert!(reply.body.to_string().contains(UNREACHABLE), "{reply:?}");
    // The virtual kubelet reports all the same, as long as it leaves ECI's fields alone.
    let kubelet = stage.rest_in(
        &format!("system:node:{VIRTUAL}"),
        &["system:nodes", "system:masters"],
    );
    let status = json!({
        "metadata": {"annotations": {"k8s.aliyun.com/eci-instance-id": "eci-1"}},
        "status": {"phase": "Running", "podIP": "192.0.2.77"},
    });
    kubelet
        .patch(&stage.path("pods/web/status"), Patch::Merge, &status)
        .success();
    let smuggled = json!({"metadata": {"annotations": {TAGS: "env:prod"}}});
    let reply = kubelet.patch(&stage.path("pods/web/status"), Patch::Merge, &smuggled);
    assert!(reply.body.to_string().contains(UNREACHABLE), "{reply:?}");
}

#[test]
fn with_all_replicas_gone_a_job_on_eci_ends_and_workloads_are_collected() {
    let cluster = whole_exclusive();
    cluster.scale(1);
    let stage = Stage::within(&cluster, "ends");
    let kinds = ["jobs", "deployments", "statefulsets", "replicasets"];
    let mut pods = vec![];
    for resource in kinds {
        let file = workload(resource, resource, To::Virtual, "env:test");
        stage.person(ALICE).apply(&file).success();
        let mut owner = stage.object(&format!("{resource}/{resource}"));
        if resource == "deployments" {
            owner = stage.wait_for_children("replicasets", &owner, 1).remove(0);
        }
        let pod = stage.wait_for_children("pods", &owner, 1).remove(0);
        stage.wait_for_node(pod["metadata"]["name"].as_str().unwrap());
        pods.push(pod);
    }
    cluster.scale(0);

    // The virtual kubelet says that it is over, and the Job's controller takes its finalizer away.
    let name = pods[0]["metadata"]["name"].as_str().unwrap();
    let kubelet = stage.rest_in(
        &format!("system:node:{VIRTUAL}"),
        &["system:nodes", "system:masters"],
    );
    let over = json!({"status": {"phase": "Succeeded"}});
    kubelet
        .patch(&stage.path(&format!("pods/{name}/status")), Patch::Merge, &over)
        .success();
    eventually("the Job is complete", || {
        let job = stage.object("jobs/jobs");
        if job["status"]["succeeded"] == 1 && job["status"]["completionTime"].is_string() {
            Ok(())
        } else {
            Err(stage.events())
        }
    });
    for (resource, cascade) in [
        ("jobs", "foreground"),
        ("deployments", "foreground"),
        ("statefulsets", "background"),
        ("replicasets", "orphan"),
    ] {
        let cascade = format!("--cascade={cascade}");
        stage
            .person(ALICE)
            .run(&["delete", resource, resource, &cascade])
            .success();
    }
    let orphan = pods.pop().unwrap();
    eventually("all but the orphan are collected", || {
        let left: Vec<Value> = stage.rest.list(&stage.path("pods"));
        match left.as_slice() {
            [pod]
                if pod["metadata"]["uid"] == orphan["metadata"]["uid"]
                    && pod["metadata"]["ownerReferences"].is_null() =>
            {
                Ok(())
            }
            _ => Err(format!("{} pods; {}", left.len(), stage.events())),
        }
    });
}

#[test]
fn a_virtual_node_that_has_just_joined_is_covered() {
    let cluster = whole_exclusive();
    cluster.scale(1);
    let stage = Stage::within(&cluster, "joined");
    for number in 0..5 {
        let name = format!("carols-{number}");
        let waiting = unscheduled(pod(&name, To::PreferablyVirtual, "env:test"));
        stage.rest(CAROL).create(&stage.path("pods"), &waiting).success();
        let node = format!("virtual-kubelet-cn-hangzhou-new{number}");
        stage
            .rest
            .create("/api/v1/nodes", &nodes::virtual_node(&node))
            .success();
        // At once: no watch can have told of it.
        let reply = stage.rest("system:kube-scheduler").create(
            &stage.path(&format!("pods/{name}/binding")),
            &binding(&name, &node, json!({})),
        );
        stage.rest.delete(&format!("/api/v1/nodes/{node}")).success();
        assert_says(&reply.denial(), &[CAROL]);
    }
}

#[test]
fn a_virtual_node_whose_name_looks_real_is_an_alarm() {
    let cluster = whole_exclusive();
    cluster.scale(1);
    let name = "cn-hangzhou.192.168.0.99";
    cluster
        .rest
        .create("/api/v1/nodes", &nodes::virtual_node(name))
        .success();
    let alarm = eventually("ramgate says so and is not ready", || {
        match cluster.replicas()[0].ready() {
            Err(answer) if answer.contains("503") && answer.contains(name) => Ok(answer),
            other => Err(format!("{other:?}")),
        }
    });
    assert_says(&alarm, &["realNodeNames"]);
    cluster.rest.delete(&format!("/api/v1/nodes/{name}")).success();
    eventually("it is ready again", || cluster.replicas()[0].ready());
}
