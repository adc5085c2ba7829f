//! Replicas that come and go, and the certificates that they share.

use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;
use serde_json::json;

use crate::harness::certificates::Authority;
use crate::harness::cluster::{Cluster, Namespace, exclusive};
use crate::harness::install::{NAMESPACE, RELEASE, trust};
use crate::harness::kubectl::Kubectl;
use crate::harness::load::Load;
use crate::harness::objects::{TAGS, allow, configuration, eci_pod};
use crate::harness::wait::eventually;
use crate::harness::{install, objects};

/// A user who may create any pod on ECI
fn permitted(space: &Namespace<'_>, name: &str) -> Kubectl {
    space.ram_user(name, &json!([allow(&["eci:CreateContainerGroup"], &json!({}))]));
    space.editor(&format!("{name}@example.com"))
}

fn load(space: &Namespace<'_>, who: &Kubectl) -> Load {
    let load = Load::start(
        who.kubeconfig(),
        &space.name,
        &eci_pod("load", &[(TAGS, "env:test")]),
    );
    eventually("the load runs", || {
        if load.allowed() > 20 {
            Ok(())
        } else {
            Err(load.allowed())
        }
    });
    load
}

/// Ends a load of which nothing may have failed
#[track_caller]
fn unharmed(load: Load) {
    let (allowed, failures) = load.stop();
    assert!(
        failures.is_empty(),
        "{} of {} failed, first: {}",
        failures.len(),
        allowed,
        failures[0]
    );
}

/// The distinct values of caBundle in both webhook configurations
fn bundles(cluster: &Cluster) -> Vec<Value> {
    let kinds = ["mutatingwebhookconfiguration", "validatingwebhookconfiguration"];
    let configurations = kinds.map(|kind| cluster.admin.get(&[kind, RELEASE]));
    let hooks = configurations
        .iter()
        .flat_map(|one| one["webhooks"].as_array().unwrap());
    let mut bundles: Vec<Value> = hooks
        .map(|hook| hook["clientConfig"]["caBundle"].clone())
        .collect();
    bundles.dedup();
    bundles
}

#[test]
fn a_replica_that_is_told_to_stop_fails_no_request() {
    let cluster = exclusive();
    let space = cluster.namespace("drain", &[]);
    space.scale(2);
    let load = load(&space, &permitted(&space, "drake"));

    let (stopping, staying) = {
        let replicas = space.replicas();
        replicas[0].process.signal("TERM");
        (replicas[0].admin_port, replicas[1].port)
    };
    eventually("it is not ready any more", || {
        match crate::harness::http::get(stopping, "/ready") {
            Ok(answer) if answer.status == 503 => Ok(()),
            other => Err(format!("{other:?}")),
        }
    });
    // The network learns a little later than the replica that it is going.
    sleep(Duration::from_secs(1));
    space.route(vec![staying]);
    let status = space.replicas()[0].process.wait(Duration::from_secs(20));
    assert!(status.success(), "{status}");
    sleep(Duration::from_millis(500));
    unharmed(load);
}

#[test]
fn two_replicas_share_one_ca_which_outlives_them() {
    let cluster = exclusive();
    let space = cluster.namespace("authority", &[]);
    space.scale(2);
    let first = bundles(&cluster);
    assert!(first.len() == 1 && first[0].is_string(), "{first:?}");
    let ports: Vec<u16> = space.replicas().iter().map(|replica| replica.port).collect();
    // The API server trusts the one bundle, so each replica alone must be able to answer.
    for port in ports {
        space.route(vec![port]);
        // Connections that exist may be the other's.
        space.plane.egress().cut();
        eventually("the replica answers", || {
            let said = space.admin().apply(&eci_pod("web", &[])).failure();
            if said.contains("denied the request") {
                Ok(())
            } else {
                Err(said)
            }
        });
    }

    space.scale(0);
    space.scale(1);
    assert_eq!(
        bundles(&cluster),
        first,
        "a new replica takes over the CA of the Secret"
    );
}

