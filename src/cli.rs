//! The command line: each subcommand in a file of its name, and what they share: output, exit codes, manifests.

mod audit;
mod candidate;
mod check;
mod command_error;
mod configuration;
mod diff;
mod document_files;
mod exit;
mod explore;
mod file_places;
mod import;
mod init;
mod lint;
mod live_cluster;
mod manifest;
mod misnamed_user;
mod output;
mod owner_args;
mod palette;
mod preflight;
mod probe;
mod progress;
mod reference;
mod replay;
mod report;
mod serve;
mod session_policy;
mod simulate;
mod stamp;
mod sync;
mod test;
mod trace;
mod workload_json;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::cli::command_error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::output::{Format, Printer, written};
use crate::cli::palette::{ColorChoice, Palette};

/// The name of the program by which kubectl finds it as a plugin
const PLUGIN: &str = "kubectl-ramgate";

/// Holds pods bound for Alibaba Cloud ECI to the account's own RAM policies
#[derive(Debug, Parser)]
#[command(name = "ramgate", version, propagate_version = true)]
struct Arguments {
    /// How results and errors are printed
    #[arg(long, global = true, value_enum, default_value_t = Format::Human)]
    output: Format,
    /// When text for people has colours
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t = ColorChoice::Auto)]
    color: ColorChoice,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Audit(audit::AuditArgs),
    Candidate(candidate::CandidateArgs),
    Check(check::CheckArgs),
    Completions(reference::CompletionsArgs),
    Diff(diff::DiffArgs),
    Explore(explore::ExploreArgs),
    Import(import::ImportArgs),
    Init(init::InitArgs),
    Man(reference::ManArgs),
    Preflight(preflight::PreflightArgs),
    Probe(probe::ProbeArgs),
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
    let arguments = match arguments(std::env::args_os()) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and the version are no errors; for all others clap has a code that means denied here
            let is_error = error.use_stderr();
            if let Err(unwritten) = written(error.print()) {
                unwritten.print(Format::Human, "help");
                return Exit::Failure.into();
            }
            return if is_error { Exit::Failure } else { Exit::Good }.into();
        }
    };
    let format = arguments.output;
    let command = arguments.command.name();
    let printer = Printer {
        format,
        palette: Palette::of(arguments.color),
    };
    match arguments.command.run(printer) {
        Ok(exit) => exit.into(),
        Err(error) => {
            error.print(format, command);
            error.exit().into()
        }
    }
}

/// The arguments; a program of kubectl's name for plugins calls itself `kubectl ramgate` in usage and help
fn arguments(words: impl Iterator<Item = OsString>) -> Result<Arguments, clap::Error> {
    let words: Vec<OsString> = words.collect();
    let program = words.first().map(Path::new).and_then(Path::file_stem);
    let mut command = Arguments::command();
    if program.is_some_and(|program| program == PLUGIN) {
        command = command.bin_name("kubectl ramgate");
    }
    let mut matches = command.try_get_matches_from_mut(words)?;
    Arguments::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command))
}

impl Command {
    /// The name on the command line
    fn name(&self) -> &'static str {
        match self {
            Self::Audit(_) => "audit",
            Self::Candidate(_) => "candidate",
            Self::Check(_) => "check",
            Self::Completions(_) => "completions",
            Self::Diff(_) => "diff",
            Self::Explore(_) => "explore",
            Self::Import(_) => "import",
            Self::Init(_) => "init",
            Self::Man(_) => "man",
            Self::Preflight(_) => "preflight",
            Self::Probe(_) => "probe",
            Self::Replay(_) => "replay",
            Self::Serve(_) => "serve",
            Self::Simulate(_) => "simulate",
            Self::Stamp(_) => "stamp",
            Self::Sync(_) => "sync",
            Self::Lint(_) => "lint",
            Self::Test(_) => "test",
        }
    }

    fn run(self, printer: Printer) -> Result<Exit, CommandError> {
        let format = printer.format;
        match self {
            Self::Audit(args) => audit::run(&args, printer),
            Self::Candidate(args) => candidate::run(&args, format.output()?),
            Self::Check(args) => check::run(&args, printer),
            Self::Completions(args) => reference::completions(&args, Arguments::command()),
            Self::Diff(args) => diff::run(&args, printer),
            Self::Explore(args) => explore::run(&args, format.output()?),
            Self::Import(args) => import::run(&args, format.output()?),
            Self::Init(args) => init::run(&args, format.output()?),
            Self::Man(args) => reference::man(&args, Arguments::command(), format.output()?),
            Self::Preflight(args) => preflight::run(&args, printer),
            Self::Probe(args) => probe::run(&args, format.output()?),
            Self::Replay(args) => replay::run(&args, format.output()?),
            Self::Serve(args) => serve::run(*args),
            Self::Simulate(args) => simulate::run(&args, format.output()?),
            Self::Stamp(args) => stamp::run(&args, format.output()?),
            Self::Sync(args) => sync::run(&args, format.output()?),
            Self::Lint(args) => lint::run(&args, printer),
            Self::Test(args) => test::run(&args, printer),
        }
    }
}
