//! A change of a policy is rehearsed on live requests, and then promoted.

use serde_json::{Value, json};

use crate::harness::cluster::{Cluster, exclusive};
use crate::harness::command::{Run, ramgate};
use crate::harness::http;
use crate::harness::install::{NAMESPACE, RELEASE};
use crate::harness::objects::{TAGS, allow, eci_pod, policy};
use crate::harness::wait::eventually;

/// The address of the pod that stands for the replica: only its IP address matters, and that is the network's matter
const ADDRESS: &str = "10.244.0.7";

const LABEL: &str = "ramgate.io/candidate";

/// A pod of the Deployment that is ready, and whose admin port is that of the replica
fn play_pod(cluster: &Cluster) {
    let admin = cluster.admin.within(NAMESPACE);
    let deployment = admin.get(&["deployment", RELEASE]);
    let template = &deployment["spec"]["template"];
    let pod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "ramgate-played", "labels": template["metadata"]["labels"]},
        "spec": {"serviceAccountName": template["spec"]["serviceAccountName"],
            "containers": [{"name": "ramgate", "image": "ramgate"}]},
    });
    admin.apply(&pod).success();
    let status = json!({"status": {"phase": "Running", "podIP": ADDRESS, "podIPs": [{"ip": ADDRESS}],
        "conditions": [{"type": "Ready", "status": "True"}]}});
    let status = status.to_string();
    let patch = [
        "patch",
        "pod",
        "ramgate-played",
        "--subresource=status",
        "--type=merge",
        "--patch",
        &status,
    ];
    admin.run(&patch).success();
    let port = cluster.replicas()[0].admin_port;
    cluster
        .plane
        .egress()
        .route(&format!("{ADDRESS}:8080"), vec![port]);
}

/// A candidate of the policy `nora` with these statements
fn candidate(statements: &Value) -> Value {
    let mut map = policy("nora", statements);
    map["metadata"]["name"] = "next".into();
    map["metadata"]["labels"][LABEL] = "true".into();
    map
}

fn ask(cluster: &Cluster, arguments: &[&str]) -> Run {
    let arguments: Vec<&str> = ["candidate"].iter().chain(arguments).copied().collect();
    ramgate(&cluster.admin, &arguments)
}

fn report(cluster: &Cluster) -> Value {
    ask(cluster, &["--output", "json"]).json()
}

fn tagged(name: &str, env: &str) -> Value {
    eci_pod(name, &[(TAGS, &format!("env:{env}"))])
}

