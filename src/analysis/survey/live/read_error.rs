//! The error of a failed request to the API server.

use crate::cluster::api::ApiError;

/// A request to the API server failed
#[derive(Debug, thiserror::Error)]
#[error("{what}: {why}")]
pub(crate) struct ReadError {
    what: String,
    why: String,
    /// The HTTP status; 0 if there is none
    status: u16,
}

impl ReadError {
    pub(crate) fn new(what: &str, why: impl ToString) -> Self {
        Self {
            what: what.to_owned(),
            why: why.to_string(),
            status: 0,
        }
    }

    pub(super) fn from_kube(what: &str, error: kube::Error) -> Self {
        let status = match &error {
            kube::Error::Api(status) => status.code,
            _ => 0,
        };
        Self {
            status,
            ..Self::new(what, ApiError::from(error))
        }
    }

    /// Whether the caller lacks the right to read it
    pub(crate) fn is_forbidden(&self) -> bool {
        self.status == 403
    }

    /// Whether the API server does not know the resource
    pub(crate) fn is_not_found(&self) -> bool {
        self.status == 404
    }
}
