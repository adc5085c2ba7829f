//! Controllers that bring the stamp of a template along: the built-in ones for what each of them makes, and listed ones.

use super::{Cluster, ClusterSettings, Resource, Review, Workload};

/// Where the controllers of kube-controller-manager have their service accounts; the same name elsewhere is anybody's
const PREFIX: &str = "system:serviceaccount:kube-system:";

/// kube-controller-manager as one user, where it runs without credentials for each controller
const MANAGER: &str = "system:kube-controller-manager";

/// What each built-in controller makes out of a template; nothing stands for pods
///
/// A Deployment is changed by its controller where an annotation tells it to go back to an older template.
const BUILT_IN: [(&str, Option<Workload>); 10] = [
    ("cronjob-controller", Some(Workload::Job)),
    ("daemon-set-controller", None),
    ("daemon-set-controller", Some(Workload::ControllerRevision)),
    ("deployment-controller", Some(Workload::Deployment)),
    ("deployment-controller", Some(Workload::ReplicaSet)),
    ("job-controller", None),
    ("replicaset-controller", None),
    ("replication-controller", None),
    ("statefulset-controller", None),
    ("statefulset-controller", Some(Workload::ControllerRevision)),
];

/// How a requester comes to bring other people's stamps
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Carriage {
    /// It is a controller of Kubernetes itself, which copies templates that passed here
    BuiltIn,
    /// It is listed, and its templates pass here
    Listed,
    /// It is listed, but the live webhook rules do not send this kind of its templates, so that anybody could write a
    /// stamp into one
    Unsent(String),
}

/// Whether the requester makes such objects out of templates
pub(in crate::admission) fn carriage(
    review: &Review<'_>,
    settings: &ClusterSettings,
    cluster: &dyn Cluster,
) -> Option<Carriage> {
    let user = review.user();
    let made = match review.resource() {
        Resource::Pods => None,
        Resource::Workload(workload) => Some(workload),
        // A listed controller may also make objects of listed kinds
        Resource::Other => return listed(user, settings, cluster),
        Resource::ConfigMaps | Resource::Bindings | Resource::Nodes | Resource::ImageCaches => return None,
    };
    let makes = |name: Option<&str>| {
        BUILT_IN
            .iter()
            .any(|(controller, makes)| *makes == made && name.is_none_or(|name| name == *controller))
    };
    if user == MANAGER && makes(None) || user.strip_prefix(PREFIX).is_some_and(|name| makes(Some(name))) {
        return Some(Carriage::BuiltIn);
    }
    listed(user, settings, cluster)
}

fn listed(user: &str, settings: &ClusterSettings, cluster: &dyn Cluster) -> Option<Carriage> {
    let own: Vec<_> = settings
        .carriers
        .iter()
        .filter(|carrier| carrier.user == user)
        .collect();
    if own.is_empty() {
        return None;
    }
    // Which of its kinds a pod comes from is not known, so all of them must be seen
    let unsent = own
        .iter()
        .find(|carrier| !cluster.sends(&carrier.group, &carrier.resource));
    Some(unsent.map_or(Carriage::Listed, |carrier| Carriage::Unsent(carrier.kind.clone())))
}
