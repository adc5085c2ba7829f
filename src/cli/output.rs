//! Printing for people and for programs.

use std::io::{self, BufWriter, Write};

use clap::ValueEnum;
use serde::Serialize;
use serde_json::Value;

use crate::cli::command_error::CommandError;
use crate::cli::palette::Palette;

/// How results are printed, as the command line names it
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Lines for people
    Human,
    /// One JSON value
    Json,
    /// JUnit's XML, which most CI systems read
    Junit,
    /// SARIF 2.1.0, for code scanning and editors
    Sarif,
    /// Workflow commands of GitHub Actions, which annotate a change
    Github,
}

/// How a command prints its result
#[derive(Clone, Copy, Debug)]
pub(super) struct Printer {
    pub(super) format: Format,
    /// The colours of text for people
    pub(super) palette: Palette,
}

/// How results are printed by a command that has no findings in files
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    /// Lines for people
    Human,
    /// One JSON value
    Json,
}

impl Format {
    /// The output of a command that has no findings in files
    ///
    /// # Errors
    ///
    /// A format that only lists findings.
    pub(super) fn output(self) -> Result<Output, CommandError> {
        match self {
            Self::Human => Ok(Output::Human),
            Self::Json => Ok(Output::Json),
            Self::Junit | Self::Sarif | Self::Github => Err(CommandError::Usage(
                "this command prints `human` or `json`: the other formats are for audit, check, diff, lint, preflight and test"
                    .to_owned(),
            )),
        }
    }
}

/// Prints text to standard output
///
/// # Errors
///
/// Not all of it could be written: the reader is gone, or the disk is full.
pub(super) fn print(text: &str) -> Result<(), CommandError> {
    let mut output = io::stdout().lock();
    written(output.write_all(text.as_bytes()).and_then(|()| output.flush()))
}

/// Prints one JSON value to standard output
///
/// # Errors
///
/// Not all of it could be written.
pub(super) fn print_json(value: &Value) -> Result<(), CommandError> {
    print(&json_text(value))
}

/// Prints a value to standard output as JSON, part by part: a long list never stands in memory as a whole
///
/// # Errors
///
/// Not all of it could be written.
pub(super) fn print_serialized(value: &impl Serialize) -> Result<(), CommandError> {
    let mut output = BufWriter::new(io::stdout().lock());
    let result = serde_json::to_writer_pretty(&mut output, value).map_err(io::Error::from);
    written(
        result
            .and_then(|()| output.write_all(b"\n"))
            .and_then(|()| output.flush()),
    )
}

/// One JSON value as it is printed
pub(super) fn json_text(value: &Value) -> String {
    format!("{value:#}\n")
}

/// Prints text to standard error
pub(super) fn print_error(text: &str) {
    // There is no other place to report that nobody can read it; the exit code tells
    drop(io::stderr().write_all(text.as_bytes()));
}

/// The result of a write to standard output
///
/// # Errors
///
/// The write failed.
pub(super) fn written(result: io::Result<()>) -> Result<(), CommandError> {
    result.map_err(|error| CommandError::io("standard output", error))
}
