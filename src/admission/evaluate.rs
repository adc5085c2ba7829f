//! From a review to a ruling: the mutating half maps and stamps, the validating half judges.
//!
//! ```text
//! mutate:   who stands behind it -> route -> fields -> mapping, stamp -> patch
//! validate: who stands behind it -> route -> fields -> nothing left to map or stamp? -> principal -> call -> RAM
//! ```

pub(crate) mod advise;
pub(crate) mod binding;
pub(crate) mod call;
pub(crate) mod controller_revision;
pub(crate) mod eci_profile;
pub(crate) mod existing_pod;
pub(crate) mod image_cache;
pub(crate) mod mapped;
pub(crate) mod mutate;
pub(crate) mod node_proxy;
pub(crate) mod pod_update;
pub(crate) mod principals;
pub(crate) mod scale;
pub(crate) mod validate;

use crate::kubernetes::cluster::{Cluster, Meta, NodeKind, profile_in_force};
use crate::kubernetes::eci_profile::Profile;
use std::sync::Arc;

use jiff::Timestamp;

use crate::admission::attribution;
use crate::admission::attribution::OwnedObject;
use crate::admission::outcome::evaluation::Evaluation;
use crate::admission::outcome::finding::Finding;
use crate::admission::outcome::mode::{Mode, StampContents};
use crate::admission::outcome::stamp_fault::StampFault;
use crate::admission::outcome::verb::Verb;
use crate::admission::review::complete::CompleteReview;
use crate::admission::review::{Operation, Resource};
use crate::admission::routing::route::{Route, route};
use crate::config::Configuration;
use crate::kubernetes::control_plane::is_control_plane;
use crate::kubernetes::pod::Pod;
use crate::kubernetes::pod_template::{PodTemplate, ReviewedTemplate};
use crate::kubernetes::workload::Workload;
use ram_policy::Principal;

