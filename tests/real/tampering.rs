//! Somebody changes what ramgate stands on: its webhook configurations, its rights, its own ConfigMaps.

use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;
use serde_json::json;

use crate::harness::cluster::{Cluster, exclusive};
use crate::harness::install::{NAMESPACE, RELEASE, helm};
use crate::harness::tools::repository;
use crate::harness::wait::within;
use crate::harness::{http, install};

/// Whatever is changed shows within a minute
const MINUTE: Duration = Duration::from_secs(60);

/// What `/ready` of the only replica says
fn state(cluster: &Cluster) -> Value {
    let port = cluster.replicas()[0].admin_port;
    let answer = http::get(port, "/ready").expect("an answer");
    serde_json::from_str(&answer.body).expect("JSON")
}

/// Waits until a list of `/ready` holds a sentence with all these words, and gives the sentence
#[track_caller]
fn wait_for(cluster: &Cluster, list: &str, words: &[&str]) -> String {
    within(MINUTE, &format!("{words:?}"), || {
        let state = state(cluster);
        let mut sentences = state[list].as_array().into_iter().flatten();
        let found = sentences.find(|one| {
            one.as_str()
                .is_some_and(|one| words.iter().all(|words| one.contains(words)))
        });
        found
            .and_then(Value::as_str)
            .map(str::to_owned)
            .ok_or_else(|| state.to_string() + &cluster.tail())
    })
}

/// Waits until a replica is ready and has no concerns
#[track_caller]
fn wait_until_well(cluster: &Cluster) {
    within(MINUTE, "nothing is wrong", || {
        let state = state(cluster);
        let is_well = state["ready"] == true && state["concerns"].is_null();
        is_well.then_some(()).ok_or_else(|| state.to_string())
    });
}

fn drift(cluster: &Cluster) -> [f64; 2] {
    ["mutating", "validating"].map(|kind| {
        let series = format!("ramgate_webhook_configuration_drift{{kind=\"{kind}\"}}");
        cluster.replicas()[0].metric(&series).expect("a metric")
    })
}

/// What docs/operations.md says against a change by hand
fn repair(cluster: &Cluster) {
    let chart = repository().join("charts/ramgate").display().to_string();
    let values = cluster.plane.folder().join("values.json").display().to_string();
    helm(
        &cluster.plane,
        &[
            "upgrade",
            "--force-conflicts",
            RELEASE,
            &chart,
            "--values",
            &values,
        ],
    )
    .success();
}

#[test]
fn a_change_of_the_webhook_configurations_shows_within_a_minute_and_is_repaired() {
    let cluster = exclusive();
    // What a test before this one has changed is its own in the eyes of Helm.
    cluster.remove_webhooks();
    cluster.install(&install::values());
    cluster.scale(1);
    // caBundle is written by now, and every difference would have lasted long enough.
    sleep(Duration::from_secs(15));
    wait_until_well(&cluster);
    assert_eq!(drift(&cluster), [0.0, 0.0]);

    let index = |phase: &str, entry: &str| {
        let live = cluster
            .admin
            .get(&[&format!("{phase}webhookconfiguration"), RELEASE]);
        let entries = live["webhooks"].as_array().unwrap();
        let found = entries
            .iter()
            .position(|one| one["name"] == format!("{entry}.ramgate.io"));
        found.expect("the entry")
    };
    let patch = |phase: &str, operations: Value| {
        let kind = format!("{phase}webhookconfiguration");
        let patch = operations.to_string();
        cluster
            .admin
            .run(&["patch", &kind, RELEASE, "--type=json", "--patch", &patch])
            .success();
    };
    let marked = format!("/webhooks/{}", index("mutating", "marked"));
    patch(
        "mutating",
        json!([
            {"op": "replace", "path": format!("{marked}/matchConditions/0/expression"), "value": "false"},
            {"op": "replace", "path": format!("{marked}/failurePolicy"), "value": "Ignore"},
        ]),
    );
    let connect = format!("/webhooks/{}/rules", index("validating", "connect"));
    let binding = format!("/webhooks/{}", index("validating", "binding"));
    patch(
        "validating",
        json!([
            {"op": "replace", "path": connect, "value": []},
            {"op": "remove", "path": binding},
        ]),
    );
    wait_for(
        &cluster,
        "concerns",
        &[
            "are not as they were installed",
            "mutating `marked.ramgate.io` has another failurePolicy, matchConditions",
            "validating `binding.ramgate.io` is not there",
            "validating `connect.ramgate.io` has another rules",
            "--force-conflicts",
        ],
    );
    within(MINUTE, "the metric", || {
        let drift = drift(&cluster);
        if drift == [1.0, 2.0] {
            Ok(())
        } else {
            Err(format!("{drift:?}"))
        }
    });
    within(MINUTE, "an Event on the ConfigMap", || {
        let events = cluster.admin.within(NAMESPACE).get(&["events.events.k8s.io"]);
        let mut events = events["items"].as_array().unwrap().iter();
        let found = events.any(|event| {
            event["reason"] == "WebhooksChanged"
                && event["regarding"]["name"] == "ramgate-installed"
                && event["note"]
                    .as_str()
                    .is_some_and(|note| note.contains("marked.ramgate.io"))
        });
        found.then_some(()).ok_or("none")
    });
    let preflight = crate::harness::command::ramgate(&cluster.admin, &["preflight"]);
    assert!(
        preflight
            .stdout
            .contains("they are not as they were installed: mutating `marked.ramgate.io`"),
        "{preflight:?}"
    );

    repair(&cluster);
    wait_until_well(&cluster);

    cluster.remove_webhooks();
    let said = wait_for(&cluster, "concerns", &["are not as they were installed"]);
    assert!(said.contains("is not there"), "{said}");
    repair(&cluster);
    wait_until_well(&cluster);
    cluster
        .admin
        .within(NAMESPACE)
        .run(&["delete", "configmap", "ramgate-installed"])
        .success();
    wait_for(&cluster, "concerns", &["nobody can see whether"]);
    repair(&cluster);
    wait_until_well(&cluster);
}

