//! Reading of pods on ECI, judged by an authorization webhook.
//!
//! ```text
//! body -> Review -> Question -> Route -> Call -> eci_calls::evaluate -> Finding -> reply
//! ```
//!
//! It denies or has no opinion, and never allows: what may be read is RBAC's to say, and RAM can only take away. It is
//! as pure as [`admission`](crate::admission): what the cluster holds is given, and so is the time.

pub(crate) mod filter;
pub(crate) mod finding;
pub(crate) mod question;
pub(crate) mod reply;
pub(crate) mod requester;
pub(crate) mod review;
pub(crate) mod ruling;
pub(crate) mod selector_advice;
pub(crate) mod words;

pub(crate) use crate::authorization::reply::{Answer, malformed, refuse, unready};
pub(crate) use crate::authorization::requester::Exempt;
pub(crate) use crate::authorization::review::{Review, ReviewError};

use jiff::Timestamp;

use crate::admission::Modes;
use crate::config::Configuration;
use crate::kubernetes::cluster::Cluster;
use crate::kubernetes::pod::Pod;

/// A review with everything that it is judged by
#[derive(Clone, Copy)]
pub(crate) struct Case<'a> {
    /// The review
    pub review: &'a Review<'a>,
    /// The configuration
    pub configuration: &'a Configuration,
    /// The cluster
    pub cluster: &'a dyn Cluster,
    /// What a denial does in which namespace
    pub modes: &'a Modes,
    /// Namespaces that are never judged
    pub exempt: &'a Exempt,
    /// The time
    pub now: Timestamp,
}

/// What is known of the pod that a review names
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sight<'a> {
    /// It is this, as JSON
    Pod(&'a str),
    /// There is none
    Absent,
    /// It could not be read, so it may be anything
    Unread,
}

impl Case<'_> {
    /// Namespace and name of the pod that must be read before the review is judged
    pub(crate) fn pod(&self) -> Option<(&str, &str)> {
        let question = self.question()?;
        question.namespace.zip(question.name)
    }

    /// The namespace that should be read live before the review is judged, because no watch has shown it so far
    pub(crate) fn unread_namespace(&self) -> Option<&str> {
        let namespace = self.question()?.namespace?;
        self.cluster.namespace(namespace).is_none().then_some(namespace)
    }

    /// The node that should be read live before the review is judged: the pod's, or the one that is selected
    pub(crate) fn unread_node(&self, read_pod: Sight<'_>) -> Option<String> {
        let of_pod = match read_pod {
            Sight::Pod(json) => Pod::parse(json)
                .ok()
                .and_then(|pod| pod.node().map(str::to_owned)),
            Sight::Absent | Sight::Unread => None,
        };
        let selected = || self.question()?.selected.node.map(str::to_owned);
        of_pod
            .or_else(selected)
            .filter(|node| self.cluster.node(node).is_none())
    }
}

#[cfg(test)]
mod tests;