#[test]
fn an_upgrade_of_the_release_keeps_the_certificates_and_fails_no_request() {
    let cluster = exclusive();
    let space = cluster.namespace("upgrade", &[]);
    space.scale(1);
    let before = bundles(&cluster);
    let load = load(&space, &permitted(&space, "ulf"));

    let mut values = install::values();
    values["webhooks"] = json!({"marked": {"timeoutSeconds": 7}});
    space.install(&values);
    assert_eq!(bundles(&cluster), before);
    unharmed(load);
}

#[test]
fn a_certificate_from_a_mounted_secret_is_exchanged_under_load_and_a_bad_one_is_not_taken() {
    let cluster = exclusive();
    let space = cluster.namespace("exchange", &[]);
    let admin = space.admin().within(NAMESPACE);
    let authority = Authority::new("company", &space.plane.folder().join(&space.name));
    let service = format!("{RELEASE}.{NAMESPACE}.svc");
    let provide = |certificate: &str, key: &str| {
        let data = json!({"tls.crt": certificate, "tls.key": key, "ca.crt": authority.pem()});
        let metadata = json!({"name": "company-tls"});
        admin
            .apply(&json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data}))
            .success();
    };
    let issue = |file: &str, year: i32| {
        let pair = authority.server(file, &[&service], year);
        (
            std::fs::read_to_string(pair.certificate).unwrap(),
            std::fs::read_to_string(pair.key).unwrap(),
        )
    };
    let (certificate, key) = issue("first", 2101);
    provide(&certificate, &key);
    let mut values = install::values();
    values["certificate"] = json!({"source": "secret", "secret": {"name": "company-tls"}});
    space.install(&values);
    trust(&space.admin(), &authority.pem());
    space.scale(1);
    let load = load(&space, &permitted(&space, "xenia"));

    let ends = || {
        space.replicas()[0]
            .metric("ramgate_certificate_not_after_timestamp_seconds")
            .unwrap()
    };
    let first = ends();
    let (certificate, second_key) = issue("second", 2102);
    provide(&certificate, &second_key);
    space.replicas()[0].refresh_mounts(&space.plane);
    eventually("the new certificate is served", || {
        if ends() > first { Ok(()) } else { Err(ends()) }
    });
    // A newer certificate with the key of another.
    let (certificate, _) = issue("third", 2103);
    let second = ends();
    provide(&certificate, &key);
    space.replicas()[0].refresh_mounts(&space.plane);
    eventually("the bad pair is reported", || {
        let log = space.replicas()[0].process.log();
        let said = log
            .lines()
            .any(|line| line.contains("WARN") || line.contains("ERROR"));
        if said { Ok(()) } else { Err(log) }
    });
    assert_eq!(ends(), second);
    unharmed(load);
}

#[test]
fn a_dry_run_changes_nothing_but_is_judged() {
    let cluster = exclusive();
    let space = cluster.namespace("dry", &[]);
    space.scale(1);
    let editor = permitted(&space, "drew");
    let dry = ["create", "--dry-run=server"];
    let state = || {
        let kinds = "configmaps,secrets,events,leases,pods,mutatingwebhookconfigurations,validatingwebhookconfigurations";
        let template = "--output=jsonpath={range .items[*]}{.kind}/{.metadata.name} {.metadata.resourceVersion}{\"\\n\"}{end}";
        let generation = space.replicas()[0].metric("ramgate_config_generation");
        let listed = space
            .admin()
            .run(&["get", kinds, "--all-namespaces", template])
            .success()
            .stdout;
        // The API server renews the lease of its own name whenever it is time
        let lines = listed
            .lines()
            .filter(|line| !line.starts_with("Lease/apiserver-"));
        (lines.map(str::to_owned).collect::<Vec<String>>(), generation)
    };
    let before = state();

    editor.give(&dry, &eci_pod("allowed", &[])).success();
    space.admin().give(&dry, &eci_pod("denied", &[])).failure();
    let maps = space.admin().within(NAMESPACE);
    maps.give(
        &["apply", "--dry-run=server"],
        &objects::policy("drew", &json!([allow(&["ecs:*"], &json!({}))])),
    )
    .success();
    maps.give(&dry, &configuration("bad", "policy", "bad.json", "{"))
        .failure();
    sleep(Duration::from_secs(1));
    assert_eq!(state(), before);
}
