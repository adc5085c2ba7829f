//! SARIF 2.1.0, the OASIS format for results of static analysis.

use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use crate::cli::report::{Finding, Level, Place, Report, Subject};

/// The schema that documents name; tests hold them to a copy of it
const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// A SARIF log; fields stand in the order of the alphabet, as in every JSON of ramgate
#[derive(Serialize)]
pub(super) struct SarifLog<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    runs: [Run<'a>; 1],
    version: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    automation_details: Value,
    column_kind: &'static str,
    invocations: Value,
    results: Results<'a>,
    tool: Value,
}

/// The results, of which there may be tens of thousands: each is made when it is written
struct Results<'a> {
    report: &'a Report,
    rules: Vec<&'a str>,
}

impl Serialize for Results<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let findings = self.report.findings().filter(|(_, finding)| !is_of_run(finding));
        serializer.collect_seq(findings.map(|(subject, finding)| result(&self.rules, subject, finding)))
    }
}

/// Whether a finding is about the run: what has no place in a file and could not be examined
fn is_of_run(finding: &Finding) -> bool {
    finding.level == Level::Failure && finding.place.is_none()
}

/// The report as one SARIF log
pub(super) fn sarif(report: &Report) -> SarifLog<'_> {
    let mut rules: Vec<&str> = report
        .findings()
        .map(|(_, finding)| finding.code.as_str())
        .collect();
    rules.sort_unstable();
    rules.dedup();
    let notifications = report.findings().filter(|(_, finding)| is_of_run(finding));
    let notifications: Vec<Value> = notifications
        .map(|(_, finding)| json!({"level": "error", "message": {"text": finding.message}}))
        .collect();
    let is_complete = report
        .findings()
        .all(|(_, finding)| finding.level != Level::Failure);
    let named: Vec<Value> = rules
        .iter()
        .map(|code| json!({"id": code, "name": code}))
        .collect();
    let run = Run {
        automation_details: json!({"id": format!("ramgate/{}/", report.command)}),
        column_kind: "unicodeCodePoints",
        invocations: json!([{"executionSuccessful": is_complete, "toolExecutionNotifications": notifications}]),
        results: Results { report, rules },
        tool: json!({"driver": {"name": "ramgate", "version": env!("CARGO_PKG_VERSION"), "rules": named}}),
    };
    SarifLog {
        schema: SCHEMA,
        runs: [run],
        version: "2.1.0",
    }
}

fn result(rules: &[&str], subject: &Subject, finding: &Finding) -> Value {
    let level = match finding.level {
        Level::Failure | Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
    };
    let mut location = Map::new();
    if let Some(place) = &finding.place {
        location.insert("physicalLocation".to_owned(), physical(place));
    }
    let names = json!([{"fullyQualifiedName": subject.name}]);
    location.insert("logicalLocations".to_owned(), names);
    json!({
        "ruleId": finding.code,
        "ruleIndex": rules.iter().position(|code| *code == finding.code),
        "level": level,
        "message": {"text": finding.message},
        "locations": [location],
    })
}

fn physical(place: &Place) -> Value {
    let mut physical = json!({"artifactLocation": {"uri": uri(&place.file)}});
    if let (Some(line), Some(fields)) = (place.line(), physical.as_object_mut()) {
        let region = json!({"startLine": line, "startColumn": place.at.column.max(1)});
        fields.insert("region".to_owned(), region);
    }
    physical
}

/// A path as a URI reference
///
/// ```text
/// apps/a b.yaml   ->   apps/a%20b.yaml
/// /srv/x.yaml     ->   file:///srv/x.yaml
/// ```
fn uri(path: &str) -> String {
    let scheme = if path.starts_with('/') { "file://" } else { "" };
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    let encoded = path.bytes().map(|byte| match is_plain(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    });
    format!("{scheme}{}", encoded.collect::<String>())
}
