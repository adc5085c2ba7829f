//! A review with everything that decides it, and the objects to read before it is evaluated.

use jiff::Timestamp;

use crate::admission::Modes;
use crate::authorization::exemptions::Exemptions;
use crate::authorization::pod_lookup::PodLookup;
use crate::authorization::pod_read::{PodRead, Verb};
use crate::authorization::requester::Requester;
use crate::authorization::subject_access_review::SubjectAccessReview;
use crate::config::Configuration;
use crate::kubernetes::cluster::Cluster;
use crate::kubernetes::pod::Pod;

/// A review with everything that decides it
#[derive(Clone, Copy)]
pub(crate) struct ReviewContext<'a> {
    /// The review
    pub review: &'a SubjectAccessReview<'a>,
    /// The configuration
    pub configuration: &'a Configuration,
    /// The cluster
    pub cluster: &'a dyn Cluster,
    /// The effect of a denial in each namespace
    pub modes: &'a Modes,
    /// Namespaces and requesters that are never denied
    pub exemptions: &'a Exemptions,
    /// The time
    pub now: Timestamp,
}

impl ReviewContext<'_> {
    /// The read of pods that the review asks for; `None` if it is no such read, or nothing is denied to the requester
    pub(crate) fn pod_read(&self) -> Option<PodRead<'_>> {
        let read = PodRead::of(self.review)?;
        let cluster = &self.configuration.cluster;
        let is_deniable = match Requester::of(self.review, self.configuration) {
            Requester::Bound(_) | Requester::UnboundPerson => true,
            // Operators watch pods everywhere, and a cluster in which they cannot is broken
            Requester::UnboundProgram => read.verb == Verb::Log,
            Requester::UnboundAgent => false,
        };
        (is_deniable && !self.exemptions.cover(self.review, &read, cluster)).then_some(read)
    }

    /// Namespace and name of the pod that must be read before the review is evaluated
    pub(crate) fn pod(&self) -> Option<(&str, &str)> {
        let read = self.pod_read()?;
        read.namespace.zip(read.name)
    }

    /// The namespace that should be read live before the review is evaluated, because no watch has delivered it yet
    pub(crate) fn unread_namespace(&self) -> Option<&str> {
        let namespace = self.pod_read()?.namespace?;
        self.cluster.namespace(namespace).is_none().then_some(namespace)
    }

    /// The node that should be read live before the review is evaluated: the pod's, or else the selected one
    pub(crate) fn unread_node(&self, pod: PodLookup<'_>) -> Option<String> {
        let of_pod = match pod {
            PodLookup::Found(json) => Pod::parse(json)
                .ok()
                .and_then(|pod| pod.node().map(str::to_owned)),
            PodLookup::Absent | PodLookup::Unread => None,
        };
        let selected = || self.pod_read()?.selection.node.map(str::to_owned);
        of_pod
            .or_else(selected)
            .filter(|node| self.cluster.node(node).is_none())
    }
}
