//! The ends of a review that come without a judgement, each in words of its own.

use std::time::Duration;

use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;

use crate::server::limits::ReviewLimits;

/// How a review ends that is not judged
pub(super) enum End {
    TooLarge,
    BodyTooSlow(Duration),
    Broken,
    NoRoom,
    NoWorker,
    TooSlow(Duration),
    Failed(String),
}

impl End {
    /// The word in logs and metrics
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::BodyTooSlow(_) | Self::TooSlow(_) => "too_slow",
            Self::Broken => "malformed",
            Self::NoRoom | Self::NoWorker => "overloaded",
            Self::Failed(_) => "failed",
        }
    }

    /// The code inside a denial, for the ends at which the request's uid may be known
    pub(super) fn denial(&self) -> Option<StatusCode> {
        match self {
            Self::TooLarge | Self::BodyTooSlow(_) | Self::Broken => None,
            Self::NoRoom | Self::NoWorker => Some(StatusCode::TOO_MANY_REQUESTS),
            Self::TooSlow(_) => Some(StatusCode::GATEWAY_TIMEOUT),
            Self::Failed(_) => Some(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }

    /// The status of an answer without a uid
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BodyTooSlow(_) => StatusCode::REQUEST_TIMEOUT,
            Self::Broken => StatusCode::BAD_REQUEST,
            Self::NoRoom | Self::NoWorker | Self::TooSlow(_) | Self::Failed(_) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
        }
    }

    pub(super) fn sentence(&self, limits: &ReviewLimits) -> String {
        match self {
            Self::TooLarge => format!(
                "ramgate: the review is larger than {} bytes, which no object that \
                Kubernetes stores can need",
                limits.body
            ),
            Self::BodyTooSlow(time) => format!(
                "ramgate: the review did not arrive within {} ms",
                time.as_millis()
            ),
            Self::Broken => "ramgate: the review broke off".into(),
            Self::NoRoom => format!(
                "ramgate is overloaded: the reviews in flight hold more than {} bytes, try \
                again",
                limits.bytes
            ),
            Self::NoWorker => format!(
                "ramgate is overloaded: {} reviews are being judged already, try again",
                limits.inflight
            ),
            Self::TooSlow(deadline) => format!(
                "ramgate is too slow: no decision within its deadline of {} ms, try again",
                deadline.as_millis()
            ),
            Self::Failed(incident) => format!(
                "ramgate failed on this request: tell whoever runs it to look for \
                incident {incident} in its log"
            ),
        }
    }

    /// A connection whose body was not read to its end cannot carry another request
    pub(super) fn closing(&self, mut response: Response) -> Response {
        if matches!(self, Self::TooLarge | Self::BodyTooSlow(_) | Self::Broken) {
            response
                .headers_mut()
                .insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}
