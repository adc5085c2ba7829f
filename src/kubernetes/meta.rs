//! Labels and annotations of an object of the cluster.

use std::collections::BTreeMap;

/// Labels and annotations of an object
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meta {
    /// All labels
    pub labels: BTreeMap<String, String>,
    /// All annotations
    pub annotations: BTreeMap<String, String>,
}
