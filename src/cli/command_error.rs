//! The errors of all commands.

use std::io;

use serde_json::{Value, json};

use crate::cli::exit::Exit;
use crate::cli::output::{Format, Printer, print, print_error};
use crate::cli::palette::Palette;
use crate::cli::report::{Finding, Forms, Report, Subject};
use crate::config::LocatedFault;

/// The reason why a command has no result
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    /// A file or address cannot be read or opened
    #[error("{what}: {source}")]
    Io {
        /// The file or address
        what: String,
        /// The error
        source: io::Error,
    },
    /// Wrong use, or something that the command needs is missing
    #[error("{0}")]
    Usage(String),
    /// Some of what belongs together was written, and the rest could not be
    #[error("{0}")]
    Half(String),
    /// Documents that make no valid configuration
    #[error("the configuration is invalid")]
    Invalid(Vec<LocatedFault>),
}

impl CommandError {
    /// An input or output error with the file or address
    pub(crate) fn io(what: impl Into<String>, source: io::Error) -> Self {
        Self::Io {
            what: what.into(),
            source,
        }
    }

    /// The exit code
    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::Io { .. } | Self::Usage(_) => Exit::Failure,
            Self::Half(_) => Exit::Half,
            Self::Invalid(_) => Exit::Invalid,
        }
    }

    /// Prints it: for people to standard error, for programs to standard output
    pub(super) fn print(&self, format: Format, command: &'static str) {
        let forms = Forms {
            human: |_| self.human(),
            json: || self.as_json(),
            report: || self.report(command),
        };
        let text = forms.text(Printer {
            format,
            palette: Palette::PLAIN,
        });
        // If nobody reads standard output, the error is said as for people
        if format == Format::Human || print(&text).is_err() {
            print_error(&self.human());
        }
    }

    fn human(&self) -> String {
        match self {
            Self::Invalid(faults) => faults.iter().map(|fault| format!("{fault}\n")).collect(),
            Self::Io { .. } | Self::Usage(_) | Self::Half(_) => format!("ramgate: {self}\n"),
        }
    }

    fn as_json(&self) -> Value {
        match self {
            Self::Invalid(faults) => {
                let faults: Vec<Value> = faults.iter().map(fault_json).collect();
                json!({"error": self.to_string(), "faults": faults})
            }
            Self::Io { .. } | Self::Usage(_) | Self::Half(_) => json!({"error": self.to_string()}),
        }
    }

    fn report(&self, command: &'static str) -> Report {
        if let Self::Invalid(faults) = self {
            return Report::of_faults(command, faults);
        }
        let subject = Subject {
            name: format!("ramgate {command}"),
            place: None,
            findings: vec![Finding::failure(self.to_string())],
        };
        Report {
            command,
            subjects: vec![subject],
        }
    }
}

/// A fault for programs; line 0 stands for the whole document
pub(super) fn fault_json(fault: &LocatedFault) -> Value {
    json!({
        "file": fault.document,
        "line": fault.fault.at.line,
        "column": fault.fault.at.column,
        "message": fault.fault.message,
    })
}
