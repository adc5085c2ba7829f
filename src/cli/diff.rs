//! `ramgate diff`: what a new configuration allows and denies that the old one does not.

pub(crate) mod text;

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use crate::analysis::diff::{
    Change, DecisionSummary, Difference, Example, Report, SettingChange, Term, compare,
};
use crate::cli::configuration;
use crate::cli::report::{Exit, Output, Problem, print, print_json};
use crate::config::{Configuration, LocatedFault};

/// Compare two configuration directories: which requests does the new one allow or deny that the old one does not?
///
/// Every difference comes with a request that both were asked. The exit code is 2 if something is newly allowed.
#[derive(Debug, Args)]
pub(super) struct DiffArgs {
    /// The directory as it is
    old: PathBuf,
    /// The directory as it shall be
    new: PathBuf,
}

pub(super) fn run(args: &DiffArgs, output: Output) -> Result<Exit, Problem> {
    let (old, new) = match (load("OLD", &args.old)?, load("NEW", &args.new)?) {
        (Ok(old), Ok(new)) => (old, new),
        (old, new) => {
            let faults = [old.err(), new.err()];
            return Err(Problem::Invalid(faults.into_iter().flatten().flatten().collect()));
        }
    };
    let report = compare(&old, &new);
    match output {
        Output::Human => print(&text::human(&report, &args.new)),
        Output::Json => print_json(&as_json(&report, args)),
    }
    Ok(if report.allows_more() {
        Exit::Denied
    } else {
        Exit::Good
    })
}

/// A directory's configuration, or its faults, each with the side that it is on
fn load(template: &str, path: &Path) -> Result<Result<Configuration, Vec<LocatedFault>>, Problem> {
    match configuration::load(path) {
        Ok(configuration) => Ok(Ok(configuration)),
        Err(Problem::Invalid(faults)) => {
            let named = faults.into_iter().map(|fault| LocatedFault {
                document: format!("{template}: {}", fault.document),
                ..fault
            });
            Ok(Err(named.collect()))
        }
        Err(problem) => Err(problem),
    }
}

fn as_json(report: &Report, args: &DiffArgs) -> Value {
    json!({
        "newlyAllowed": report.count(Change::Allowed),
        "newlyDenied": report.count(Change::Denied),
        "allowsMore": report.allows_more(),
        "complete": report.incomplete.is_empty(),
        "notSearchedToTheEnd": report.incomplete.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "differences": report.differences.iter().map(|each| difference(each, &args.new)).collect::<Vec<_>>(),
        "otherChanges": report.setting_changes.iter().map(other).collect::<Vec<_>>(),
    })
}

fn difference(difference: &Difference, new: &Path) -> Value {
    let terms = |terms: &Option<Vec<Term>>| {
        let all = terms.as_ref()?;
        Some(all.iter().map(text::term).collect::<Vec<_>>())
    };
    let conditions = difference
        .conditions
        .iter()
        .map(|(key, terms)| json!({"key": key, "is": terms.iter().map(text::value).collect::<Vec<_>>()}));
    json!({
        "change": match difference.change {
            Change::Allowed => "allowed",
            Change::Denied => "denied",
        },
        "principals": difference.principals.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "actions": terms(&difference.actions),
        "namedActions": difference.named_actions,
        "resources": terms(&difference.resources),
        "resourceGroups": difference.resource_groups.as_ref().map(|all| all.iter().map(text::group).collect::<Vec<_>>()),
        "conditions": conditions.collect::<Vec<_>>(),
        "before": ruling(&difference.before),
        "after": ruling(&difference.after),
        "example": example(&difference.example, new),
    })
}

fn ruling(ruling: &DecisionSummary) -> Value {
    json!({
        "decision": ruling.outcome.to_string(),
        "policyType": ruling.policy_type.to_string(),
        "statement": ruling.statement.as_ref().map(ToString::to_string),
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
        "context": context.collect::<serde_json::Map<_, _>>(),
        "trust": example.trust,
        "command": text::command(example, new),
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
