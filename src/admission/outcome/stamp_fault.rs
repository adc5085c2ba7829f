//! Faults of a stamp, as data.

use crate::admission::outcome::container_difference::ContainerDifference;
use crate::admission::outcome::restart::Restart;
use crate::stamp::VerifyError;

/// Why a stamp does not say who asked for a pod
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StampFault {
    /// A controller brings none, and how its template gets one, where that is known
    Missing(Option<Restart>),
    /// A controller brings none in a pod of this RuntimeClass, which may have added what leads to ECI
    Added(String, Option<Restart>),
    /// A controller brings one that no key here verifies, and how its template gets another
    Lost(VerifyError, Option<Restart>),
    /// It was not written here, or for something else
    Forged(VerifyError),
    /// It is another one than ramgate wrote
    Changed,
    /// It is not there though ramgate writes one, as if the mutating webhook had not been asked
    NotApplied,
    /// It is not the one that ramgate writes for this requester
    Unexpected,
    /// It names something else than what is asked for
    Differs,
    /// It comes from a listed kind that the webhook rules do not send
    NotSent(String),
    /// A pod reaches ECI that nothing led there when it was created
    Unmarked,
    /// The pod runs something else than its stamp was written for
    Unlike(Vec<ContainerDifference>),
}

impl StampFault {
    /// The code by which programs tell it
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Missing(_) | Self::Added(..) | Self::Lost(..) | Self::Unmarked => "MissingStamp",
            Self::Forged(_) | Self::Changed => "ForgedStamp",
            Self::NotApplied | Self::Unexpected => "StampNotApplied",
            Self::Differs => "DiffersFromStamp",
            Self::NotSent(_) => "CarrierNotSent",
            Self::Unlike(_) => "UnlikeStamp",
        }
    }

    /// Whether it is there and ramgate did not write it, or nobody knows whether it did
    pub(crate) fn is_forged(&self) -> bool {
        match self {
            Self::Forged(_) | Self::Changed | Self::Unexpected | Self::NotSent(_) => true,
            Self::Missing(_)
            | Self::Added(..)
            | Self::Lost(..)
            | Self::NotApplied
            | Self::Differs
            | Self::Unmarked
            | Self::Unlike(_) => false,
        }
    }

    /// Whether nobody is left to ask about
    pub(crate) fn leaves_nobody(&self) -> bool {
        match self {
            Self::Missing(_)
            | Self::Added(..)
            | Self::Lost(..)
            | Self::Forged(_)
            | Self::NotSent(_)
            | Self::Unmarked => true,
            Self::Changed | Self::NotApplied | Self::Unexpected | Self::Differs | Self::Unlike(_) => false,
        }
    }
}
