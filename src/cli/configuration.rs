//! Reads a configuration folder.

use std::path::Path;

use crate::cli::command_error::CommandError;
use crate::cli::document_files::is_standard_input;
use crate::cli::file_places::FilePlaces;
use crate::config;
use crate::config::{Configuration, LocatedFault, NamedDocument, folder};

/// The documents of a configuration folder
///
/// # Errors
///
/// The directory or a file cannot be read.
pub(super) fn documents(path: &Path) -> Result<Vec<NamedDocument>, CommandError> {
    if is_standard_input(path) {
        let message =
            "documents have their names from files: write them into a folder, and give that in place of `-`";
        return Err(CommandError::Usage(message.to_owned()));
    }
    folder::read(path).map_err(|error| CommandError::Usage(error.to_string()))
}

/// The configuration of documents
///
/// # Errors
///
/// The documents are invalid.
pub(super) fn load_documents(documents: &[NamedDocument]) -> Result<Configuration, CommandError> {
    let places = FilePlaces::new(documents);
    let in_files = |faults: Vec<LocatedFault>| faults.into_iter().map(|fault| places.fault(fault)).collect();
    config::load(documents).map_err(|faults| CommandError::Invalid(in_files(faults)))
}

/// The configuration in a folder
///
/// # Errors
///
/// The directory or a file cannot be read, or the documents are invalid.
pub(super) fn load(path: &Path) -> Result<Configuration, CommandError> {
    load_documents(&documents(path)?)
}
