//! The faults of a stamp.

use crate::admission::outcome::container_difference::ContainerDifference;
use crate::admission::outcome::restart_step::Restart;
use crate::admission::routing::mark::Mark;
use crate::stamp::VerifyError;

/// A fault of a stamp, so that it does not prove who asked for a pod
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StampFault {
    /// A controller's pod has none; the step by which its template gets one, if known
    Missing(Option<Restart>),
    /// A controller's pod has none, and this RuntimeClass may have led it to ECI
    RuntimeClass(String, Option<Restart>),
    /// A controller's pod has one of an unknown key; the step by which its template gets another
    NoKey(VerifyError, Option<Restart>),
    /// A pod without a controller has none, or one of an unknown key, when it is bound
    BarePod(Option<VerifyError>),
    /// ramgate did not sign it, or signed it for another object; the step by which the template gets another, if known
    Forged(VerifyError, Option<Restart>),
    /// It is not the one that ramgate wrote
    Changed,
    /// It is absent although the mutating webhook writes one; what leads the pod to ECI, if that is known
    NotApplied(Option<Mark>),
    /// It is not the one that the mutating webhook writes for this requester
    Unexpected,
    /// There is none, because it would be longer than what is read as a stamp
    TooLong,
    /// Its fields or service account are not those of the pod
    FieldsDiffer,
    /// It came through this listed kind, which the webhook rules do not send
    NotSent(String),
    /// It is not in the owner of this kind as it is now, or in the object as it was before
    NotOfOwner(String),
    /// The owner of this kind could not be read, so that nobody knows whose stamp it has
    OwnerUnread(String),
    /// The pod reaches ECI, and had no mark of ECI when it was created
    Unmarked,
    /// Its containers are not those of the pod
    ContainersDiffer(Vec<ContainerDifference>),
}

impl StampFault {
    /// The code for programs
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Missing(_)
            | Self::RuntimeClass(..)
            | Self::NoKey(..)
            | Self::BarePod(_)
            | Self::Unmarked => "MissingStamp",
            Self::Forged(..) | Self::Changed | Self::NotOfOwner(_) => "ForgedStamp",
            Self::OwnerUnread(_) => "OwnerUnread",
            Self::NotApplied(_) | Self::Unexpected | Self::TooLong => "StampNotApplied",
            Self::FieldsDiffer => "DiffersFromStamp",
            Self::NotSent(_) => "CarrierNotSent",
            Self::ContainersDiffer(_) => "UnlikeStamp",
        }
    }

    /// Whether there is a stamp that ramgate did not write, or may not have written, or none that it can write
    ///
    /// Without the last, whoever changes such an object next would get the stamp that its author cannot have.
    pub(crate) fn is_forged(&self) -> bool {
        match self {
            Self::Forged(..)
            | Self::Changed
            | Self::Unexpected
            | Self::TooLong
            | Self::NotSent(_)
            | Self::NotOfOwner(_) => true,
            Self::Missing(_)
            | Self::RuntimeClass(..)
            | Self::NoKey(..)
            | Self::BarePod(_)
            | Self::NotApplied(_)
            | Self::FieldsDiffer
            | Self::OwnerUnread(_)
            | Self::Unmarked
            | Self::ContainersDiffer(_) => false,
        }
    }

    /// Whether there is no principal to evaluate
    pub(crate) fn leaves_no_principal(&self) -> bool {
        match self {
            Self::Missing(_)
            | Self::RuntimeClass(..)
            | Self::NoKey(..)
            | Self::BarePod(_)
            | Self::Forged(..)
            | Self::NotSent(_)
            | Self::NotOfOwner(_)
            | Self::OwnerUnread(_)
            | Self::Unmarked => true,
            Self::Changed
            | Self::NotApplied(_)
            | Self::Unexpected
            | Self::TooLong
            | Self::FieldsDiffer
            | Self::ContainersDiffer(_) => false,
        }
    }
}
