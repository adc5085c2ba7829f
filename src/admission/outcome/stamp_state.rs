//! What an evaluation found out about the stamp that its pod or template needs.

use crate::admission::outcome::evaluation::Evaluation;
use crate::admission::outcome::finding::Finding;
use crate::admission::outcome::stamp_fault::StampFault;

/// The state of a stamp, in metrics
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StampState {
    /// It proves who asked for the pod
    Good,
    /// There is none, or one of a key that nobody knows any more
    Missing,
    /// It is not ramgate's, or another object's
    Forged,
    /// The object has other fields or containers than it was written for
    Differs,
    /// It is not the one that the mutating webhook writes
    NotApplied,
    /// Nobody can tell whose it is: the kind is not sent, or its owner could not be read
    Unknown,
}

impl StampState {
    /// All states
    pub(crate) const ALL: [Self; 6] = [
        Self::Good,
        Self::Missing,
        Self::Forged,
        Self::Differs,
        Self::NotApplied,
        Self::Unknown,
    ];

    /// The state by an evaluation of the validating webhook; `None` if it needed no stamp
    pub(crate) fn of(evaluation: &Evaluation) -> Option<Self> {
        let fault = evaluation.findings.iter().find_map(|finding| match finding {
            Finding::Stamp(fault) => Some(fault),
            _ => None,
        });
        match fault {
            Some(fault) => Some(Self::of_fault(fault)),
            None => evaluation.stamped.as_ref().map(|_| Self::Good),
        }
    }

    fn of_fault(fault: &StampFault) -> Self {
        match fault {
            StampFault::Missing(_)
            | StampFault::RuntimeClass(..)
            | StampFault::NoKey(..)
            | StampFault::BarePod(_)
            | StampFault::Unmarked => Self::Missing,
            StampFault::Forged(..) | StampFault::Changed | StampFault::NotOfOwner(_) => Self::Forged,
            StampFault::FieldsDiffer | StampFault::ContainersDiffer(_) => Self::Differs,
            StampFault::NotApplied(_) | StampFault::Unexpected | StampFault::TooLong => Self::NotApplied,
            StampFault::NotSent(_) | StampFault::OwnerUnread(_) => Self::Unknown,
        }
    }

    /// The word in metrics
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Missing => "missing",
            Self::Forged => "forged",
            Self::Differs => "differs",
            Self::NotApplied => "not_applied",
            Self::Unknown => "unknown",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_decides_over_the_person_that_a_stamp_names() {
        let good = Evaluation {
            stamped: Some("alice".to_owned()),
            ..Evaluation::default()
        };
        let forged = Evaluation {
            findings: vec![Finding::Unbound, Finding::Stamp(StampFault::Changed)],
            ..good.clone()
        };
        let states = [&Evaluation::default(), &good, &forged].map(StampState::of);
        assert_eq!(states, [None, Some(StampState::Good), Some(StampState::Forged)]);
    }
}
