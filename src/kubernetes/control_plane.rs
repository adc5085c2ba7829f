//! Who asks: the control plane, a bound identity, or somebody RAM has never heard of.

use crate::config::ClusterSettings;
use ram_policy::Principal;

/// Parts of the control plane that are no service accounts
const COMPONENTS: [&str; 3] = [
    "system:apiserver",
    "system:kube-controller-manager",
    "system:kube-scheduler",
];

/// How a node's kubelet signs in, together with the group that only nodes get
const NODE_USER: &str = "system:node:";
const NODE_GROUP: &str = "system:nodes";

/// The namespace whose service accounts the controllers are; anybody may make one of the same name elsewhere
const CONTROLLER_PREFIX: &str = "system:serviceaccount:kube-system:";

/// The controllers of kube-controller-manager that create, change or delete pods
const CONTROLLERS: [&str; 18] = [
    "cronjob-controller",
    "daemon-set-controller",
    "deployment-controller",
    "device-taint-eviction-controller",
    "disruption-controller",
    "ephemeral-volume-controller",
    "generic-garbage-collector",
    "horizontal-pod-autoscaler",
    "job-controller",
    "namespace-controller",
    "node-controller",
    "pod-garbage-collector",
    "replicaset-controller",
    "replication-controller",
    "resource-claim-controller",
    "statefulset-controller",
    "taint-eviction-controller",
    "ttl-after-finished-controller",
];

/// Whether the requester is the control plane itself, which deletes and updates what was judged before
pub fn is_control_plane<'g>(
    user: &str,
    mut groups: impl Iterator<Item = &'g str>,
    settings: &ClusterSettings,
) -> bool {
    let is_controller = || {
        user.strip_prefix(CONTROLLER_PREFIX)
            .is_some_and(|name| CONTROLLERS.contains(&name))
    };
    let mut is_node = || user.starts_with(NODE_USER) && groups.any(|group| group == NODE_GROUP);
    COMPONENTS.contains(&user)
        || is_controller()
        || is_node()
        || settings.control_plane.iter().any(|own| own == user)
}

/// A RAM principal in words: RAM user `alice`
pub(crate) fn described(principal: &Principal) -> String {
    match principal {
        Principal::Account => "the Alibaba Cloud account".to_owned(),
        Principal::User(name) => format!("RAM user `{name}`"),
        Principal::Role(name) => format!("RAM role `{name}`"),
        Principal::Service(name) => format!("service `{name}`"),
    }
}

/// RAM's AuthPrincipalDisplayName
pub(crate) fn display_name<'a>(principal: &'a Principal, account: &'a str) -> &'a str {
    match principal {
        Principal::Account => account,
        Principal::User(name) | Principal::Role(name) | Principal::Service(name) => name,
    }
}
