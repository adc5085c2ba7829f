//! From a review to a ruling: the mutating half maps and stamps, the validating half judges.
//!
//! ```text
//! mutate:   who stands behind it -> route -> fields -> mapping, stamp -> patch
//! validate: who stands behind it -> route -> fields -> nothing left to map or stamp? -> principal -> call -> RAM
//! ```

pub(crate) mod advice;
pub(crate) mod binding;
pub(crate) mod call;
pub(crate) mod controller_revision;
pub(crate) mod eci_profile;
pub(crate) mod existing_pod;
pub(crate) mod image_cache;
pub(crate) mod mapped;
pub(crate) mod mutate;
pub(crate) mod node_proxy;
pub(crate) mod principals;
pub(crate) mod scale;
pub(crate) mod validate;

use std::sync::Arc;

use jiff::Timestamp;

use crate::admission::attribution;
use crate::admission::attribution::Holder;
use crate::admission::outcome::evaluation::Ruling;
use crate::admission::outcome::finding::Deed;
use crate::admission::outcome::finding::Finding;
use crate::admission::outcome::finding::StampFault;
use crate::admission::outcome::mode::Mode;
use crate::admission::outcome::mode::StampContents;
use crate::admission::review::Operation;
use crate::admission::review::Resource;
use crate::admission::review::Review;
use crate::admission::routing::route::Route;
use crate::admission::routing::route::route;
use crate::config::directory::Configuration;
use crate::kubernetes::cluster::Cluster;
use crate::kubernetes::cluster::Meta;
use crate::kubernetes::cluster::NodeKind;
use crate::kubernetes::control_plane::is_control_plane;
use crate::kubernetes::pod::Pod;
use crate::kubernetes::pod_template::Bearer;
use crate::kubernetes::pod_template::Side;
use crate::kubernetes::workload::Workload;
use ram_policy::Principal;

/// A review with everything that it is judged by
#[derive(Clone, Copy)]
pub(crate) struct Case<'a> {
    /// The review
    pub review: &'a Review<'a>,
    /// The configuration
    pub configuration: &'a Configuration,
    /// The cluster
    pub cluster: &'a dyn Cluster,
    /// The mode of the namespace
    pub mode: Mode,
    /// What comes of a controller's pod that runs something else than its stamp says
    pub contents: StampContents,
    /// The time
    pub now: Timestamp,
}

