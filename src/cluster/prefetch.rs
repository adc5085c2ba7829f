//! Reads the objects of the live cluster that one review needs, before the review is evaluated.

use std::sync::Arc;

use crate::admission::Review;
use crate::admission::review::complete::{NamedObjects, OwnerRead, TokenPodRead};
use crate::cluster::live_objects::LiveRead;
use crate::cluster::watched_cluster::WatchedCluster;
use crate::config::ClusterSettings;
use crate::kubernetes::cluster::Cluster;
use crate::kubernetes::eci_profile::Profile;
use crate::kubernetes::meta::Meta;
use crate::stamp::Signer;

/// The live cluster during one review, with one set of keys and one eci-profile
#[derive(Debug)]
pub(crate) struct PinnedCluster<'a> {
    cluster: &'a WatchedCluster,
    signer: Option<Arc<Signer>>,
    profile: Arc<Profile>,
}

/// Reads the objects that a review names but does not contain, and that no watch has shown yet
pub(crate) async fn prefetch<'a>(
    cluster: &'a WatchedCluster,
    settings: &ClusterSettings,
    review: &Review<'_>,
) -> (PinnedCluster<'a>, NamedObjects) {
    if let Some(namespace) = review.unread_namespace(cluster) {
        cluster.read_namespace(namespace).await;
    }
    for node in review.unread_nodes(cluster) {
        cluster.read_node(node).await;
    }
    let (namespace, accounts) = review.unread_service_accounts(cluster);
    for name in accounts {
        cluster.read_service_account(namespace, name).await;
    }
    if let Some(signer) = cluster.signer()
        && review.has_unknown_key(signer.ring())
    {
        cluster
            .read_keys_again(|ring| !review.has_unknown_key(ring))
            .await;
    }
    let named = named_objects(cluster, settings, review).await;
    let pinned = PinnedCluster {
        cluster,
        signer: cluster.signer(),
        profile: cluster.profile(),
    };
    (pinned, named)
}

async fn named_objects(
    cluster: &WatchedCluster,
    settings: &ClusterSettings,
    review: &Review<'_>,
) -> NamedObjects {
    let namespace = review.namespace();
    let pod = match review.named_pod(cluster, settings) {
        Some(name) => cluster.read_pod(namespace, name).await.object(),
        None => None,
    };
    let workload = match review.named_workload() {
        Some(workload) => {
            let live_read = cluster.read_workload(workload, namespace, review.name()).await;
            live_read.object()
        }
        None => None,
    };
    let token_pod = match review.unread_token_pod(cluster, settings) {
        Some(name) => match cluster.read_pod(namespace, &name).await {
            LiveRead::Object(json) => TokenPodRead::Found(json),
            LiveRead::Absent => TokenPodRead::Absent,
            LiveRead::Unread => TokenPodRead::Unread,
        },
        None => TokenPodRead::NotNeeded,
    };
    let owner = match review.unread_owner(settings) {
        Some(owner) => {
            let (_, resource) = owner.group_resource();
            let kind = (owner.api_version(), resource);
            match cluster.read_custom(kind, namespace, owner.name()).await {
                LiveRead::Object(json) => OwnerRead::Found(json),
                LiveRead::Absent => OwnerRead::Absent,
                LiveRead::Unread => OwnerRead::Unread,
            }
        }
        None => OwnerRead::NotNeeded,
    };
    NamedObjects {
        pod,
        workload,
        token_pod,
        owner,
    }
}

impl Cluster for PinnedCluster<'_> {
    fn namespace(&self, name: &str) -> Option<Arc<Meta>> {
        self.cluster.namespace(name)
    }

    fn service_account(&self, namespace: &str, name: &str) -> Option<Arc<Meta>> {
        self.cluster.service_account(namespace, name)
    }

    fn node(&self, name: &str) -> Option<Arc<Meta>> {
        self.cluster.node(name)
    }

    fn signer(&self) -> Option<Arc<Signer>> {
        self.signer.clone()
    }

    fn sends(&self, group: &str, resource: &str) -> bool {
        self.cluster.sends(group, resource)
    }

    fn profile(&self) -> Arc<Profile> {
        Arc::clone(&self.profile)
    }
}
