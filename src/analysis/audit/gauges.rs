//! The numbers of an audit in Prometheus' text format, for the textfile collector of node-exporter.

use std::fmt::Write;

use jiff::Timestamp;

use crate::analysis::audit::collector::Audit;
use crate::analysis::audit::state::AuditState;
use crate::analysis::audit::summary::AuditSummary;

/// The most namespaces with series of their own; the others are counted together
const MAX_NAMESPACES: usize = 1000;

/// Stands for all namespaces without series of their own; no namespace can have this name
const OTHER: &str = "_other";

/// The numbers of workloads and running pods by namespace and state, and the time of the audit
pub(crate) fn gauges(audit: &Audit, now: Timestamp) -> String {
    let mut summaries: Vec<(&str, AuditSummary)> = Vec::new();
    for (namespace, rows) in audit.namespaces() {
        let summary = AuditSummary::of(rows);
        if let Some((_, others)) = summaries.get_mut(MAX_NAMESPACES) {
            others.add(&summary);
        } else if summaries.len() == MAX_NAMESPACES {
            summaries.push((OTHER, summary));
        } else {
            summaries.push((namespace, summary));
        }
    }
    let workloads = family(
        "ramgate_audit_workloads",
        "Workloads and bare pods that lead to ECI, by the answer of mode enforce today",
        &summaries,
        AuditSummary::workloads,
    );
    let pods = family(
        "ramgate_audit_pods",
        "Running pods that lead to ECI, by the answer of mode enforce today",
        &summaries,
        AuditSummary::pods,
    );
    let time = "ramgate_audit_timestamp_seconds";
    let help = "When the audit read the cluster";
    format!(
        "{workloads}{pods}# HELP {time} {help}\n# TYPE {time} gauge\n{time} {}\n",
        now.as_second()
    )
}

fn family(
    name: &str,
    help: &str,
    summaries: &[(&str, AuditSummary)],
    count: impl Fn(&AuditSummary, AuditState) -> usize,
) -> String {
    let mut text = format!("# HELP {name} {help}\n# TYPE {name} gauge\n");
    for (namespace, summary) in summaries {
        for state in AuditState::ALL {
            let value = count(summary, state);
            let labels = format!("namespace=\"{namespace}\",state=\"{}\"", state.name());
            // Writing to a String cannot fail
            let _written = writeln!(text, "{name}{{{labels}}} {value}");
        }
    }
    text
}
