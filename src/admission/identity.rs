//! Who stands behind a pod or pod template: the requester, the person whom a controller acts for, or nobody new.
//!
//! A stamp is never believed because it is there. It counts where it verifies and either a controller brings it that
//! makes pods of templates, or it was there before and nothing that counts was changed.

mod carrier;
mod keeper;

use super::Cluster;
use super::annotation::{same_fields, texts};
use super::bearer::{Bearer, Side};
use super::patch::{Change, Changes};
use super::pod::same_spec;
use super::principal::is_control_plane;
use super::review::{Resource, Review};
use super::workload::Workload;
use crate::directory::{ClusterSettings, Configuration};
use crate::stamp::{Broken, Claims, Seal};

pub use carrier::Carriage;
pub(super) use carrier::carriage;

/// Who stands behind what a request brings
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Whoever asks: the stamp becomes theirs, and they are judged
    Requester,
    /// Whoever asks, and the stamp stays whose it is: the pod runs already, or the request cannot store a stamp
    Beside,
    /// The person in the stamp, whom a controller acts for
    Carried(Carriage),
    /// Whoever asks, if they may: nothing that counts is changed, and nobody stands behind it yet
    Late,
    /// Whoever it was before: nothing that counts is changed, or it is changed by those who may without being asked
    Kept,
}

/// A stamp that does not stand for a person
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unstamped {
    /// There is none
    Missing,
    /// There is one that is not to be believed
    Broken(Broken),
}

/// Who stands behind a bearer in a request, its changes by mapping being these
pub(super) fn standing(
    review: &Review<'_>,
    bearer: &Bearer<'_>,
    settings: &ClusterSettings,
    cluster: &dyn Cluster,
) -> Standing {
    let carriage = carriage(review, settings, cluster);
    let (Some(new), Some(old)) = (&bearer.new, &bearer.old) else {
        return carriage.map_or(Standing::Requester, Standing::Carried);
    };
    let (now, before) = (new.read(), old.read());
    let same_fields = same_fields(now, before);
    let is_ours = is_control_plane(review.user(), review.groups(), settings);
    if is_same(review, bearer, &Changes::default()) {
        return if !is_ours && carriage.is_none() && is_stamped_late(review, old, cluster) {
            Standing::Late
        } else {
            Standing::Kept
        };
    }
    // What a controller writes anew counts for the person whose stamp it brings, and not for whoever was there before
    let brings = |_: &Carriage| !bearer.place.is_whole() || claims(new, review, cluster).is_ok() && !is_ours;
    if let Some(carriage) = carriage.filter(brings) {
        return Standing::Carried(carriage);
    }
    if is_ours && same_fields {
        return Standing::Kept;
    }
    let stores_stamp = matches!(review.subresource(), "" | "status");
    if bearer.place.is_whole() && (before.node().is_some() || !stores_stamp) {
        return Standing::Beside;
    }
    let is_kept = same_fields
        && settings.keepers.iter().any(|keeper| keeper == review.user())
        && keeper::keeps(old.json(), new.json())
        && claims(old, review, cluster).is_ok();
    if is_kept {
        Standing::Kept
    } else {
        Standing::Requester
    }
}

/// Whether an update changes nothing that counts once these changes are made to it, stamps left aside
pub(super) fn is_same(review: &Review<'_>, bearer: &Bearer<'_>, changes: &Changes) -> bool {
    let (Some(new), Some(old)) = (&bearer.new, &bearer.old) else {
        return false;
    };
    if !bearer.place.is_whole() {
        return new.same_template(changes, old);
    }
    let fields = texts(new.read(), changes) == texts(old.read(), &Changes::default());
    // The status of a pod is stored with its annotations, and never with its spec
    let spec = review.resource() == Resource::Pods && review.subresource() == "status";
    fields && (spec || same_spec(old.json(), new.json()))
}

/// Whether the next person who writes a template without a stamp becomes its requester
fn is_stamped_late(review: &Review<'_>, old: &Side<'_>, cluster: &dyn Cluster) -> bool {
    let Resource::Workload(workload) = review.resource() else {
        return false;
    };
    let is_owned = review.owner().is_some_and(|owner| owner.controller().is_some());
    workload.stamps_late(is_owned) && claims(old, review, cluster).is_err()
}

/// What the stamp of a pod or template says, if it is to be believed
pub(super) fn claims(
    side: &Side<'_>,
    review: &Review<'_>,
    cluster: &dyn Cluster,
) -> Result<Claims, Unstamped> {
    verified(side.stamp(), review.namespace(), cluster)
}

/// What a stamp says, if it is to be believed in a namespace
pub(super) fn verified(
    stamp: Option<&str>,
    namespace: &str,
    cluster: &dyn Cluster,
) -> Result<Claims, Unstamped> {
    let stamp = stamp.ok_or(Unstamped::Missing)?;
    // Without keys nothing is believed; the server answers no request before it has them
    let seal = cluster.seal().ok_or(Unstamped::Missing)?;
    seal.verify(stamp, namespace).map_err(Unstamped::Broken)
}

/// What the requester's stamp on a pod or template says, after these changes by mapping
pub(super) fn own_claims(
    review: &Review<'_>,
    side: &Side<'_>,
    changes: &Changes,
    configuration: &Configuration,
    seal: &Seal,
) -> Claims {
    let binding = configuration.bindings.principal(review.user(), review.groups());
    Claims {
        user: review.user().to_owned(),
        principal: binding.map(|binding| binding.principal.clone()),
        namespace: review.namespace().to_owned(),
        cluster: seal.cluster().to_owned(),
        fields: texts(side.read(), changes),
        service_account: side.service_account().map(str::to_owned),
    }
}

/// The change that gives a pod or template this stamp, or takes away the one that it has
pub(super) fn restamp(side: &Side<'_>, wanted: Option<&str>) -> Option<Change> {
    (side.stamp() != wanted).then(|| wanted.map_or(Change::Remove, |stamp| Change::Set(stamp.to_owned())))
}

/// What is to be run so that a pod's template is stamped, by what the pod says of its controller
pub(super) fn restart(owner: &super::pod::Metadata<'_>) -> Option<Restart> {
    let controller = owner.controller()?;
    let workload = Workload::of_kind(&controller.kind);
    let name = controller.name.to_string();
    Some(match workload {
        // Its name is that of its Deployment and a hash, which stands in a label
        Some(Workload::ReplicaSet) => match owner
            .labels
            .value("pod-template-hash")
            .and_then(|hash| name.strip_suffix(hash))
            .and_then(|name| name.strip_suffix('-'))
        {
            Some(deployment) => Restart::Rollout(Workload::Deployment, deployment.to_owned()),
            None => Restart::Write(controller.kind.to_string(), name),
        },
        Some(workload) if workload.restarts() => Restart::Rollout(workload, name),
        Some(Workload::Job) => Restart::Again(name),
        _ => Restart::Write(controller.kind.to_string(), name),
    })
}

/// How a template gets a stamp
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Restart {
    /// `kubectl rollout restart`, since applying the same file again changes nothing
    Rollout(Workload, String),
    /// Any write of a person
    Write(String, String),
    /// It cannot be changed: it is made anew
    Again(String),
}
