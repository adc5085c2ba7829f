//! Reasons against a request, as data.

use crate::admission::fields::malformed_annotation::MalformedAnnotation;
use crate::admission::fields::mapping::MappingError;
use crate::admission::outcome::revision_fault::RevisionFault;
use crate::admission::outcome::stamp_fault::StampFault;
use eci_calls::{Denial, Refusal};
use ram_policy::{Outcome, Principal, StatementId};

/// A reason against a request
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Finding {
    /// An annotation that could be read in two ways
    Malformed(MalformedAnnotation),
    /// The mapping rules cannot be applied
    Unmappable(MappingError),
    /// The pod is not as the mapping rules want it, so it did not come through the mutating webhook
    NotMapped {
        /// The annotation
        annotation: &'static str,
        /// What the rules want it to be; nothing means absent
        wanted: Option<String>,
        /// What it is
        found: Option<String>,
    },
    /// The requester is bound to no RAM principal
    Unbound,
    /// What should say who asked for it does not, or not rightly
    Stamp(StampFault),
    /// A Binding brings an annotation of ECI's that its pod does not have
    Brought(String),
    /// A revision from which its controller would make something else than one template, or one that is another's
    Revision(RevisionFault),
    /// A controller that is neither bound nor listed asks
    UnlistedController {
        /// The kind of what made the pod, by its own claim
        kind: String,
    },
    /// The namespace is not known yet, so neither are its labels
    UnknownNamespace,
    /// The request names a pod that is not known
    UnknownPod,
    /// The pod is not the one that was to be bound any more, or nothing holds it fast until it is
    PodChanged,
    /// The request names a workload that is not known, or whose template cannot be read
    UnknownWorkload,
    /// The webhook rules send what nothing here knows how to judge
    UnknownRequest(String),
    /// An eci-profile that ACK would not read, or that writes what ECI cannot read
    Profile(String),
    /// ECI itself would refuse the call
    Refused(Refusal),
    /// RAM does not allow something that the call needs
    Denied {
        /// What was asked and answered
        denial: Denial,
        /// For whom
        principal: Principal,
        /// Whether that is a boundary of the namespace and not the requester
        boundary: bool,
    },
    /// RAM does not allow something for every container group, where nobody knows which ones are meant
    NotEverywhere {
        /// The statement that makes a difference between them, where one does
        statement: Option<StatementId>,
        /// For whom
        principal: Principal,
        /// Whether that is a boundary of some namespace and not the requester
        boundary: bool,
    },
}

impl Finding {
    /// Whether it is a stamp that may not be stored: denied where the mode is enforce, whether or not the pod is certain to
    /// reach ECI
    pub(crate) fn is_forged(&self) -> bool {
        matches!(self, Self::Stamp(fault) if fault.is_forged())
    }

    /// Whether no mode softens it: what is malformed or over a limit
    pub(crate) fn holds_in_every_mode(&self) -> bool {
        match self {
            Self::Malformed(_) | Self::Unmappable(_) => true,
            Self::Stamp(_)
            | Self::Brought(_)
            | Self::Revision(_)
            | Self::NotMapped { .. }
            | Self::Unbound
            | Self::UnlistedController { .. }
            | Self::UnknownNamespace
            | Self::UnknownPod
            | Self::PodChanged
            | Self::UnknownWorkload
            | Self::UnknownRequest(_)
            | Self::Profile(_)
            | Self::Refused(_)
            | Self::Denied { .. }
            | Self::NotEverywhere { .. } => false,
        }
    }

    /// Whether there is nobody left to ask RAM about
    pub(crate) fn leaves_nobody(&self) -> bool {
        matches!(self, Self::Stamp(fault) if fault.leaves_nobody())
    }

    /// Where it stands among several: ECI's refusals first, then explicit denies, then the rest in the order found
    pub(crate) fn rank(&self) -> u8 {
        match self {
            Self::Denied { denial, .. } if denial.decision.outcome == Outcome::ExplicitDeny => 2,
            Self::Denied { .. } => 3,
            // It follows from what else was not done to the object
            Self::Stamp(StampFault::NotApplied | StampFault::Unexpected) => 1,
            _ => 0,
        }
    }

    /// The code by which programs tell findings apart: RAM's NoPermissionType, ECI's code, or one of ramgate's own
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "MalformedAnnotation",
            Self::Unmappable(MappingError::TooMany { .. }) => "TooManyCustomTags",
            Self::Unmappable(MappingError::Value { .. }) => "MalformedMappingSource",
            Self::NotMapped { .. } => "MappingNotApplied",
            Self::Unbound => "UnboundIdentity",
            Self::Stamp(fault) => fault.code(),
            Self::Brought(_) => "BindingAnnotation",
            Self::Revision(fault) => fault.code(),
            Self::UnlistedController { .. } => "UnlistedController",
            Self::UnknownNamespace => "UnknownNamespace",
            Self::UnknownPod => "UnknownPod",
            Self::PodChanged => "PodChanged",
            Self::UnknownWorkload => "UnknownWorkload",
            Self::UnknownRequest(_) => "UnknownRequest",
            Self::Profile(_) => "MalformedProfile",
            Self::Refused(refusal) => refusal.code,
            Self::NotEverywhere { .. } => "NotEverywhere",
            Self::Denied { denial, .. } => match denial.decision.outcome {
                Outcome::ExplicitDeny => "ExplicitDeny",
                Outcome::ImplicitDeny | Outcome::Allow => "ImplicitDeny",
            },
        }
    }
}
