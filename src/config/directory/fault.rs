//! A fault with the name of the document that it stands in, and what kind of fault it is.

use std::fmt;

use ram_policy::source::{Fault, Position};

/// What a fault means to whoever applies documents one after the other
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaultClass {
    /// The document is bad in itself, whatever else is there
    Document,
    /// The document names something that no document defines (yet)
    Reference,
    /// Two places define the same thing, or the whole lacks something; seen only when documents come together
    Conflict,
}

/// What is wrong, in which document, and where in it
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocatedFault {
    /// `CONFIGMAP/KEY` or the path of a file
    pub document: String,
    /// What is wrong; line 0 when it belongs to no line, such as a section that no document holds
    pub fault: Fault,
    /// Whether the document is bad in itself
    pub class: FaultClass,
}

impl LocatedFault {
    /// A fault at a place of a document
    pub fn new(document: impl Into<String>, fault: Fault, class: FaultClass) -> Self {
        Self {
            document: document.into(),
            fault,
            class,
        }
    }

    /// A fault of a document as a whole, such as a bad file name
    pub fn whole(document: impl Into<String>, message: impl Into<String>, class: FaultClass) -> Self {
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
    fn a_place_is_shown_where_there_is_one() {
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
