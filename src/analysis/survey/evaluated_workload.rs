//! One workload of the cluster, evaluated.

use std::sync::Arc;

use crate::admission::Cause;
use crate::analysis::survey::objects::Owner;
use crate::analysis::survey::obstacle::Obstacle;
use crate::analysis::survey::person::{Need, Person, Writer};
use crate::analysis::survey::stamp_status::StampStatus;
use crate::analysis::survey::workload_kind::WorkloadKind;
use crate::config::Exception;
use crate::wording::{NAME_LENGTH, described, quoted};

/// A workload or bare pod that leads to ECI; an object with several templates has one for each
#[derive(Clone, Debug)]
pub(crate) struct EvaluatedWorkload {
    /// Its kind
    pub kind: WorkloadKind,
    /// Its namespace
    pub namespace: String,
    /// Its name
    pub name: String,
    /// The path of the template, if the object has several
    pub template_path: Option<String>,
    /// Its controller
    pub owner: Option<Owner>,
    /// Whether its rollout is paused
    pub is_paused: bool,
    /// Whether it is a pod that has a node already, and is not admitted again
    pub is_bound: bool,
    /// Whether its pods go to ECI for certain, and not only if they are bound to a virtual node
    pub is_certain: bool,
    /// The mark that leads it to ECI
    pub mark: String,
    /// The status of its stamp
    pub stamp: StampStatus,
    /// The outcome for a pod that is created from it now
    pub outcome: EnforceOutcome,
    /// Everything that speaks against its pods, those of the stamp first
    pub obstacles: Vec<Obstacle>,
    /// The person for whom it was evaluated: of its stamp, or whom the caller named
    pub person: Option<Person>,
    /// What its owner has to be allowed, if no person is known
    pub needs: Vec<Need>,
    /// The client that wrote it last
    pub written_by: Option<Writer>,
}

/// The outcome for a pod that is created now in mode enforce
#[derive(Clone, Debug)]
pub(crate) enum EnforceOutcome {
    /// It is allowed
    Allowed,
    /// It is denied
    Denied(Denial),
    /// It would be denied, and an exception lets it pass for a while
    Excused(Denial, Arc<Exception>),
    /// It is denied if the scheduler binds it to a virtual node
    DeniedIfBound(Denial),
}

/// The reason for a denial
#[derive(Clone, Debug)]
pub(crate) struct Denial {
    /// The code of the first cause
    pub code: String,
    /// The reason in one sentence
    pub sentence: String,
    /// All causes
    pub causes: Vec<Cause>,
}

impl EvaluatedWorkload {
    /// `KIND/NAME`, with the path of the template if the object has several
    pub(crate) fn title(&self) -> String {
        let path = self.template_path.as_ref();
        let path = path.map_or_else(String::new, |path| format!(" ({path})"));
        format!("{}/{}{path}", self.kind.name(), self.name)
    }

    /// `NAMESPACE/KIND/NAME`, with the path of the template if the object has several
    pub(crate) fn full_title(&self) -> String {
        format!("{}/{}", self.namespace, self.title())
    }

    /// The person of whom an obstacle speaks, as the beginning of a sentence; empty if it does not depend on a person
    ///
    /// ```text
    /// for `alice@example.com` (RAM user `alice`):
    /// ```
    pub(crate) fn judged_for(&self, obstacle: &Obstacle) -> String {
        let person = self.person.as_ref().filter(|_| obstacle.depends_on_person);
        person.map_or_else(String::new, |person| {
            let principal = person.principal.as_ref();
            let principal =
                principal.map_or_else(String::new, |principal| format!(" ({})", described(principal)));
            format!("for {}{principal}: ", quoted(&person.user, NAME_LENGTH))
        })
    }

    /// The exception that lets its pods pass
    pub(crate) fn exception(&self) -> Option<&Exception> {
        match &self.outcome {
            EnforceOutcome::Excused(_, exception) => Some(exception),
            EnforceOutcome::Allowed | EnforceOutcome::Denied(_) | EnforceOutcome::DeniedIfBound(_) => None,
        }
    }

    /// Whether its stamp is good and its pods are allowed
    pub(crate) fn is_good(&self) -> bool {
        self.stamp.claims().is_some() && matches!(self.outcome, EnforceOutcome::Allowed)
    }

    /// Whether mode enforce would deny its next pod
    pub(crate) fn would_be_denied(&self) -> bool {
        !self.is_bound && !self.is_good() && self.exception().is_none()
    }
}

impl EnforceOutcome {
    /// The outcome in one word
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Denied(_) => "denied",
            Self::Excused(..) => "excused",
            Self::DeniedIfBound(_) => "denied-if-bound",
        }
    }

    /// The denial, certain or not
    pub(crate) fn denial(&self) -> Option<&Denial> {
        match self {
            Self::Allowed => None,
            Self::Denied(denial) | Self::DeniedIfBound(denial) | Self::Excused(denial, _) => Some(denial),
        }
    }
}
