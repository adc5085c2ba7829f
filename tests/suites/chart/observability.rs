//! Alerts and the dashboard that the chart can install, and the metrics that they read.
//!
//! Grafana's dashboard linter is in no registry of Go modules, so its rules are here again, with the linter's own names.

use std::collections::BTreeSet;
use std::fs;

use ramgate::testing::telemetry::{Metrics, RESOURCES};
use regex::Regex;
use serde_json::{Value, json};

use crate::render::{document, render, repository, strings, supported};

fn dashboard() -> Value {
    serde_json::from_str(&fs::read_to_string(repository("charts/ramgate/dashboard.json")).unwrap()).unwrap()
}

/// The panels with the queries of each
fn queries(dashboard: &Value) -> Vec<(&Value, &str)> {
    let panels = dashboard["panels"].as_array().unwrap().iter();
    panels
        .flat_map(|panel| {
            let targets = panel["targets"].as_array().expect("panel-no-targets-rule");
            assert!(!targets.is_empty(), "panel-no-targets-rule: {panel}");
            targets
                .iter()
                .map(move |target| (panel, target["expr"].as_str().unwrap()))
        })
        .collect()
}

/// The names of metrics in a text of PromQL
fn metrics_of(text: &str) -> BTreeSet<String> {
    let names = Regex::new(r"\b(ramgate|process)_[a-z_]+").unwrap();
    names
        .find_iter(text)
        .map(|name| name.as_str().to_owned())
        .collect()
}

#[test]
fn the_chart_has_the_rules_that_the_tests_of_rules_are_about() {
    let text = |path: &str| fs::read_to_string(repository(path)).unwrap();
    assert_eq!(
        text("charts/ramgate/rules.yaml"),
        text("deploy/observability/rules.yaml"),
        "copy deploy/observability/rules.yaml to charts/ramgate/rules.yaml"
    );
    let values = json!({"prometheusRule": {"enabled": true, "labels": {"release": "prometheus"}}});
    let manifests = render(&values);
    let rule = manifests.named("PrometheusRule", "ramgate");
    assert_eq!(rule["metadata"]["labels"]["release"], "prometheus");
    assert_eq!(
        rule["spec"],
        document(&repository("deploy/observability/rules.yaml"))
    );
    assert!(render(&json!({})).kind("PrometheusRule").is_empty());
}

#[test]
fn the_sidecar_finds_the_dashboard_by_its_label() {
    let values = json!({"dashboard": {"enabled": true, "labels": {"team": "x"}, "annotations": {"grafana_folder": "Security"}}});
    let manifests = render(&values);
    let map = manifests.named("ConfigMap", "ramgate-dashboard");
    assert_eq!(
        (
            &map["metadata"]["labels"]["grafana_dashboard"],
            &map["metadata"]["labels"]["team"]
        ),
        (&json!("1"), &json!("x"))
    );
    assert_eq!(
        map["metadata"]["annotations"],
        json!({"grafana_folder": "Security"})
    );
    assert!(
        map["metadata"]["labels"]["ramgate.io/config"].is_null(),
        "ramgate must not take it for its configuration"
    );
    let text = map["data"]["ramgate.json"].as_str().unwrap();
    assert_eq!(serde_json::from_str::<Value>(text).unwrap(), dashboard());
    let maps = render(&json!({}));
    let names: Vec<&Value> = maps
        .kind("ConfigMap")
        .iter()
        .map(|map| &map["metadata"]["name"])
        .collect();
    assert!(!names.contains(&&json!("ramgate-dashboard")), "{names:?}");
}

#[test]
fn alerts_and_panels_read_metrics_that_exist() {
    let described = String::from_utf8(Metrics::new().unwrap().text().unwrap()).unwrap();
    let page = fs::read_to_string(repository("docs/operations.md")).unwrap();
    let audit = fs::read_to_string(repository("docs/audit.md")).unwrap();
    let rules = fs::read_to_string(repository("deploy/observability/rules.yaml")).unwrap();
    let dashboard = dashboard();
    let all: Vec<&str> = queries(&dashboard)
        .into_iter()
        .map(|(_, query)| query)
        .chain([&*rules])
        .collect();
    for name in metrics_of(&all.join("\n")) {
        let base = name.trim_end_matches("_bucket");
        // Counters with labels have no text before their first value
        let is_audit = audit.contains(&format!("| `{base}{{"));
        let is_there = described.contains(base) || page.contains(&format!("| `{base}` |")) || is_audit;
        assert!(is_there, "{name}");
    }
}

