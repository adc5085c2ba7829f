//! Whether a statement allows or denies.

/// What a matching statement does
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The request is allowed unless something denies it
    Allow,
    /// The request is denied whatever allows it
    Deny,
}
