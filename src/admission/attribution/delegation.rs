//! Controllers that bring the stamp of a template along: the built-in ones for what each of them makes, and listed ones.

use crate::admission::attribution::owned_object::{OwnedObject, is_listed};
use crate::admission::outcome::stamp_fault::StampFault;
use crate::admission::review::{Operation, Resource, Review};
use crate::config::ClusterSettings;
use crate::kubernetes::cluster::Cluster;
use crate::kubernetes::control_plane::copies_template;
use crate::kubernetes::workload::Workload;
use crate::stamp::Claims;

/// How a requester comes to bring other people's stamps
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Delegation {
    /// It is a controller of Kubernetes itself, which copies templates that passed here
    BuiltIn,
    /// It is listed, and its templates pass here
    Listed,
    /// It is listed, but the live webhook rules do not send this kind of its templates, so that anybody could write a
    /// stamp into one
    Unsent(String),
}

/// Whether the requester makes such objects out of templates, this one among them
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
        Resource::ConfigMaps | Resource::Bindings | Resource::Nodes | Resource::ImageCaches => return None,
    };
    if copies_template(user, made) {
        return Some(Delegation::BuiltIn);
    }
    listed(review, owned, settings, cluster)
}

/// A listed controller is believed for what its listed kinds control, and where it changes an object of these that nothing
/// controls; for anything else it is an identity like any other. So a kind that nobody lists cannot hand a stamp on
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
    let is_believed = match owned.owner_kind() {
        Some(owner) => is(Some(owner)),
        // An object of its own that it changes; what it makes of nothing is a wish of its own
        None => review.operation() == Operation::Update && is(Some((&object.group, &object.kind))),
    };
    if !is_believed {
        return None;
    }
    // A stamp may have come through another of its kinds, so all of them must be seen
    let mut own = own.clone();
    let unsent = own.find(|carrier| !cluster.sends(&carrier.group, &carrier.resource));
    Some(unsent.map_or(Delegation::Listed, |carrier| {
        Delegation::Unsent(carrier.kind.clone())
    }))
}

/// Why a stamp proves nothing though it was signed here: it comes through a kind that is not checked when it is written
pub(crate) fn unchecked(
    claims: &Claims,
    owned: &OwnedObject,
    settings: &ClusterSettings,
    cluster: &dyn Cluster,
) -> Option<StampFault> {
    let object = claims.object.as_ref();
    let its_own = object == Some(owned.object());
    let stamped = object.map(|object| (object.group.as_str(), object.kind.as_str()));
    // A pod of its own says of its owner what it likes. A stamp of the first form does not tell the two apart
    let owner = owned
        .owner_kind()
        .filter(|(group, kind)| !its_own && (object.is_some() || is_listed(group, kind, settings)));
    let is_checked = |(group, kind): (&str, &str)| {
        let mut listed = settings
            .carriers
            .iter()
            .filter(|carrier| carrier.group == group && carrier.kind == kind)
            .peekable();
        (group, kind) == ("", "Pod")
            || Workload::of_group_kind(group, kind).is_some()
            || listed.peek().is_some()
                && listed.all(|carrier| cluster.sends(&carrier.group, &carrier.resource))
    };
    let mut kinds = stamped.into_iter().chain(owner);
    kinds
        .find(|kind| !is_checked(*kind))
        .map(|(_, kind)| StampFault::NotSent(kind.to_owned()))
}
