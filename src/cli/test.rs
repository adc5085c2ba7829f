//! `ramgate test`: runs case files.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::cases;
use crate::cases::CaseResult;
use crate::cli::configuration;
use crate::cli::report::{Exit, Output, Problem, print, print_json};
use crate::config::LocatedFault;

/// Run case files: policies and a directory, and what they must decide
#[derive(Debug, Args)]
pub(super) struct TestArgs {
    /// Case files (YAML or JSON), or directories that are searched for them
    #[arg(required = true)]
    cases: Vec<PathBuf>,
    /// Policies and directory for the files that bring none of their own
    #[arg(long, value_name = "DIR")]
    config_dir: Option<PathBuf>,
}

pub(super) fn run(args: &TestArgs, output: Output) -> Result<Exit, Problem> {
    let defaults = match &args.config_dir {
        Some(dir) => configuration::documents(dir)?,
        None => Vec::new(),
    };
    let mut results: Vec<CaseResult> = Vec::new();
    let mut faults: Vec<LocatedFault> = Vec::new();
    for file in files(&args.cases)? {
        let bytes = std::fs::read(&file).map_err(|error| Problem::io(file.display().to_string(), error))?;
        match cases::run(&file, &bytes, &defaults) {
            Ok(found) => results.extend(found),
            Err(found) => faults.extend(found),
        }
    }
    if !faults.is_empty() {
        return Err(Problem::Invalid(faults));
    }
    let failed = results.iter().filter(|result| !result.passed).count();
    let passed = results.len().saturating_sub(failed);
    match output {
        Output::Json => print_json(&json!({"passed": passed, "failed": failed, "cases": results})),
        Output::Human => print(&human(&results, passed, failed)),
    }
    Ok(if failed == 0 { Exit::Good } else { Exit::Denied })
}

fn human(results: &[CaseResult], passed: usize, failed: usize) -> String {
    let failures = results.iter().filter(|result| !result.passed).map(|result| {
        format!(
            "{}: {}\n  expected {}\n  actual   {}\n",
            result.file, result.name, result.expected, result.actual
        )
    });
    failures
        .chain([format!("{passed} passed, {failed} failed\n")])
        .collect()
}

/// The case files among the paths and below them, in a stable order
fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Problem> {
    let mut files = Vec::new();
    for path in paths {
        add(path, &mut files)?;
    }
    if files.is_empty() {
        return Err(Problem::Usage(
            "no case file (*.yaml, *.yml, *.json) is there".to_owned(),
        ));
    }
    Ok(files)
}

fn add(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), Problem> {
    let failed = |error| Problem::io(path.display().to_string(), error);
    if !std::fs::metadata(path).map_err(failed)?.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let mut below = std::fs::read_dir(path)
        .and_then(|entries| {
            entries
                .map(|entry| entry.map(|entry| entry.path()))
                .collect::<Result<Vec<_>, _>>()
        })
        .map_err(failed)?;
    below.sort();
    for path in below {
        let case_file = path
            .extension()
            .is_some_and(|ending| ending == "yaml" || ending == "yml" || ending == "json");
        if path.is_dir() || case_file {
            add(&path, files)?;
        }
    }
    Ok(())
}
