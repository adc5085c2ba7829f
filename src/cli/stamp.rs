//! `ramgate stamp`: shows, verifies and renews the stamps of a cluster.

mod list;
mod restart;
mod target;
mod text_table;
mod verify;

use clap::{Args, Subcommand};

pub(super) use crate::cli::stamp::text_table::table;

use crate::cli::command_error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::output::Output;

/// Look at the stamps of a cluster, which say who asked for its pods, or have them written anew
#[derive(Debug, Args)]
pub(super) struct StampArgs {
    #[command(subcommand)]
    command: StampCommand,
}

#[derive(Debug, Subcommand)]
enum StampCommand {
    Verify(verify::VerifyArgs),
    List(list::ListArgs),
    Restart(restart::RestartArgs),
}

pub(super) fn run(args: &StampArgs, output: Output) -> Result<Exit, CommandError> {
    match &args.command {
        StampCommand::Verify(args) => verify::run(args, output),
        StampCommand::List(args) => list::run(args, output),
        StampCommand::Restart(args) => restart::run(args, output),
    }
}
