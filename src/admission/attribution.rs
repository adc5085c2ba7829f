//! The attribution of a pod or pod template: the person for whom it is evaluated, and whose stamp it has afterwards.
//!
//! The stamp is the annotation in which ramgate signs who requested a pod. The presence of a stamp proves nothing. It must
//! verify, and either a controller that makes pods of templates copied it, or it was stored before and the request does not
//! change what runs.
//!
//! | who asks | what changes | attribution | evaluated | stamp afterwards |
//! | --- | --- | --- | --- | --- |
//! | a person | they create it, or change what runs or the ECI fields | `Requester` | the requester | the requester's |
//! | a person | they change a pod that is bound, or by a subresource | `RequesterKeepsStamp` | the requester | as before |
//! | a controller | it creates it from a template, or changes it | `Delegated` | the person in the stamp | the controller's copy |
//! | a person | nothing, in a workload without a valid stamp | `LateStamp` | the requester | theirs, if they may have such pods |
//! | anybody | nothing | `KeepsStamp` | nobody | as before |
//! | a spawner | as a person | `Requester` and so on | the person in the stamp of its pod, see [`creator`] | that person's |
//! | the control plane | anything but the ECI fields | `KeepsStamp` | nobody | as before |
//! | a trusted editor | placement, labels, hashes in the environment | `KeepsStamp` | nobody | as before |
//!
//! | question | file |
//! | --- | --- |
//! | does a stamp verify for this object? | [`verified_stamp`], [`crate::kubernetes::owned_object`] |
//! | which controllers may copy stamps? | [`delegation`] |
//! | what may a trusted editor change? | [`trusted_editor`] |
//! | where is a stamp overwritten or removed? | `stamped` in `evaluate/mutate.rs` decides, `own_claims` and `restamp` in [`new_stamp`] make the change |
//! | does a pod run what its stamp says? | [`contents`] |
//! | for whom does a pod make pods? | [`creator`] |
//! | how does a template without a stamp get one? | [`template_restart`] |

pub(crate) mod contents;
pub(crate) mod creator;
pub(crate) mod delegation;
pub(crate) mod new_stamp;
pub(crate) mod template_restart;
pub(crate) mod trusted_editor;
pub(crate) mod verified_stamp;

use crate::admission::fields::changes::Changes;
use crate::admission::fields::reading::{same_fields, texts};
use crate::admission::review::{Resource, Review};
use crate::admission::routing::route::{Route, route};
use crate::config::ClusterSettings;
use crate::kubernetes::cluster::Cluster;
use crate::kubernetes::control_plane::is_control_plane_of;
use crate::kubernetes::meta::Meta;
use crate::kubernetes::metadata::Metadata;
use crate::kubernetes::owned_object::OwnedObject;
use crate::kubernetes::pod_spec::same_spec;
use crate::kubernetes::pod_template::PodTemplate;
use crate::kubernetes::reviewed_template::ReviewedTemplate;

pub(crate) use crate::admission::attribution::creator::{Creator, Person, creator, names_spawner};
pub(crate) use crate::admission::attribution::delegation::{Delegation, delegation, unchecked};
pub(crate) use crate::admission::attribution::new_stamp::{own_claims, restamp};
pub(crate) use crate::admission::attribution::template_restart::restart;
pub(crate) use crate::admission::attribution::verified_stamp::{NoValidStamp, trusted, verified};

/// The person for whom a pod or template is evaluated, and whose stamp it has afterwards
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Attribution {
    /// The requester is evaluated and gets the stamp
    ///
    /// Example: alice applies a Deployment. Its template gets her stamp.
    Requester,
    /// The requester is evaluated, and the stamp stays as it is
    ///
    /// The pod is bound already and makes no pods itself, or the request cannot store a stamp. Example: bob changes the image
    /// of alice's running pod. He needs the right to do so, and the pod remains hers.
    RequesterKeepsStamp,
    /// The person in the stamp is evaluated, for whom a controller acts
    ///
    /// Example: the ReplicaSet controller creates a pod with the stamp of alice's Deployment.
    Delegated(Delegation),
    /// The requester gets the stamp if they may have such pods; otherwise the request passes and changes no stamp
    ///
    /// Example: a Deployment is older than ramgate. Alice annotates it with `ramgate.io/stamped`.
    LateStamp,
    /// Nobody is evaluated, and the stamp stays as it is
    ///
    /// Examples: bob labels alice's Deployment; the kubelet writes a pod's status; a listed autoscaler adds a toleration.
    KeepsStamp,
}

/// The object that has the stamp of this pod or template: the pod itself, or the workload around the template
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
        | Resource::ImageCaches
        | Resource::RoutingPolicies => {
            let template = reviewed.new.as_ref().or(reviewed.old.as_ref());
            OwnedObject::new(
                "",
                "Pod",
                template.map_or(&none, |template| &template.read().metadata),
            )
        }
    }
}

