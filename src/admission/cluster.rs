//! What ramgate must know about the cluster to judge a pod.

use std::collections::BTreeMap;
use std::sync::Arc;

/// Looks up what the cluster holds; behind it stand watches, or the objects that a test gives
///
/// A look-up never blocks and never fails: what is not known is said so, and whoever asks decides what that means.
pub trait Cluster: Send + Sync {
    /// Labels and annotations of a namespace, or nothing while it is not known
    fn namespace(&self, name: &str) -> Option<Arc<Meta>>;

    /// Labels and annotations of a service account, or nothing while it is not known
    fn service_account(&self, namespace: &str, name: &str) -> Option<Arc<Meta>>;

    /// What kind of node bears this name
    fn node(&self, name: &str) -> NodeKind;

    /// A pod as JSON, for requests that name a pod without sending it (exec); nothing where it is not known
    fn pod(&self, namespace: &str, name: &str) -> Option<Arc<str>>;
}

/// Labels and annotations of an object
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meta {
    /// All labels
    pub labels: BTreeMap<String, String>,
    /// All annotations
    pub annotations: BTreeMap<String, String>,
}

/// Whether what is bound to a node becomes an ECI container group
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NodeKind {
    /// A machine, or a virtual node of ACS, which is not ECI
    Real,
    /// A virtual node that makes ECI container groups
    Virtual,
    /// Not seen so far; counts as virtual
    Unknown,
}
