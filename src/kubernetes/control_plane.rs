//! The users of the control plane that ramgate trusts, and the objects into which each controller copies templates.
//!
//! The chart's match conditions list the same users, in `templates/_cel.tpl`.

use crate::config::ClusterSettings;
use crate::kubernetes::workload::Workload;

/// Components of the control plane that are not service accounts
const COMPONENTS: [&str; 3] = ["system:apiserver", MANAGER, "system:kube-scheduler"];

/// The user of kube-controller-manager if its controllers have no credentials of their own
const MANAGER: &str = "system:kube-controller-manager";

/// The prefix of a kubelet's user name, and its group, which only nodes get
const NODE_USER: &str = "system:node:";
const NODE_GROUP: &str = "system:nodes";

/// The service accounts of kube-system as which Alibaba's documentation runs virtual nodes: `virtual-kubelet` belongs to
/// ack-virtual-node, and `vnode` to an ECI VNode that has the token of a service account
const VIRTUAL_NODE_ACCOUNTS: [&str; 2] = ["virtual-kubelet", "vnode"];

/// The prefix of the controllers' service accounts; in other namespaces anybody can create accounts of these names
const CONTROLLER_PREFIX: &str = "system:serviceaccount:kube-system:";

/// A controller of kube-controller-manager that creates, changes or deletes pods
struct Controller {
    name: &'static str,
    /// The objects into which it copies a template; `None` stands for pods
    copies_into: &'static [Option<Workload>],
}

const PODS: &[Option<Workload>] = &[None];
const PODS_AND_REVISIONS: &[Option<Workload>] = &[None, Some(Workload::ControllerRevision)];
/// A rollback changes the Deployment itself
const REPLICA_SETS_AND_ITSELF: &[Option<Workload>] =
    &[Some(Workload::ReplicaSet), Some(Workload::Deployment)];

const CONTROLLERS: [Controller; 18] = [
    copies("cronjob-controller", &[Some(Workload::Job)]),
    copies("daemon-set-controller", PODS_AND_REVISIONS),
    copies("deployment-controller", REPLICA_SETS_AND_ITSELF),
    copies("device-taint-eviction-controller", &[]),
    copies("disruption-controller", &[]),
    copies("ephemeral-volume-controller", &[]),
    copies("generic-garbage-collector", &[]),
    copies("horizontal-pod-autoscaler", &[]),
    copies("job-controller", PODS),
    copies("namespace-controller", &[]),
    copies("node-controller", &[]),
    copies("pod-garbage-collector", &[]),
    copies("replicaset-controller", PODS),
    copies("replication-controller", PODS),
    copies("resource-claim-controller", &[]),
    copies("statefulset-controller", PODS_AND_REVISIONS),
    copies("taint-eviction-controller", &[]),
    copies("ttl-after-finished-controller", &[]),
];

const fn copies(name: &'static str, copies_into: &'static [Option<Workload>]) -> Controller {
    Controller { name, copies_into }
}

/// Whether the user is a built-in controller that copies templates into this kind; `None` stands for pods
pub(crate) fn copies_template(user: &str, into: Option<Workload>) -> bool {
    let name = user.strip_prefix(CONTROLLER_PREFIX);
    CONTROLLERS
        .iter()
        .filter(|controller| user == MANAGER || name == Some(controller.name))
        .any(|controller| controller.copies_into.contains(&into))
}

/// The users of the control plane in every cluster, without kubelets
pub fn users() -> Vec<String> {
    let controllers = CONTROLLERS.iter();
    let controllers = controllers.map(|controller| format!("{CONTROLLER_PREFIX}{}", controller.name));
    let components = COMPONENTS.iter().map(|name| (*name).to_owned());
    controllers.chain(components).collect()
}

/// Whether the user belongs to the control plane, whose updates and deletions carry out requests evaluated before; every node
/// does
pub fn is_control_plane<'g>(
    user: &str,
    groups: impl Iterator<Item = &'g str>,
    settings: &ClusterSettings,
) -> bool {
    is_component(user, settings) || node_name(user, groups).is_some()
}

/// Whether the user belongs to the control plane as far as a pod is concerned that is bound to this node: of the nodes
/// themselves, only this one does
pub(crate) fn is_control_plane_of<'g>(
    node: Option<&str>,
    user: &str,
    groups: impl Iterator<Item = &'g str>,
    settings: &ClusterSettings,
) -> bool {
    is_component(user, settings) || node.is_some() && node_name(user, groups) == node
}

/// Whether the user is a service account that runs virtual nodes, and ends the pods there
pub(crate) fn runs_virtual_nodes(user: &str) -> bool {
    let name = user.strip_prefix(CONTROLLER_PREFIX);
    name.is_some_and(|name| VIRTUAL_NODE_ACCOUNTS.contains(&name))
}

/// Whether the user belongs to the control plane and is no node
pub(crate) fn is_component(user: &str, settings: &ClusterSettings) -> bool {
    let is_controller = || {
        user.strip_prefix(CONTROLLER_PREFIX)
            .is_some_and(|name| CONTROLLERS.iter().any(|controller| controller.name == name))
    };
    COMPONENTS.contains(&user) || is_controller() || settings.control_plane.iter().any(|own| own == user)
}

/// The name of the node that the user is; `None` if it is no node
pub(crate) fn node_name<'u, 'g>(user: &'u str, mut groups: impl Iterator<Item = &'g str>) -> Option<&'u str> {
    let name = user.strip_prefix(NODE_USER)?;
    groups.any(|group| group == NODE_GROUP).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_the_control_plane_of_its_own_pods_alone() {
        let settings = ClusterSettings::default();
        let of = |node: Option<&str>, user: &str, groups: &[&str]| {
            is_control_plane_of(node, user, groups.iter().copied(), &settings)
        };
        let nodes = &["system:nodes"];
        assert!(of(Some("n1"), "system:node:n1", nodes));
        assert!(!of(Some("n2"), "system:node:n1", nodes));
        assert!(!of(Some("n1"), "system:node:n1", &["system:authenticated"]));
        assert!(!of(Some("n1"), "n1", nodes));
        assert!(!of(None, "system:node:n1", nodes));
        assert!(!of(None, "system:node:", nodes));
        assert!(of(None, "system:kube-scheduler", &[]));
        assert!(of(
            Some("n1"),
            "system:serviceaccount:kube-system:job-controller",
            &[]
        ));
    }

    #[test]
    fn accounts_of_virtual_nodes_are_those_of_kube_system() {
        assert!(runs_virtual_nodes(
            "system:serviceaccount:kube-system:virtual-kubelet"
        ));
        assert!(runs_virtual_nodes("system:serviceaccount:kube-system:vnode"));
        for user in [
            "system:serviceaccount:shop:virtual-kubelet",
            "system:serviceaccount:kube-system:vnode-2",
            "system:serviceaccount:kube-system:admin",
            "virtual-kubelet",
        ] {
            assert!(!runs_virtual_nodes(user), "{user}");
        }
    }
}
