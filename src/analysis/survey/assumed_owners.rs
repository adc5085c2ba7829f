//! The people for whom workloads without a valid stamp are evaluated.

use std::collections::BTreeMap;

/// The people for whom workloads without a valid stamp are evaluated, as the caller names them
///
/// ```text
/// --as ci@example.com --namespace-as shop=alice@example.com
///   shop   alice@example.com
///   bank   ci@example.com
/// ```
#[derive(Clone, Debug, Default)]
pub(crate) struct AssumedOwners {
    /// The owner in namespaces without one of their own
    pub everywhere: Option<AssumedOwner>,
    /// Owners by namespace
    pub namespaces: BTreeMap<String, AssumedOwner>,
}

/// A Kubernetes user who is taken for the owner of workloads
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AssumedOwner {
    /// The user name
    pub user: String,
    /// The user's groups
    pub groups: Vec<String>,
}

impl AssumedOwners {
    /// The owner of workloads in a namespace, if the caller named one
    pub(super) fn of(&self, namespace: &str) -> Option<&AssumedOwner> {
        self.namespaces.get(namespace).or(self.everywhere.as_ref())
    }
}
