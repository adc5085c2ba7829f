//! The watches of what surrounds a pod; they cover exactly what the configuration in force reads.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Namespace, Node, ServiceAccount};

use crate::cluster::api::watches::Watches;
use crate::cluster::metadata_table::{KeyFilter, MetadataFilter};
use crate::cluster::metadata_watch::MetadataWatch;
use crate::cluster::watched_cluster::WatchedCluster;
use crate::config::Interest;

/// How long a new set waits for the lists that it reads; the old one stays in force meanwhile
const PATIENCE: Duration = Duration::from_secs(5);

/// Watches of namespaces and nodes, and of service accounts while mapping reads them
pub(crate) struct MetadataWatchSet {
    watches: Watches,
    view: Arc<WatchedCluster>,
    pub(crate) patience: Duration,
    namespaces: Option<MetadataWatch>,
    nodes: Option<MetadataWatch>,
    service_accounts: Option<MetadataWatch>,
}

/// Objects that a configuration reads could not be listed
#[derive(Debug, thiserror::Error)]
#[error("cannot list {kind}: {reason}")]
pub(crate) struct CoverError {
    kind: &'static str,
    reason: String,
}

impl MetadataWatchSet {
    /// No watches yet; they fill this view
    pub(crate) fn new(watches: Watches, view: Arc<WatchedCluster>) -> Self {
        Self {
            watches,
            view,
            patience: PATIENCE,
            namespaces: None,
            nodes: None,
            service_accounts: None,
        }
    }

    /// Sees to it that everything a configuration reads is there before it comes into force
    ///
    /// # Errors
    /// What could not be listed in time; the watch goes on trying
    pub(crate) async fn cover(&mut self, interest: &Interest) -> Result<(), CoverError> {
        let wanted = MetadataFilters::of(interest);
        let (watches, view) = (&self.watches, &self.view);
        let start = |keep| MetadataWatch::start::<Namespace>(watches, NAMESPACES, view.namespaces(), keep);
        ensure(&mut self.namespaces, wanted.namespaces, start);
        let start = |keep| MetadataWatch::start::<Node>(watches, NODES, view.nodes(), keep);
        ensure(&mut self.nodes, wanted.nodes, start);
        if let Some(keep) = wanted.service_accounts {
            let start = |keep| {
                MetadataWatch::start::<ServiceAccount>(
                    watches,
                    SERVICE_ACCOUNTS,
                    view.service_accounts(),
                    keep,
                )
            };
            ensure(&mut self.service_accounts, keep, start);
        }
        let follows = [
            (NAMESPACES, &self.namespaces),
            (NODES, &self.nodes),
            (SERVICE_ACCOUNTS, &self.service_accounts),
        ];
        for (kind, follow) in follows {
            if let Some(follow) = follow {
                follow
                    .listed(self.patience)
                    .await
                    .map_err(|reason| CoverError { kind, reason })?;
            }
        }
        Ok(())
    }

    /// Ends watches that the configuration in force does not read
    pub(crate) fn release(&mut self, interest: &Interest) {
        if !interest.service_accounts() && self.service_accounts.take().is_some() {
            self.view.service_accounts().clear();
        }
    }
}

impl fmt::Debug for MetadataWatchSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetadataWatchSet")
            .field("view", &self.view)
            .field("namespaces", &self.namespaces)
            .field("nodes", &self.nodes)
            .field("service_accounts", &self.service_accounts)
            .finish_non_exhaustive()
    }
}

const NAMESPACES: &str = "namespaces";
const NODES: &str = "nodes";
const SERVICE_ACCOUNTS: &str = "serviceaccounts";

/// What to keep of each kind for an interest
pub(crate) struct MetadataFilters {
    pub(crate) namespaces: MetadataFilter,
    pub(crate) nodes: MetadataFilter,
    pub(crate) service_accounts: Option<MetadataFilter>,
}

impl MetadataFilters {
    pub(crate) fn of(interest: &Interest) -> Self {
        let only = |keys: &std::collections::BTreeSet<String>| KeyFilter::Only(keys.clone());
        Self {
            namespaces: MetadataFilter {
                labels: KeyFilter::All,
                annotations: only(&interest.namespace_annotations),
            },
            nodes: MetadataFilter {
                labels: only(&interest.node_labels),
                annotations: KeyFilter::Only(Default::default()),
            },
            service_accounts: interest.service_accounts().then(|| MetadataFilter {
                labels: only(&interest.service_account_labels),
                annotations: only(&interest.service_account_annotations),
            }),
        }
    }
}

/// Starts a watch, or starts it again with more keys, if it does not keep what is wanted
fn ensure(
    follow: &mut Option<MetadataWatch>,
    wanted: MetadataFilter,
    start: impl FnOnce(MetadataFilter) -> MetadataWatch,
) {
    let keep = match follow.take() {
        Some(running) if running.keep.covers(&wanted) => {
            *follow = Some(running);
            return;
        }
        // The old watch ends before the new one starts, so that they never write to one table
        Some(running) => running.keep.clone().union(wanted),
        None => wanted,
    };
    *follow = Some(start(keep));
}
