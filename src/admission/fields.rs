//! The ECI fields of a pod: read from its annotations, mapped by rules, and written back by a JSON patch.
//!
//! | question | file |
//! | --- | --- |
//! | where are the annotations read? | [`reading`] |
//! | where is the tag annotation parsed? | [`parse_tags`] |
//! | where are role names, role ARNs and resource group ids parsed? | [`parse_names`] |
//! | which faults can an annotation have? | [`malformed_annotation`] |
//! | what do mapping rules do? | [`mapping`] |
//! | which annotations change, and by which patch? | [`changes`], [`patch`] |

pub(crate) mod changes;
mod list_entries;
pub(crate) mod look_alike;
pub(crate) mod malformed_annotation;
pub(crate) mod mapping;
pub(crate) mod parse_names;
pub(crate) mod parse_tags;
pub(crate) mod patch;
pub(crate) mod reading;
