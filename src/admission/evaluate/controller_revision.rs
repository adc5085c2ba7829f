//! A ControllerRevision that no controller writes: whoever creates one, or gives it to a workload, asks for the pods that come
//! of it.

use crate::admission::attribution::{Unstamped, delegation, verified};
use crate::admission::evaluate::Case;
use crate::admission::outcome::evaluation::Evaluation;
use crate::admission::outcome::finding::Finding;
use crate::admission::outcome::revision_fault::RevisionFault;
use crate::admission::outcome::verb::Verb;
use crate::admission::review::{Operation, Revision};

impl Case<'_> {
    /// Stamped for its author, marked or not: its controller takes it up without another word
    pub(crate) fn mutate_revision(&self) -> Evaluation {
        match (self.asked_revision(), self.review.templates().first()) {
            // The data of a stored revision cannot be changed
            (Some(_), Some(reviewed)) if self.review.operation() == Operation::Create => {
                self.mutate_template(reviewed)
            }
            _ => Evaluation::default(),
        }
    }

    pub(crate) fn validate_revision(&self) -> Evaluation {
        let Some(revision) = self.asked_revision() else {
            return Evaluation::default();
        };
        let fault = |fault| Evaluation {
            verb: Some(Verb::Create),
            principal: self.requester(),
            findings: vec![Finding::Revision(fault)],
            ..Evaluation::default()
        };
        let Some(reviewed) = self.review.templates().first() else {
            return revision.fault.clone().map_or_else(Evaluation::default, fault);
        };
        if self.review.operation() == Operation::Create {
            return self.validate_template(reviewed);
        }
        let stamp = reviewed.new.as_ref().and_then(|new| new.stamp());
        let settings = &self.configuration.cluster;
        let owned = self.owned(reviewed);
        let author = verified(stamp, self.review.namespace(), &owned, settings, self.cluster);
        match author {
            // The pods that come of it are judged when they are made
            Ok(claims) if claims.user == self.review.user() => Evaluation::default(),
            Ok(claims) => fault(RevisionFault::NotYours(Some(claims.user))),
            Err(Unstamped::Missing | Unstamped::Broken(_)) => fault(RevisionFault::NotYours(None)),
        }
    }

    /// The revision of a request that is to be judged: one that a workload may take up, from somebody who is not its
    /// controller
    fn asked_revision(&self) -> Option<&Revision> {
        let revision = self.review.revision().filter(|revision| !revision.is_same)?;
        let settings = &self.configuration.cluster;
        let is_its_controller = delegation(self.review, &revision.owned, settings, self.cluster).is_some();
        (!is_its_controller && !self.asks_for_control_plane()).then_some(revision)
    }
}
