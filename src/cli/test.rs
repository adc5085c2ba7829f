//! `ramgate test`: runs case files.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::cases;
use crate::cases::CaseResult;
use crate::cli::command_error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::output::Printer;
use crate::cli::palette::Palette;
use crate::cli::progress::Progress;
use crate::cli::report::{Finding, Forms, Level, Place, Report, Subject};
use crate::cli::{configuration, document_files};
use crate::config::LocatedFault;
use ram_policy::source::Position;

/// Run case files: policies and a directory, and what they must decide
#[derive(Debug, Args)]
pub(super) struct TestArgs {
    /// Case files (YAML or JSON), directories that are searched for them, or - for standard input
    #[arg(required = true)]
    cases: Vec<PathBuf>,
    /// Policies and directory for the files that bring none of their own
    #[arg(long, value_name = "DIR")]
    config_dir: Option<PathBuf>,
}

pub(super) fn run(args: &TestArgs, printer: Printer) -> Result<Exit, CommandError> {
    let results = run_cases(args)?;
    let failed = results.iter().filter(|result| !result.passed).count();
    let passed = results.len().saturating_sub(failed);
    let forms = Forms {
        human: |palette| human(&results, passed, failed, palette),
        json: || json!({"passed": passed, "failed": failed, "cases": results}),
        report: || report(&results),
    };
    forms.print(printer)?;
    Ok(Exit::good_if(failed == 0))
}

/// The results of all files, or the faults of all files that are invalid
fn run_cases(args: &TestArgs) -> Result<Vec<CaseResult>, CommandError> {
    let defaults = match &args.config_dir {
        Some(dir) => configuration::documents(dir)?,
        None => Vec::new(),
    };
    let mut results: Vec<CaseResult> = Vec::new();
    let mut faults: Vec<LocatedFault> = Vec::new();
    let progress = Progress::new("test: files run:");
    let files = files(&args.cases)?;
    for (done, file) in files.iter().enumerate() {
        progress.say(done, files.len());
        let bytes = document_files::bytes(file, cases::MAX_BYTES.saturating_add(1));
        let bytes = bytes.map_err(|error| CommandError::io(file.display().to_string(), error))?;
        match cases::run(file, &bytes, &defaults) {
            Ok(found) => results.extend(found),
            Err(found) => faults.extend(found),
        }
    }
    if faults.is_empty() {
        Ok(results)
    } else {
        Err(CommandError::Invalid(faults))
    }
}

fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, CommandError> {
    let mut files = Vec::new();
    for path in paths {
        files.extend(document_files::find(path)?);
    }
    if files.is_empty() {
        return Err(CommandError::Usage(document_files::nothing_in(
            paths,
            "case file",
        )));
    }
    Ok(files)
}

fn human(results: &[CaseResult], passed: usize, failed: usize, palette: Palette) -> String {
    let failures = results.iter().filter(|result| !result.passed).map(|result| {
        format!(
            "{}:{}: {}\n  expected {}\n  actual   {}\n",
            result.file,
            result.line,
            palette.bad(&result.name),
            result.expected,
            result.actual
        )
    });
    failures
        .chain([format!("{passed} passed, {failed} failed\n")])
        .collect()
}

/// The cases for CI systems
fn report(results: &[CaseResult]) -> Report {
    let subjects = results.iter().map(|result| {
        let at = Position {
            line: result.line,
            column: 1,
        };
        let place = Place::new(&result.file, at);
        let failure = Finding {
            level: Level::Error,
            code: "CaseFailed".to_owned(),
            message: format!("expected {}, actual {}", result.expected, result.actual),
            place: Some(place.clone()),
        };
        Subject {
            name: result.name.clone(),
            place: Some(place),
            findings: (!result.passed).then_some(failure).into_iter().collect(),
        }
    });
    Report {
        command: "test",
        subjects: subjects.collect(),
    }
}
