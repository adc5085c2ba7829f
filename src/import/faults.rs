//! The faults of an import, each with its file.

use crate::config::{FaultClass, LocatedFault};
use ram_policy::source::{Fault, Position};

/// The most faults that are kept: a dump that is wrong as a whole is wrong in every entry
const MOST: usize = 200;

/// Faults in the order in which they are found
#[derive(Debug, Default)]
pub(crate) struct Faults {
    found: Vec<LocatedFault>,
}

impl Faults {
    /// Adds a fault at a position of a file
    pub(crate) fn push(&mut self, file: &str, fault: Fault) {
        if self.found.len() < MOST {
            self.found
                .push(LocatedFault::new(file, fault, FaultClass::Document));
        }
    }

    /// Adds a fault at a position of a file
    pub(crate) fn at(&mut self, place: &Place, message: impl Into<String>) {
        self.push(&place.file, Fault::new(place.at, message));
    }

    /// Adds a fault of a file as a whole, or of one that is missing
    pub(crate) fn whole(&mut self, file: &str, message: impl Into<String>) {
        self.push(file, Fault::new(Position::default(), message));
    }

    /// The value, or nothing after its fault was added
    pub(crate) fn handle<T>(&mut self, file: &str, result: Result<T, Fault>) -> Option<T> {
        result.map_err(|fault| self.push(file, fault)).ok()
    }

    /// The value if there is no fault
    ///
    /// # Errors
    /// All faults
    pub(crate) fn finish<T>(self, value: T) -> Result<T, Vec<LocatedFault>> {
        if self.found.is_empty() {
            Ok(value)
        } else {
            Err(self.found)
        }
    }
}

/// A position in a file
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The file's name as messages show it
    pub(crate) file: String,
    /// The position; line 0 for the file as a whole
    pub(crate) at: Position,
}

impl Place {
    /// A position in a file
    pub(crate) fn new(file: &str, at: Position) -> Self {
        Self {
            file: file.to_owned(),
            at,
        }
    }
}
