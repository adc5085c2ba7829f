//! A configuration directory, read for one command.

use std::path::Path;

use super::report::Problem;
use crate::directory::Configuration;
use crate::store::{self, NamedPiece, folder};

/// The documents of a configuration directory
pub(super) fn documents(path: &Path) -> Result<Vec<NamedPiece>, Problem> {
    folder::read(path).map_err(|error| Problem::Usage(error.to_string()))
}

/// The configuration that a directory makes
pub(super) fn load(path: &Path) -> Result<Configuration, Problem> {
    store::load(&documents(path)?).map_err(Problem::Invalid)
}
