//! What wrote a value that the requester's own manifest does not have.

use std::collections::BTreeMap;

use crate::config::MappingSource;

/// What wrote a value
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The selector of this name in ACK's eci-profile
    Profile(String),
    /// The pod's Binding
    Binding,
    /// A mapping rule, from this source
    Mapping(MappingSource),
}

/// The origins of the ECI fields that the manifest does not have
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Origins {
    /// By the tag's key
    pub tags: BTreeMap<String, Origin>,
    /// Of the resource group
    pub resource_group: Option<Origin>,
    /// Of the instance role
    pub role: Option<Origin>,
}
