//! Controllers that may copy stamps: built-in ones into what each of them makes, and listed ones.

use crate::admission::outcome::stamp_fault::StampFault;
use crate::admission::review::{Operation, Resource, Review};
use crate::config::ClusterSettings;
use crate::kubernetes::cluster::Cluster;
use crate::kubernetes::control_plane::copies_template;
use crate::kubernetes::owned_object::{OwnedObject, is_listed};
use crate::kubernetes::workload::Workload;
use crate::stamp::Claims;

/// The reason why a requester may copy other people's stamps
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Delegation {
    /// It is a controller of Kubernetes, which copies templates that ramgate reviewed
    BuiltIn,
    /// It is listed, and ramgate reviews its templates
    Listed,
    /// It is listed, but the live webhook rules do not send this kind of its templates, so anybody can write any stamp into
    /// one
    Unsent(String),
}

/// The delegation of a requester for this object; `None` if it acts for itself
///
/// ```text
/// replicaset-controller creates a pod              -> BuiltIn
/// replicaset-controller creates a Deployment       -> None
/// a listed operator changes a pod of its CloneSet  -> Listed
/// a listed operator creates a pod without owner    -> None
/// ```
pub(crate) fn delegation(
    review: &Review<'_>,
    owned: &OwnedObject,
    settings: &ClusterSettings,
    cluster: &dyn Cluster,
) -> Option<Delegation> {
    let user = review.user();
    let made = match review.resource() {
        Resource::Pods => None,
        Resource::Workload(workload) => Some(workload),
        // A listed controller may also make objects of listed kinds
        Resource::Other => return listed(review, owned, settings, cluster),
        Resource::ConfigMaps
        | Resource::Bindings
        | Resource::Nodes
        | Resource::ImageCaches
        | Resource::RoutingPolicies => return None,
    };
    if copies_template(user, made) {
        return Some(Delegation::BuiltIn);
    }
    listed(review, owned, settings, cluster)
}

/// A listed controller may copy stamps into what its listed kinds control, and into an object of these kinds that it changes
/// and that nothing controls. For anything else it acts for itself, so a kind that nobody lists cannot pass a stamp on
fn listed(
    review: &Review<'_>,
    owned: &OwnedObject,
    settings: &ClusterSettings,
    cluster: &dyn Cluster,
) -> Option<Delegation> {
    let user = review.user();
    let own = settings.carriers.iter().filter(|carrier| carrier.user == user);
    let is = |kind: Option<(&str, &str)>| {
        let mut own = own.clone();
        kind.is_some_and(|(group, kind)| own.any(|carrier| carrier.group == group && carrier.kind == kind))
    };
    let object = owned.object();
    let may_copy = match owned.owner_kind() {
        Some(owner) => is(Some(owner)),
        // It may change an object of its kinds; what it creates without an owner is its own request
        None => review.operation() == Operation::Update && is(Some((&object.group, &object.kind))),
    };
    if !may_copy {
        return None;
    }
    // A stamp may have come through another of its kinds, so ramgate has to review all of them
    let mut own = own.clone();
    let unsent = own.find(|carrier| !cluster.sends(&carrier.group, &carrier.resource));
    Some(unsent.map_or(Delegation::Listed, |carrier| {
        Delegation::Unsent(carrier.kind.clone())
    }))
}

/// The fault of a valid stamp that came through a kind which ramgate does not review, so that it proves nothing
pub(crate) fn unchecked(
    claims: &Claims,
    owned: &OwnedObject,
    settings: &ClusterSettings,
    cluster: &dyn Cluster,
) -> Option<StampFault> {
    let object = claims.object.as_ref();
    let is_of_object_itself = object == Some(owned.object());
    let stamped = object.map(|object| (object.group.as_str(), object.kind.as_str()));
    // A pod with a stamp of its own may have any owner reference. A stamp of the first form does not name its object
    let owner = owned.owner_kind().filter(|(group, kind)| {
        !is_of_object_itself && (object.is_some() || is_listed(group, kind, settings))
    });
    let mut kinds = stamped.into_iter().chain(owner);
    kinds
        .find(|(group, kind)| !is_reviewed(group, kind, settings, cluster))
        .map(|(_, kind)| StampFault::NotSent(kind.to_owned()))
}

/// Whether ramgate reviews every write of a kind
fn is_reviewed(group: &str, kind: &str, settings: &ClusterSettings, cluster: &dyn Cluster) -> bool {
    let mut listed = settings
        .carriers
        .iter()
        .filter(|carrier| carrier.group == group && carrier.kind == kind)
        .peekable();
    (group, kind) == ("", "Pod")
        || Workload::of_group_kind(group, kind).is_some()
        || listed.peek().is_some() && listed.all(|carrier| cluster.sends(&carrier.group, &carrier.resource))
}
