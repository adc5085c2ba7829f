//! A value of the pod that a mapping rule replaces or removes.

use crate::admission::fields::mapping::source_name::source_name;
use crate::config::MappingSource;
use crate::wording::{NAME_LENGTH, quoted};

/// A value of the pod that a rule replaces or removes; its text is a warning to the requester
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{what} {} was {}: it is set by {}",
    quoted(was, NAME_LENGTH),
    becomes.as_ref().map_or_else(|| "taken away".to_owned(), |value| format!("replaced by {}", quoted(value, NAME_LENGTH))),
    source_name(by)
)]
pub(crate) struct Overruled {
    /// `tag`, `resource group` or `role`
    pub(super) what: &'static str,
    pub(super) was: String,
    /// `None` if the rule removes the value
    pub(super) becomes: Option<String>,
    pub(super) by: MappingSource,
}
