//! A finding for programs.

use serde::Serialize;

/// A reason against a request, for programs: in `status.details.causes`, in the log, in `check`
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// RAM's NoPermissionType, ECI's code, or one of ramgate's own
    pub reason: String,
    /// What was wanted, what was found, what to do; then RAM's own words
    pub message: String,
    /// The annotation that it is about, as a path
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}
