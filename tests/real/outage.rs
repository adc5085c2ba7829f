//! All of ramgate gone: what must wait does, and nothing else is touched.

use std::time::Duration;
use std::time::Instant;

use serde_json::json;

use crate::harness::cluster::{Namespace, exclusive};
use crate::harness::egress::Fault;
use crate::harness::install::{NAMESPACE, RELEASE};
use crate::harness::kubectl::Kubectl;
use crate::harness::objects::{TAGS, allow, binding, configuration, eci_pod, node, pod};
use crate::harness::wait::eventually;

/// A name that the chart's default pattern knows as a real node's
const REAL_NODE: &str = "cn-hangzhou.10.0.0.1";

/// Everything that Kubernetes does with a pod that is not ECI's: create, bind, change, delete
fn lives_and_dies(who: &Kubectl, pod: &serde_json::Value) {
    let name = pod["metadata"]["name"].as_str().unwrap();
    who.apply(pod).success();
    let path = format!(
        "/api/v1/namespaces/{}/pods/{name}/binding",
        who.get(&["pod", name])["metadata"]["namespace"].as_str().unwrap()
    );
    who.give(&["create", "--raw", &path], &binding(name, REAL_NODE))
        .success();
    who.run(&["label", "pod", name, "seen=true"]).success();
    who.run(&["delete", "pod", name, "--force", "--grace-period=0"])
        .success();
}

/// With what an outage breaks on purpose
fn waits(space: &Namespace<'_>) {
    let denial = space
        .admin()
        .apply(&eci_pod("marked", &[(TAGS, "env:test")]))
        .failure();
    assert!(denial.contains("failed calling webhook"), "{denial}");
}

#[test]
fn with_all_replicas_gone_marked_pods_wait_and_all_others_live_and_die() {
    let cluster = exclusive();
    let space = cluster.namespace("outage", &[]);
    cluster.admin.apply(&node(REAL_NODE, &[])).success();
    waits(&space);

    lives_and_dies(&space.admin(), &pod("unmarked"));
    cluster.namespace_named("kube-system", &[]);
    lives_and_dies(&cluster.admin.within("kube-system"), &pod("agent"));
    lives_and_dies(
        &cluster.admin.within("kube-system"),
        &eci_pod("marked-agent", &[]),
    );
    // The softer modes never hold anything back.
    lives_and_dies(
        &cluster.namespace_named("soft", &[]).admin(),
        &eci_pod("marked", &[]),
    );
}

#[test]
fn with_all_replicas_gone_deletions_go_through() {
    let cluster = exclusive();
    let space = cluster.namespace("removal", &[]);
    space.scale(1);
    space.ram_user("rita", &json!([allow(&["eci:CreateContainerGroup"], &json!({}))]));
    let rita = space.editor("rita@example.com");
    rita.apply(&eci_pod("marked", &[])).success();
    rita.run(&["delete", "pod", "marked"]).failure();

    space.scale(0);
    rita.run(&["delete", "pod", "marked"]).success();
}

#[test]
fn a_network_that_swallows_requests_costs_marked_pods_the_timeout_and_others_nothing() {
    let cluster = exclusive();
    let space = cluster.namespace("hang", &[]);
    space.scale(1);
    space.plane.egress().fault(Fault::Hang);

    let start = Instant::now();
    waits(&space);
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
    let start = Instant::now();
    space.admin().apply(&pod("unmarked")).success();
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());

    space.plane.egress().fault(Fault::None);
    eventually("it answers again", || {
        let said = space.admin().apply(&eci_pod("marked", &[])).stderr;
        if said.contains("denied the request") {
            Ok(())
        } else {
            Err(said)
        }
    });
}

#[test]
fn a_bad_configuration_can_be_repaired_while_ramgate_is_gone_and_while_it_waits_for_a_good_one() {
    let cluster = exclusive();
    let space = cluster.namespace("repair", &[]);
    let admin = space.admin().within(NAMESPACE);
    let broken = |version: &str| {
        configuration(
            "broken",
            "policy",
            "broken.json",
            &format!(r#"{{"Version": "{version}"}}"#),
        )
    };
    admin.apply(&broken("7")).success();
    admin.apply(&broken("8")).success();

    // It does not come up with a bad set, and says why, but it does not give up either.
    let mut replica = crate::harness::replica::Replica::start(&space.plane, "ramgate-waiting");
    eventually("it says what is wrong", || match replica.ready() {
        Err(answer) if answer.contains("503") && answer.contains("broken.json") => Ok(()),
        other => Err(format!("{other:?}")),
    });
    admin.run(&["delete", "configmap", "broken"]).success();
    eventually("it is ready once the bad document is gone", || replica.ready());
}

#[test]
fn ramgate_starts_from_zero_replicas_behind_its_own_webhooks() {
    let cluster = exclusive();
    let space = cluster.namespace("zero", &[]);
    waits(&space);

    // What the ReplicaSet controller and the scheduler do for the Deployment.
    let template = space.admin().within(NAMESPACE).get(&["deployment", RELEASE])["spec"]["template"].clone();
    let mut own = json!({"apiVersion": "v1", "kind": "Pod", "metadata": template["metadata"], "spec": template["spec"]});
    own["metadata"]["name"] = format!("{RELEASE}-own").into();
    // A priority class that a whole cluster has; it is the API server that makes it.
    let controller = "system:serviceaccount:kube-system:replicaset-controller";
    let controller = space
        .admin()
        .within(NAMESPACE)
        .acting_as(controller, &["system:authenticated"]);
    eventually("the API server has its priority classes", || {
        let outcome = controller.give(&["create"], &own);
        if outcome.succeeded {
            Ok(())
        } else {
            Err(outcome.stderr)
        }
    });
    cluster.admin.apply(&node(REAL_NODE, &[])).success();
    let path = format!("/api/v1/namespaces/{NAMESPACE}/pods/{RELEASE}-own/binding");
    let bound = space.admin().within(NAMESPACE).give(
        &["create", "--raw", &path],
        &binding(&format!("{RELEASE}-own"), REAL_NODE),
    );
    bound.success();

    space.scale(1);
    let own = format!("{RELEASE}-own");
    space
        .admin()
        .within(NAMESPACE)
        .run(&["delete", "pod", &own, "--force", "--grace-period=0"])
        .success();
}
