//! The cluster as one review sees it: what the watches show, and the objects that were read live for it.

use std::sync::Arc;

use crate::admission::Review;
use crate::cluster::view::{View, ViewBy};
use crate::config::Configuration;
use crate::kubernetes::cluster::{Cluster, Meta, NodeKind};
use crate::kubernetes::eci_profile::Profile;
use crate::kubernetes::workload::Workload;
use crate::stamp::Signer;

/// What is known when a review is judged
///
/// Everything that can change meanwhile is taken once: a review is judged by one configuration, one set of keys and one
/// eci-profile.
#[derive(Debug)]
pub(crate) struct Seen<'a> {
    view: ViewBy<'a>,
    signer: Option<Arc<Signer>>,
    profile: Arc<Profile>,
    pod: Option<Arc<str>>,
    workload: Option<Arc<str>>,
}

impl<'a> Seen<'a> {
    /// Reads live what a review names and neither brings nor any watch has shown
    pub(crate) async fn by(view: &'a View, configuration: &'a Configuration, review: &Review<'_>) -> Self {
        let by = view.by(configuration);
        if let Some(namespace) = review.unread_namespace(&by) {
            view.read_namespace(namespace).await;
        }
        for node in review.unread_nodes(&by) {
            view.read_node(node).await;
        }
        let (namespace, accounts) = review.unread_service_accounts(&by);
        for name in accounts {
            view.read_service_account(namespace, name).await;
        }
        if let Some(signer) = by.signer()
            && review.has_unknown_key(signer.ring())
        {
            view.read_keys_again().await;
        }
        let namespace = review.namespace();
        let pod = match review.unread_pod(&by) {
            Some(name) => view.read_pod(namespace, name).await.object(),
            None => None,
        };
        let workload = match review.unread_workload() {
            Some(workload) => {
                let live_read = view.read_workload(workload, namespace, review.name()).await;
                live_read.object()
            }
            None => None,
        };
        Self {
            signer: by.signer(),
            profile: by.profile(),
            view: by,
            pod,
            workload,
        }
    }
}

/// Of pods and workloads only the ones that the review names are ever asked for
impl Cluster for Seen<'_> {
    fn namespace(&self, name: &str) -> Option<Arc<Meta>> {
        self.view.namespace(name)
    }

    fn service_account(&self, namespace: &str, name: &str) -> Option<Arc<Meta>> {
        self.view.service_account(namespace, name)
    }

    fn node(&self, name: &str) -> NodeKind {
        self.view.node(name)
    }

    fn pod(&self, _namespace: &str, _name: &str) -> Option<Arc<str>> {
        self.pod.clone()
    }

    fn workload(&self, _workload: Workload, _namespace: &str, _name: &str) -> Option<Arc<str>> {
        self.workload.clone()
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
