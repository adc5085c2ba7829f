//! The documents of the second configuration.

use crate::config::NamedDocument;

/// The documents of the candidate: those of its own folder
pub(super) fn documents(_live: &[NamedDocument], candidate: Vec<NamedDocument>) -> Vec<NamedDocument> {
    candidate
}
