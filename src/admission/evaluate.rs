//! Evaluates a review: one file for each kind of request.
//!
//! ```text
//! mutating:   attribution -> route -> fields -> mapping, stamp -> patch
//! validating: attribution -> route -> fields -> mapped and stamped? -> principal -> call -> RAM
//! ```
//!
//! | request | file |
//! | --- | --- |
//! | the patch for a pod or pod template | `mutate` |
//! | a pod or pod template that is created or changed | `template`, then `create` or `update` |
//! | a pod is bound | `bind` |
//! | a pod is deleted, evicted, or gets other owners | `delete` |
//! | a connection to a pod or a node | `connect` |
//! | a workload is scaled up | `scale` |
//! | an image cache | `image_cache` |
//! | ACK's eci-profile | `eci_profile` |
//! | ACK's ResourcePolicy, a VNode's Selector | `routing_policy` |
//! | a ControllerRevision that its controller did not write | `controller_revision` |
//!
//! A request that does not concern ECI has no evaluation: `None`.

pub(crate) mod advise;
mod apply_mapping;
mod bind;
pub(crate) mod call;
mod connect;
mod controller_revision;
mod create;
mod delete;
mod eci_profile;
mod evaluation_builder;
mod exception;
mod existing_pod;
mod image_cache;
mod mutate;
mod origins;
mod pod_update;
mod ram;
mod routing_policy;
mod scale;
mod spawned;
mod stamp_check;
mod template;
mod update;

use crate::kubernetes::cluster::{Cluster, profile_in_force};
use crate::kubernetes::eci_profile::Profile;
use crate::kubernetes::meta::Meta;
use crate::kubernetes::node_kind::NodeKind;
use std::sync::Arc;

use jiff::Timestamp;

use crate::admission::attribution;
use crate::admission::attribution::Creator;
use crate::admission::outcome::evaluation::Evaluation;
use crate::admission::outcome::finding::Finding;
use crate::admission::outcome::mode::{Mode, OnDifference};
use crate::admission::outcome::stamp_fault::StampFault;
use crate::admission::outcome::verb::Verb;
use crate::admission::review::complete::CompleteReview;
use crate::admission::review::{Operation, Resource};
use crate::admission::routing::route::{Route, route};
use crate::config::Configuration;
use crate::kubernetes::control_plane::{is_component, is_control_plane_of, node_name};
use crate::kubernetes::owned_object::OwnedObject;
use crate::kubernetes::pod::Pod;
use crate::kubernetes::pod_template::PodTemplate;
use crate::kubernetes::reviewed_template::ReviewedTemplate;
use crate::kubernetes::workload::Workload;

/// A review, and everything that its evaluation depends on
#[derive(Clone, Copy)]
pub(crate) struct EvaluationContext<'a> {
    /// The review
    pub review: &'a CompleteReview<'a>,
    /// The configuration
    pub configuration: &'a Configuration,
    /// The cluster
    pub cluster: &'a dyn Cluster,
    /// The requester, or the person for whom a spawner acts
    pub creator: &'a Creator,
    /// The mode of the namespace
    pub mode: Mode,
    /// The effect of a difference between a controller's pod and its stamp
    pub on_difference: OnDifference,
    /// The time
    pub now: Timestamp,
}

