//! Printing for people and for programs.

use std::io::{self, Write};

use clap::ValueEnum;
use serde_json::Value;

/// How results are printed
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// Lines for people
    Human,
    /// One JSON value
    Json,
}

/// Prints text to standard output
pub(super) fn print(text: &str) {
    ignore(io::stdout().write_all(text.as_bytes()));
}

/// Prints one JSON value to standard output
pub(super) fn print_json(value: &Value) {
    print(&json_text(value));
}

/// One JSON value as it is printed
pub(super) fn json_text(value: &Value) -> String {
    format!("{value:#}\n")
}

/// Prints text to standard error
pub(super) fn print_error(text: &str) {
    ignore(io::stderr().write_all(text.as_bytes()));
}

/// Drops the error of a write: once the reader is gone, it cannot be reported
pub(super) fn ignore(written: io::Result<()>) {
    drop(written);
}
