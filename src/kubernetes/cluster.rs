//! What a decision may ask about objects that are not in the review.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::{ClusterSettings, LabelSelector};
use crate::kubernetes::eci_profile::Profile;
use crate::stamp::Signer;

/// The state of a cluster, as far as decisions depend on it
///
/// Watches of a live cluster implement it, and so does a [snapshot](crate::kubernetes::snapshot::ClusterSnapshot). A
/// lookup never blocks and never fails: it returns `None` if the object is not known, and the caller decides what that
/// means.
pub trait Cluster: Send + Sync {
    /// Labels and annotations of a namespace
    fn namespace(&self, name: &str) -> Option<Arc<Meta>>;

    /// Labels and annotations of a service account
    fn service_account(&self, namespace: &str, name: &str) -> Option<Arc<Meta>>;

    /// Labels of a node
    fn node(&self, name: &str) -> Option<Arc<Meta>>;

    /// Signs and verifies stamps; `None` while the keys are not known
    fn signer(&self) -> Option<Arc<Signer>>;

    /// Whether the live webhook configurations send this resource to ramgate, so that every stamp in it was checked
    fn sends(&self, group: &str, resource: &str) -> bool;

    /// ACK's eci-profile; empty if there is none or it cannot be read
    fn profile(&self) -> Arc<Profile>;
}

/// Labels and annotations of an object
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meta {
    /// All labels
    pub labels: BTreeMap<String, String>,
    /// All annotations
    pub annotations: BTreeMap<String, String>,
}

/// Whether a pod that is bound to a node becomes an ECI container group
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum NodeKind {
    /// A machine, or a virtual node of ACS, which is not ECI
    Real,
    /// A virtual node that creates ECI container groups
    Virtual,
    /// A node that is not known; decisions treat it as virtual
    Unknown,
}

impl NodeKind {
    /// Classifies a node by its labels
    ///
    /// This is the one place that decides whether a node is virtual.
    pub(crate) fn of(labels: &BTreeMap<String, String>, settings: &ClusterSettings) -> Self {
        let any = |selectors: &[LabelSelector]| selectors.iter().any(|selector| selector.matches(labels));
        if any(&settings.virtual_nodes) && !any(&settings.acs_nodes) {
            Self::Virtual
        } else {
            Self::Real
        }
    }

    /// Looks a node up and classifies it
    pub(crate) fn of_name(name: &str, cluster: &dyn Cluster, settings: &ClusterSettings) -> Self {
        cluster
            .node(name)
            .map_or(Self::Unknown, |node| Self::of(&node.labels, settings))
    }
}

/// ACK's eci-profile as the settings have it: empty if they leave it alone
pub(crate) fn profile_in_force(cluster: &dyn Cluster, settings: &ClusterSettings) -> Arc<Profile> {
    if settings.eci_profile {
        cluster.profile()
    } else {
        Arc::default()
    }
}