impl EvaluationContext<'_> {
    /// Evaluates the review for the mutating webhook: its patch, and in mode enforce what cannot be read or mapped
    pub(crate) fn mutate(&self) -> Option<Evaluation> {
        let mut evaluation = self.mutate_request()?;
        if self.mode != Mode::Enforce {
            // Nothing is denied, and the validating webhook finds the same and says it once
            evaluation.findings.clear();
        }
        Some(evaluation)
    }

    fn mutate_request(&self) -> Option<Evaluation> {
        let is_image_cache = self.review.resource() == Resource::ImageCaches;
        match self.review.operation() {
            Operation::Create if self.review.binding().is_some() => self.mutate_binding(),
            _ if self.is_revision() => self.mutate_revision(),
            Operation::Create | Operation::Update if !is_image_cache => {
                let templates = self.review.templates().iter();
                let evaluations = templates.filter_map(|reviewed| self.mutate_template(reviewed));
                evaluations.reduce(Evaluation::with)
            }
            Operation::Create | Operation::Update | Operation::Delete | Operation::Connect => None,
        }
    }

    /// Evaluates the review for the validating webhook: whether the request is allowed as it is now
    pub(crate) fn validate(&self) -> Option<Evaluation> {
        let evaluation = self.validate_request()?.sorted();
        Some(self.with_spawner_named(self.with_runtime_class(evaluation)))
    }

    /// Evaluates the review; where two evaluations become one, each has its exception before
    fn validate_request(&self) -> Option<Evaluation> {
        let review = self.review;
        let request = (review.resource(), review.subresource(), review.operation());
        if request == (Resource::Pods, "", Operation::Update) {
            let owners = self
                .change_owners()
                .map(|evaluation| self.with_exception(evaluation));
            let evaluations = [self.validate_templates(), owners];
            return evaluations.into_iter().flatten().reduce(Evaluation::with);
        }
        if self.is_known() && !self.is_revision() {
            return self.validate_templates();
        }
        let evaluation = self.validate_other()?;
        Some(self.with_exception(evaluation))
    }

    fn validate_other(&self) -> Option<Evaluation> {
        let review = self.review;
        match (review.resource(), review.subresource(), review.operation()) {
            (Resource::ConfigMaps, "", _) if review.is_eci_profile() => self.change_eci_profile(),
            (Resource::RoutingPolicies, "", Operation::Create | Operation::Update) => {
                self.change_routing_policy()
            }
            (Resource::ImageCaches, "", operation) => self.image_cache(operation),
            (Resource::Pods, "", Operation::Delete) => self.delete(),
            (Resource::Pods, "eviction", Operation::Create) => self.evict(),
            (Resource::Pods, "binding", Operation::Create) | (Resource::Bindings, "", Operation::Create) => {
                self.validate_binding()
            }
            (Resource::Pods, "exec", Operation::Connect) => Some(self.connect(Verb::Exec)),
            (Resource::Pods, "attach", Operation::Connect) => Some(self.connect(Verb::Attach)),
            (Resource::Pods, "portforward", Operation::Connect) => Some(self.connect(Verb::PortForward)),
            (Resource::Pods, "proxy", Operation::Connect) => Some(self.connect(Verb::Proxy)),
            (Resource::Nodes, "proxy", Operation::Connect) => self.connect_node(),
            (Resource::Workload(workload), "scale", Operation::Update) => self.scale(workload),
            _ if self.is_revision() => self.validate_revision(),
            _ => Some(self.unknown_request()),
        }
    }

    fn validate_templates(&self) -> Option<Evaluation> {
        let templates = self.review.templates().iter();
        let evaluations = templates.filter_map(|reviewed| {
            let evaluation = self.validate_template(reviewed)?;
            Some(self.with_exception(self.with_place(evaluation, reviewed)))
        });
        evaluations.reduce(Evaluation::with)
    }

    /// The evaluation with what its message needs: where the template is, and what wrote its fields
    fn with_place(&self, evaluation: Evaluation, reviewed: &ReviewedTemplate<'_>) -> Evaluation {
        let path = reviewed.path.clone();
        let new = reviewed.new.as_ref().filter(|_| !evaluation.findings.is_empty());
        let Some((new, namespace)) = new.zip(self.namespace()) else {
            return Evaluation { path, ..evaluation };
        };
        let origins = self.origins(new.read(), &evaluation.fields, &namespace, None);
        Evaluation {
            path,
            origins,
            ..evaluation
        }
    }

    /// Names the RuntimeClass of a pod without a stamp
    ///
    /// A RuntimeClass may have added to the pod the fields that lead it to ECI. They are not in its template, so a restart
    /// does not stamp it.
    fn with_runtime_class(&self, evaluation: Evaluation) -> Evaluation {
        let pod = self.review.templates().first();
        let pod = pod.and_then(|reviewed| reviewed.new.as_ref());
        let class = pod.and_then(|pod| pod.read().spec.runtime_class_name.as_deref());
        let listed = &self.configuration.cluster.runtime_classes;
        let is_unlisted =
            |class: &&str| self.review.resource() == Resource::Pods && !listed.iter().any(|one| one == class);
        let Some(class) = class.filter(is_unlisted) else {
            return evaluation;
        };
        let named = |finding| match finding {
            Finding::Stamp(StampFault::Missing(way)) => {
                Finding::Stamp(StampFault::RuntimeClass(class.to_owned(), way))
            }
            finding => finding,
        };
        Evaluation {
            findings: evaluation.findings.into_iter().map(named).collect(),
            ..evaluation
        }
    }

    /// Whether the chart's rules send such a request so that its pods or templates are evaluated
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

    /// A request that the webhook rules send and ramgate does not know: of another version's chart, or of a rule that
    /// somebody added; it may be a way to a pod
    fn unknown_request(&self) -> Evaluation {
        let review = self.review;
        let (verb, operation) = match review.operation() {
            Operation::Create => (Verb::Create, "CREATE"),
            Operation::Update => (Verb::Update, "UPDATE"),
            Operation::Delete => (Verb::Delete, "DELETE"),
            Operation::Connect => (Verb::Proxy, "CONNECT"),
        };
        let (group, resource) = review.group_resource();
        let part = |mark: &str, part: &str| match part {
            "" => String::new(),
            part => format!("{mark}{part}"),
        };
        let (group, subresource) = (part(".", group), part("/", review.subresource()));
        let request = format!("{operation} {resource}{group}{subresource}");
        Evaluation::of_finding(verb, Finding::UnknownRequest(request))
    }

    fn is_revision(&self) -> bool {
        self.review.resource() == Resource::Workload(Workload::ControllerRevision)
    }

    /// The object that has the stamp of this pod or template
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
        Evaluation {
            verb: Some(verb),
            ..Evaluation::default()
        }
        .with_findings((!is_elsewhere).then_some(Finding::UnknownNamespace))
    }

    /// ACK's eci-profile, unless the settings leave it alone
    fn profile(&self) -> Arc<Profile> {
        profile_in_force(self.cluster, &self.configuration.cluster)
    }

    fn route(&self, pod: &Pod<'_>, namespace: &Meta) -> Route {
        route(pod, namespace, &self.configuration.cluster, self.cluster)
    }

    /// The more certain route of the old and the new object, so that removing a label does not avoid the evaluation
    fn route_of_update(&self, new: &Pod<'_>, old: Option<&PodTemplate<'_>>, namespace: &Meta) -> Route {
        let certainty = |route: &Route| match route {
            Route::Certain(_) => 2,
            Route::Possible(_) => 1,
            Route::No(_) => 0,
        };
        let new = self.route(new, namespace);
        match old.map(|old| self.route(old.read(), namespace)) {
            Some(old) if certainty(&old) > certainty(&new) => old,
            _ => new,
        }
    }

    /// An evaluation of the requester with a route and no findings yet
    fn new_evaluation(&self, route: Route, verb: Verb) -> Evaluation {
        let is_tentative = matches!(route, Route::Possible(_));
        Evaluation {
            route: Some(route),
            verb: Some(verb),
            stamped: self.person_of_spawner(),
            principal: self.requester(),
            is_tentative,
            ..Evaluation::default()
        }
    }

    /// Whether the control plane itself sent the request
    ///
    /// No node counts: Kubernetes lets nodes end pods and report their status, and nothing else that is judged.
    fn is_from_control_plane(&self) -> bool {
        is_component(self.review.user(), &self.configuration.cluster)
    }

    /// Whether a virtual node sent the request, as one that is not known may be
    fn is_from_virtual_node(&self) -> bool {
        let node = node_name(self.review.user(), self.review.groups());
        let settings = &self.configuration.cluster;
        node.is_some_and(|node| NodeKind::of_name(node, self.cluster, settings) != NodeKind::Real)
    }

    /// Whether the control plane sent the request, the node of this pod among it, but no other node
    fn is_from_control_plane_of(&self, pod: &Pod<'_>) -> bool {
        let (user, groups) = (self.review.user(), self.review.groups());
        is_control_plane_of(pod.node(), user, groups, &self.configuration.cluster)
    }

    pub(crate) fn service_account(&self, pod: &Pod<'_>) -> Option<Arc<Meta>> {
        self.cluster
            .service_account(self.review.namespace(), pod.service_account())
    }
}

/// The verb: update for a stored pod, create for everything that makes new pods
fn verb(reviewed: &ReviewedTemplate<'_>) -> Verb {
    // A changed template makes new pods
    match (reviewed.path.is_whole(), &reviewed.old) {
        (true, Some(_)) => Verb::Update,
        _ => Verb::Create,
    }
}
