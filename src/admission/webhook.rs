//! The two admission webhooks.

/// An admission webhook
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Webhook {
    /// Maps annotations and writes stamps, by a patch
    Mutating,
    /// Evaluates the final object
    Validating,
}
