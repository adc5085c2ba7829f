//! A value of the pod that a mapping rule replaces or removes.

use crate::admission::fields::mapping::mapped_field::MappedField;
use crate::admission::fields::mapping::source_name::source_name;
use crate::config::MappingSource;
use crate::wording::{NAME_LENGTH, quoted};

/// A value of the pod that a rule replaces or removes; its text is a warning to the requester
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{} {} was {}: it is set by {}",
    what.noun(),
    quoted(was, NAME_LENGTH),
    becomes.as_ref().map_or_else(|| "taken away".to_owned(), |value| format!("replaced by {}", quoted(value, NAME_LENGTH))),
    source_name(by)
)]
pub(crate) struct Overruled {
    /// The field that the rule writes
    pub(crate) what: MappedField,
    /// The value of the pod, with the key of a tag
    pub(crate) was: String,
    /// `None` if the rule removes the value
    pub(crate) becomes: Option<String>,
    /// The source of the rule
    pub(crate) by: MappingSource,
}
