//! The seam between serving and judging: bytes in, bytes and a record out.

use futures::future::BoxFuture;

use crate::telemetry::record::Record;

/// Which webhook was called
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// The mutating webhook, which answers with a patch
    Mutate,
    /// The validating webhook, which judges the final object
    Validate,
    /// The authorization webhook, which denies reading or has no opinion
    Authorize,
}

impl Endpoint {
    /// The word in logs and metrics
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Mutate => "mutate",
            Self::Validate => "validate",
            Self::Authorize => "authorize",
        }
    }
}

/// An answer to one review
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The review with its answer, JSON: AdmissionReview v1, or SubjectAccessReview v1
    pub body: Vec<u8>,
    /// What to log and count
    pub record: Record,
}

/// Answers reviews
///
/// It waits only for what has to be read live; all else is done at once, in microseconds.
pub trait Judge: Send + Sync + 'static {
    /// Judges the body of a request, whatever is in it: a malformed one gets a denial that says so
    fn judge<'a>(&'a self, endpoint: Endpoint, body: &'a [u8]) -> BoxFuture<'a, Verdict>;

    /// Whether the authorization webhook is there at all
    fn authorizes(&self) -> bool {
        false
    }
}
