//! Exit codes, and printing for people and for programs.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::ValueEnum;
use serde_json::json;

use crate::config::LocatedFault;

/// What the exit code says
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Allowed, or all good
    Good = 0,
    /// Wrong use, or something could not be read
    Failure = 1,
    /// Denied, or a case failed
    Denied = 2,
    /// A policy or directory is invalid
    Invalid = 3,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Good => 0,
            Exit::Failure => 1,
            Exit::Denied => 2,
            Exit::Invalid => 3,
        })
    }
}

/// How results are printed
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// Lines for people
    Human,
    /// One JSON value
    Json,
}

/// What keeps a command from answering
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// A file or address
    #[error("{what}: {source}")]
    Io {
        /// What was read or opened
        what: String,
        /// Why it failed
        source: io::Error,
    },
    /// Arguments that do not go together
    #[error("{0}")]
    Usage(String),
    /// Documents that make no configuration
    #[error("the configuration is invalid")]
    Invalid(Vec<LocatedFault>),
}

impl Problem {
    /// An input or output error, with what it was about
    pub fn io(what: impl Into<String>, source: io::Error) -> Self {
        Self::Io {
            what: what.into(),
            source,
        }
    }

    /// The exit code for it
    pub fn exit(&self) -> Exit {
        match self {
            Self::Io { .. } | Self::Usage(_) => Exit::Failure,
            Self::Invalid(_) => Exit::Invalid,
        }
    }

    /// Prints it: for people to standard error, for programs to standard output
    pub fn print(&self, output: Output) {
        match (output, self) {
            (Output::Json, Self::Invalid(faults)) => {
                print_json(
                    &json!({"error": self.to_string(), "faults": faults.iter().map(fault_json).collect::<Vec<_>>()}),
                );
            }
            (Output::Json, _) => print_json(&json!({"error": self.to_string()})),
            (Output::Human, Self::Invalid(faults)) => {
                let lines: String = faults.iter().map(|fault| format!("{fault}\n")).collect();
                ignore(io::stderr().write_all(lines.as_bytes()));
            }
            (Output::Human, _) => ignore(writeln!(io::stderr(), "ramgate: {self}")),
        }
    }
}

/// A fault as programs read it; a line of 0 stands for the document as a whole
pub(super) fn fault_json(fault: &LocatedFault) -> serde_json::Value {
    json!({
        "file": fault.document,
        "line": fault.fault.at.line,
        "column": fault.fault.at.column,
        "message": fault.fault.message,
    })
}

/// Prints text to standard output
pub(super) fn print(text: &str) {
    ignore(io::stdout().write_all(text.as_bytes()));
}

/// Prints one JSON value to standard output
pub(super) fn print_json(value: &serde_json::Value) {
    print(&format!("{value:#}\n"));
}

/// Lets an output error go: when nobody reads any more there is nobody to tell
pub(super) fn ignore(written: io::Result<()>) {
    drop(written);
}