impl Case<'_> {
    /// What the object shall become; only what is malformed speaks against it here
    pub(crate) fn mutate(&self) -> Ruling {
        let is_image_cache = self.review.resource() == Resource::ImageCaches;
        match self.review.operation() {
            Operation::Create if self.review.binding().is_some() => self.pin(),
            _ if self.is_revision() => self.mutate_revision(),
            Operation::Create | Operation::Update if !is_image_cache => {
                let bearers = self.review.bearers().iter();
                let rulings = bearers.map(|bearer| self.mutate_bearer(bearer));
                rulings.reduce(Ruling::with).unwrap_or_default()
            }
            Operation::Create | Operation::Update | Operation::Delete | Operation::Connect => {
                Ruling::default()
            }
        }
    }

    /// Whether the request may pass as it is now
    pub(crate) fn validate(&self) -> Ruling {
        let review = self.review;
        let mut ruling = match (review.resource(), review.subresource(), review.operation()) {
            (Resource::ConfigMaps, "", _) if crate::kubernetes::eci_profile::is_profile(review) => {
                self.profile_change()
            }
            (Resource::ImageCaches, "", operation) => self.image_cache(operation),
            (Resource::Pods, "", Operation::Delete) => self.delete(),
            (Resource::Pods, "eviction", Operation::Create) => self.evict(),
            (Resource::Pods, "binding", Operation::Create) | (Resource::Bindings, "", Operation::Create) => {
                self.bind()
            }
            (Resource::Pods, "exec", Operation::Connect) => self.connect(Deed::Exec),
            (Resource::Pods, "attach", Operation::Connect) => self.connect(Deed::Attach),
            (Resource::Pods, "portforward", Operation::Connect) => self.connect(Deed::PortForward),
            (Resource::Pods, "proxy", Operation::Connect) => self.connect(Deed::Proxy),
            (Resource::Nodes, "proxy", Operation::Connect) => self.connect_node(),
            (Resource::Workload(workload), "scale", Operation::Update) => self.scale(workload),
            _ if self.is_revision() => self.validate_revision(),
            (Resource::Pods, "", Operation::Update) => self.validate_bearers().with(self.own()),
            _ if self.is_known() => self.validate_bearers(),
            _ => self.unknown(),
        }
        .sorted();
        self.explain_runtime_class(&mut ruling);
        ruling
    }

    /// A pod may have got from its RuntimeClass what its template never shows, so that no restart brings a stamp
    fn explain_runtime_class(&self, ruling: &mut Ruling) {
        let pod = self
            .review
            .bearers()
            .first()
            .and_then(|bearer| bearer.new.as_ref());
        let class = pod.and_then(|pod| pod.read().spec.runtime_class_name.as_deref());
        let Some(class) = class.filter(|_| self.review.resource() == Resource::Pods) else {
            return;
        };
        let mut listed = self.configuration.cluster.runtime_classes.iter();
        if listed.any(|one| one == class) {
            return;
        }
        for finding in &mut ruling.findings {
            if let Finding::Stamp(StampFault::Missing(way)) = finding {
                *finding = Finding::Stamp(StampFault::Added(class.to_owned(), way.take()));
            }
        }
    }

    /// Whether the chart's rules send such a request to have its pods or templates judged
    fn is_known(&self) -> bool {
        let review = self.review;
        let (group, resource) = review.group_resource();
        let mut carriers = self.configuration.cluster.carriers.iter();
        match (review.resource(), review.subresource(), review.operation()) {
            (Resource::Pods, "", Operation::Create)
            | (Resource::Pods, "" | "status" | "ephemeralcontainers" | "resize", Operation::Update)
            | (Resource::Workload(_), "", Operation::Create | Operation::Update) => true,
            (Resource::Other, "", Operation::Create | Operation::Update) => {
                carriers.any(|carrier| carrier.group == group && carrier.resource == resource)
            }
            _ => false,
        }
    }

    /// What is sent and not known may be a way to a pod: a rule of another version, or one that somebody added
    fn unknown(&self) -> Ruling {
        let review = self.review;
        let (deed, operation) = match review.operation() {
            Operation::Create => (Deed::Create, "CREATE"),
            Operation::Update => (Deed::Update, "UPDATE"),
            Operation::Delete => (Deed::Delete, "DELETE"),
            Operation::Connect => (Deed::Proxy, "CONNECT"),
        };
        let (group, resource) = review.group_resource();
        let mut what = format!("{operation} {resource}");
        for (mark, part) in [(".", group), ("/", review.subresource())] {
            if !part.is_empty() {
                what.push_str(mark);
                what.push_str(part);
            }
        }
        Ruling {
            deed: Some(deed),
            findings: vec![Finding::UnknownRequest(what)],
            ..Ruling::default()
        }
    }

    fn validate_bearers(&self) -> Ruling {
        let bearers = self.review.bearers().iter();
        let rulings = bearers.map(|bearer| self.validate_bearer(bearer));
        rulings.reduce(Ruling::with).unwrap_or_default()
    }

    fn is_revision(&self) -> bool {
        self.review.resource() == Resource::Workload(Workload::ControllerRevision)
    }

    /// The object that a stamp of this pod or template stands in
    fn holder(&self, bearer: &Bearer<'_>) -> Holder {
        attribution::holder(self.review, bearer, &self.configuration.cluster)
    }

    fn namespace(&self) -> Option<Arc<Meta>> {
        self.cluster.namespace(self.review.namespace())
    }

    /// Without the namespace's labels only a real node shows that a pod does not go to ECI
    fn namespace_missing(&self, pod: &Pod<'_>, deed: Deed) -> Ruling {
        let is_elsewhere = pod
            .node()
            .is_some_and(|node| self.cluster.node(node) == NodeKind::Real);
        let finding = (!is_elsewhere).then_some(Finding::UnknownNamespace);
        Ruling {
            deed: Some(deed),
            findings: finding.into_iter().collect(),
            ..Ruling::default()
        }
    }

    fn route(&self, pod: &Pod<'_>, namespace: &Meta) -> Route {
        route(pod, namespace, &self.configuration.cluster, self.cluster)
    }

    /// The surer of the two sides' routes, so that taking a mark away hides nothing
    fn route_both(&self, new: &Pod<'_>, old: Option<&Side<'_>>, namespace: &Meta) -> Route {
        let sureness = |route: &Route| match route {
            Route::Certain(_) => 2,
            Route::Possible(_) => 1,
            Route::No(_) => 0,
        };
        let new = self.route(new, namespace);
        match old.map(|old| self.route(old.read(), namespace)) {
            Some(old) if sureness(&old) > sureness(&new) => old,
            _ => new,
        }
    }

    /// A ruling on the requester, before anything is held against it
    fn routed(&self, route: Route, deed: Deed) -> Ruling {
        let is_tentative = matches!(route, Route::Possible(_));
        Ruling {
            route: Some(route),
            deed: Some(deed),
            principal: self.requester(),
            is_tentative,
            ..Ruling::default()
        }
    }

    /// Whether the control plane itself asks
    fn asks_for_control_plane(&self) -> bool {
        let (user, groups) = (self.review.user(), self.review.groups());
        is_control_plane(user, groups, &self.configuration.cluster)
    }

    /// The RAM principal that the requester is bound to
    fn requester(&self) -> Option<Principal> {
        let (user, groups) = (self.review.user(), self.review.groups());
        let binding = self.configuration.bindings.principal(user, groups);
        binding.map(|binding| binding.principal.clone())
    }

    pub(crate) fn service_account(&self, pod: &Pod<'_>) -> Option<Arc<Meta>> {
        self.cluster
            .service_account(self.review.namespace(), pod.service_account())
    }
}

/// What is done to what a bearer stands for
fn deed(bearer: &Bearer<'_>) -> Deed {
    // A changed template makes new pods
    match (bearer.place.is_whole(), &bearer.old) {
        (true, Some(_)) => Deed::Update,
        _ => Deed::Create,
    }
}
