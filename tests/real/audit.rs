//! `ramgate audit` with the rights of the chart's account: Reports by the CRDs of OpenReports, and Events.

use std::process::Command;
use std::sync::MutexGuard;

use serde_json::Value;
use serde_json::json;

use crate::harness::cast::ALICE;
use crate::harness::cluster::{Cluster, whole_exclusive};
use crate::harness::command::{Run, ramgate};
use crate::harness::custom_controllers::CustomController;
use crate::harness::http;
use crate::harness::install::{NAMESPACE, RELEASE, values_of_whole_cluster};
use crate::harness::kubectl::Kubectl;
use crate::harness::objects::{allow, policy};
use crate::harness::prometheus::{Prometheus, panels};
use crate::harness::replica::service_account;
use crate::harness::rest::Patch;
use crate::harness::stage::Stage;
use crate::harness::wait::eventually;
use crate::harness::workloads::{To, deployment};

/// The Go module that has the CRDs of OpenReports
const MODULE: &str = "github.com/openreports/reports-api@v0.2.1";

/// The only name of a Report of the audit
const REPORT: &str = "ramgate-audit";

/// Whoever is bound to a RAM user that a test may change
const ERIN: &str = "erin@example.com";

/// A cluster with one replica and the audit's CronJob, whose time does not come: the tests start the runs
pub(crate) fn audited() -> MutexGuard<'static, Cluster> {
    let cluster = whole_exclusive();
    let mut values = values_of_whole_cluster();
    values["audit"] = json!({"enabled": true, "schedule": "0 0 30 2 *"});
    cluster.install(&values);
    cluster.scale(1);
    cluster
}

/// Stores the CRD of Reports, from the project's Go module
pub(crate) fn introduce_reports(admin: &Kubectl) {
    let output = Command::new("go")
        .args(["mod", "download", "-json", MODULE])
        .current_dir(std::env::temp_dir())
        .output()
        .expect("Go 1.26 or newer is needed");
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let folder = answer["Dir"].as_str().unwrap_or_else(|| panic!("{answer}"));
    let file = format!("--filename={folder}/config/crd/openreports.io_reports.yaml");
    admin.run(&["apply", "--server-side", &file]).success();
    eventually("Reports are served", || {
        let outcome = admin.run(&["get", "reports.openreports.io", "--all-namespaces"]);
        match outcome.succeeded {
            true => Ok(()),
            false => Err(outcome.stderr),
        }
    });
}

/// The audit as the CronJob runs it
pub(crate) struct Audit {
    account: Kubectl,
    arguments: Vec<String>,
}

impl Audit {
    pub(crate) fn new(cluster: &Cluster) -> Self {
        let path = format!("/apis/batch/v1/namespaces/{NAMESPACE}/cronjobs/{RELEASE}-audit");
        let job = cluster.rest.get(&path);
        let pod = &job["spec"]["jobTemplate"]["spec"]["template"]["spec"];
        let arguments = pod["containers"][0]["args"].as_array().unwrap().iter();
        let arguments = arguments.map(|argument| argument.as_str().unwrap().to_owned());
        Self {
            account: service_account(&cluster.plane, pod["serviceAccountName"].as_str().unwrap()),
            arguments: arguments.collect(),
        }
    }

    fn run(&self) -> Run {
        let arguments = self.arguments.iter().map(String::as_str);
        let arguments: Vec<&str> = arguments.chain(["--output", "json"]).collect();
        ramgate(&self.account, &arguments)
    }

    /// A run that ends well, as JSON
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        self.run().ended_with(0).json()
    }
}

fn reports(namespace: &str) -> String {
    format!("/apis/openreports.io/v1alpha1/namespaces/{namespace}/reports")
}

fn report(stage: &Stage<'_>) -> Value {
    stage.rest.get(&format!("{}/{REPORT}", reports(&stage.name)))
}

/// The only workload of a namespace in an audit
pub(crate) fn only<'v>(audit: &'v Value, namespace: &str) -> &'v Value {
    let found = audit["namespaces"].as_array().unwrap().iter();
    let mut found = found.filter(|one| one["namespace"] == namespace);
    let workloads = &found.next().unwrap_or_else(|| panic!("{namespace}: {audit:#}"))["workloads"];
    assert_eq!(workloads.as_array().unwrap().len(), 1, "{workloads:#}");
    &workloads[0]
}

fn everything() -> Value {
    json!([allow(&["eci:*"], &json!({}))])
}

/// The Events of the audit in a namespace
fn events(stage: &Stage<'_>) -> Vec<Value> {
    let path = format!("/apis/events.k8s.io/v1/namespaces/{}/events", stage.name);
    let events = stage.rest.list(&path).into_iter();
    events
        .filter(|event| event["reason"] == "WouldBeDenied")
        .collect()
}

