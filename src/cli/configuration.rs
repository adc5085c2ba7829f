//! Reads a configuration directory.

use std::path::Path;

use crate::cli::command_error::CommandError;
use crate::config;
use crate::config::{Configuration, NamedDocument, folder};

/// The documents of a configuration directory
///
/// # Errors
///
/// The directory or a file cannot be read.
pub(super) fn documents(path: &Path) -> Result<Vec<NamedDocument>, CommandError> {
    folder::read(path).map_err(|error| CommandError::Usage(error.to_string()))
}

/// The configuration of a directory
///
/// # Errors
///
/// The directory or a file cannot be read, or the documents are invalid.
pub(super) fn load(path: &Path) -> Result<Configuration, CommandError> {
    config::load(&documents(path)?).map_err(CommandError::Invalid)
}
