//! The `Effect` element of a statement.

/// Whether a statement allows or denies what it matches
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Allows the request, unless another statement denies it
    Allow,
    /// Denies the request, whatever else allows it
    Deny,
}
