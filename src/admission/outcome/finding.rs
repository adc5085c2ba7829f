//! The reasons against a request, with their codes.

use crate::admission::fields::malformed_annotation::MalformedAnnotation;
use crate::admission::fields::mapping::MappingError;
use crate::admission::outcome::creating_pod_fault::CreatingPodFault;
use crate::admission::outcome::revision_fault::RevisionFault;
use crate::admission::outcome::stamp_fault::StampFault;
use eci_calls::{Denial, Refusal};
use ram_policy::{Outcome, Principal, StatementId};

/// A reason against a request
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Finding {
    /// An annotation is malformed
    Malformed(MalformedAnnotation),
    /// The mapping rules cannot be applied
    Unmappable(MappingError),
    /// An annotation differs from the mapping rules, so the pod did not come through the mutating webhook
    NotMapped {
        /// The annotation
        annotation: &'static str,
        /// The value by the rules; `None` means absent
        wanted: Option<String>,
        /// The value found; `None` means absent
        found: Option<String>,
    },
    /// The requester is bound to no RAM principal
    Unbound,
    /// The requester is bound to no RAM principal, and as a spawner acts for nobody
    Spawner(CreatingPodFault),
    /// The pod that says for whom a spawner acts could not be read
    CreatingPodUnread,
    /// The stamp is missing, forged or unsuitable
    Stamp(StampFault),
    /// A Binding has this annotation of ECI, and its pod has not
    BindingAnnotation(String),
    /// A ControllerRevision is not exactly one template, or is another person's
    Revision(RevisionFault),
    /// The requester is a controller that is neither bound to a principal nor listed
    UnlistedController {
        /// The kind in the owner reference of the pod or workload
        kind: String,
        /// The entry of `carriers` that lists it by a preset, if one has the kind
        preset: Option<String>,
    },
    /// The namespace is not in the cluster snapshot yet, so its labels are unknown
    UnknownNamespace,
    /// The request names a pod that does not exist
    UnknownPod,
    /// The pod changed since the Binding was mutated, or nothing pins the Binding to one version
    PodChanged,
    /// The request names a workload that does not exist, or whose template is unreadable
    UnknownWorkload,
    /// The webhook rules send a request that ramgate cannot evaluate
    UnknownRequest(String),
    /// An eci-profile is invalid for ACK, or writes malformed annotations
    Profile(String),
    /// ECI itself refuses such a call
    Refused(Refusal),
    /// RAM does not allow an action that the call needs
    Denied {
        /// The question and RAM's answer
        denial: Denial,
        /// The principal of the question
        principal: Principal,
        /// Whether that is a boundary of the namespace and not the requester
        is_boundary: bool,
    },
    /// RAM does not allow an action on all container groups, and the request may reach any of them
    NotEverywhere {
        /// The statement that distinguishes between container groups, if one does
        statement: Option<StatementId>,
        /// The principal of the question
        principal: Principal,
        /// Whether that is a boundary of some namespace and not the requester
        is_boundary: bool,
    },
}

impl Finding {
    /// Whether it is a stamp that must not be stored, or may be one, so that mode enforce denies it even if the route is only possible
    pub(crate) fn is_forged(&self) -> bool {
        match self {
            Self::Stamp(fault) => fault.is_forged(),
            Self::CreatingPodUnread => true,
            _ => false,
        }
    }

    /// Whether mode enforce denies it even if the pod only may reach ECI: what must not be stored, or cannot be read
    pub(crate) fn holds_on_every_route(&self) -> bool {
        match self {
            Self::Malformed(_) | Self::Unmappable(_) | Self::CreatingPodUnread => true,
            Self::Stamp(fault) => fault.is_forged(),
            Self::BindingAnnotation(_)
            | Self::Revision(_)
            | Self::NotMapped { .. }
            | Self::Unbound
            | Self::Spawner(_)
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

    /// Whether there is no principal to evaluate
    pub(crate) fn leaves_no_principal(&self) -> bool {
        matches!(self, Self::Stamp(fault) if fault.leaves_no_principal())
    }

    /// Its rank in a message: faults and refusals by ECI first, explicit denies next, implicit ones last
    pub(crate) fn rank(&self) -> u8 {
        match self {
            Self::Denied { denial, .. } if denial.decision.outcome == Outcome::ExplicitDeny => 2,
            Self::Denied { .. } => 3,
            // It follows from faults of rank 0 on the same object
            Self::Stamp(StampFault::NotApplied(_) | StampFault::Unexpected) => 1,
            _ => 0,
        }
    }

    /// The code for programs: RAM's NoPermissionType, ECI's code, or one of ramgate's own
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "MalformedAnnotation",
            Self::Unmappable(MappingError::TooMany { .. }) => "TooManyCustomTags",
            Self::Unmappable(MappingError::Value { .. }) => "MalformedMappingSource",
            Self::NotMapped { .. } => "MappingNotApplied",
            Self::Unbound | Self::Spawner(_) => "UnboundIdentity",
            Self::CreatingPodUnread => "CreatingPodUnread",
            Self::Stamp(fault) => fault.code(),
            Self::BindingAnnotation(_) => "BindingAnnotation",
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
