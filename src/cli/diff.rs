//! `ramgate diff`: compares the decisions of two configurations.

mod human;
mod json;
mod shell_command;

use std::path::{Path, PathBuf};

use clap::Args;

use crate::analysis::diff::compare;
use crate::cli::command_error::CommandError;
use crate::cli::configuration;
use crate::cli::exit::Exit;
use crate::cli::output::{Output, print, print_json};
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

pub(super) fn run(args: &DiffArgs, output: Output) -> Result<Exit, CommandError> {
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
