//! The command line: each subcommand in a file of its name, and what they share: output, exit codes, manifests.

mod check;
mod command_error;
mod configuration;
mod diff;
mod document_files;
mod exit;
mod import;
mod lint;
mod live_cluster;
mod manifest;
mod output;
mod owner_args;
mod preflight;
mod replay;
mod serve;
mod session_policy;
mod simulate;
mod stamp;
mod sync;
mod test;
mod trace;
mod workload_json;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::cli::exit::Exit;
use crate::cli::output::{Output, ignore};

/// Holds pods bound for Alibaba Cloud ECI to the account's own RAM policies
#[derive(Debug, Parser)]
#[command(name = "ramgate", version, propagate_version = true)]
struct Arguments {
    /// How results and errors are printed
    #[arg(long, global = true, value_enum, default_value_t = Output::Human)]
    output: Output,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(check::CheckArgs),
    Diff(diff::DiffArgs),
    Import(import::ImportArgs),
    Preflight(preflight::PreflightArgs),
    Replay(replay::ReplayArgs),
    // Boxed, since it has more flags than all others together
    Serve(Box<serve::ServeArgs>),
    Simulate(simulate::SimulateArgs),
    Stamp(stamp::StampArgs),
    Sync(Box<sync::SyncArgs>),
    Lint(lint::LintArgs),
    Test(test::TestArgs),
}

/// Runs the program with the arguments of this process
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and the version are no errors; for all others clap has a code that means denied here
            let is_error = error.use_stderr();
            ignore(error.print());
            return if is_error { Exit::Failure } else { Exit::Good }.into();
        }
    };
    let output = arguments.output;
    let result = match arguments.command {
        Command::Check(args) => check::run(&args, output),
        Command::Diff(args) => diff::run(&args, output),
        Command::Import(args) => import::run(&args, output),
        Command::Preflight(args) => preflight::run(&args, output),
        Command::Replay(args) => replay::run(&args, output),
        Command::Serve(args) => serve::run(*args),
        Command::Simulate(args) => simulate::run(&args, output),
        Command::Stamp(args) => stamp::run(&args, output),
        Command::Sync(args) => sync::run(&args, output),
        Command::Lint(args) => lint::run(&args, output),
        Command::Test(args) => test::run(&args, output),
    };
    match result {
        Ok(exit) => exit.into(),
        Err(error) => {
            error.print(output);
            error.exit().into()
        }
    }
}
