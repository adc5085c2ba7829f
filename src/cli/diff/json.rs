//! Differences as JSON for programs.

use std::path::Path;

use serde_json::{Map, Value, json};

use crate::analysis::diff::{Change, DecisionSummary, Difference, Example, Report, SettingChange, Term};
use crate::cli::diff::approvals::Approved;
use crate::cli::diff::human::{group, term, value};
use crate::cli::diff::shell_command::simulate_command;

/// The whole report; its example commands read the new directory
pub(super) fn as_json(report: &Report, approved: &Approved<'_>, new: &Path) -> Value {
    let differences = report.differences.iter().zip(&approved.differences);
    let settings = report.setting_changes.iter().zip(&approved.settings);
    let unmatched = approved.unmatched.iter().map(|unmatched| {
        json!({
            "file": unmatched.file,
            "line": unmatched.at.line,
            "what": unmatched.what,
            "principals": unmatched.principals,
        })
    });
    json!({
        "newlyAllowed": report.count(Change::Allowed),
        "newlyDenied": report.count(Change::Denied),
        "allowsMore": report.allows_more(),
        "approved": approved.count(),
        "allowsUnapproved": approved.allows_more(report),
        "unmatchedApprovals": unmatched.collect::<Vec<_>>(),
        "complete": report.incomplete.is_empty(),
        "notSearchedToTheEnd": report.incomplete.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "differences": differences.map(|(each, reason)| difference(each, reason.as_deref(), new)).collect::<Vec<_>>(),
        "otherChanges": settings.map(|(each, reason)| other(each, reason.as_deref())).collect::<Vec<_>>(),
    })
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
