//! A real Prometheus, and the queries of the dashboard.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use serde_json::json;

use super::http;
use super::process::Process;
use super::process::free_port;
use super::tools::repository;
use super::tools::tool;

/// A running Prometheus
pub(crate) struct Prometheus {
    port: u16,
    _process: Process,
}

impl Prometheus {
    /// Starts one that scrapes ports of this machine
    pub(crate) fn start(folder: &Path, targets: &[u16]) -> Self {
        Self::run(folder, targets, &[])
    }

    /// The same with the project's alerts, which fire as soon as their cause is there
    pub(crate) fn with_rules(folder: &Path, targets: &[u16]) -> Self {
        let rules = repository().join("deploy/observability/rules.yaml");
        let rules = fs::read_to_string(rules).expect("rules");
        let lines = rules
            .lines()
            .filter(|line| !line.trim_start().starts_with("for: "));
        let file = folder.join("rules.yaml");
        fs::write(&file, lines.collect::<Vec<_>>().join("\n")).expect("rules");
        Self::run(folder, targets, &[file.as_path()])
    }

    fn run(folder: &Path, targets: &[u16], rules: &[&Path]) -> Self {
        let port = free_port();
        let targets: Vec<String> = targets.iter().map(|port| format!("127.0.0.1:{port}")).collect();
        let configuration = json!({
            "global": {"scrape_interval": "250ms", "scrape_timeout": "250ms", "evaluation_interval": "250ms"},
            "rule_files": rules,
            "scrape_configs": [{"job_name": "ramgate", "static_configs": [{"targets": targets}]}],
        });
        // JSON is YAML as well.
        let file = folder.join(format!("prometheus-{port}.yaml"));
        fs::write(&file, configuration.to_string()).expect("configuration of Prometheus");
        let mut command = Command::new(tool("prometheus"));
        command
            .arg(format!("--config.file={}", file.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                folder.join(format!("prometheus-{port}")).display()
            ))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"));
        Self {
            port,
            _process: Process::start("prometheus", command, folder),
        }
    }

    /// The results of an instant query
    pub(crate) fn query(&self, expression: &str) -> Result<Vec<Value>, String> {
        let expression: String = expression.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let answer = http::get(self.port, &format!("/api/v1/query?query={expression}"))
            .map_err(|error| error.to_string())?;
        let body: Value =
            serde_json::from_str(&answer.body).map_err(|error| format!("{error}: {}", answer.body))?;
        body["data"]["result"]
            .as_array()
            .cloned()
            .ok_or_else(|| body.to_string())
    }

    /// Whether a query has results, all of which are numbers
    pub(crate) fn shows(&self, expression: &str) -> Result<(), String> {
        let found = self.query(expression)?;
        let is_number = |result: &Value| {
            let value = result["value"][1]
                .as_str()
                .and_then(|value| value.parse::<f64>().ok());
            value.is_some_and(f64::is_finite)
        };
        match !found.is_empty() && found.iter().all(is_number) {
            true => Ok(()),
            false => Err(format!("{expression}: {found:?}")),
        }
    }
}

/// The titles and queries of the dashboard's panels, as Grafana sends them with everything selected
pub(crate) fn panels() -> Vec<(String, String)> {
    let text = fs::read_to_string(repository().join("charts/ramgate/dashboard.json")).expect("dashboard");
    let dashboard: Value = serde_json::from_str(&text).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels").clone();
    let queries = panels.iter().flat_map(|panel| {
        let title = panel["title"].as_str().expect("title").to_owned();
        let targets = panel["targets"].as_array().expect("targets").clone();
        targets.into_iter().map(move |target| {
            let query = target["expr"].as_str().expect("query");
            let query = query
                .replace("$job", ".+")
                .replace("$instance", ".+")
                .replace("$__rate_interval", "1m");
            (title.clone(), query)
        })
    });
    queries.collect()
}
