//! What speaks against a ControllerRevision that no controller wrote, in words.

use crate::kubernetes::controller_revision::Problem;
use crate::wording::{NAME_LENGTH, quoted};

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

    /// What was wanted, what was found, what to do
    pub(crate) fn explanation(&self) -> String {
        let whole = "a revision must hold exactly one whole pod template, since its controller merges it into the workload: \
                     change the template of the workload itself";
        let instead = "change the template of the workload itself, or run `kubectl rollout undo`";
        match self {
            Self::NotWhole(problem) => format!("{problem}; {whole}"),
            Self::Unreadable(problem) => format!(
                "its template does not read as one ({}); {whole}",
                quoted(problem, NAME_LENGTH)
            ),
            Self::NotYours(Some(author)) => format!(
                "its template is that of {}, and only its controller, or its author, may give a revision to a workload: {instead}",
                quoted(author, NAME_LENGTH)
            ),
            Self::NotYours(None) => format!(
                "nothing says who wrote its template, and only its controller may give such a revision to a workload: {instead}"
            ),
        }
    }
}
