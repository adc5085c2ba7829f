//! What a policy may say, but probably does not mean: accepted, and told to its author.

use crate::source::{Fault, Position};

/// A doubtful place of a policy
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// What kind of place it is
    pub kind: DoubtKind,
    /// Where it is, and what it says
    pub fault: Fault,
}

/// What is doubtful
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DoubtKind {
    /// A boolean or integer without quotes, where RAM writes strings
    Unquoted,
    /// A single address that is written as a block
    SingleAddress,
    /// A block with bits set behind its prefix
    HostBits,
    /// A text longer than RAM stores
    TooLong,
}

impl Doubt {
    pub(super) fn new(kind: DoubtKind, at: Position, message: impl Into<String>) -> Self {
        Self {
            kind,
            fault: Fault::new(at, message),
        }
    }
}
