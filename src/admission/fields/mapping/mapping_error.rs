//! The reasons why mapping rules cannot be applied to a pod.

use crate::admission::fields::mapping::mapped_field::MappedField;
use crate::admission::fields::mapping::source_name::source_name;
use crate::config::MappingSource;
use crate::kubernetes::eci_annotations::CUSTOM_TAGS;
use crate::wording::{NAME_LENGTH, listed, quoted};

/// Why a pod cannot be mapped
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MappingError {
    /// A source holds a value that the annotation cannot hold
    #[error(
        "{} holds {}, which cannot be {what}: ask whoever owns it to correct it",
        source_name(from),
        quoted(value, NAME_LENGTH)
    )]
    Value {
        /// The field for which the rule reads it
        what: MappedField,
        /// The source
        from: MappingSource,
        /// The value
        value: String,
    },
    /// More tags than a pod may have
    #[error(
        "annotation {CUSTOM_TAGS} {} {found} tags{}, and a pod may have {limit}: leave some out",
        has(added),
        among(added)
    )]
    TooMany {
        /// The number of tags after mapping
        found: usize,
        /// The most that a pod may have
        limit: usize,
        /// The keys that rules added
        added: Vec<String>,
    },
}

fn has(added: &[String]) -> &'static str {
    if added.is_empty() { "has" } else { "would have" }
}

fn among(added: &[String]) -> String {
    match added {
        [] => String::new(),
        added => format!(" with {} from mapping rules", listed(added, "and")),
    }
}
