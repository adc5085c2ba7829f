//! Reading of pods on ECI, judged by an authorization webhook.
//!
//! ```text
//! body -> Review -> Question -> Route -> Call -> eci_calls::evaluate -> Finding -> reply
//! ```
//!
//! It denies or has no opinion, and never allows: what may be read is RBAC's to say, and RAM can only take away. It is
//! as pure as [`admission`](crate::admission): what the cluster holds is given, and so is the time.

mod court;
mod filter;
mod finding;
mod question;
mod reply;
mod review;
mod ruling;
mod who;
mod words;

#[cfg(test)]
mod tests;

pub use question::{Deed, Question, Selected};
pub use reply::{Answer, malformed, refuse, unready};
pub use review::{Attributes, Requirement, Review, ReviewError, Selector};
pub use who::Exempt;

use jiff::Timestamp;

use crate::admission::pod::Pod;
use crate::admission::{Cluster, Modes, NodeKind};
use crate::directory::Configuration;

/// A review with everything that it is judged by
#[derive(Clone, Copy)]
pub struct Case<'a> {
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
pub enum Sight<'a> {
    /// It is this, as JSON
    Pod(&'a str),
    /// There is none
    Absent,
    /// It could not be read, so it may be anything
    Unread,
}

impl Case<'_> {
    /// Namespace and name of the pod that must be read before the review is judged
    pub fn pod(&self) -> Option<(&str, &str)> {
        let question = self.question()?;
        question.namespace.zip(question.name)
    }

    /// The namespace that should be read live before the review is judged, because no watch has shown it so far
    pub fn unread_namespace(&self) -> Option<&str> {
        let namespace = self.question()?.namespace?;
        self.cluster.namespace(namespace).is_none().then_some(namespace)
    }

    /// The node that should be read live before the review is judged: the pod's, or the one that is selected
    pub fn unread_node(&self, sight: Sight<'_>) -> Option<String> {
        let of_pod = match sight {
            Sight::Pod(json) => Pod::parse(json)
                .ok()
                .and_then(|pod| pod.node().map(str::to_owned)),
            Sight::Absent | Sight::Unread => None,
        };
        let selected = || self.question()?.selected.node.map(str::to_owned);
        of_pod
            .or_else(selected)
            .filter(|node| self.cluster.node(node) == NodeKind::Unknown)
    }
}
