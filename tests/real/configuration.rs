//! ramgate's own ConfigMaps: in force at once, refused when bad, and never a reason to stop.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::cluster::{exclusive, shared};
use crate::harness::egress::Fault;
use crate::harness::install::NAMESPACE;
use crate::harness::objects;
use crate::harness::objects::{TAGS, allow, configuration, eci_pod};
use crate::harness::wait::eventually;

const CREATE: &[&str] = &["eci:CreateContainerGroup"];

/// A policy whose fourth line has an element that RAM does not know, spelled at column 7
const MISSPELLED: &str = r#"{
  "Version": "1",
  "Statement": [
    { "Efect": "Allow", "Action": "eci:*", "Resource": "*" }
  ]
}"#;

#[test]
fn a_changed_policy_is_in_force_within_a_second() {
    let space = shared().namespace("changed", &[]);
    let only = |env: &str| {
        json!([allow(
            CREATE,
            &json!({"StringEquals": {"acs:RequestTag/env": env}})
        )])
    };
    space.ram_user("charles", &only("test"));
    let charles = space.editor("charles@example.com");
    let try_prod = || {
        charles.give(
            &["create", "--dry-run=server"],
            &eci_pod("web", &[(TAGS, "env:prod")]),
        )
    };
    try_prod().failure();

    let took = space.configure(&objects::policy("charles", &only("prod")));
    try_prod().success();
    assert!(took < Duration::from_secs(1), "it took {took:?}");
}

#[test]
fn a_bad_policy_is_refused_at_apply_with_file_line_and_column() {
    let space = shared().namespace("refused", &[]);
    let admin = space.admin().within(NAMESPACE);

    let refusal = admin
        .apply(&configuration("bad-policy", "policy", "bad.json", MISSPELLED))
        .failure();
    for part in ["bad.json", "4:7", "Efect"] {
        assert!(refusal.contains(part), "no `{part}` in: {refusal}");
    }
    assert!(
        admin
            .run(&["get", "configmap", "bad-policy"])
            .failure()
            .contains("not found")
    );
}

#[test]
fn a_bad_directory_is_refused_at_apply_with_file_line_and_column() {
    let space = shared().namespace("refused", &[]);
    let admin = space.admin().within(NAMESPACE);
    let directory = "users:\n  - name: eve\n    polices: []\n";

    let refusal = admin
        .apply(&configuration("bad-users", "directory", "users.yaml", directory))
        .failure();
    for part in ["users.yaml", "3:5", "polices"] {
        assert!(refusal.contains(part), "no `{part}` in: {refusal}");
    }
}

#[test]
fn a_reference_to_what_is_not_there_yet_is_a_warning_at_apply() {
    let space = shared().namespace("warned", &[]);
    let user = objects::user("nobody-wrote-this-policy");

    let outcome = space
        .admin()
        .within(NAMESPACE)
        .give(&["create", "--dry-run=server"], &user)
        .success();
    assert!(outcome.stderr.contains("Warning"), "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("nobody-wrote-this-policy"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_mass_loss_is_warned_of_and_waits_until_it_is_accepted() {
    let cluster = exclusive();
    let space = cluster.namespace("losses", &[]);
    space.scale(1);
    // More than all users of other tests, so that they are a fifth of all
    let people = |count: usize| {
        let users: Vec<Value> = (0..count)
            .map(|number| json!({"name": format!("crowd-{number}"), "policies": [{"policy": "AliyunECIFullAccess"}]}))
            .collect();
        let subject = json!({"kind": "User", "name": "crowd@example.com"});
        let bindings = json!([{"principal": "user/crowd-0", "subjects": [subject]}]);
        let directory = json!({"users": users, "bindings": bindings});
        configuration("crowd", "directory", "crowd.yaml", &directory.to_string())
    };
    space.configure(&people(400));
    let maps = space.admin().within(NAMESPACE);
    let held = || space.replicas()[0].metric("ramgate_config_held_loss");

    let said = maps.apply(&people(1)).success().stderr;
    assert!(
        said.contains("stored, but not in force: this set takes rights away from 399 of "),
        "{said}"
    );
    assert!(said.contains("kubectl annotate configmap crowd"), "{said}");
    assert!(said.contains("ramgate.io/accept-loss=399"), "{said}");
    eventually("the set is held back", || match held() {
        Some(399.0) => Ok(()),
        other => Err(format!("{other:?}")),
    });
    let crowd = space.editor("crowd@example.com");
    crowd
        .give(&["create", "--dry-run=server"], &eci_pod("web", &[]))
        .success();
    eventually("an Event on the ConfigMap says so", || {
        let events = maps
            .run(&["get", "events", "--field-selector=involvedObject.name=crowd"])
            .stdout;
        if events.contains("takes rights away from 399 of") {
            Ok(())
        } else {
            Err(events)
        }
    });

    maps.run(&["annotate", "configmap", "crowd", "ramgate.io/accept-loss=399"])
        .success();
    eventually("the set is in force", || match held() {
        Some(0.0) => Ok(()),
        other => Err(format!("{other:?}")),
    });
    maps.run(&["delete", "configmap", "crowd"]).success();
}

#[test]
fn a_bad_document_that_slips_in_leaves_the_last_good_set_in_force_until_it_is_repaired() {
    let cluster = exclusive();
    let space = cluster.namespace("slipped", &[]);
    space.scale(1);
    space.ram_user(
        "sally",
        &json!([allow(
            CREATE,
            &json!({"StringEquals": {"acs:RequestTag/env": "test"}})
        )]),
    );
    let sally = space.editor("sally@example.com");
    let admin = space.admin().within(NAMESPACE);
    let loaded = || space.replicas()[0].metric("ramgate_config_last_reload_success");
    let expect = |wanted: f64| {
        eventually(
            "the metric shows the state of the configuration",
            || match loaded() {
                Some(value) if value == wanted => Ok(()),
                other => Err(format!("{other:?} instead of {wanted}")),
            },
        );
    };
    expect(1.0);

    // With the network gone the webhook cannot refuse it.
    space.plane.egress().fault(Fault::Refuse);
    admin
        .apply(&configuration("slipped", "policy", "slipped.json", MISSPELLED))
        .success();
    space.plane.egress().fault(Fault::None);
    expect(0.0);
    sally.apply(&eci_pod("good", &[(TAGS, "env:test")])).success();
    sally.apply(&eci_pod("bad", &[(TAGS, "env:prod")])).failure();
    eventually("an event on the ConfigMap says what is wrong", || {
        let events = admin
            .run(&["get", "events", "--field-selector=involvedObject.name=slipped"])
            .stdout;
        if events.contains("Efect") {
            Ok(())
        } else {
            Err(events)
        }
    });

    let repaired = MISSPELLED.replace("Efect", "Effect");
    admin
        .apply(&configuration("slipped", "policy", "slipped.json", &repaired))
        .success();
    expect(1.0);
}
