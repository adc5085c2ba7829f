//! A ControllerRevision that no controller writes: whoever creates one, or gives it to a workload, asks for the pods that come
//! of it.

use crate::admission::attribution::Unstamped;
use crate::admission::attribution::carriage;
use crate::admission::attribution::verified;
use crate::admission::evaluate::Case;
use crate::admission::outcome::evaluation::Ruling;
use crate::admission::outcome::finding::Deed;
use crate::admission::outcome::finding::Finding;
use crate::admission::outcome::finding::RevisionFault;
use crate::admission::review::Operation;
use crate::admission::review::Revision;

impl Case<'_> {
    /// Stamped for its author, marked or not: its controller takes it up without another word
    pub(crate) fn mutate_revision(&self) -> Ruling {
        match (self.asked_revision(), self.review.bearers().first()) {
            // The data of a stored revision cannot be changed
            (Some(_), Some(bearer)) if self.review.operation() == Operation::Create => {
                self.mutate_bearer(bearer)
            }
            _ => Ruling::default(),
        }
    }

    pub(crate) fn validate_revision(&self) -> Ruling {
        let Some(revision) = self.asked_revision() else {
            return Ruling::default();
        };
        let fault = |fault| Ruling {
            deed: Some(Deed::Create),
            principal: self.requester(),
            findings: vec![Finding::Revision(fault)],
            ..Ruling::default()
        };
        let Some(bearer) = self.review.bearers().first() else {
            return revision.fault.clone().map_or_else(Ruling::default, fault);
        };
        if self.review.operation() == Operation::Create {
            return self.validate_bearer(bearer);
        }
        let stamp = bearer.new.as_ref().and_then(|new| new.stamp());
        let settings = &self.configuration.cluster;
        let holder = self.holder(bearer);
        let author = verified(stamp, self.review.namespace(), &holder, settings, self.cluster);
        match author {
            // The pods that come of it are judged when they are made
            Ok(claims) if claims.user == self.review.user() => Ruling::default(),
            Ok(claims) => fault(RevisionFault::NotYours(Some(claims.user))),
            Err(Unstamped::Missing | Unstamped::Broken(_)) => fault(RevisionFault::NotYours(None)),
        }
    }

    /// The revision of a request that is to be judged: one that a workload may take up, from somebody who is not its
    /// controller
    fn asked_revision(&self) -> Option<&Revision> {
        let revision = self.review.revision().filter(|revision| !revision.is_same)?;
        let settings = &self.configuration.cluster;
        let is_its_controller = carriage(self.review, &revision.holder, settings, self.cluster).is_some();
        (!is_its_controller && !self.asks_for_control_plane()).then_some(revision)
    }
}
