//! Who stands behind a pod or pod template: the requester, the person whom a controller acts for, or nobody new.
//!
//! A stamp is never believed because it is there. It counts where it verifies and either a controller brings it that
//! makes pods of templates, or it was there before and nothing that counts was changed.

pub(crate) mod contents;
pub(crate) mod delegation;
pub(crate) mod owned_object;
pub(crate) mod trusted_editor;

use crate::admission::fields::changes::{Change, Changes};
use crate::admission::fields::reading::{same_fields, texts};
use crate::admission::outcome::restart::Restart;
use crate::admission::review::{Resource, Review};
use crate::admission::routing::route::{Route, route};
use crate::config::{ClusterSettings, Configuration};
use crate::kubernetes::cluster::Cluster;
use crate::kubernetes::control_plane::is_control_plane;
use crate::kubernetes::meta::Meta;
use crate::kubernetes::metadata::Metadata;
use crate::kubernetes::pod_spec::same_spec;
use crate::kubernetes::pod_template::PodTemplate;
use crate::kubernetes::reviewed_template::ReviewedTemplate;
use crate::kubernetes::workload::Workload;
use crate::stamp::{Claims, Form, Signer, VerifyError};

pub(crate) use crate::admission::attribution::delegation::{Delegation, delegation, unchecked};
pub(crate) use crate::admission::attribution::owned_object::{OwnedObject, is_listed};

/// Who stands behind what a request brings
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Attribution {
    /// Whoever asks: the stamp becomes theirs, and they are judged
    Requester,
    /// Whoever asks, and the stamp stays whose it is: the pod runs already, or the request cannot store a stamp
    Beside,
    /// The person in the stamp, whom a controller acts for
    Carried(Delegation),
    /// Whoever asks, if they may: nothing that counts is changed, and nobody stands behind it yet
    Late,
    /// Whoever it was before: nothing that counts is changed, or it is changed by those who may without being asked
    Kept,
}

/// A stamp that does not stand for a person
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unstamped {
    /// There is none
    Missing,
    /// There is one that is not to be believed
    Broken(VerifyError),
}

/// The object that a stamp of this pod or template stands in
pub(crate) fn owned(
    review: &Review<'_>,
    reviewed: &ReviewedTemplate<'_>,
    settings: &ClusterSettings,
) -> OwnedObject {
    let none = Metadata::default();
    let owner = review.owner().unwrap_or(&none);
    match review.resource() {
        Resource::Workload(workload) => OwnedObject::new(workload.group(), workload.kind(), owner),
        Resource::Other => {
            let (group, resource) = review.group_resource();
            let mut listed = settings.carriers.iter();
            let kind = listed.find(|carrier| carrier.group == group && carrier.resource == resource);
            OwnedObject::new(group, kind.map_or("", |carrier| &carrier.kind), owner)
        }
        Resource::Pods
        | Resource::Bindings
        | Resource::ConfigMaps
        | Resource::Nodes
        | Resource::ImageCaches => {
            let template = reviewed.new.as_ref().or(reviewed.old.as_ref());
            OwnedObject::new(
                "",
                "Pod",
                template.map_or(&none, |template| &template.read().metadata),
            )
        }
    }
}

/// Who stands behind a bearer in a request
pub(crate) fn attribution(
    review: &Review<'_>,
    reviewed: &ReviewedTemplate<'_>,
    settings: &ClusterSettings,
    cluster: &dyn Cluster,
) -> Attribution {
    let owned = owned(review, reviewed, settings);
    let claims = |template: &PodTemplate<'_>| {
        verified(template.stamp(), review.namespace(), &owned, settings, cluster)
    };
    let delegation = delegation(review, &owned, settings, cluster);
    let (Some(new), Some(old)) = (&reviewed.new, &reviewed.old) else {
        return delegation.map_or(Attribution::Requester, Attribution::Carried);
    };
    let (now, before) = (new.read(), old.read());
    let same_fields = same_fields(now, before);
    let is_ours = is_control_plane(review.user(), review.groups(), settings);
    if is_same(review, reviewed, &Changes::default()) {
        let is_late = !is_ours
            && delegation.is_none()
            && is_stamped_late(review, reviewed, settings, cluster)
            && claims(old).is_err();
        return if is_late {
            Attribution::Late
        } else {
            Attribution::Kept
        };
    }
    // What a controller writes anew counts for the person whose stamp it brings, and not for whoever was there before
    let brings = |_: &Delegation| !reviewed.path.is_whole() || claims(new).is_ok() && !is_ours;
    if let Some(delegation) = delegation.filter(brings) {
        return Attribution::Carried(delegation);
    }
    if is_ours && same_fields {
        return Attribution::Kept;
    }
    let stores_stamp = matches!(review.subresource(), "" | "status");
    if reviewed.path.is_whole() && (before.node().is_some() || !stores_stamp) {
        return Attribution::Beside;
    }
    let is_kept = same_fields
        && settings.keepers.iter().any(|keeper| keeper == review.user())
        && !review.changes_beside_templates()
        && trusted_editor::keeps_identity(old.json(), new.json())
        && claims(old).is_ok();
    if is_kept {
        Attribution::Kept
    } else {
        Attribution::Requester
    }
}

