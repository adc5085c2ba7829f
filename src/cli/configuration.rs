//! A configuration directory, read for one command.

use std::path::Path;

use crate::cli::report::Problem;
use crate::config;
use crate::config::{Configuration, NamedDocument, folder};

/// The documents of a configuration directory
pub(super) fn documents(path: &Path) -> Result<Vec<NamedDocument>, Problem> {
    folder::read(path).map_err(|error| Problem::Usage(error.to_string()))
}

/// The configuration that a directory makes
pub(super) fn load(path: &Path) -> Result<Configuration, Problem> {
    config::load(&documents(path)?).map_err(Problem::Invalid)
}
