//! A policy with its name.

use std::sync::Arc;

use crate::document::Document;

/// A policy under the name it is shown by
#[derive(Clone, Debug)]
pub struct AttachedPolicy {
    /// Its name; `session` for a session's policies, `trust:ROLE` for a trust policy
    pub name: Arc<str>,
    /// What it says
    pub document: Arc<Document>,
}
