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

/// Whether the user belongs to the control plane, whose updates and deletions carry out requests evaluated before
pub fn is_control_plane<'g>(
    user: &str,
    mut groups: impl Iterator<Item = &'g str>,
    settings: &ClusterSettings,
) -> bool {
    let is_controller = || {
        user.strip_prefix(CONTROLLER_PREFIX)
            .is_some_and(|name| CONTROLLERS.iter().any(|controller| controller.name == name))
    };
    let mut is_node = || user.starts_with(NODE_USER) && groups.any(|group| group == NODE_GROUP);
    COMPONENTS.contains(&user)
        || is_controller()
        || is_node()
        || settings.control_plane.iter().any(|own| own == user)
}
