//! A reference to an object in the audit.

use std::sync::Arc;

/// A reference to an object, in the namespace of its row
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AuditedObject {
    /// Such as `apps/v1`
    pub api_version: Arc<str>,
    /// The kind
    pub kind: Arc<str>,
    /// The name
    pub name: Box<str>,
    /// The UID
    pub uid: Box<str>,
}

impl AuditedObject {
    /// The API group; empty for the core group
    pub(crate) fn group(&self) -> &str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }
}
