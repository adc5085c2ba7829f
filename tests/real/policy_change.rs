//! A change of a policy, from its candidate to the end of an exception: the steps of docs/operations.md, in their order.

use std::thread::sleep;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::audit::{Audit, audited, introduce_reports, only};
use crate::harness::cluster::Cluster;
use crate::harness::command::{Run, ramgate};
use crate::harness::custom_controllers::CustomController;
use crate::harness::install::NAMESPACE;
use crate::harness::objects::{allow, configuration, policy};
use crate::harness::prometheus::{Prometheus, panels};
use crate::harness::stage::{Stage, assert_says};
use crate::harness::wait::eventually;
use crate::harness::workloads::{To, deployment};

const ERIN: &str = "erin@example.com";
const FRANK: &str = "frank@example.com";

/// Long enough for the steps between the exception and its end
const HOLDS: SignedDuration = SignedDuration::from_secs(75);

/// Erin of the shop and Frank of the bank, to whom the same policy is attached
fn people() -> Value {
    let user = |name: &str| json!({"name": name, "policies": [{"policy": "Teams"}]});
    let binding = |name: &str, person: &str| json!({"principal": format!("user/{name}"), "subjects": [{"kind": "User", "name": person}]});
    let directory = json!({
        "users": [user("erin"), user("frank")],
        "bindings": [binding("erin", ERIN), binding("frank", FRANK)],
    });
    configuration("test-people", "directory", "people.yaml", &directory.to_string())
}

/// The policy of both teams
fn teams(conditions: &Value) -> Value {
    let mut map = policy("Teams", &json!([allow(&["eci:*"], conditions)]));
    map["metadata"]["name"] = "test-teams".into();
    map
}

/// The ConfigMap as a candidate
fn candidate(mut map: Value) -> Value {
    map["metadata"]["name"] = "test-teams-next".into();
    map["metadata"]["labels"]["ramgate.io/candidate"] = "true".into();
    map
}

/// What the replica says of the candidate
fn ask(cluster: &Cluster, arguments: &[&str]) -> Run {
    let from = format!("--from=http://127.0.0.1:{}", cluster.replicas()[0].admin_port);
    let arguments: Vec<&str> = ["candidate", &from].iter().chain(arguments).copied().collect();
    ramgate(&cluster.admin, &arguments)
}

/// Waits until the alert fires
#[track_caller]
fn fires(prometheus: &Prometheus, alert: &str) {
    let firing = format!("ALERTS{{alertname=\"{alert}\",alertstate=\"firing\"}}");
    eventually(alert, || prometheus.shows(&firing));
}

#[test]
fn a_policy_changes_from_a_candidate_to_the_end_of_an_exception() {
    let cluster = audited();
    introduce_reports(&cluster.admin);
    cluster.configure(&teams(&json!({})));
    cluster.configure(&people());
    let shop = Stage::within(&cluster, "change-shop");
    let bank = Stage::within(&cluster, "change-bank");
    let (erin, frank) = (shop.editor(ERIN), bank.editor(FRANK));
    let admin = cluster.admin.within(NAMESPACE);
    let (mut reports, port) = CustomController::kube_state_metrics(&cluster.plane);
    let targets = [cluster.replicas()[0].admin_port, port];
    let prometheus = Prometheus::with_rules(cluster.plane.folder(), &targets);

    // 1. The candidate, and what the teams do meanwhile
    let stricter = json!({"StringEquals": {"acs:RequestTag/env": "test"}});
    admin.apply(&candidate(teams(&stricter))).success();
    eventually("the candidate is loaded", || {
        let report = ask(&cluster, &["--output", "json"]).json();
        match report["state"] == "loaded" {
            true => Ok(()),
            false => Err(report.to_string()),
        }
    });
    let web = deployment("web", To::Virtual, "env:prod");
    erin.apply(&web).success();
    frank.apply(&web).success();

    // 2. Who would lose
    eventually("both would lose", || {
        let report = ask(&cluster, &["--output", "json"]).json();
        let rows = report["rows"].as_array().cloned().unwrap_or_default();
        let loses = |name: &str| {
            rows.iter()
                .any(|row| row["change"] == "denied" && row["principal"] == name && row["policy"] == "Teams")
        };
        match loses("user/erin") && loses("user/frank") {
            true => Ok(()),
            false => Err(report.to_string()),
        }
    });
    let table = ask(&cluster, &[]).ended_with(2).stdout;
    assert_says(&table, &["denied", "user/erin", "user/frank", "Teams#1"]);
    fires(&prometheus, "RamgateCandidateLosses");

    // 3. More time for the shop
    let until = Timestamp::from_second(Timestamp::now().as_second()).unwrap() + HOLDS;
    let exception = json!({"name": "shop-moves", "principals": ["user/erin"], "namespaces": [shop.name],
        "codes": ["ImplicitDeny"], "until": until.to_string(), "reason": "the shop moves", "owner": "team-shop"});
    let exception = json!({"exceptions": [exception]}).to_string();
    cluster.configure(&configuration(
        "test-exception",
        "directory",
        "exceptions.yaml",
        &exception,
    ));

    // 4. Promoted
    let promoted = ramgate(&cluster.admin, &["candidate", "--promote"]).ended_with(0);
    admin.run_with(&["apply", "-f", "-"], &promoted.stdout).success();
    admin.run(&["delete", "configmap", "test-teams-next"]).success();
    let create = ["create", "--dry-run=server"];
    let more = deployment("more", To::Virtual, "env:prod");
    eventually("frank is denied", || {
        let outcome = frank.give(&create, &more);
        match outcome.succeeded {
            true => Err(outcome.stderr),
            false => {
                assert_says(&outcome.stderr, &["tag `env` must be `test`"]);
                Ok(())
            }
        }
    });
    let excused = erin.give(&create, &more).success();
    assert_says(&excused.stderr, &["by exception shop-moves", &until.to_string()]);

    // 5. The audit, its Reports and the dashboard
    let audit = Audit::new(&cluster);
    let state = |stage: &Stage<'_>| only(&audit.json(), &stage.name)["state"].clone();
    assert_eq!((state(&shop), state(&bank)), (json!("excused"), json!("denied")));
    for (stage, state) in [(&shop, "excused"), (&bank, "denied")] {
        let series = format!(
            "ramgate_audit_workloads{{namespace=\"{}\",report=\"ramgate-audit\",state=\"{state}\"}} == 1",
            stage.name
        );
        eventually(state, || {
            prometheus
                .shows(&series)
                .map_err(|error| format!("{error}\n{}", reports.tail()))
        });
    }
    for (title, query) in panels()
        .into_iter()
        .filter(|(_, query)| query.contains("ramgate_audit_"))
    {
        eventually(&title, || prometheus.shows(&query));
    }

    // 6. The end comes near, and comes
    fires(&prometheus, "RamgateExceptionExpires");
    let generation = cluster.replicas()[0].metric("ramgate_config_generation");
    let denial = loop {
        let asked = Timestamp::now();
        let outcome = erin.give(&create, &more);
        if !outcome.succeeded {
            break outcome.stderr;
        }
        assert!(asked < until, "allowed at {asked}: {}", outcome.stderr);
        sleep(Duration::from_millis(200));
    };
    assert!(Timestamp::now() >= until, "{denial}");
    assert_says(&denial, &["tag `env` must be `test`"]);
    assert_eq!(
        cluster.replicas()[0].metric("ramgate_config_generation"),
        generation,
        "nothing was reloaded"
    );
    assert_eq!(state(&shop), json!("denied"));
}
