//! What Prometheus sees.

use std::fs;
use std::process::Command;

use serde_json::Value;
use serde_json::json;

use crate::harness::cluster::shared;
use crate::harness::install::RELEASE;
use crate::harness::objects::{allow, eci_pod};
use crate::harness::prometheus::{Prometheus, panels};
use crate::harness::tools::tool;
use crate::harness::wait::eventually;

#[test]
fn a_real_prometheus_scrapes_every_documented_metric() {
    let cluster = shared();
    let space = cluster.namespace("metrics", &[]);
    space.ram_user("max", &json!([allow(&["eci:CreateContainerGroup"], &json!({}))]));
    space
        .editor("max@example.com")
        .apply(&eci_pod("web", &[]))
        .success();
    space
        .editor("stranger@example.com")
        .apply(&eci_pod("web2", &[]))
        .failure();
    let prometheus = Prometheus::start(space.plane.folder(), &[space.replicas()[0].admin_port]);

    for expression in [
        r#"up{job="ramgate"} == 1"#,
        r#"ramgate_admission_requests_total{path="validate",resource="pods",operation="CREATE",decision="allow",mode="enforce"} >= 1"#,
        r#"ramgate_admission_requests_total{path="validate",resource="pods",operation="CREATE",decision="deny",mode="enforce"} >= 1"#,
        r#"ramgate_admission_duration_seconds_bucket{le="0.00005"}"#,
        "ramgate_admission_duration_seconds_count > 0",
        r#"ramgate_decisions_total{action="eci:CreateContainerGroup"} > 0"#,
        r#"ramgate_config_documents{kind="policy"} > 0"#,
        r#"ramgate_config_documents{kind="directory"} > 1"#,
        "ramgate_config_last_reload_success == 1",
        "ramgate_config_last_reload_success_timestamp_seconds > 1.7e9",
        "ramgate_config_reload_errors_total >= 0",
        "ramgate_config_generation > 0",
        "ramgate_config_held_loss == 0",
        "ramgate_namespaces_failing_open == 0",
        r#"ramgate_exceptions{state="expiring"} >= 0"#,
        r#"ramgate_candidate_state{state="none"} == 1"#,
        "ramgate_candidate_losses == 0",
        r#"ramgate_candidate_reviews_total{result="skipped"} == 0"#,
        "ramgate_principals >= 1",
        "ramgate_bindings >= 1",
        r#"ramgate_denials_total{namespace=~"metrics-.*",code="UnboundIdentity",mode="enforce"} >= 1"#,
        r#"ramgate_stamps_total{state="missing"} >= 0"#,
        "ramgate_certificate_not_after_timestamp_seconds > 1.7e9",
        "ramgate_inflight_requests >= 0",
        "ramgate_build_info == 1",
        "process_resident_memory_bytes > 0",
    ] {
        eventually(expression, || match prometheus.query(expression) {
            Ok(found) if !found.is_empty() => Ok(()),
            other => Err(format!("{other:?}\n{}", space.replicas()[0].metrics())),
        });
    }
}

#[test]
fn promtool_finds_nothing_to_improve_in_the_metrics() {
    let cluster = shared();
    let space = cluster.namespace("promtool", &[]);
    let metrics = space.replicas()[0].metrics();
    let file = space.plane.folder().join("metrics.txt");
    fs::write(&file, metrics).expect("metrics");

    let mut command = Command::new(tool("promtool"));
    let output = command
        .args(["check", "metrics"])
        .stdin(fs::File::open(&file).expect("metrics"))
        .output();
    let output = output.expect("promtool");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn every_panel_of_the_dashboard_shows_data() {
    let cluster = shared();
    let space = cluster.namespace("panels", &[]);
    space.ram_user("pam", &json!([allow(&["eci:CreateContainerGroup"], &json!({}))]));
    let allowed = space.editor("pam@example.com");
    let denied = space.editor("stranger@example.com");
    let prometheus = Prometheus::start(space.plane.folder(), &[space.replicas()[0].admin_port]);
    // What an audit and a sync leave has tests of its own.
    let is_of_reviews = |query: &str| !query.contains("ramgate_audit_") && !query.contains("ramgate_sync_");
    let panels: Vec<_> = panels()
        .into_iter()
        .filter(|(_, query)| is_of_reviews(query))
        .collect();
    assert!(panels.len() > 20, "{panels:?}");
    let mut reviews = 0;
    for (title, query) in panels {
        eventually(&title, || {
            reviews += 1;
            let pod = eci_pod(&format!("web-{reviews}"), &[]);
            allowed.apply(&pod).success();
            denied.give(&["create"], &eci_pod("never", &[])).failure();
            prometheus.shows(&query)
        });
    }
}

#[test]
fn the_line_of_a_start_counts_the_failure_policies_of_the_live_entries() {
    let cluster = shared();
    let log = cluster.replicas()[0].process.log();
    let mut lines = log
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let ready = lines.find(|line| line["message"] == "ready").expect("the line");
    let kinds = ["mutatingwebhookconfiguration", "validatingwebhookconfiguration"];
    let entries = kinds.map(|kind| cluster.admin.get(&[kind, RELEASE])["webhooks"].clone());
    let count = |policy: &str| {
        let entries = entries.iter().flat_map(|entries| entries.as_array().unwrap());
        entries.filter(|entry| entry["failurePolicy"] == policy).count()
    };
    let counted = json!([count("Fail"), count("Ignore")]);
    assert_eq!(
        json!([ready["entries_fail"], ready["entries_ignore"]]),
        counted,
        "{ready}"
    );
    assert_eq!(ready["mode"], "enforce");
    assert_eq!(ready["namespace_modes"], "quiet=audit, soft=warn");
}