/// Whether an update changes nothing that counts once these changes are made to it, stamps left aside
pub(crate) fn is_same(review: &Review<'_>, reviewed: &ReviewedTemplate<'_>, changes: &Changes) -> bool {
    let (Some(new), Some(old)) = (&reviewed.new, &reviewed.old) else {
        return false;
    };
    if !reviewed.path.is_whole() {
        let changes: Vec<_> = changes
            .iter()
            .map(|(key, _)| (key, changes.applied(key, None)))
            .collect();
        return !review.changes_beside_templates() && new.same_template(&changes, old);
    }
    let fields = texts(new.read(), changes) == texts(old.read(), &Changes::default());
    // The status of a pod is stored with its annotations, and never with its spec
    let spec = review.resource() == Resource::Pods && review.subresource() == "status";
    fields && (spec || same_spec(old.json(), new.json()))
}

/// The annotation by which somebody asks on purpose for the stamp of a template that others may have written
pub(crate) const STAMPED: &str = "ramgate.io/stamped";

/// Whether the next person who writes a template without a stamp becomes its requester
///
/// A template that leads to ECI by itself was stamped when it was written, unless it is older than ramgate. One that only
/// its surroundings lead there may be anybody's, so that a stamp is asked for in so many words.
fn is_stamped_late(
    review: &Review<'_>,
    reviewed: &ReviewedTemplate<'_>,
    settings: &ClusterSettings,
    cluster: &dyn Cluster,
) -> bool {
    let (Resource::Workload(workload), Some(old)) = (review.resource(), &reviewed.old) else {
        return false;
    };
    let is_owned = review.owner().is_some_and(|owner| owner.controller().is_some());
    if !workload.stamps_late(is_owned) {
        return false;
    }
    let leads_by_itself = !matches!(
        route(old.read(), &Meta::default(), settings, cluster),
        Route::No(_)
    );
    leads_by_itself || review.asks_for_stamp()
}

/// What a stamp says, if it is to be believed in this object
pub(crate) fn verified(
    stamp: Option<&str>,
    namespace: &str,
    owned: &OwnedObject,
    settings: &ClusterSettings,
    cluster: &dyn Cluster,
) -> Result<Claims, Unstamped> {
    let stamp = stamp.ok_or(Unstamped::Missing)?;
    // Without keys nothing is believed; the server answers no request before it has them
    let signer = cluster.signer().ok_or(Unstamped::Missing)?;
    trusted(&signer, stamp, namespace, owned, settings).map_err(Unstamped::Broken)
}

/// What a stamp says, if it was signed here for this object or for what it is made of
///
/// # Errors
///
/// Why it is not to be believed.
pub(crate) fn trusted(
    signer: &Signer,
    stamp: &str,
    namespace: &str,
    owned: &OwnedObject,
    settings: &ClusterSettings,
) -> Result<Claims, VerifyError> {
    let claims = signer.verify(stamp, namespace)?;
    match &claims.object {
        Some(object) if !owned.accepts_stamp_of(object, settings) => {
            Err(VerifyError::Object(object.to_string()))
        }
        // A stamp of the first form names none, and stays good as long as its key
        Some(_) | None => Ok(claims),
    }
}

/// What the requester's stamp on a pod or template says, after these changes by mapping
pub(crate) fn own_claims(
    review: &Review<'_>,
    template: &PodTemplate<'_>,
    owned: &OwnedObject,
    changes: &Changes,
    configuration: &Configuration,
    signer: &Signer,
) -> Claims {
    let binding = configuration.bindings.principal(review.user(), review.groups());
    let claims = Claims {
        user: review.user().to_owned(),
        principal: binding.map(|binding| binding.principal.clone()),
        namespace: review.namespace().to_owned(),
        cluster: signer.cluster().to_owned(),
        object: Some(owned.object().clone()),
        fields: texts(template.read(), changes),
        service_account: template.service_account().map(str::to_owned),
        containers: contents::running(template.json()).map(|running| contents::digests(&running)),
    };
    match signer.form() {
        Form::First => claims.of_first_form(),
        Form::Second => claims,
    }
}

/// The change that gives a pod or template this stamp, or takes away the one that it has
pub(crate) fn restamp(template: &PodTemplate<'_>, wanted: Option<&str>) -> Option<Change> {
    (template.stamp() != wanted).then(|| wanted.map_or(Change::Remove, |stamp| Change::Set(stamp.to_owned())))
}

/// What is to be run so that a pod's template is stamped, by what the pod says of its controller
pub(crate) fn restart(owner: &crate::kubernetes::metadata::Metadata<'_>) -> Option<Restart> {
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
