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
}

impl Endpoint {
    /// The word in logs and metrics
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Mutate => "mutate",
            Self::Validate => "validate",
        }
    }
}

/// An answer to one review
#[derive(Clone, Debug)]
pub struct Verdict {
    /// AdmissionReview v1 with the response, JSON
    pub body: Vec<u8>,
    /// What to log and count
    pub record: Record,
}

/// Answers AdmissionReviews
///
/// It waits only for what has to be read live; all else is done at once, in microseconds.
pub trait Judge: Send + Sync + 'static {
    /// Judges the body of a request, whatever is in it: a malformed one gets a denial that says so
    fn judge<'a>(&'a self, endpoint: Endpoint, body: &'a [u8]) -> BoxFuture<'a, Verdict>;
}
