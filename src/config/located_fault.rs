//! Faults with the name of their document and their class.

use std::fmt;

use ram_policy::source::{Fault, Position};

/// Whether a fault may go away when more documents come
///
/// Users apply documents one after the other, so a document may be good although the set as a whole is not yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaultClass {
    /// The document is bad by itself, whatever the others hold
    Document,
    /// The document names something that no document defines yet
    Reference,
    /// Two documents contradict each other, or the set as a whole lacks something
    Conflict,
}

/// A fault in a document
///
/// ```text
/// people/team.yaml:3:7: no document defines group `g`     a fault with a position
/// people: binaryData is not read                          a fault of the whole document
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocatedFault {
    /// `CONFIGMAP/KEY` or the path of a file
    pub document: String,
    /// The fault; line 0 if it has no position, as for a section that no document holds
    pub fault: Fault,
    /// The class of the fault
    pub class: FaultClass,
}

impl LocatedFault {
    /// A fault at a position of a document
    pub fn new(document: impl Into<String>, fault: Fault, class: FaultClass) -> Self {
        Self {
            document: document.into(),
            fault,
            class,
        }
    }

    /// A fault of a document as a whole, such as a bad file name
    pub(crate) fn whole(document: impl Into<String>, message: impl Into<String>, class: FaultClass) -> Self {
        Self::new(document, Fault::new(Position::default(), message), class)
    }
}

impl fmt::Display for LocatedFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.fault.at == Position::default() {
            write!(f, "{}: {}", self.document, self.fault.message)
        } else {
            write!(f, "{}:{}: {}", self.document, self.fault.at, self.fault.message)
        }
    }
}

impl std::error::Error for LocatedFault {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_shown_if_there_is_one() {
        let fault = Fault::new(Position { line: 3, column: 7 }, "no such thing");
        assert_eq!(
            LocatedFault::new("people/team.yaml", fault, FaultClass::Document).to_string(),
            "people/team.yaml:3:7: no such thing"
        );
        assert_eq!(
            LocatedFault::whole("people", "empty", FaultClass::Conflict).to_string(),
            "people: empty"
        );
    }
}