#[test]
fn a_candidate_names_who_would_lose_before_it_is_promoted_and_denies() {
    let cluster = exclusive();
    cluster.scale(1);
    play_pod(&cluster);
    let space = cluster.namespace("rehearsed", &[]);
    for name in ["nora", "omar"] {
        space.ram_user(name, &json!([allow(&["eci:CreateContainerGroup"], &json!({}))]));
    }
    let (nora, omar) = (space.editor("nora@example.com"), space.editor("omar@example.com"));
    let admin = cluster.admin.within(NAMESPACE);
    let generation = || cluster.replicas()[0].metric("ramgate_config_generation");
    let before = generation();

    // What is faulty, or marked in another way, is refused with its place
    let stricter = json!([allow(
        &["eci:CreateContainerGroup"],
        &json!({"StringEquals": {"acs:RequestTag/env": "prod"}})
    )]);
    let mut faulty = candidate(&stricter);
    faulty["data"]["nora.json"] = "{".into();
    let refused = admin.apply(&faulty).failure();
    assert!(refused.contains("data[nora.json]: 1:1: not JSON"), "{refused}");
    let mut other = candidate(&stricter);
    other["metadata"]["labels"][LABEL] = "yes".into();
    let refused = admin.apply(&other).failure();
    assert!(
        refused.contains("label ramgate.io/candidate is `yes`"),
        "{refused}"
    );
    assert_eq!(report(&cluster)["state"], "none");

    admin.apply(&candidate(&stricter)).success();
    eventually("the candidate is loaded", || match report(&cluster) {
        report if report["state"] == "loaded" => Ok(()),
        report => Err(report.to_string()),
    });
    // Nothing is decided by it
    nora.apply(&tagged("one", "test")).success();
    nora.apply(&tagged("two", "prod")).success();
    omar.apply(&tagged("three", "test")).success();
    eventually("what was created is judged again", || match report(&cluster) {
        report if report["reviews"]["judged"].as_u64() >= Some(3) => Ok(()),
        report => Err(report.to_string()),
    });
    assert_eq!(generation(), before);
    let found = report(&cluster);
    let rows = found["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 1, "{found}");
    let row = &rows[0];
    let wanted = json!([
        "denied",
        "deny",
        "user/nora",
        "nora",
        1,
        "ImplicitDeny",
        1,
        space.name,
        "CREATE pods one"
    ]);
    let fields = [
        "change",
        "effect",
        "principal",
        "policy",
        "statement",
        "code",
        "count",
        "namespace",
        "object",
    ];
    assert_eq!(
        Value::from_iter(fields.map(|field| row[field].clone())),
        wanted,
        "{found}"
    );
    assert_eq!(found["reviews"]["skipped"], 0, "{found}");

    // The same for people, and from one replica
    let text = ask(&cluster, &[]).ended_with(2).stdout;
    assert!(text.contains("denied  user/nora  nora#1"), "{text}");
    assert!(
        text.contains("1 would be newly denied, 0 newly allowed"),
        "{text}"
    );
    let port = cluster.replicas()[0].admin_port;
    let from = format!("http://127.0.0.1:{port}");
    let one = ask(&cluster, &["--from", &from, "--output", "json"])
        .ended_with(2)
        .json();
    assert_eq!(one["rows"], found["rows"]);
    let ready = http::get(port, "/ready").unwrap().body;
    assert!(
        ready.contains(r#""ready":true"#) && ready.contains(r#""candidate":"loaded""#),
        "{ready}"
    );
    let series = r#"ramgate_candidate_changes_total{change="denied",code="ImplicitDeny",policy="nora",principal="user/nora",statement="1"}"#;
    assert_eq!(cluster.replicas()[0].metric(series), Some(1.0));
    eventually("the gauge shows the loss", || {
        let losses = cluster.replicas()[0].metric("ramgate_candidate_losses");
        (losses == Some(1.0)).then_some(()).ok_or(format!("{losses:?}"))
    });
    let log = cluster.replicas()[0].process.log();
    assert_eq!(log.matches("the candidate decides otherwise").count(), 1, "{log}");

    // Promoted, it decides
    let promoted = ask(&cluster, &["--promote"]).ended_with(0);
    admin.run_with(&["apply", "-f", "-"], &promoted.stdout).success();
    let next = promoted.stderr.lines().last().unwrap().to_owned();
    assert_eq!(
        next,
        format!("then: kubectl delete configmap next --namespace {NAMESPACE}")
    );
    eventually("the promotion is in force", || {
        let now = generation();
        (now > before).then_some(()).ok_or(format!("{now:?}"))
    });
    let denial = nora.apply(&tagged("four", "test")).failure();
    assert!(denial.contains("tag `env` must be `prod`"), "{denial}");
    nora.apply(&tagged("five", "prod")).success();
    omar.apply(&tagged("six", "test")).success();
    // What was printed is of an older version now
    let stale = admin
        .run_with(
            &["apply", "-f", "-"],
            &promoted.stdout.replace("\"prod\"", "\"live\""),
        )
        .failure();
    assert!(stale.contains("the object has been modified"), "{stale}");
    admin.run(&["delete", "configmap", "next"]).success();
    eventually("there is no candidate any more", || match ask(&cluster, &[]) {
        run if run.code == 0 && run.stdout.contains("there is no candidate") => Ok(()),
        run => Err(format!("{run:?}")),
    });
    admin
        .run(&["delete", "pod", "ramgate-played", "--grace-period=0", "--force"])
        .success();
}
