//! The values that labels may have.

/// Stands for every value that is not on its list
pub(super) const OTHER: &str = "other";

/// The value if it is on the list, or else `other`
pub(super) fn bounded(value: &str, list: &[&'static str]) -> &'static str {
    list.iter()
        .find(|known| **known == value)
        .copied()
        .unwrap_or(OTHER)
}

/// Resources that a webhook rule or an authorizer can send here, subresources included
///
/// The kinds of `carriers` are not here: the configuration lists them.
pub const RESOURCES: &[&str] = &[
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
    "resourcepolicies",
    "selectors",
    "statefulsets",
    "statefulsets/scale",
];

/// Operations of an AdmissionReview, and the verbs of a SubjectAccessReview
pub(super) const OPERATIONS: &[&str] = &["CREATE", "UPDATE", "DELETE", "CONNECT", "get", "list", "watch"];

/// Decisions of a review; the last six are of reviews that were not evaluated
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

/// Stands for the mode of a review that no mode applies to
pub(super) const NO_MODE: &str = "none";

/// RAM actions that a review can request
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

/// Results of one request to RAM or ECI
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
