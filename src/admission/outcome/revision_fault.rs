//! The faults of a ControllerRevision.

use crate::kubernetes::controller_revision::Problem;

/// A fault of a ControllerRevision, which must not be stored or adopted
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RevisionFault {
    /// Its data is not exactly one whole template
    NotWhole(Problem),
    /// Its template is unreadable
    Unreadable(String),
    /// It has the template of this person, or of nobody known, and is to belong to another workload
    NotYours(Option<String>),
}

impl RevisionFault {
    /// The code for programs
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotWhole(_) | Self::Unreadable(_) => "MalformedRevision",
            Self::NotYours(_) => "RevisionNotYours",
        }
    }
}
