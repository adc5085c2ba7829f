//! The resource of a request.

use crate::kubernetes::routing_policy::{RESOURCE_POLICIES, SELECTORS};
use crate::kubernetes::workload::Workload;

/// The resources that ramgate distinguishes
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resource {
    /// Core v1 pods
    Pods,
    /// Core v1 ConfigMaps
    ConfigMaps,
    /// Core v1 bindings, with the effect of the subresource `binding` of pods
    Bindings,
    /// Core v1 nodes, whose proxy leads to their kubelet
    Nodes,
    /// A built-in kind with a pod template
    Workload(Workload),
    /// ECI's own image caches
    ImageCaches,
    /// ACK's ResourcePolicies, and the Selectors of the eci-profile for VNodes
    RoutingPolicies,
    /// Any other resource, such as that of a listed kind
    Other,
}

impl Resource {
    /// The resource of this group, version and name
    pub(super) fn of(group: &str, version: &str, resource: &str) -> Self {
        match (group, version, resource) {
            ("", "v1", "pods") => Self::Pods,
            ("", "v1", "configmaps") => Self::ConfigMaps,
            ("", "v1", "bindings") => Self::Bindings,
            ("", "v1", "nodes") => Self::Nodes,
            ("eci.alibabacloud.com", "v1", "imagecaches") => Self::ImageCaches,
            (group, _, resource) if [RESOURCE_POLICIES, SELECTORS].contains(&(group, resource)) => {
                Self::RoutingPolicies
            }
            _ => Workload::of(group, version, resource).map_or(Self::Other, Self::Workload),
        }
    }
}
