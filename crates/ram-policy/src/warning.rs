//! Warnings about a policy that RAM accepts, but whose author probably meant something else.

use crate::source::{Fault, Position};

/// A warning about a policy that RAM accepts
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyWarning {
    /// The kind of warning
    pub kind: WarningKind,
    /// Position and message
    pub fault: Fault,
}

/// The kind of a [`PolicyWarning`]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WarningKind {
    /// A boolean or integer without quotes, where RAM writes strings
    Unquoted,
    /// A boolean that is not in lower case
    BooleanCase,
    /// A text with blanks around it, which are not part of its value
    Blanks,
    /// A resource that no resource of the cloud can match
    MatchesNothing,
    /// A set operator, which RAM does not document
    SetOperator,
    /// A byte order mark before the text
    ByteOrderMark,
    /// A single IP address that is written as a CIDR block
    SingleAddress,
    /// A CIDR block with bits set behind its prefix
    HostBits,
    /// A document that is longer than RAM stores
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
