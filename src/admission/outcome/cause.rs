//! A reason against a request, for programs.

use serde::Serialize;

/// A reason against a request, in `status.details.causes`, in the log and in `check`
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// RAM's NoPermissionType, ECI's code, or one of ramgate's own
    pub reason: String,
    /// The requirement, what ramgate found, and the remedy; then RAM's own fields
    pub message: String,
    /// The path of the annotation at fault
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}
