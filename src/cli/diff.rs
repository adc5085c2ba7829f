//! `ramgate diff`: compares the decisions of two configurations.

mod approvals;
mod findings;
mod human;
mod json;
mod shell_command;
mod side;
mod terraform;

pub(super) use crate::cli::diff::human::{decision, requests, setting};
pub(super) use crate::cli::diff::shell_command::simulate_command;

use std::path::{Path, PathBuf};

use clap::Args;

use crate::analysis::diff::{Report, compare_with_progress};
use crate::cli::command_error::CommandError;
use crate::cli::diff::approvals::Approvals;
use crate::cli::diff::side::{Side, Sides};
use crate::cli::diff::terraform::{PLACEHOLDER, TerraformFlags, opaque_json, opaque_text};
use crate::cli::exit::Exit;
use crate::cli::output::{Format, Printer, print};
use crate::cli::progress::Progress;
use crate::cli::report::Forms;
use crate::import::opaque::OpaqueChange;

/// Compare two configuration directories: which requests does the new one allow or deny that the old one does not?
///
/// Every difference comes with a request that both were asked. The exit code is 2 if something is newly allowed that
/// nobody approved.
/// OLD and NEW may both be outputs of `terraform show -json`, of a state and of a plan: what does the plan newly allow?
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
    #[command(flatten)]
    terraform: TerraformFlags,
}

pub(super) fn run(args: &DiffArgs, printer: Printer) -> Result<Exit, CommandError> {
    let terraform = terraform::sides(&args.old, &args.new, &args.terraform)?;
    // The commands of Terraform's differences have a placeholder, as they need a directory
    let directory = match terraform {
        Some(_) => Path::new(PLACEHOLDER),
        None => &args.new,
    };
    let sides = match terraform {
        Some(sides) => sides,
        None => directories(&args.old, &args.new)?,
    };
    let approvals = args.approvals.as_deref().map(Approvals::read).transpose()?;
    let report = compared(&sides, printer.format);
    let approvals = approvals.unwrap_or_default();
    let approved = approvals.apply(&report);
    if args.print_approvals {
        print(&approved.missing(&report))?;
    } else {
        let forms = Forms {
            human: |palette| {
                opaque_text(&sides.opaque) + &human::human(&report, &approved, directory, palette)
            },
            json: || {
                let not_compared = sides.is_terraform.then(|| opaque_json(&sides.opaque));
                json::as_json(&report, &approved, directory, not_compared)
            },
            report: || findings::findings(&report, &approved, &sides),
        };
        forms.print(printer)?;
    }
    let may_allow = sides.opaque.iter().any(OpaqueChange::may_allow);
    Ok(Exit::good_if(!approved.allows_more(&report) && !may_allow))
}

fn compared(sides: &Sides, format: Format) -> Report {
    let progress = Progress::in_format("diff: principals searched:", format);
    let say = |done, all| progress.say(done, all);
    compare_with_progress(&sides.old.configuration, &sides.new.configuration, &say)
}

/// The two sides as directories
fn directories(old: &Path, new: &Path) -> Result<Sides, CommandError> {
    match (Side::load("OLD", old)?, Side::load("NEW", new)?) {
        (Ok(old), Ok(new)) => Ok(Sides {
            old,
            new,
            opaque: Vec::new(),
            is_terraform: false,
        }),
        (old, new) => {
            let faults = [old.err(), new.err()].into_iter().flatten();
            Err(CommandError::Invalid(faults.flatten().collect()))
        }
    }
}
