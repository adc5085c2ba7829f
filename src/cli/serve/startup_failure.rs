//! Failures while the server starts, apart from mistakes in flags.

use std::error::Error;
use std::io;

use crate::cli::command_error::CommandError;

/// The problem that something the server needs could not be set up
pub(super) fn failed(what: &str, error: impl Error + Send + Sync + 'static) -> CommandError {
    CommandError::io(what, io::Error::other(error))
}
