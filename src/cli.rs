//! The command line: what is typed, what is printed, what the exit code says.

pub(crate) mod check;
pub(crate) mod configuration;
pub(crate) mod diff;
pub(crate) mod explain;
pub(crate) mod lint;
pub(crate) mod manifest;
pub(crate) mod preflight;
pub(crate) mod report;
pub(crate) mod serve;
pub(crate) mod simulate;
pub(crate) mod site;
pub(crate) mod stamp;
pub(crate) mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use crate::cli::report::{Exit, Output, Problem};

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
    Preflight(preflight::PreflightArgs),
    // Boxed, since it has more flags than all others together
    Serve(Box<serve::ServeArgs>),
    Simulate(simulate::SimulateArgs),
    Stamp(stamp::StampArgs),
    Lint(lint::LintArgs),
    Test(test::TestArgs),
}

/// Runs the program with the arguments of this process
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are asked for; everything else is a wrong use, for which clap has another code.
            let asked_for = !error.use_stderr();
            report::ignore(error.print());
            return if asked_for { Exit::Good } else { Exit::Failure }.into();
        }
    };
    let output = arguments.output;
    let done = match arguments.command {
        Command::Check(args) => check::run(&args, output),
        Command::Diff(args) => diff::run(&args, output),
        Command::Preflight(args) => preflight::run(&args, output),
        Command::Serve(args) => serve::run(*args),
        Command::Simulate(args) => simulate::run(&args, output),
        Command::Stamp(args) => stamp::run(&args, output),
        Command::Lint(args) => lint::run(&args, output),
        Command::Test(args) => test::run(&args, output),
    };
    match done {
        Ok(exit) => exit.into(),
        Err(problem) => {
            problem.print(output);
            problem.exit().into()
        }
    }
}
