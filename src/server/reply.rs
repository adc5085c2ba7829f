//! Answers that need no judgement.

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;

/// An AdmissionReview
pub(super) fn review(body: Vec<u8>) -> Response {
    with(StatusCode::OK, "application/json", body.into())
}

/// A sentence for whoever called
pub(super) fn text(status: StatusCode, sentence: impl Into<String>) -> Response {
    let mut sentence = sentence.into();
    sentence.push('\n');
    with(status, "text/plain; charset=utf-8", sentence.into())
}

/// A response of one type
pub(super) fn with(status: StatusCode, media: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(media));
    response
}
