//! Reads the policy of an STS session.

use std::path::Path;
use std::sync::Arc;

use crate::cli::command_error::CommandError;
use crate::config::{FaultClass, LocatedFault};
use ram_policy::{Document, DocumentKind};

/// The policy in a file
///
/// # Errors
///
/// The file cannot be read, or holds no policy.
pub(super) fn read(path: &Path) -> Result<Arc<Document>, CommandError> {
    let name = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|error| CommandError::io(name.as_str(), error))?;
    Document::parse(&bytes, DocumentKind::Identity)
        .map(|parsed| Arc::new(parsed.document))
        .map_err(|fault| CommandError::Invalid(vec![LocatedFault::new(name, fault, FaultClass::Document)]))
}
