//! HTTP responses of the ports.

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;

/// A review with its answer, JSON
pub(super) fn review(body: Vec<u8>) -> Response {
    typed(StatusCode::OK, "application/json", body.into())
}

/// A sentence for the caller
pub(super) fn text(status: StatusCode, sentence: impl Into<String>) -> Response {
    let mut sentence = sentence.into();
    sentence.push('\n');
    typed(status, "text/plain; charset=utf-8", sentence.into())
}

/// A response of one media type
pub(super) fn typed(status: StatusCode, media_type: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}
