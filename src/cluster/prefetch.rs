//! What one review needs of the live cluster, fetched before the review is evaluated.

use std::sync::Arc;

use crate::admission::Review;
use crate::admission::review::complete::NamedObjects;
use crate::cluster::view::View;
use crate::config::ClusterSettings;
use crate::kubernetes::cluster::Cluster;
use crate::kubernetes::eci_profile::Profile;
use crate::kubernetes::meta::Meta;
use crate::stamp::Signer;

/// The live cluster during one review, with one set of keys and one eci-profile
#[derive(Debug)]
pub(crate) struct PinnedView<'a> {
    view: &'a View,
    signer: Option<Arc<Signer>>,
    profile: Arc<Profile>,
}

/// Fetches what a review names, does not carry, and no watch has shown
pub(crate) async fn prefetch<'a>(
    view: &'a View,
    settings: &ClusterSettings,
    review: &Review<'_>,
) -> (PinnedView<'a>, NamedObjects) {
    if let Some(namespace) = review.unread_namespace(view) {
        view.read_namespace(namespace).await;
    }
    for node in review.unread_nodes(view) {
        view.read_node(node).await;
    }
    let (namespace, accounts) = review.unread_service_accounts(view);
    for name in accounts {
        view.read_service_account(namespace, name).await;
    }
    if let Some(signer) = view.signer()
        && review.has_unknown_key(signer.ring())
    {
        view.read_keys_again().await;
    }
    let named = named_objects(view, settings, review).await;
    let pinned = PinnedView {
        view,
        signer: view.signer(),
        profile: view.profile(),
    };
    (pinned, named)
}

async fn named_objects(view: &View, settings: &ClusterSettings, review: &Review<'_>) -> NamedObjects {
    let namespace = review.namespace();
    let pod = match review.named_pod(view, settings) {
        Some(name) => view.read_pod(namespace, name).await.object(),
        None => None,
    };
    let workload = match review.named_workload() {
        Some(workload) => {
            let live_read = view.read_workload(workload, namespace, review.name()).await;
            live_read.object()
        }
        None => None,
    };
    NamedObjects { pod, workload }
}

impl Cluster for PinnedView<'_> {
    fn namespace(&self, name: &str) -> Option<Arc<Meta>> {
        self.view.namespace(name)
    }

    fn service_account(&self, namespace: &str, name: &str) -> Option<Arc<Meta>> {
        self.view.service_account(namespace, name)
    }

    fn node(&self, name: &str) -> Option<Arc<Meta>> {
        self.view.node(name)
    }

    fn signer(&self) -> Option<Arc<Signer>> {
        self.signer.clone()
    }

    fn sends(&self, group: &str, resource: &str) -> bool {
        self.view.sends(group, resource)
    }

    fn profile(&self) -> Arc<Profile> {
        Arc::clone(&self.profile)
    }
}
