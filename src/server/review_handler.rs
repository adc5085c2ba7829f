//! Where serving and evaluating meet: the body of a review in, the response and its record out.

use futures::future::BoxFuture;

use crate::admission::Mode;
use crate::server::request_head::RequestHead;
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

/// A body that is no review, with the reason
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("ramgate cannot read this review: {0}")]
pub struct UnreadableReview(pub String);

/// Handles reviews
///
/// A handler waits only for live reads. Everything else takes microseconds.
pub trait ReviewHandler: Send + Sync + 'static {
    /// Handles the body of a request, whatever it holds
    fn handle<'a>(
        &'a self,
        endpoint: Endpoint,
        body: &'a [u8],
    ) -> BoxFuture<'a, Result<HandledReview, UnreadableReview>>;

    /// The mode of a request of which only this is known, since it could not be handled
    fn mode(&self, head: &RequestHead) -> Mode;

    /// The mode of a read that could not be handled, by its namespace if that is known
    fn mode_of_read(&self, _namespace: Option<&str>) -> Mode {
        Mode::Enforce
    }

    /// Whether the authorization endpoint exists
    fn authorizes(&self) -> bool {
        false
    }
}
