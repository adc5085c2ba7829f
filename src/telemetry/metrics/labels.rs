//! The values that labels may have; whatever is not among them counts as `other`.

/// What stands for every value that is not on its list
pub(super) const OTHER: &str = "other";

/// Resources that a webhook rule or an authorizer can send here, subresources included
pub(super) const RESOURCES: &[&str] = &[
    "pods",
    "pods/attach",
    "pods/binding",
    "pods/ephemeralcontainers",
    "pods/eviction",
    "pods/exec",
    "pods/log",
    "pods/portforward",
    "pods/proxy",
    "pods/resize",
    "pods/status",
    "bindings",
    "configmaps",
    "cronjobs",
    "daemonsets",
    "deployments",
    "controllerrevisions",
    "deployments/scale",
    "imagecaches",
    "jobs",
    "nodes/proxy",
    "replicasets",
    "replicasets/scale",
    "replicationcontrollers",
    "replicationcontrollers/scale",
    "statefulsets",
    "statefulsets/scale",
];

/// Operations of an AdmissionReview, and the verbs of reading
pub(super) const OPERATIONS: &[&str] = &["CREATE", "UPDATE", "DELETE", "CONNECT", "get", "list", "watch"];

/// How a review can end; the last six are ends without a judgement
pub(super) const ANSWERS: &[&str] = &[
    "unjudged",
    "allow",
    "warn",
    "audit",
    "deny",
    "malformed",
    "not_ready",
    "overloaded",
    "too_slow",
    "too_large",
    "failed",
];

/// Modes of a namespace
pub(super) const MODES: &[&str] = &["enforce", "warn", "audit", NO_MODE];

/// What stands for the mode of a review that no mode applies to
pub(super) const NO_MODE: &str = "none";

/// RAM actions that one review can ask for
pub(super) const ACTIONS: &[&str] = &[
    "eci:CreateContainerGroup",
    "eci:UpdateContainerGroup",
    "eci:DeleteContainerGroup",
    "eci:ExecContainerCommand",
    "eci:DescribeContainerGroups",
    "eci:DescribeContainerLog",
    "eci:CreateImageCache",
    "eci:UpdateImageCache",
    "eci:DeleteImageCache",
    "ram:PassRole",
    "ram:CreateServiceLinkedRole",
    "sts:AssumeRole",
];

/// Outcomes of one question
pub(super) const DECISIONS: &[&str] = &["Allow", "ImplicitDeny", "ExplicitDeny", "Empty", "Refused"];

/// The layers that decide
pub(super) const SCOPES: &[&str] = &[
    "root",
    "control-policy",
    "session",
    "trust-policy",
    "account",
    "resource-group",
    "unbound",
    "eci",
];
