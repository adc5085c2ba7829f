//! The step by which a template gets a stamp.

use crate::kubernetes::workload::Workload;

/// The step by which a template gets a stamp
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Restart {
    /// `kubectl rollout restart`, since applying the same file again changes nothing
    Rollout(Workload, String),
    /// A person writes to the object of this kind and name
    Write(String, String),
    /// The Job of this name is deleted and created again, since its template cannot change
    Recreate(String),
}
