//! `ramgate diff`: compares the decisions of two configurations.

mod human;
mod json;
mod shell_command;
mod terraform;

use std::path::{Path, PathBuf};

use clap::Args;

use crate::analysis::diff::compare;
use crate::cli::command_error::CommandError;
use crate::cli::configuration;
use crate::cli::diff::terraform::{PLACEHOLDER, TerraformFlags, TerraformSides, opaque_json, opaque_text};
use crate::cli::exit::Exit;
use crate::cli::output::{Output, print, print_json};
use crate::config::{Configuration, LocatedFault};
use crate::import::opaque::OpaqueChange;

/// Compare two configuration directories: which requests does the new one allow or deny that the old one does not?
///
/// Every difference comes with a request that both were asked. The exit code is 2 if something is newly allowed.
/// OLD and NEW may both be outputs of `terraform show -json`, of a state and of a plan: what does the plan newly allow?
#[derive(Debug, Args)]
pub(super) struct DiffArgs {
    /// The directory as it is
    old: PathBuf,
    /// The directory as it shall be
    new: PathBuf,
    #[command(flatten)]
    terraform: TerraformFlags,
}

pub(super) fn run(args: &DiffArgs, output: Output) -> Result<Exit, CommandError> {
    if let Some(sides) = terraform::sides(&args.old, &args.new, &args.terraform)? {
        return Ok(print_terraform(&sides, output));
    }
    let (old, new) = match (load("OLD", &args.old)?, load("NEW", &args.new)?) {
        (Ok(old), Ok(new)) => (old, new),
        (old, new) => {
            let faults = [old.err(), new.err()].into_iter().flatten();
            return Err(CommandError::Invalid(faults.flatten().collect()));
        }
    };
    let report = compare(&old, &new);
    match output {
        Output::Human => print(&human::human(&report, &args.new)),
        Output::Json => print_json(&json::as_json(&report, &args.new)),
    }
    Ok(Exit::good_if(!report.allows_more()))
}

/// Prints what a plan changes. Its commands have a placeholder, as they need a directory.
fn print_terraform(sides: &TerraformSides, output: Output) -> Exit {
    let report = compare(&sides.old, &sides.new);
    let directory = Path::new(PLACEHOLDER);
    match output {
        Output::Human => {
            let opaque = opaque_text(&sides.opaque);
            print(&format!("{opaque}{}", human::human(&report, directory)));
        }
        Output::Json => {
            let mut json = json::as_json(&report, directory);
            if let Some(fields) = json.as_object_mut() {
                fields.insert("notCompared".to_owned(), opaque_json(&sides.opaque));
            }
            print_json(&json);
        }
    }
    let may_allow = sides.opaque.iter().any(OpaqueChange::may_allow);
    Exit::good_if(!report.allows_more() && !may_allow)
}

/// A directory's configuration, or its faults, whose documents are prefixed with `OLD` or `NEW`
///
/// # Errors
///
/// The directory cannot be read.
fn load(prefix: &str, path: &Path) -> Result<Result<Configuration, Vec<LocatedFault>>, CommandError> {
    match configuration::load(path) {
        Ok(configuration) => Ok(Ok(configuration)),
        Err(CommandError::Invalid(faults)) => {
            let prefixed = faults.into_iter().map(|fault| LocatedFault {
                document: format!("{prefix}: {}", fault.document),
                ..fault
            });
            Ok(Err(prefixed.collect()))
        }
        Err(error) => Err(error),
    }
}