#[test]
fn a_revoked_right_shows_in_the_next_run_and_nothing_else_is_written() {
    let cluster = audited();
    cluster.ram_user("erin", &everything());
    let audit = Audit::new(&cluster);
    let shop = Stage::within(&cluster, "audit-shop");
    let bank = Stage::within(&cluster, "audit-bank");
    let web = deployment("web", To::Virtual, "env:test");
    shop.editor(ERIN).apply(&web).success();
    bank.person(ALICE).apply(&web).success();

    let gone = ["delete", "crd", "reports.openreports.io", "--ignore-not-found"];
    cluster.admin.run(&gone).success();
    let missing = audit.run().ended_with(1).stdout;
    assert!(missing.contains("install OpenReports' CRDs"), "{missing}");
    introduce_reports(&cluster.admin);
    eventually("the audit counts the pod that runs", || {
        let found = audit.json();
        match only(&found, &shop.name)["runningPods"] == 1 {
            true => Ok(()),
            false => Err(format!("{found:#}")),
        }
    });
    let found = audit.json();
    let row = only(&found, &shop.name);
    assert_eq!(
        (&row["state"], &row["user"], &row["principal"]),
        (&json!("allowed"), &json!(ERIN), &json!("user/erin"))
    );
    assert_eq!(only(&found, &bank.name)["user"], ALICE);
    let (first, other) = (report(&shop), report(&bank));
    assert_eq!(
        (&first["summary"]["pass"], &first["summary"]["fail"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(
        first["metadata"]["labels"]["app.kubernetes.io/managed-by"],
        "ramgate"
    );
    assert!(events(&shop).is_empty());

    // Unchanged: not written
    let again = audit.json();
    assert!(again["reports"]["unchanged"].as_u64() >= Some(2), "{again:#}");
    assert_eq!(
        report(&shop)["metadata"]["resourceVersion"],
        first["metadata"]["resourceVersion"]
    );

    // Revoked
    cluster.configure(&policy("erin", &json!([allow(&["oss:*"], &json!({}))])));
    let found = audit.json();
    assert_eq!(only(&found, &shop.name)["state"], "denied");
    let revoked = report(&shop);
    assert_eq!(
        (&revoked["summary"]["pass"], &revoked["summary"]["fail"]),
        (&json!(0), &json!(1))
    );
    let result = &revoked["results"][0];
    assert_eq!(
        (&result["result"], &result["rule"]),
        (&json!("fail"), &json!("ImplicitDeny"))
    );
    assert_eq!(result["resources"][0]["name"], "web");
    assert_eq!(
        report(&bank)["metadata"]["resourceVersion"],
        other["metadata"]["resourceVersion"]
    );
    let described = shop.admin().run(&["describe", "deployment/web"]).success().stdout;
    assert!(
        described.contains("WouldBeDenied") && described.contains("ImplicitDeny"),
        "{described}"
    );
    audit.json();
    assert_eq!(events(&shop).len(), 1);
    assert!(events(&bank).is_empty());

    // What somebody else writes into it is put right
    let path = format!("{}/{REPORT}", reports(&shop.name));
    let lie = json!({"summary": {"pass": 9, "fail": 0}, "results": []});
    cluster.rest.patch(&path, Patch::Merge, &lie).success();
    audit.json();
    assert_eq!(report(&shop)["results"], revoked["results"]);
    assert_eq!(report(&shop)["summary"], revoked["summary"]);

    // No Report speaks of another namespace
    let all = cluster.rest.list("/apis/openreports.io/v1alpha1/reports");
    assert!(all.len() >= 2);
    for one in &all {
        let own = &one["metadata"]["namespace"];
        let results = one["results"].as_array().unwrap().iter();
        let named = results.flat_map(|result| result["resources"].as_array().unwrap());
        assert!(
            named.into_iter().all(|object| &object["namespace"] == own),
            "{one:#}"
        );
    }
}

#[test]
fn a_namespace_without_anything_left_loses_its_report_and_no_other() {
    let cluster = audited();
    introduce_reports(&cluster.admin);
    let audit = Audit::new(&cluster);
    let stage = Stage::within(&cluster, "audit-left");
    stage
        .person(ALICE)
        .apply(&deployment("web", To::Virtual, "env:test"))
        .success();
    let foreign = |name: &str, label: &str| {
        json!({
            "apiVersion": "openreports.io/v1alpha1", "kind": "Report",
            "metadata": {"name": name, "labels": {"app.kubernetes.io/managed-by": label}},
        })
    };
    stage.admin().apply(&foreign("other", "ramgate")).success();
    audit.json();
    assert_eq!(report(&stage)["summary"]["pass"], 1);

    stage
        .person(ALICE)
        .run(&["delete", "deployment/web", "--wait=false"])
        .success();
    eventually("the Report goes", || {
        audit.json();
        match cluster.rest.find(&format!("{}/{REPORT}", reports(&stage.name))) {
            None => Ok(()),
            Some(left) => Err(format!("{left:#}")),
        }
    });
    let left = cluster.rest.list(&reports(&stage.name));
    assert_eq!(left.len(), 1);
    assert_eq!(left[0]["metadata"]["name"], "other");
    // One of the same name that is not labelled as ramgate's is somebody's own
    stage.admin().apply(&foreign(REPORT, "somebody")).success();
    audit.json();
    assert_eq!(cluster.rest.list(&reports(&stage.name)).len(), 2);
}

#[test]
fn the_dashboard_shows_an_audit_from_its_reports() {
    let cluster = audited();
    introduce_reports(&cluster.admin);
    cluster.ram_user("erin", &everything());
    let audit = Audit::new(&cluster);
    let stage = Stage::within(&cluster, "audit-shown");
    stage
        .editor(ERIN)
        .apply(&deployment("web", To::Virtual, "env:test"))
        .success();
    // Another tool's Report of the same namespace does not count
    stage
        .admin()
        .apply(&json!({
            "apiVersion": "openreports.io/v1alpha1", "kind": "Report", "metadata": {"name": "other"},
            "summary": {"pass": 7, "fail": 7},
        }))
        .success();
    cluster.configure(&policy("erin", &json!([allow(&["oss:*"], &json!({}))])));
    audit.json();

    let (mut metrics, port) = CustomController::kube_state_metrics(&cluster.plane);
    let prometheus = Prometheus::start(cluster.plane.folder(), &[port]);
    let states = format!(
        "sum by (state) (ramgate_audit_workloads{{namespace=\"{}\",report=\"{REPORT}\"}}) == 1",
        stage.name
    );
    eventually("Prometheus has the denied workload", || {
        let found = prometheus.query(&states)?;
        match found.as_slice() {
            [only] if only["metric"]["state"] == "denied" => Ok(()),
            _ => {
                let text = http::get(port, "/metrics").map(|answer| answer.body);
                Err(format!("{found:?}\n{text:?}\n{}", metrics.tail()))
            }
        }
    });
    let panels = panels()
        .into_iter()
        .filter(|(_, query)| query.contains("ramgate_audit_"));
    let mut shown = 0;
    for (title, query) in panels {
        eventually(&title, || prometheus.shows(&query));
        shown += 1;
    }
    assert_eq!(shown, 2);
}

#[test]
fn the_account_of_the_audit_may_do_nothing_else() {
    let cluster = audited();
    introduce_reports(&cluster.admin);
    let space = cluster.namespace("audit-rights", &[]);
    let may = |account: &Kubectl, question: &[&str]| {
        account
            .run(&[&["auth", "can-i"], question].concat())
            .stdout
            .trim()
            == "yes"
    };
    let audit = service_account(&cluster.plane, "ramgate-audit");
    let here = ["--namespace", space.name.as_str()];
    for allowed in [
        ["list", "pods"],
        ["get", "reports.openreports.io/ramgate-audit"],
        ["delete", "reports.openreports.io/ramgate-audit"],
        ["create", "events.events.k8s.io"],
    ] {
        assert!(may(&audit, &[&allowed[..], &here].concat()), "{allowed:?}");
    }
    for refused in [
        ["delete", "reports.openreports.io/other"],
        ["patch", "reports.openreports.io/other"],
        ["list", "reports.openreports.io"],
        ["get", "pods"],
        ["watch", "pods"],
        ["create", "pods"],
        ["patch", "deployments.apps"],
        ["get", "configmaps"],
        ["list", "secrets"],
        ["get", "secrets/ramgate-stamp"],
        ["patch", "events.events.k8s.io"],
        ["delete", "events.events.k8s.io"],
    ] {
        assert!(!may(&audit, &[&refused[..], &here].concat()), "{refused:?}");
    }
    let release = ["--namespace", NAMESPACE];
    assert!(may(
        &audit,
        &["get", "secrets/ramgate-stamp", release[0], release[1]]
    ));
    for refused in [
        ["patch", "secrets/ramgate-stamp"],
        ["get", "secrets/ramgate-ca"],
        ["patch", "configmaps"],
    ] {
        assert!(!may(&audit, &[&refused[..], &release].concat()), "{refused:?}");
    }
    let webhook = service_account(&cluster.plane, RELEASE);
    assert!(!may(&webhook, &[&["list", "pods"][..], &here].concat()));
    assert!(!may(
        &webhook,
        &[&["get", "reports.openreports.io/ramgate-audit"][..], &here].concat()
    ));
}
