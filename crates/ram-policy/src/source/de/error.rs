//! The error of a value that a type does not accept.

use std::fmt;

use serde::de;

use crate::source::{Fault, Position};

/// An error; the innermost value that can adds its position
#[derive(Debug)]
pub struct Error {
    pub(crate) at: Option<Position>,
    pub(crate) message: String,
}

impl Error {
    pub(crate) fn into_fault(self, fallback: Position) -> Fault {
        Fault::new(self.at.unwrap_or(fallback), self.message)
    }

    /// Adds a position, unless there is one already
    pub(crate) fn or_at(mut self, at: Position) -> Self {
        self.at.get_or_insert(at);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self {
            at: None,
            message: message.to_string(),
        }
    }
}
