//! The endpoints of the server that answer reviews.

use crate::admission::Webhook;

/// An endpoint that answers reviews
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// An admission webhook
    Admission(Webhook),
    /// The authorization webhook, which denies reading or has no opinion
    Authorization,
}

impl Endpoint {
    /// The mutating webhook
    pub const MUTATE: Self = Self::Admission(Webhook::Mutating);
    /// The validating webhook
    pub const VALIDATE: Self = Self::Admission(Webhook::Validating);

    /// The words in logs and metrics
    pub(crate) const NAMES: &'static [&'static str] = &["mutate", "validate", "authorize"];

    /// The word in logs and metrics
    pub fn name(self) -> &'static str {
        match self {
            Self::Admission(Webhook::Mutating) => "mutate",
            Self::Admission(Webhook::Validating) => "validate",
            Self::Authorization => "authorize",
        }
    }
}
