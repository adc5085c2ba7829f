//! Writes files so that a reader sees the old one or the new one.

use std::fs;
use std::path::Path;

use crate::cli::command_error::CommandError;

/// What became of the files of an import
#[derive(Debug, Default)]
pub(super) struct WrittenFiles {
    pub(super) changed: Vec<String>,
    pub(super) unchanged: usize,
    pub(super) removed: Vec<String>,
}

/// Writes a file beside its place and renames it, which also replaces a link rather than what it leads to
///
/// # Errors
/// It cannot be written
pub(super) fn write_file(path: &Path, text: &str) -> Result<(), CommandError> {
    let failed = |error| CommandError::io(path.display().to_string(), error);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.new"));
    fs::write(&beside, text).map_err(failed)?;
    fs::rename(&beside, path).map_err(failed)
}
