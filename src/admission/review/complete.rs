//! A review that can be evaluated: it has every object that its evaluation needs.

use std::ops::Deref;
use std::sync::Arc;

use crate::admission::review::Review;
use crate::config::ClusterSettings;
use crate::kubernetes::cluster::Cluster;
use crate::kubernetes::snapshot::ClusterSnapshot;

/// The objects that a review names without carrying them, as JSON; `None` if the review names none or it is not there
#[derive(Clone, Debug, Default)]
pub struct NamedObjects {
    /// The pod of a connection, an eviction or a Binding
    pub pod: Option<Arc<str>>,
    /// The workload of a request that scales up
    pub workload: Option<Arc<str>>,
    /// The pod that the token of a spawner is bound to
    pub token_pod: TokenPodRead,
    /// The owner of what a listed controller makes
    pub owner: OwnerRead,
}

/// The read of the pod that a requester's token is bound to
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum TokenPodRead {
    /// Nothing depends on it
    #[default]
    NotNeeded,
    /// There is no such pod
    Absent,
    /// The read failed, so that the pod may be anything
    Unread,
    /// The pod, as JSON
    Found(Arc<str>),
}

/// The read of the owner of what a listed controller makes
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum OwnerRead {
    /// Nothing depends on it
    #[default]
    NotNeeded,
    /// There is no such owner
    Absent,
    /// The read failed, so that the owner may be anything
    Unread,
    /// Nobody gave the owner to a program without a cluster, so it counts as the right one
    Assumed,
    /// The owner, as JSON
    Found(Arc<str>),
}

impl NamedObjects {
    /// The bytes of all of them
    pub(crate) fn bytes(&self) -> usize {
        let token_pod = match &self.token_pod {
            TokenPodRead::Found(pod) => Some(pod),
            TokenPodRead::NotNeeded | TokenPodRead::Absent | TokenPodRead::Unread => None,
        };
        let owner = match &self.owner {
            OwnerRead::Found(owner) => Some(owner),
            OwnerRead::NotNeeded | OwnerRead::Absent | OwnerRead::Unread | OwnerRead::Assumed => None,
        };
        let all = [self.pod.as_ref(), self.workload.as_ref(), token_pod, owner];
        all.into_iter()
            .flatten()
            .map(|object| object.len())
            .fold(0, usize::saturating_add)
    }

    /// Looks the objects that a review names up in a snapshot
    pub fn from_snapshot(
        review: &Review<'_>,
        snapshot: &ClusterSnapshot,
        cluster: &dyn Cluster,
        settings: &ClusterSettings,
    ) -> Self {
        let namespace = review.namespace();
        Self {
            pod: review
                .named_pod(cluster, settings)
                .and_then(|name| snapshot.pod(namespace, name)),
            workload: review
                .named_workload()
                .and_then(|workload| snapshot.workload(workload, namespace, review.name())),
            token_pod: match review.unread_token_pod(cluster, settings) {
                Some(name) => snapshot
                    .pod(namespace, &name)
                    .map_or(TokenPodRead::Absent, TokenPodRead::Found),
                None => TokenPodRead::NotNeeded,
            },
            owner: match review.unread_owner(settings) {
                Some(owner) => snapshot
                    .listed_object(owner.kind(), namespace, owner.name())
                    .map_or(OwnerRead::Assumed, OwnerRead::Found),
                None => OwnerRead::NotNeeded,
            },
        }
    }
}

/// A review together with the objects that it names
///
/// Only this type is evaluated. A parsed [`Review`] alone cannot be evaluated.
#[derive(Clone, Debug)]
pub struct CompleteReview<'a> {
    review: &'a Review<'a>,
    named: NamedObjects,
}

impl<'a> CompleteReview<'a> {
    /// Completes a review by the objects that were fetched for it
    pub fn new(review: &'a Review<'a>, named: NamedObjects) -> Self {
        Self { review, named }
    }

    /// The pod that the review names
    pub(crate) fn pod(&self) -> Option<&str> {
        self.named.pod.as_deref()
    }

    /// The pod that the requester's token is bound to, as it is now
    pub(crate) fn token_pod_read(&self) -> &TokenPodRead {
        &self.named.token_pod
    }

    /// The owner of what a listed controller makes, as it is now
    pub(crate) fn owner_read(&self) -> &OwnerRead {
        &self.named.owner
    }

    /// The workload that the review names
    pub(crate) fn workload(&self) -> Option<&str> {
        self.named.workload.as_deref()
    }
}

impl<'a> Deref for CompleteReview<'a> {
    type Target = Review<'a>;

    fn deref(&self) -> &Review<'a> {
        self.review
    }
}
