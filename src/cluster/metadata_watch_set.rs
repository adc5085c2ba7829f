//! The watches of namespaces, nodes and service accounts, as far as the configuration in force reads them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use k8s_openapi::api::core::v1::{Namespace, Node, ServiceAccount};

use crate::cluster::api::watches::Watches;
use crate::cluster::metadata_filter::{MetadataFilter, MetadataFilters};
use crate::cluster::metadata_watch::MetadataWatch;
use crate::cluster::watched_cluster::WatchedCluster;
use crate::config::Interest;
use crate::config::reload::ObjectWatches;

/// How long a new configuration waits for a list that it reads; the old one stays in force meanwhile
const LIST_TIMEOUT: Duration = Duration::from_secs(5);

const NAMESPACES: &str = "namespaces";
const NODES: &str = "nodes";
const SERVICE_ACCOUNTS: &str = "serviceaccounts";

/// Watches that fill the tables of a [`WatchedCluster`]
///
/// Service accounts are watched only while mapping reads them.
pub(crate) struct MetadataWatchSet {
    watches: Watches,
    cluster: Arc<WatchedCluster>,
    pub(crate) list_timeout: Duration,
    namespaces: Option<MetadataWatch>,
    nodes: Option<MetadataWatch>,
    service_accounts: Option<MetadataWatch>,
}

/// Objects that a configuration reads could not be listed
#[derive(Debug, thiserror::Error)]
#[error("cannot list {kind}: {reason}")]
struct ListError {
    kind: &'static str,
    reason: String,
}

impl MetadataWatchSet {
    /// A set without watches; [`ObjectWatches::list`] starts them
    pub(crate) fn new(watches: Watches, cluster: Arc<WatchedCluster>) -> Self {
        Self {
            watches,
            cluster,
            list_timeout: LIST_TIMEOUT,
            namespaces: None,
            nodes: None,
            service_accounts: None,
        }
    }

    /// Starts the watches that a configuration needs and that do not run yet
    fn start(&mut self, interest: &Interest) {
        let wanted = MetadataFilters::of(interest);
        let (watches, cluster) = (&self.watches, &self.cluster);
        self.namespaces = Some(covering(self.namespaces.take(), wanted.namespaces, |filter| {
            MetadataWatch::start::<Namespace>(watches, NAMESPACES, cluster.namespaces(), filter)
        }));
        self.nodes = Some(covering(self.nodes.take(), wanted.nodes, |filter| {
            MetadataWatch::start::<Node>(watches, NODES, cluster.nodes(), filter)
        }));
        if let Some(wanted) = wanted.service_accounts {
            self.service_accounts = Some(covering(self.service_accounts.take(), wanted, |filter| {
                let table = cluster.service_accounts();
                MetadataWatch::start::<ServiceAccount>(watches, SERVICE_ACCOUNTS, table, filter)
            }));
        }
    }

    /// Waits until all running watches have listed their objects
    async fn listed(&self) -> Result<(), ListError> {
        let running = [
            (NAMESPACES, &self.namespaces),
            (NODES, &self.nodes),
            (SERVICE_ACCOUNTS, &self.service_accounts),
        ];
        for (kind, watch) in running {
            if let Some(watch) = watch {
                let listed = watch.listed(self.list_timeout).await;
                listed.map_err(|reason| ListError { kind, reason })?;
            }
        }
        Ok(())
    }
}

impl ObjectWatches for MetadataWatchSet {
    fn list<'a>(&'a mut self, interest: &'a Interest) -> BoxFuture<'a, Result<(), String>> {
        async {
            self.start(interest);
            self.listed().await.map_err(|error| error.to_string())
        }
        .boxed()
    }

    fn end_unused(&mut self, interest: &Interest) {
        if !interest.service_accounts() && self.service_accounts.take().is_some() {
            self.cluster.service_accounts().clear();
        }
    }
}

impl fmt::Debug for MetadataWatchSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetadataWatchSet")
            .field("cluster", &self.cluster)
            .field("namespaces", &self.namespaces)
            .field("nodes", &self.nodes)
            .field("service_accounts", &self.service_accounts)
            .finish_non_exhaustive()
    }
}

/// The running watch if it keeps all that is wanted, else a new one that keeps what either does
fn covering(
    running: Option<MetadataWatch>,
    wanted: MetadataFilter,
    start: impl FnOnce(MetadataFilter) -> MetadataWatch,
) -> MetadataWatch {
    let filter = match running {
        Some(running) if running.filter.covers(&wanted) => return running,
        // The old watch ends here, before the new one starts, so that two never write to one table
        Some(running) => running.filter.clone().union(wanted),
        None => wanted,
    };
    start(filter)
}
