//! `ramgate diff`: compares the decisions of two configurations.

mod approvals;
mod findings;
mod human;
mod json;
mod shell_command;
mod side;

use std::path::PathBuf;

use clap::Args;

use crate::analysis::diff::compare;
use crate::cli::command_error::CommandError;
use crate::cli::diff::approvals::Approvals;
use crate::cli::diff::side::Side;
use crate::cli::exit::Exit;
use crate::cli::output::{Format, print};
use crate::cli::report::Forms;

/// Compare two configuration directories: which requests does the new one allow or deny that the old one does not?
///
/// Every difference comes with a request that both were asked. The exit code is 2 if something is newly allowed that
/// nobody approved.
#[derive(Debug, Args)]
pub(super) struct DiffArgs {
    /// The directory as it is
    old: PathBuf,
    /// The directory as it shall be
    new: PathBuf,
    /// A file with approvals, which let intended differences pass
    #[arg(long, value_name = "FILE")]
    approvals: Option<PathBuf>,
    /// Print only a file of approvals for what nobody approved, to be completed with reasons
    #[arg(long)]
    print_approvals: bool,
}

pub(super) fn run(args: &DiffArgs, format: Format) -> Result<Exit, CommandError> {
    let (old, new) = match (Side::load("OLD", &args.old)?, Side::load("NEW", &args.new)?) {
        (Ok(old), Ok(new)) => (old, new),
        (old, new) => {
            let faults = [old.err(), new.err()].into_iter().flatten();
            return Err(CommandError::Invalid(faults.flatten().collect()));
        }
    };
    let approvals = args.approvals.as_deref().map(Approvals::read).transpose()?;
    let report = compare(&old.configuration, &new.configuration);
    let approvals = approvals.unwrap_or_default();
    let approved = approvals.apply(&report);
    if args.print_approvals {
        print(&approved.missing(&report))?;
    } else {
        let forms = Forms {
            human: || human::human(&report, &approved, &args.new),
            json: || json::as_json(&report, &approved, &args.new),
            report: || findings::findings(&report, &approved, &old, &new),
        };
        forms.print(format)?;
    }
    Ok(Exit::good_if(!approved.allows_more(&report)))
}
