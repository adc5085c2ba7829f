//! Differences as JSON for programs.

use std::path::Path;

use serde_json::{Map, Value, json};

use crate::analysis::diff::{Change, DecisionSummary, Difference, Example, Report, SettingChange, Term};
use crate::cli::diff::human::{group, term, value};
use crate::cli::diff::shell_command::simulate_command;

/// The whole report; its example commands read the new directory
pub(super) fn as_json(report: &Report, new: &Path) -> Value {
    json!({
        "newlyAllowed": report.count(Change::Allowed),
        "newlyDenied": report.count(Change::Denied),
        "allowsMore": report.allows_more(),
        "complete": report.incomplete.is_empty(),
        "notSearchedToTheEnd": report.incomplete.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "differences": report.differences.iter().map(|each| difference(each, new)).collect::<Vec<_>>(),
        "otherChanges": report.setting_changes.iter().map(other).collect::<Vec<_>>(),
    })
}

fn difference(difference: &Difference, new: &Path) -> Value {
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

fn other(change: &SettingChange) -> Value {
    json!({
        "section": change.section,
        "entry": change.entry,
        "before": change.before,
        "after": change.after,
        "mayAllow": change.may_allow,
    })
}
