//! A ControllerRevision that its controller did not write. A workload may adopt it, so its author requests the pods made from
//! it.

use crate::admission::attribution::{NoValidStamp, delegation, verified};
use crate::admission::evaluate::EvaluationContext;
use crate::admission::outcome::evaluation::Evaluation;
use crate::admission::outcome::finding::Finding;
use crate::admission::outcome::revision_fault::RevisionFault;
use crate::admission::outcome::verb::Verb;
use crate::admission::review::{Operation, Revision};

impl EvaluationContext<'_> {
    /// Stamps the revision for its author, also if it does not lead to ECI: its controller adopts it without asking
    pub(super) fn mutate_revision(&self) -> Option<Evaluation> {
        self.foreign_revision()?;
        let reviewed = self.review.templates().first()?;
        // The data of a stored revision cannot be changed
        if self.review.operation() != Operation::Create {
            return None;
        }
        self.mutate_template(reviewed)
    }

    pub(super) fn validate_revision(&self) -> Option<Evaluation> {
        let revision = self.foreign_revision()?;
        let Some(reviewed) = self.review.templates().first() else {
            return revision.fault.clone().map(|fault| self.revision_fault(fault));
        };
        if self.review.operation() == Operation::Create {
            return self.validate_template(reviewed);
        }
        let stamp = reviewed.new.as_ref().and_then(|new| new.stamp());
        let settings = &self.configuration.cluster;
        let owned = self.owned(reviewed);
        let author = match verified(stamp, self.review.namespace(), &owned, settings, self.cluster) {
            // The pods made from it are evaluated when they are created
            Ok(claims) if self.is_author(&claims) => return None,
            Ok(claims) => Some(claims.user),
            Err(NoValidStamp::Missing | NoValidStamp::Broken(_)) => None,
        };
        Some(self.revision_fault(RevisionFault::NotYours(author)))
    }

    fn revision_fault(&self, fault: RevisionFault) -> Evaluation {
        Evaluation {
            principal: self.requester(),
            ..Evaluation::of_finding(Verb::Create, Finding::Revision(fault))
        }
    }

    /// The revision that the request changes, if its requester is not its controller
    fn foreign_revision(&self) -> Option<&Revision> {
        let revision = self.review.revision().filter(|revision| !revision.is_same)?;
        let settings = &self.configuration.cluster;
        let is_its_controller = delegation(self.review, &revision.owned, settings, self.cluster).is_some();
        (!is_its_controller && !self.is_from_control_plane()).then_some(revision)
    }
}