/// A review with everything that it is judged by
#[derive(Clone, Copy)]
pub(crate) struct Case<'a> {
    /// The review
    pub review: &'a CompleteReview<'a>,
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
    pub(crate) fn mutate(&self) -> Evaluation {
        let is_image_cache = self.review.resource() == Resource::ImageCaches;
        match self.review.operation() {
            Operation::Create if self.review.binding().is_some() => self.pin(),
            _ if self.is_revision() => self.mutate_revision(),
            Operation::Create | Operation::Update if !is_image_cache => {
                let templates = self.review.templates().iter();
                let evaluations = templates.map(|reviewed| self.mutate_template(reviewed));
                evaluations.reduce(Evaluation::with).unwrap_or_default()
            }
            Operation::Create | Operation::Update | Operation::Delete | Operation::Connect => {
                Evaluation::default()
            }
        }
    }

    /// Whether the request may pass as it is now
    pub(crate) fn validate(&self) -> Evaluation {
        let review = self.review;
        let mut evaluation = match (review.resource(), review.subresource(), review.operation()) {
            (Resource::ConfigMaps, "", _) if review.is_eci_profile() => self.profile_change(),
            (Resource::ImageCaches, "", operation) => self.image_cache(operation),
            (Resource::Pods, "", Operation::Delete) => self.delete(),
            (Resource::Pods, "eviction", Operation::Create) => self.evict(),
            (Resource::Pods, "binding", Operation::Create) | (Resource::Bindings, "", Operation::Create) => {
                self.bind()
            }
            (Resource::Pods, "exec", Operation::Connect) => self.connect(Verb::Exec),
            (Resource::Pods, "attach", Operation::Connect) => self.connect(Verb::Attach),
            (Resource::Pods, "portforward", Operation::Connect) => self.connect(Verb::PortForward),
            (Resource::Pods, "proxy", Operation::Connect) => self.connect(Verb::Proxy),
            (Resource::Nodes, "proxy", Operation::Connect) => self.connect_node(),
            (Resource::Workload(workload), "scale", Operation::Update) => self.scale(workload),
            _ if self.is_revision() => self.validate_revision(),
            (Resource::Pods, "", Operation::Update) => self.validate_templates().with(self.own()),
            _ if self.is_known() => self.validate_templates(),
            _ => self.unknown(),
        }
        .sorted();
        self.explain_runtime_class(&mut evaluation);
        evaluation
    }

    /// A pod may have got from its RuntimeClass what its template never shows, so that no restart brings a stamp
    fn explain_runtime_class(&self, evaluation: &mut Evaluation) {
        let pod = self
            .review
            .templates()
            .first()
            .and_then(|reviewed| reviewed.new.as_ref());
        let class = pod.and_then(|pod| pod.read().spec.runtime_class_name.as_deref());
        let Some(class) = class.filter(|_| self.review.resource() == Resource::Pods) else {
            return;
        };
        let mut listed = self.configuration.cluster.runtime_classes.iter();
        if listed.any(|one| one == class) {
            return;
        }
        for finding in &mut evaluation.findings {
            if let Finding::Stamp(StampFault::Missing(way)) = finding {
                *finding = Finding::Stamp(StampFault::RuntimeClass(class.to_owned(), way.take()));
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
    fn unknown(&self) -> Evaluation {
        let review = self.review;
        let (verb, operation) = match review.operation() {
            Operation::Create => (Verb::Create, "CREATE"),
            Operation::Update => (Verb::Update, "UPDATE"),
            Operation::Delete => (Verb::Delete, "DELETE"),
            Operation::Connect => (Verb::Proxy, "CONNECT"),
        };
        let (group, resource) = review.group_resource();
        let mut what = format!("{operation} {resource}");
        for (mark, part) in [(".", group), ("/", review.subresource())] {
            if !part.is_empty() {
                what.push_str(mark);
                what.push_str(part);
            }
        }
        Evaluation {
            verb: Some(verb),
            findings: vec![Finding::UnknownRequest(what)],
            ..Evaluation::default()
        }
    }

    fn validate_templates(&self) -> Evaluation {
        let templates = self.review.templates().iter();
        let evaluations = templates.map(|reviewed| self.validate_template(reviewed));
        evaluations.reduce(Evaluation::with).unwrap_or_default()
    }

    fn is_revision(&self) -> bool {
        self.review.resource() == Resource::Workload(Workload::ControllerRevision)
    }

    /// The object that a stamp of this pod or template stands in
    fn owned(&self, reviewed: &ReviewedTemplate<'_>) -> OwnedObject {
        attribution::owned(self.review, reviewed, &self.configuration.cluster)
    }

    fn namespace(&self) -> Option<Arc<Meta>> {
        self.cluster.namespace(self.review.namespace())
    }

    /// Without the namespace's labels only a real node shows that a pod does not go to ECI
    fn namespace_missing(&self, pod: &Pod<'_>, verb: Verb) -> Evaluation {
        let is_elsewhere = pod.node().is_some_and(|node| {
            NodeKind::of_name(node, self.cluster, &self.configuration.cluster) == NodeKind::Real
        });
        let finding = (!is_elsewhere).then_some(Finding::UnknownNamespace);
        Evaluation {
            verb: Some(verb),
            findings: finding.into_iter().collect(),
            ..Evaluation::default()
        }
    }

    /// ACK's eci-profile, unless the settings leave it alone
    fn profile(&self) -> Arc<Profile> {
        profile_in_force(self.cluster, &self.configuration.cluster)
    }

    fn route(&self, pod: &Pod<'_>, namespace: &Meta) -> Route {
        route(pod, namespace, &self.configuration.cluster, self.cluster)
    }

    /// The surer of the two sides' routes, so that taking a mark away hides nothing
    fn route_both(&self, new: &Pod<'_>, old: Option<&PodTemplate<'_>>, namespace: &Meta) -> Route {
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
    fn routed(&self, route: Route, verb: Verb) -> Evaluation {
        let is_tentative = matches!(route, Route::Possible(_));
        Evaluation {
            route: Some(route),
            verb: Some(verb),
            principal: self.requester(),
            is_tentative,
            ..Evaluation::default()
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
fn verb(reviewed: &ReviewedTemplate<'_>) -> Verb {
    // A changed template makes new pods
    match (reviewed.path.is_whole(), &reviewed.old) {
        (true, Some(_)) => Verb::Update,
        _ => Verb::Create,
    }
}
