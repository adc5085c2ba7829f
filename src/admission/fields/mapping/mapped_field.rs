//! The fields that mapping rules write.

use std::fmt;

use crate::wording::{NAME_LENGTH, quoted};

/// A field that a mapping rule writes; prints as what a value must be
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum MappedField {
    /// The tag with this key
    Tag(String),
    /// The resource group
    ResourceGroup,
    /// The instance role
    Role,
}

impl MappedField {
    /// Its name in a warning
    pub(super) fn noun(&self) -> &'static str {
        match self {
            Self::Tag(_) => "tag",
            Self::ResourceGroup => "resource group",
            Self::Role => "role",
        }
    }
}

impl fmt::Display for MappedField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(key) => write!(f, "tag {}", quoted(key, NAME_LENGTH)),
            Self::ResourceGroup => f.write_str("a resource group id"),
            Self::Role => f.write_str("a role name"),
        }
    }
}
