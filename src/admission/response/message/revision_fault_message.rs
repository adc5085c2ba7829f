//! The explanation of a fault of a ControllerRevision.

use crate::admission::outcome::revision_fault::RevisionFault;
use crate::wording::{NAME_LENGTH, quoted};

impl RevisionFault {
    /// The fault and its remedy
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
