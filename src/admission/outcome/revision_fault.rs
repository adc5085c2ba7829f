//! Faults of a ControllerRevision that no controller wrote, as data.

use crate::kubernetes::controller_revision::Problem;

/// Why a revision may not be stored, or not be taken over
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RevisionFault {
    /// Its controller would make something else of it than one whole template
    NotWhole(Problem),
    /// Its template does not read as one
    Unreadable(String),
    /// It is somebody else's, and shall belong to another workload
    NotYours(Option<String>),
}

impl RevisionFault {
    /// The code by which programs tell it
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotWhole(_) | Self::Unreadable(_) => "MalformedRevision",
            Self::NotYours(_) => "RevisionNotYours",
        }
    }
}
