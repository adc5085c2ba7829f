//! Why a review is answered without an evaluation, with the answer's status and text.

use std::time::Duration;

use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;

use crate::server::limits::ReviewLimits;
use crate::server::review_handler::UnreadableReview;

/// Why a review was not evaluated
pub(super) enum Failure {
    /// The body is larger than any review can be
    BodyTooLarge,
    /// The body did not arrive within this time
    BodyTooSlow(Duration),
    /// The client ended the body early
    BodyAborted,
    /// All bodies in flight hold too many bytes
    OverBudget,
    /// Too many reviews are being evaluated
    TooManyInFlight,
    /// There is no answer within this time
    DeadlineExceeded(Duration),
    /// The evaluation panicked; the log has the details under this incident
    Panicked(String),
    /// The body is no review
    Unreadable(UnreadableReview),
}

impl Failure {
    /// The decision in logs and metrics
    pub(super) fn decision(&self) -> &'static str {
        match self {
            Self::BodyTooLarge => "too_large",
            Self::BodyTooSlow(_) | Self::DeadlineExceeded(_) => "too_slow",
            Self::BodyAborted | Self::Unreadable(_) => "malformed",
            Self::OverBudget | Self::TooManyInFlight => "overloaded",
            Self::Panicked(_) => "failed",
        }
    }

    /// The code of a denial inside an AdmissionReview
    pub(super) fn denial_code(&self) -> StatusCode {
        match self {
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BodyAborted | Self::Unreadable(_) => StatusCode::BAD_REQUEST,
            Self::OverBudget | Self::TooManyInFlight => StatusCode::TOO_MANY_REQUESTS,
            Self::BodyTooSlow(_) | Self::DeadlineExceeded(_) => StatusCode::GATEWAY_TIMEOUT,
            Self::Panicked(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The HTTP status of an answer to a body whose head says not enough
    pub(super) fn http_status(&self) -> StatusCode {
        match self {
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BodyTooSlow(_) => StatusCode::REQUEST_TIMEOUT,
            Self::BodyAborted | Self::Unreadable(_) => StatusCode::BAD_REQUEST,
            Self::OverBudget | Self::TooManyInFlight | Self::DeadlineExceeded(_) | Self::Panicked(_) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
        }
    }

    /// The text of the answer
    pub(super) fn message(&self, limits: &ReviewLimits) -> String {
        match self {
            Self::BodyTooLarge => format!(
                "ramgate: the review is larger than {} bytes, which no object that \
                Kubernetes stores can need: make the object smaller",
                limits.body
            ),
            Self::BodyTooSlow(time) => format!(
                "ramgate: the review did not arrive within {} ms",
                time.as_millis()
            ),
            Self::BodyAborted => "ramgate: the review broke off".into(),
            Self::OverBudget => format!(
                "ramgate is overloaded: the reviews in flight hold more than {} bytes, try \
                again",
                limits.bytes
            ),
            Self::TooManyInFlight => format!(
                "ramgate is overloaded: {} reviews are being judged already, try again",
                limits.inflight
            ),
            Self::DeadlineExceeded(deadline) => format!(
                "ramgate is too slow: no decision within its deadline of {} ms, try again",
                deadline.as_millis()
            ),
            Self::Panicked(incident) => format!(
                "ramgate failed on this request: tell whoever runs it to look for \
                incident {incident} in its log"
            ),
            Self::Unreadable(error) => error.to_string(),
        }
    }

    /// Closes the connection if the body was not read to its end, since it cannot carry another request then
    pub(super) fn close_unread(&self, mut response: Response) -> Response {
        if matches!(
            self,
            Self::BodyTooLarge | Self::BodyTooSlow(_) | Self::BodyAborted
        ) {
            response
                .headers_mut()
                .insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}
