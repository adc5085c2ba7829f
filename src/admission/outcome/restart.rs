//! The way in which a template gets a stamp.

use crate::kubernetes::workload::Workload;

/// How a template gets a stamp
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Restart {
    /// `kubectl rollout restart`, since applying the same file again changes nothing
    Rollout(Workload, String),
    /// Any write of a person
    Write(String, String),
    /// It cannot be changed: it is made anew
    Again(String),
}