#[test]
fn a_replica_whose_watches_are_dead_says_so_and_then_is_not_ready() {
    let cluster = exclusive();
    let mut values = install::values();
    values["server"]["staleAfterSeconds"] = json!(40);
    cluster.install(&values);
    cluster.scale(1);
    let series = "ramgate_watch_last_success_timestamp_seconds{watch=\"configmaps\"}";
    let last = || cluster.replicas()[0].metric(series).unwrap_or_default();
    // Nothing changes in this cluster, and the watches are young all the same.
    sleep(Duration::from_secs(45));
    wait_until_well(&cluster);
    let before = last();
    assert!(before > 1.7e9, "{before}");

    let binding = cluster.admin.within(NAMESPACE).get(&["rolebinding", RELEASE]);
    cluster
        .admin
        .within(NAMESPACE)
        .run(&["delete", "rolebinding", RELEASE])
        .success();
    let said = wait_for(
        &cluster,
        "concerns",
        &["does not answer these watches", "configmaps"],
    );
    assert!(!said.contains("nodes"), "{said}");
    assert_eq!(state(&cluster)["ready"], true);
    let words = ["for longer than --stale-after", "configmaps", "stamp-keys"];
    wait_for(&cluster, "missing", &words);
    assert_eq!(state(&cluster)["ready"], false);

    let again = json!({
        "apiVersion": binding["apiVersion"], "kind": "RoleBinding", "roleRef": binding["roleRef"],
        "subjects": binding["subjects"],
        "metadata": {"name": RELEASE, "labels": binding["metadata"]["labels"], "annotations": binding["metadata"]["annotations"]},
    });
    cluster
        .admin
        .within(NAMESPACE)
        .give(&["create"], &again)
        .success();
    wait_until_well(&cluster);
    within(MINUTE, "a newer answer in the metric", || {
        let last = last();
        if last > before { Ok(()) } else { Err(last) }
    });
}

#[test]
fn without_the_installed_section_cluster_the_last_good_set_stays_and_no_replica_starts() {
    let cluster = exclusive();
    cluster.scale(1);
    let own = cluster.admin.within(NAMESPACE);
    let generation = |cluster: &Cluster| cluster.replicas()[0].metric("ramgate_config_generation");
    let before = generation(&cluster);
    own.run(&["delete", "configmap", "ramgate-cluster"]).success();
    let said = wait_for(
        &cluster,
        "lastReloadErrors",
        &["which holds the section `cluster`"],
    );
    assert!(said.starts_with("ramgate-cluster: "), "{said}");
    assert_eq!(generation(&cluster), before);
    assert_eq!(state(&cluster)["ready"], true);
    let series = "ramgate_config_last_reload_success";
    assert_eq!(cluster.replicas()[0].metric(series), Some(0.0));

    let mut late = crate::harness::replica::Replica::start(&cluster.plane, "ramgate-late");
    sleep(Duration::from_secs(3));
    let waits = late.ready().unwrap_err();
    assert!(
        waits.contains("no complete configuration has been loaded yet"),
        "{waits}"
    );
    repair(&cluster);
    within(MINUTE, "the new replica is ready", || late.ready());
    wait_until_well(&cluster);
    assert!(generation(&cluster) > before);
}
