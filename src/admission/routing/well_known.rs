//! Labels, annotations and taints by which Alibaba Cloud routes pods.

/// The labels that send a pod to ECI, on the pod or its namespace; the second is the older one
pub(crate) const ECI_LABELS: [&str; 2] = ["alibabacloud.com/eci", "eci"];

/// Labels of a namespace that send all of its pods to ECI
pub(crate) const NAMESPACE_ROUTES: [(&str, &str); 3] = [
    ("alibabacloud.com/eci", "true"),
    ("eci", "true"),
    (INJECTION_LABEL, "enabled"),
];

/// The older label of a namespace whose pods get affinity to virtual nodes
pub(crate) const INJECTION_LABEL: &str = "virtual-node-affinity-injection";

/// The annotation by which pods overflow to ECI, or go only there
///
/// A label of this key has the same effect here: it means the same, and nobody can be sure that no scheduler reads it.
pub(crate) const BURST_KEY: &str = "alibabacloud.com/burst-resource";

/// Labels that select ACS, another product on nodes that look the same
pub(crate) const ACS_LABELS: [&str; 2] = [ACS_SWITCH, "alibabacloud.com/compute-class"];

/// The ACS label that must be `true`; the other one selects ACS by any value
pub(crate) const ACS_SWITCH: &str = "alibabacloud.com/acs";

/// The label of a VNode in a self-managed cluster, with the value `true`
pub(crate) const VNODE_LABEL: &str = "k8s.aliyun.com/vnode";

/// The type of every virtual node, as a label: of ACK's and of VNodes
pub(crate) const NODE_TYPE: (&str, &str) = ("type", "virtual-kubelet");
