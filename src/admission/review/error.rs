//! Why a body is not a review that can be answered.

use crate::admission::review::Operation;
use crate::kubernetes::limits::MAX_ELEMENTS;

/// Why a body is not a review that can be answered
#[derive(Debug, thiserror::Error)]
#[error("{problem}")]
pub struct ReviewError {
    uid: String,
    #[source]
    problem: Problem,
}

/// What is wrong with a body
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    /// Not JSON, or not of the shape of a review
    #[error("body is not an AdmissionReview: {0}")]
    Shape(#[source] serde_json::Error),
    /// Another version or kind
    #[error("expected admission.k8s.io/v1 AdmissionReview, found {api_version} {kind}")]
    Version {
        /// The `apiVersion` found
        api_version: String,
        /// The `kind` found
        kind: String,
    },
    /// There is no request to answer
    #[error("AdmissionReview has no request")]
    NoRequest,
    /// An answer came along with the request
    #[error("AdmissionReview already has a response")]
    HasResponse,
    /// Without it no answer can be matched to the request
    #[error("request has no uid")]
    NoUid,
    /// Without it nobody can be asked about
    #[error("request names no user in userInfo.username")]
    NoUser,
    /// Nobody and no namespace of Kubernetes has a name like that, and it would be written into stamps
    #[error("{part} has {bytes} bytes, where {most} are the most")]
    TooLong {
        /// Where it stands
        part: &'static str,
        /// How long it is
        bytes: usize,
        /// How long it may be
        most: usize,
    },
    /// Not one of the four operations
    #[error("operation `{0}` is not CREATE, UPDATE, DELETE or CONNECT")]
    Operation(String),
    /// The operation must bring an object that is not there
    #[error("{operation} of a {what} comes without {part}")]
    Missing {
        /// The operation
        operation: Operation,
        /// What the request is about
        what: &'static str,
        /// The part of the request that is missing
        part: &'static str,
    },
    /// More of its objects would be kept than anybody sends
    #[error(
        "its objects have more than {MAX_ELEMENTS} labels, annotations, node terms and tolerations together"
    )]
    TooManyParts,
    /// The object does not read as what it should be
    #[error("{part} is not a {what}: {source}")]
    Object {
        /// The part of the request
        part: String,
        /// What it should be
        what: &'static str,
        /// What is wrong with it
        source: serde_json::Error,
    },
}

impl ReviewError {
    pub(crate) fn new(uid: &str, problem: Problem) -> Self {
        Self {
            uid: uid.to_owned(),
            problem,
        }
    }

    /// The identifier that the answer must repeat, empty where the body does not say
    pub fn uid(&self) -> &str {
        &self.uid
    }
}
