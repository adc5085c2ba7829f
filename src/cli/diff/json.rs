//! Differences as JSON for programs.

use std::path::Path;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use crate::analysis::diff::{Change, DecisionSummary, Difference, Example, Report, SettingChange, Term};
use crate::cli::diff::approvals::Approved;
use crate::cli::diff::human::{group, term, value};
use crate::cli::diff::shell_command::simulate_command;

/// The whole report as it is printed; fields stand in the order of the alphabet, as in every JSON of ramgate
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReportJson<'a> {
    allows_more: bool,
    allows_unapproved: bool,
    approved: usize,
    complete: bool,
    differences: Differences<'a>,
    newly_allowed: usize,
    newly_denied: usize,
    /// What Terraform's outputs leave open; `None` for directories
    #[serde(skip_serializing_if = "Option::is_none")]
    not_compared: Option<Value>,
    not_searched_to_the_end: Vec<String>,
    other_changes: Vec<Value>,
    unmatched_approvals: Vec<Value>,
}

/// The differences, of which there may be several for each of thousands of users: each is made when it is written
struct Differences<'a> {
    all: &'a [Difference],
    reasons: &'a [Option<String>],
    /// The directory that example commands read
    new: &'a Path,
}

impl Serialize for Differences<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let differences = self.all.iter().zip(self.reasons);
        serializer
            .collect_seq(differences.map(|(each, reason)| difference(each, reason.as_deref(), self.new)))
    }
}

/// The whole report; its example commands read the new directory
pub(super) fn as_json<'a>(
    report: &'a Report,
    approved: &'a Approved<'_>,
    new: &'a Path,
    not_compared: Option<Value>,
) -> ReportJson<'a> {
    let settings = report.setting_changes.iter().zip(&approved.settings);
    let unmatched = approved.unmatched.iter().map(|unmatched| {
        json!({
            "file": unmatched.file,
            "line": unmatched.at.line,
            "what": unmatched.what,
            "principals": unmatched.principals,
        })
    });
    ReportJson {
        allows_more: report.allows_more(),
        allows_unapproved: approved.allows_more(report),
        approved: approved.count(),
        complete: report.incomplete.is_empty(),
        differences: Differences {
            all: &report.differences,
            reasons: &approved.differences,
            new,
        },
        newly_allowed: report.count(Change::Allowed),
        newly_denied: report.count(Change::Denied),
        not_compared,
        not_searched_to_the_end: report.incomplete.iter().map(ToString::to_string).collect(),
        other_changes: settings
            .map(|(each, reason)| other(each, reason.as_deref()))
            .collect(),
        unmatched_approvals: unmatched.collect(),
    }
}

fn difference(difference: &Difference, reason: Option<&str>, new: &Path) -> Value {
    let terms = |terms: &Option<Vec<Term>>| {
        let all = terms.as_ref()?;
        Some(all.iter().map(term).collect::<Vec<_>>())
    };
    let conditions = difference
        .conditions
        .iter()
        .map(|(key, terms)| json!({"key": key, "is": terms.iter().map(value).collect::<Vec<_>>()}));
    json!({
        "change": match difference.change {
            Change::Allowed => "allowed",
            Change::Denied => "denied",
        },
        "principals": difference.principals.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "actions": terms(&difference.actions),
        "namedActions": difference.named_actions,
        "resources": terms(&difference.resources),
        "resourceGroups": difference.resource_groups.as_ref().map(|all| all.iter().map(group).collect::<Vec<_>>()),
        "conditions": conditions.collect::<Vec<_>>(),
        "before": decision(&difference.before),
        "after": decision(&difference.after),
        "approved": reason,
        "example": example(&difference.example, new),
    })
}

fn decision(decision_summary: &DecisionSummary) -> Value {
    json!({
        "decision": decision_summary.outcome.to_string(),
        "policyType": decision_summary.policy_type.to_string(),
        "statement": decision_summary.statement.as_ref().map(ToString::to_string),
    })
}

fn example(example: &Example, new: &Path) -> Value {
    let context = example
        .context
        .iter()
        .map(|(key, values)| (key.to_owned(), json!(values)));
    json!({
        "principal": example.principal.to_string(),
        "action": example.action,
        "resource": example.resource,
        "resourceGroup": example.resource_group,
        "context": context.collect::<Map<_, _>>(),
        "trust": example.trust,
        "command": simulate_command(example, new),
    })
}

fn other(change: &SettingChange, reason: Option<&str>) -> Value {
    json!({
        "section": change.section,
        "entry": change.entry,
        "before": change.before,
        "after": change.after,
        "mayAllow": change.may_allow,
        "approved": reason,
    })
}
