//! Where serving and evaluating meet: the body of a review in, the response and its record out.

use futures::future::BoxFuture;

use crate::telemetry::endpoint::Endpoint;
use crate::telemetry::record::Record;

/// A review that was handled
#[derive(Clone, Debug)]
pub struct HandledReview {
    /// The review with its response, JSON: AdmissionReview v1, or SubjectAccessReview v1
    pub body: Vec<u8>,
    /// The record to log and count
    pub record: Record,
}

/// Handles reviews
///
/// A handler waits only for live reads. Everything else takes microseconds.
pub trait ReviewHandler: Send + Sync + 'static {
    /// Handles the body of a request, whatever it holds: the response to a malformed body says what is wrong
    fn handle<'a>(&'a self, endpoint: Endpoint, body: &'a [u8]) -> BoxFuture<'a, HandledReview>;

    /// Whether the authorization endpoint exists
    fn authorizes(&self) -> bool {
        false
    }
}
