//! A policy with its name.

use std::sync::Arc;

use crate::document::Document;

/// A policy with its name
#[derive(Clone, Debug)]
pub struct AttachedPolicy {
    /// The policy's name; `session` for session policies, `trust:ROLE` for a trust policy
    pub name: Arc<str>,
    /// The policy's document
    pub document: Arc<Document>,
}
