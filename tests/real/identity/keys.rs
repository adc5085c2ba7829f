//! The keys of the stamps: shared by all replicas, exchanged without a roll-out, and worth nothing once they are gone.

use k8s_openapi::ByteString;
use serde_json::Value;
use serde_json::json;

use crate::harness::cast::ALICE;
use crate::harness::cluster::{Cluster, whole_exclusive};
use crate::harness::install::NAMESPACE;
use crate::harness::rest::Patch;
use crate::harness::rollout::{Watched, alices, newest_pod};
use crate::harness::stage::{Stage, assert_stamped, stamp, template};
use crate::harness::wait::eventually;
use crate::harness::workloads::{To, deployment};

/// A key that sorts behind all that the server makes for a long time
const NEWEST: &str = "99991231T000000Z";

fn secret() -> String {
    format!("/api/v1/namespaces/{NAMESPACE}/secrets/ramgate-stamp")
}

/// Adds a key, or takes one out
fn change_key(cluster: &Cluster, id: &str, key: Option<[u8; 32]>) {
    let key = key.map(|key| ByteString(key.to_vec()));
    let patch = json!({"data": {id: key}});
    cluster.rest.patch(&secret(), Patch::Merge, &patch).success();
}

/// The id of the key that signed a template's stamp
#[track_caller]
fn key_of(workload: &Value) -> String {
    let text = stamp(template(workload)).expect("a stamp").text;
    let stamp: Value = serde_json::from_str(&text).unwrap();
    stamp["key"].as_str().expect("a key").to_owned()
}

/// Waits until new stamps are signed with a key
#[track_caller]
fn wait_for_key(stage: &Stage<'_>, id: &str) {
    eventually("new stamps have the key", || {
        let path = stage.path("deployments") + "?dryRun=All";
        let tried = stage
            .rest(ALICE)
            .create(&path, &deployment("try", To::Virtual, "env:test"));
        match key_of(&tried.success()) {
            key if key == id => Ok(()),
            other => Err(other),
        }
    });
}

#[test]
fn a_new_key_starts_no_roll_out_and_an_old_one_is_worth_something_until_it_is_gone() {
    let cluster = whole_exclusive();
    cluster.scale(1);
    let stage = Stage::within(&cluster, "rotation");
    let file = alices(&stage);
    let old = key_of(&stage.object("deployments/web"));
    assert_ne!(old, NEWEST);

    change_key(&cluster, NEWEST, Some([7; 32]));
    wait_for_key(&stage, NEWEST);
    let web = Watched::new(&stage, "deployments/web");
    web.kept("alice applies the same file", || {
        stage.person(ALICE).apply(&file).success();
    });
    // What was signed with the old key still is whose it was.
    let lost = newest_pod(&stage);
    stage.lose(&lost);
    assert_stamped(&newest_pod(&stage), ALICE);

    let old_set = stage
        .children("replicasets", &stage.object("deployments/web"))
        .remove(0);
    web.rolls_out("alice restarts", ALICE, || {
        stage
            .person(ALICE)
            .run(&["rollout", "restart", "deployment/web"])
            .success();
    });
    assert_eq!(key_of(&stage.object("deployments/web")), NEWEST);
    let renewed = newest_pod(&stage);

    let data = cluster.rest.get(&secret())["data"].take();
    for id in data.as_object().unwrap().keys().filter(|id| *id != NEWEST) {
        change_key(&cluster, id, None);
    }
    // The old ReplicaSet has its pod still; the next one of it would be nobody's.
    for pod in stage.children("pods", &old_set) {
        stage.lose(&pod);
    }
    let said = stage.wait_for_event("FailedCreate", &["denied the request", "kubectl rollout restart"]);
    assert!(said.contains(&old), "{said}");
    stage.lose(&renewed);
    assert_stamped(&newest_pod(&stage), ALICE);
    // As the next test finds it: the newest key can stay.
}

#[test]
fn a_secret_that_somebody_deletes_is_put_back_with_the_same_keys() {
    let cluster = whole_exclusive();
    cluster.scale(1);
    let stage = Stage::within(&cluster, "deleted-keys");
    alices(&stage);
    let before = cluster.rest.get(&secret());
    cluster.rest.delete(&secret()).success();
    let after = eventually("it is back", || {
        cluster
            .rest
            .find(&secret())
            .filter(|now| now["metadata"]["uid"] != before["metadata"]["uid"])
            .ok_or("not yet")
    });
    assert_eq!(after["data"], before["data"]);
    stage.lose(&newest_pod(&stage));
    assert_stamped(&newest_pod(&stage), ALICE);
}

#[test]
fn a_key_of_the_wrong_length_is_not_taken_and_the_others_stay_in_use() {
    let cluster = whole_exclusive();
    cluster.scale(1);
    let stage = Stage::within(&cluster, "bad-key");
    let good = {
        alices(&stage);
        key_of(&stage.object("deployments/web"))
    };
    let short = json!({"data": {"99991231T235959Z": ByteString(vec![1, 2, 3])}});
    cluster.rest.patch(&secret(), Patch::Merge, &short).success();
    eventually("it is said", || {
        let log = cluster.replicas()[0].process.log();
        let said = log
            .lines()
            .any(|line| line.contains("ERROR") && line.contains("99991231T235959Z"));
        if said {
            Ok(())
        } else {
            Err("nothing of it in the log")
        }
    });
    wait_for_key(&stage, &good);
    change_key(&cluster, "99991231T235959Z", None);
}

#[test]
fn what_one_replica_has_stamped_the_others_believe() {
    let cluster = whole_exclusive();
    cluster.scale(2);
    let stage = Stage::within(&cluster, "shared-keys");
    let ports: Vec<u16> = cluster.replicas().iter().map(|replica| replica.port).collect();
    for (number, port) in ports.iter().enumerate() {
        // One stamps the template, the other is asked for its pods.
        cluster.route(vec![*port]);
        cluster.plane.egress().cut();
        let name = format!("web-{number}");
        let created = eventually("the replica is asked", || {
            let path = stage.path("deployments");
            let reply = stage
                .rest(ALICE)
                .create(&path, &deployment(&name, To::Virtual, "env:test"));
            if reply.succeeded() {
                Ok(reply.body)
            } else {
                Err(format!("{reply:?}"))
            }
        });
        cluster.route(vec![ports[1 - number]]);
        cluster.plane.egress().cut();
        let sets = stage.wait_for_children("replicasets", &created, 1);
        let pods = stage.wait_for_children("pods", &sets[0], 1);
        assert_stamped(&pods[0], ALICE);
        stage.lose(&pods[0]);
        eventually("another pod", || {
            let now = stage.children("pods", &sets[0]);
            match now.first() {
                Some(pod) if pod["metadata"]["uid"] != pods[0]["metadata"]["uid"] => Ok(()),
                _ => Err(stage.events()),
            }
        });
    }
}
