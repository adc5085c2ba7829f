//! The position of a statement among the attached policies.

/// The position of a policy among the attached ones, and of a statement in it, both from 0; orders as the text does
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct StatementPosition {
    pub(crate) policy: u32,
    pub(crate) statement: u32,
}
