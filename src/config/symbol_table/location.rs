//! Where a definition is: a position in one of the documents.

use std::fmt;

use crate::config::located_fault::{FaultClass, LocatedFault};
use ram_policy::source::{Fault, Position};

/// A position in one of the documents
#[derive(Clone, Copy)]
pub(crate) struct Location<'a> {
    /// The index of the document
    pub(super) order: usize,
    pub(super) document: &'a str,
    pub(super) at: Position,
}

impl<'a> Location<'a> {
    /// A document as a whole
    pub(crate) fn whole(order: usize, document: &'a str) -> Self {
        Self {
            order,
            document,
            at: Position::default(),
        }
    }

    pub(super) fn at(self, at: Position) -> Self {
        Self { at, ..self }
    }

    /// The class of two definitions of a name: if both are in a document, it is bad by itself
    pub(super) fn conflict_with(self, other: Self) -> FaultClass {
        if self.order == other.order {
            FaultClass::Document
        } else {
            FaultClass::Conflict
        }
    }

    pub(super) fn fault(self, fault: Fault, class: FaultClass) -> (usize, LocatedFault) {
        (self.order, LocatedFault::new(self.document, fault, class))
    }
}

impl fmt::Display for Location<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.at == Position::default() {
            f.write_str(self.document)
        } else {
            write!(f, "{}:{}", self.document, self.at)
        }
    }
}
