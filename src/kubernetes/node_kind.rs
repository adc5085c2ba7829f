//! Decides whether a node is virtual.

use std::collections::BTreeMap;

use crate::config::{ClusterSettings, LabelSelector};
use crate::kubernetes::cluster::Cluster;

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
