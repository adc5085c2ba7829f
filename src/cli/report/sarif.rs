//! SARIF 2.1.0, the OASIS format for results of static analysis.

use serde_json::{Map, Value, json};

use crate::cli::report::{Finding, Level, Place, Report, Subject};

/// The schema that documents name; tests hold them to a copy of it
const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The report as one SARIF log
pub(super) fn sarif(report: &Report) -> Value {
    let mut rules: Vec<&str> = report
        .findings()
        .map(|(_, finding)| finding.code.as_str())
        .collect();
    rules.sort_unstable();
    rules.dedup();
    // What has no place in a file and could not be examined is about the run
    let is_of_run = |finding: &Finding| finding.level == Level::Failure && finding.place.is_none();
    let results = report.findings().filter(|(_, finding)| !is_of_run(finding));
    let results: Vec<Value> = results
        .map(|(subject, finding)| result(&rules, subject, finding))
        .collect();
    let notifications = report.findings().filter(|(_, finding)| is_of_run(finding));
    let notifications: Vec<Value> = notifications
        .map(|(_, finding)| json!({"level": "error", "message": {"text": finding.message}}))
        .collect();
    let is_complete = report
        .findings()
        .all(|(_, finding)| finding.level != Level::Failure);
    let rules: Vec<Value> = rules
        .iter()
        .map(|code| json!({"id": code, "name": code}))
        .collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "ramgate", "version": env!("CARGO_PKG_VERSION"), "rules": rules}},
            "automationDetails": {"id": format!("ramgate/{}/", report.command)},
            "columnKind": "unicodeCodePoints",
            "invocations": [{"executionSuccessful": is_complete, "toolExecutionNotifications": notifications}],
            "results": results,
        }],
    })
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
