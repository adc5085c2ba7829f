//! Namespaces and requesters that the authorization webhook never denies.

use crate::authorization::pod_read::PodRead;
use crate::authorization::requester::{KUBE_SYSTEM, service_account_namespace};
use crate::authorization::subject_access_review::SubjectAccessReview;
use crate::config::ClusterSettings;
use crate::kubernetes::control_plane::is_control_plane;

/// The group that no authorizer restricts
const MASTERS: &str = "system:masters";

/// Namespaces and requesters that are never denied
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Exemptions {
    /// The namespace that ramgate runs in, if it runs in a cluster
    pub own: Option<String>,
}

impl Exemptions {
    /// Whether a read is exempt, by its namespace or by its requester
    pub(crate) fn cover(
        &self,
        review: &SubjectAccessReview<'_>,
        read: &PodRead<'_>,
        settings: &ClusterSettings,
    ) -> bool {
        read.namespace
            .is_some_and(|namespace| self.covers_namespace(namespace))
            || self.covers_requester(review, settings)
    }

    fn covers_namespace(&self, namespace: &str) -> bool {
        namespace == KUBE_SYSTEM || self.is_own(namespace)
    }

    /// Whether the requester is the control plane, ramgate itself, or in `system:masters`
    ///
    /// ramgate reads pods to answer a review. If its own reads were reviewed, each would cause another read.
    fn covers_requester(&self, review: &SubjectAccessReview<'_>, settings: &ClusterSettings) -> bool {
        service_account_namespace(review.user()).is_some_and(|namespace| self.is_own(namespace))
            || review.groups().any(|group| group == MASTERS)
            || is_control_plane(review.user(), review.groups(), settings)
    }

    fn is_own(&self, namespace: &str) -> bool {
        self.own.as_deref() == Some(namespace)
    }
}