/// Decides the attribution of a pod or template in a request
///
/// ```text
/// alice creates a Deployment                            -> Requester
/// the ReplicaSet controller creates a pod               -> Delegated(BuiltIn)
/// bob changes the replicas of alice's Deployment        -> KeepsStamp
/// bob changes the image in alice's Deployment           -> Requester
/// bob changes the image of alice's pod on a node        -> RequesterKeepsStamp
/// ```
pub(crate) fn attribution(
    review: &Review<'_>,
    reviewed: &ReviewedTemplate<'_>,
    settings: &ClusterSettings,
    cluster: &dyn Cluster,
) -> Attribution {
    let owned = owned(review, reviewed, settings);
    let delegation = delegation(review, &owned, settings, cluster);
    let (Some(new), Some(old)) = (&reviewed.new, &reviewed.old) else {
        return delegation.map_or(Attribution::Requester, Attribution::Delegated);
    };
    let is_pod = reviewed.path.is_whole();
    let node = old.read().node().filter(|_| is_pod);
    let update = TemplateUpdate {
        review,
        new,
        old,
        is_pod,
        by_control_plane: is_control_plane_of(node, review.user(), review.groups(), settings),
        owned,
        settings,
        cluster,
    };
    if is_same(review, reviewed, &Changes::default()) {
        return if delegation.is_none() && update.gets_late_stamp() {
            Attribution::LateStamp
        } else {
            Attribution::KeepsStamp
        };
    }
    // A changed object is evaluated for the person whose stamp the controller copies, not for the one in the old stamp
    if let Some(delegation) = delegation.filter(|_| update.copies_stamp()) {
        return Attribution::Delegated(delegation);
    }
    if update.by_control_plane && same_fields(new.read(), old.read()) {
        Attribution::KeepsStamp
    } else if update.is_of_bound_pod() && !update.gives_name_to_spawner()
        || update.is_pod && !update.can_store_stamp()
    {
        Attribution::RequesterKeepsStamp
    } else if update.is_by_trusted_editor() {
        Attribution::KeepsStamp
    } else {
        Attribution::Requester
    }
}

/// An update of a pod or template
struct TemplateUpdate<'u> {
    review: &'u Review<'u>,
    new: &'u PodTemplate<'u>,
    old: &'u PodTemplate<'u>,
    /// Whether it is a pod and not the template of a workload
    is_pod: bool,
    by_control_plane: bool,
    owned: OwnedObject,
    settings: &'u ClusterSettings,
    cluster: &'u dyn Cluster,
}

impl TemplateUpdate<'_> {
    fn has_valid_stamp(&self, template: &PodTemplate<'_>) -> bool {
        let namespace = self.review.namespace();
        verified(
            template.stamp(),
            namespace,
            &self.owned,
            self.settings,
            self.cluster,
        )
        .is_ok()
    }

    /// Whether a controller that changes the object copies a stamp into it
    fn copies_stamp(&self) -> bool {
        !self.is_pod || !self.by_control_plane && self.has_valid_stamp(self.new)
    }

    fn is_of_bound_pod(&self) -> bool {
        self.is_pod && self.old.read().node().is_some()
    }

    /// Whether the pod makes pods in the name of the person in its stamp, so that whoever changes what it runs gets its
    /// stamp even if it is bound
    fn gives_name_to_spawner(&self) -> bool {
        let namespace = self.review.namespace();
        [self.old, self.new]
            .into_iter()
            .any(|template| names_spawner(template, namespace, self.settings, self.cluster))
    }

    /// Whether the API server stores annotations that the request changes
    fn can_store_stamp(&self) -> bool {
        matches!(self.review.subresource(), "" | "status")
    }

    /// Whether a trusted editor changes only what it may change, in an object with a valid stamp
    fn is_by_trusted_editor(&self) -> bool {
        let mut keepers = self.settings.keepers.iter();
        same_fields(self.new.read(), self.old.read())
            && keepers.any(|keeper| keeper == self.review.user())
            && !self.review.changes_beside_templates()
            && trusted_editor::keeps_identity(self.old.json(), self.new.json())
            && self.has_valid_stamp(self.old)
    }

    /// Whether the requester may get the stamp of a template that has no valid one
    ///
    /// A template that leads to ECI by itself was stamped when it was written, unless it is older than ramgate. A template
    /// that only its surroundings lead there may be anybody's, so the requester has to ask for the stamp by the
    /// annotation `ramgate.io/stamped`.
    fn gets_late_stamp(&self) -> bool {
        let Resource::Workload(workload) = self.review.resource() else {
            return false;
        };
        let owner = self.review.owner();
        let is_owned = owner.is_some_and(|owner| owner.controller().is_some());
        if self.by_control_plane || !workload.stamps_late(is_owned) || self.has_valid_stamp(self.old) {
            return false;
        }
        let route = route(self.old.read(), &Meta::default(), self.settings, self.cluster);
        !matches!(route, Route::No(_)) || self.review.asks_for_stamp()
    }
}

/// Whether an update, together with these changes, leaves the ECI fields and what runs in the pods as they are
///
/// Stamps are not compared.
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
    let stores_no_spec = review.resource() == Resource::Pods && review.subresource() == "status";
    fields && (stores_no_spec || same_spec(old.json(), new.json()))
}
