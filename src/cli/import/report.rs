//! What an import did, and how RAM differs from a directory.

use std::path::Path;

use serde_json::{Value, json};

use crate::cli::command_error::CommandError;
use crate::cli::import::written_files::WrittenFiles;
use crate::cli::output::{Output, print, print_json};
use crate::import::facts::Drift;
use crate::import::{Documents, RamData, Source};
use crate::wording::counted;

/// Prints what was written
pub(super) fn print_written(
    data: &RamData,
    documents: &Documents,
    path: &Path,
    written: &WrittenFiles,
    output: Output,
) -> Result<(), CommandError> {
    let counts = [
        ("users", data.users.len()),
        ("groups", data.groups.len()),
        ("roles", data.roles.len()),
        ("resourceGroups", data.resource_groups.len()),
        ("policies", documents.policies.len()),
    ];
    match output {
        Output::Json => {
            let counts: serde_json::Map<String, Value> = counts
                .iter()
                .map(|(name, count)| ((*name).to_owned(), json!(count)))
                .collect();
            print_json(&json!({
                "directory": path.display().to_string(),
                "partial": is_partial(documents),
                "counts": counts,
                "changed": written.changed,
                "unchanged": written.unchanged,
                "removed": written.removed,
                "leftOut": left_out_json(documents),
                "notes": documents.notes,
            }))
        }
        Output::Human => {
            let counts: Vec<String> = counts
                .iter()
                .map(|(name, count)| format!("{count} {}", words(name)))
                .collect();
            let text = format!(
                "{}{}: {}; {} changed, {} removed, {} as before\n",
                doubts(documents),
                path.display(),
                counts.join(", "),
                counted(written.changed.len(), "file"),
                written.removed.len(),
                written.unchanged,
            );
            print(&text)
        }
    }
}

/// Prints how RAM differs from a directory
pub(super) fn print_drift(
    drift: &[Drift],
    documents: &Documents,
    path: &Path,
    output: Output,
) -> Result<(), CommandError> {
    match output {
        Output::Json => {
            let drift: Vec<Value> = drift.iter().map(drift_json).collect();
            print_json(&json!({
                "directory": path.display().to_string(),
                "partial": is_partial(documents),
                "equal": drift.is_empty(),
                "drift": drift,
                "leftOut": left_out_json(documents),
                "notes": documents.notes,
            }))
        }
        Output::Human => {
            let mut text = doubts(documents);
            for each in drift {
                text.push_str(&format!("{each}\n"));
            }
            text.push_str(&match drift.len() {
                0 => format!("{}: RAM is what it says\n", path.display()),
                count => format!(
                    "{}: {count} differences (+ in RAM alone, - in the directory alone, ~ differs)\n",
                    path.display()
                ),
            });
            print(&text)
        }
    }
}

fn drift_json(drift: &Drift) -> Value {
    let (change, before, after) = match drift {
        Drift::Added(fact) => ("added", None, Some(&fact.value)),
        Drift::Removed(fact) => ("removed", Some(&fact.value), None),
        Drift::Changed(before, after) => ("changed", Some(&before.value), Some(&after.value)),
    };
    let fact = drift.fact();
    json!({"change": change, "entity": fact.entity, "what": fact.what, "directory": before, "ram": after})
}

fn is_partial(documents: &Documents) -> bool {
    documents.source == Source::Terraform
}

fn left_out_json(documents: &Documents) -> Vec<Value> {
    let left_out = documents.left_out.iter();
    left_out
        .map(|(policy, why)| json!({"policy": policy, "reason": why.reason, "holders": why.holders}))
        .collect()
}

/// What a person should know before anything else
fn doubts(documents: &Documents) -> String {
    let mut text = String::new();
    if is_partial(documents) {
        text.push_str(
            "PARTIAL: this is what Terraform manages, not the account; policies that were attached elsewhere are missing\n",
        );
    }
    for (policy, why) in &documents.left_out {
        let holders: Vec<&str> = why.holders.iter().map(String::as_str).collect();
        let holders = match holders.is_empty() {
            true => "nobody".to_owned(),
            false => holders.join(", "),
        };
        text.push_str(&format!(
            "LEFT OUT: policy `{policy}`, which only allows and which ramgate cannot read: {}; less is allowed to {holders}\n",
            why.reason
        ));
    }
    for note in &documents.notes {
        text.push_str(&format!("note: {note}\n"));
    }
    text
}

/// A name of JSON in words
fn words(name: &str) -> &str {
    match name {
        "resourceGroups" => "resource groups",
        other => other,
    }
}