#[test]
fn the_dashboard_follows_the_rules_of_grafanas_linter() {
    let dashboard = dashboard();
    assert_eq!(dashboard["editable"], false, "uneditable-dashboard");
    let variables = dashboard["templating"]["list"].as_array().unwrap();
    let variable = |name: &str| {
        variables
            .iter()
            .find(|variable| variable["name"] == name)
            .unwrap()
    };
    let source = variable("datasource");
    assert_eq!(
        (&source["type"], &source["query"], &source["label"]),
        (&json!("datasource"), &json!("prometheus"), &json!("Data source")),
        "template-datasource-rule"
    );
    for (name, label) in [("job", "Job"), ("instance", "Instance")] {
        let wanted = json!({"type": "query", "label": label, "multi": true, "allValue": ".+", "refresh": 2});
        let found = variable(name);
        for (key, value) in wanted.as_object().unwrap() {
            assert_eq!(
                &found[key], value,
                "template-{name}-rule, template-on-time-change-reload-rule: {key}"
            );
        }
        assert_eq!(found["datasource"]["uid"], "$datasource", "template-{name}-rule");
        let query = found["query"].as_str().unwrap();
        assert!(
            query.starts_with("label_values(ramgate_build_info"),
            "template-label-promql-rule"
        );
    }
    let known = ["short", "s", "reqps", "cps", "percentunit", "bytes"];
    let selector = Regex::new(r"(?:ramgate|process)_[a-z_]+(\{[^}]*\})?").unwrap();
    let counter =
        Regex::new(r"rate\((?:ramgate|process)_[a-z_]+_(?:total|bucket)\{[^}]*\}\[\$__rate_interval\]\)")
            .unwrap();
    let mut ids = BTreeSet::new();
    for (panel, query) in queries(&dashboard) {
        let title = panel["title"].as_str().unwrap();
        let description = panel["description"].as_str().unwrap_or_default();
        assert!(
            !title.is_empty() && !description.is_empty(),
            "panel-title-description-rule: {title}"
        );
        let unit = panel["fieldConfig"]["defaults"]["unit"]
            .as_str()
            .unwrap_or_default();
        assert!(known.contains(&unit), "panel-units-rule: {title}: {unit}");
        assert_eq!(
            panel["datasource"]["uid"], "$datasource",
            "panel-datasource-rule: {title}"
        );
        for found in selector.captures_iter(query) {
            // What an audit counts comes from other jobs: kube-state-metrics, or node-exporter
            if found[0].starts_with("ramgate_audit_") {
                continue;
            }
            let labels = found.get(1).map_or("", |labels| labels.as_str());
            for matcher in [r#"job=~"$job""#, r#"instance=~"$instance""#] {
                assert!(
                    labels.contains(matcher),
                    "target-job-rule, target-instance-rule: {query}"
                );
            }
        }
        let counters = query.matches("_total{").count() + query.matches("_bucket{").count();
        assert_eq!(
            counter.find_iter(query).count(),
            counters,
            "target-counter-agg-rule, target-rate-interval-rule: {query}"
        );
        ids.insert(panel["id"].as_u64().unwrap());
    }
    assert_eq!(
        ids.len(),
        dashboard["panels"].as_array().unwrap().len(),
        "each panel has its own id"
    );
}

#[test]
fn every_resource_of_the_rules_has_its_own_name_in_the_metrics() {
    let mut values: Vec<Value> = supported().into_iter().map(|(_, values)| values).collect();
    values.push(json!({"scale": {"judge": true}, "cluster": {"serverless": false, "eciProfile": true}}));
    let mut seen = BTreeSet::new();
    for values in values {
        let manifests = render(&values);
        for entry in manifests
            .entries("mutating")
            .iter()
            .chain(manifests.entries("validating"))
        {
            for rule in entry["rules"].as_array().unwrap() {
                seen.extend(strings(&rule["resources"]).into_iter().map(str::to_owned));
            }
        }
    }
    let named: BTreeSet<String> = RESOURCES.iter().map(|resource| (*resource).to_owned()).collect();
    // The kinds of carriers are named because the directory lists them, as a unit test and the real control plane show.
    let listed: BTreeSet<String> = supported()
        .iter()
        .flat_map(|(_, values)| {
            values["cluster"]["carriers"]
                .as_array()
                .cloned()
                .unwrap_or_default()
        })
        .filter_map(|carrier| carrier["resource"].as_str().map(str::to_owned))
        // Those of the preset argo-rollouts
        .chain(["analysisruns", "experiments", "rollouts"].map(str::to_owned))
        .collect();
    let missing: Vec<_> = seen
        .difference(&named)
        .filter(|resource| !listed.contains(*resource))
        .collect();
    assert!(missing.is_empty(), "{missing:?} count as other");
}
