//! Requests of spawners: pods that make pods, for the person in their stamp.

use crate::admission::attribution;
use crate::admission::attribution::{Creator, Person};
use crate::admission::evaluate::EvaluationContext;
use crate::admission::outcome::evaluation::Evaluation;
use crate::admission::outcome::finding::Finding;
use crate::admission::outcome::stamp_fault::StampFault;
use crate::kubernetes::pod_template::PodTemplate;
use crate::kubernetes::requester::Requester;
use crate::stamp::Claims;
use ram_policy::Principal;

impl EvaluationContext<'_> {
    /// The RAM principal that is asked: of the requester, or of the person for whom a spawner acts
    pub(super) fn requester(&self) -> Option<Principal> {
        match self.creator {
            Creator::Requester | Creator::Spawner(_) => self.review.requester().principal(self.configuration),
            Creator::Person(Person {
                principal: Some(principal),
                ..
            }) => Some(principal.clone()),
            // As for every stamp: somebody who was bound to nobody may be bound by now, as far as the name alone tells
            Creator::Person(person) => Requester::named(&person.user).principal(self.configuration),
            Creator::Unread => None,
        }
    }

    /// The name of the person for whom a spawner acts
    pub(super) fn person_of_spawner(&self) -> Option<String> {
        match self.creator {
            Creator::Person(person) => Some(person.user.clone()),
            Creator::Requester | Creator::Spawner(_) | Creator::Unread => None,
        }
    }

    /// Whose stamp a new or changed object gets; `None` if nobody knows
    pub(super) fn author(&self) -> Option<Person> {
        match self.creator {
            Creator::Requester | Creator::Spawner(_) => Some(Person {
                user: self.review.user().to_owned(),
                principal: self.requester(),
            }),
            Creator::Person(person) => Some(person.clone()),
            Creator::Unread => None,
        }
    }

    /// Whether a stamp names the author of this request
    ///
    /// An authenticator may give several people one user name, and says in `extra` or by groups who they are.
    pub(super) fn is_author(&self, claims: &Claims) -> bool {
        let is_named = match self.creator {
            Creator::Requester | Creator::Spawner(_) => claims.user == self.review.user(),
            Creator::Person(person) => claims.user == person.user,
            Creator::Unread => false,
        };
        is_named && (claims.principal.is_none() || claims.principal == self.requester())
    }

    /// Whether a pod or template is stamped wherever it runs, since its pods may make pods
    pub(super) fn names_spawner(&self, template: &PodTemplate<'_>) -> bool {
        let settings = &self.configuration.cluster;
        attribution::names_spawner(template, self.review.namespace(), settings, self.cluster)
    }

    /// The evaluation that says why a spawner acts for nobody, if it is denied for that
    pub(super) fn with_spawner_named(&self, evaluation: Evaluation) -> Evaluation {
        if evaluation.stamped.is_some() {
            return evaluation;
        }
        let named = |finding| match (self.creator, finding) {
            (Creator::Spawner(fault), Finding::Unbound | Finding::UnlistedController { .. }) => {
                Finding::Spawner(fault.clone())
            }
            // Nor can anybody say whether a stamp is the right one
            (
                Creator::Unread,
                Finding::Unbound
                | Finding::UnlistedController { .. }
                | Finding::Stamp(StampFault::Changed | StampFault::Unexpected),
            ) => Finding::CreatingPodUnread,
            (_, finding) => finding,
        };
        Evaluation {
            findings: evaluation.findings.into_iter().map(named).collect(),
            ..evaluation
        }
    }
}
