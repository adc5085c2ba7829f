//! Responses, each with the headers that keep other sites and caches away from the page.

use axum::body::Body;
use axum::http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, LOCATION, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

/// The page runs its own scripts and styles and asks its own server; it loads, frames and submits nothing else. No
/// text can become markup, as no Trusted Types policy exists that would allow it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

const HEADERS: [(HeaderName, &str); 8] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    // The address holds the token
    (REFERRER_POLICY, "no-referrer"),
    (CACHE_CONTROL, "no-store"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-embedder-policy"),
        "require-corp",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// A response of one media type
pub(super) fn typed(status: StatusCode, media_type: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// An answer to the page
pub(super) fn answer(value: &Value) -> Response {
    typed(StatusCode::OK, "application/json", value.to_string())
}

/// An error for the page; `field` is the input that it is about
pub(super) fn error(status: StatusCode, field: Option<&str>, message: &str) -> Response {
    let body = json!({"error": message, "field": field});
    typed(status, "application/json", body.to_string())
}

/// A sentence for whoever is no page
pub(super) fn text(status: StatusCode, sentence: &str) -> Response {
    typed(status, "text/plain; charset=utf-8", format!("{sentence}\n"))
}

/// The methods that are answered
pub(super) fn wrong_method(allowed: &'static str) -> Response {
    let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "this page answers GET and POST");
    let headers = response.headers_mut();
    headers.insert(ALLOW, HeaderValue::from_static(allowed));
    response
}

/// The way to another path of this server
pub(super) fn moved(path: &str) -> Response {
    let mut response = text(StatusCode::PERMANENT_REDIRECT, path);
    if let Ok(path) = HeaderValue::from_str(path) {
        response.headers_mut().insert(LOCATION, path);
    }
    response
}

/// A question that has no answer: which input is wrong, and why
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Complaint {
    field: &'static str,
    message: String,
}

impl Complaint {
    /// A complaint about one input of the page
    pub(super) fn about(field: &'static str, message: impl Into<String>) -> Self {
        Self {
            field,
            message: message.into(),
        }
    }

    pub(super) fn message(&self) -> &str {
        &self.message
    }

    /// Half a name is no failure while somebody types, and browsers log every status that is one
    pub(super) fn response(&self) -> Response {
        error(StatusCode::OK, Some(self.field), &self.message)
    }
}
