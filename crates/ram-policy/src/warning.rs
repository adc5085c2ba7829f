//! What a policy may say, but probably does not mean: accepted, and told to its author.

use crate::source::{Fault, Position};

/// A doubtful place of a policy
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyWarning {
    /// What kind of place it is
    pub kind: WarningKind,
    /// Where it is, and what it says
    pub fault: Fault,
}

/// What is doubtful
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WarningKind {
    /// A boolean or integer without quotes, where RAM writes strings
    Unquoted,
    /// A single address that is written as a block
    SingleAddress,
    /// A block with bits set behind its prefix
    HostBits,
    /// A text longer than RAM stores
    TooLong,
}

impl PolicyWarning {
    pub(super) fn new(kind: WarningKind, at: Position, message: impl Into<String>) -> Self {
        Self {
            kind,
            fault: Fault::new(at, message),
        }
    }
}
