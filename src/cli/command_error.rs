//! The errors of all commands.

use std::io;

use serde_json::{Value, json};

use crate::cli::exit::Exit;
use crate::cli::output::{Output, print_error, print_json};
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
            Self::Invalid(_) => Exit::Invalid,
        }
    }

    /// Prints it: for people to standard error, for programs to standard output
    pub(super) fn print(&self, output: Output) {
        match (output, self) {
            (Output::Json, Self::Invalid(faults)) => {
                let faults: Vec<Value> = faults.iter().map(fault_json).collect();
                print_json(&json!({"error": self.to_string(), "faults": faults}));
            }
            (Output::Json, _) => print_json(&json!({"error": self.to_string()})),
            (Output::Human, Self::Invalid(faults)) => {
                let lines: String = faults.iter().map(|fault| format!("{fault}\n")).collect();
                print_error(&lines);
            }
            (Output::Human, _) => print_error(&format!("ramgate: {self}\n")),
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
