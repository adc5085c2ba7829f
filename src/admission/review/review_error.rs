//! The reasons why a body is no valid AdmissionReview.

use crate::admission::review::operation::Operation;
use crate::kubernetes::limits::MAX_ELEMENTS;

/// A body is no valid AdmissionReview
#[derive(Debug, thiserror::Error)]
#[error("{fault}")]
pub struct ReviewError {
    uid: String,
    #[source]
    fault: ReviewFault,
}

/// A fault of a body
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReviewFault {
    /// It is no JSON, or has not the shape of an AdmissionReview
    #[error("body is not an AdmissionReview: {0}")]
    Shape(#[source] serde_json::Error),
    /// It has another version or kind
    #[error("expected admission.k8s.io/v1 AdmissionReview, found {api_version} {kind}")]
    Version {
        /// The `apiVersion` found
        api_version: String,
        /// The `kind` found
        kind: String,
    },
    /// It has no request
    #[error("AdmissionReview has no request")]
    NoRequest,
    /// It has a response already
    #[error("AdmissionReview already has a response")]
    HasResponse,
    /// The request has no uid, to which the API server matches the response
    #[error("request has no uid")]
    NoUid,
    /// The request has no user to evaluate
    #[error("request names no user in userInfo.username")]
    NoUser,
    /// A name is longer than Kubernetes allows; ramgate would write it into stamps
    #[error("{part} has {bytes} bytes, where {most} are the most")]
    TooLong {
        /// The field
        part: &'static str,
        /// The length found
        bytes: usize,
        /// The most that is allowed
        most: usize,
    },
    /// Kubernetes has no such operation
    #[error("operation `{0}` is not CREATE, UPDATE, DELETE or CONNECT")]
    Operation(String),
    /// The request lacks an object that the operation must have
    #[error("{operation} of a {what} comes without {part}")]
    Missing {
        /// The operation
        operation: Operation,
        /// The kind of object
        what: &'static str,
        /// The field of the request
        part: &'static str,
    },
    /// Its objects have more parts than ramgate keeps in memory
    #[error(
        "its objects have more than {MAX_ELEMENTS} labels, annotations, node terms and tolerations together"
    )]
    TooManyParts,
    /// An object has not the shape of its kind
    #[error("{part} is not a {what}: {source}")]
    Object {
        /// The field of the request
        part: String,
        /// The kind of object
        what: &'static str,
        /// The parser's error
        source: serde_json::Error,
    },
}

impl ReviewError {
    pub(crate) fn new(uid: &str, fault: ReviewFault) -> Self {
        Self {
            uid: uid.to_owned(),
            fault,
        }
    }

    /// The identifier that the response must repeat; empty if the body has none
    pub fn uid(&self) -> &str {
        &self.uid
    }
}
