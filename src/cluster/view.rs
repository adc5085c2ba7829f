//! What the cluster holds, for whoever judges pods: looked up in memory, read live only on demand.

use std::sync::Arc;

use k8s_openapi::api::core::v1::{Namespace, Node, ServiceAccount};
use kube::Client;

use crate::cluster::key_store::KeyStore;
use crate::cluster::live::Live;
use crate::cluster::live_objects::{LiveRead, LiveReader};
use crate::cluster::profile::LiveProfile;
use crate::cluster::rules::Rules;
use crate::cluster::surroundings::Wanted;
use crate::cluster::table::Table;
use crate::config::store::Store;
use crate::kubernetes::cluster::Cluster;
use crate::kubernetes::eci_profile::Profile;
use crate::kubernetes::meta::Meta;
use crate::kubernetes::node_kind::NodeKind;
use crate::kubernetes::workload::Workload;
use crate::stamp::Signer;

/// The cluster as the watches show it, with the live reads of the last second
pub(crate) struct View {
    client: Client,
    store: Arc<Store>,
    namespaces: Arc<Table>,
    nodes: Arc<Table>,
    service_accounts: Arc<Table>,
    live_namespaces: Live,
    live_nodes: Live,
    live_service_accounts: Live,
    live_objects: LiveReader,
    keys: Option<Arc<KeyStore>>,
    rules: Option<Arc<Rules>>,
    profile: Option<Arc<LiveProfile>>,
}

/// What of the cluster is followed beside the objects that surround pods
#[derive(Clone, Debug, Default)]
pub(crate) struct Followed {
    /// The keys of the stamps
    pub keys: Option<Arc<KeyStore>>,
    /// The webhook configurations
    pub rules: Option<Arc<Rules>>,
    /// ACK's eci-profile
    pub profile: Option<Arc<LiveProfile>>,
}

impl View {
    /// A view that is empty until [`Surroundings`](crate::cluster::Surroundings) fill it; the store says which nodes are virtual
    pub(crate) fn new(client: Client, store: Arc<Store>, followed: Followed) -> Self {
        Self {
            client,
            store,
            namespaces: Arc::default(),
            nodes: Arc::default(),
            service_accounts: Arc::default(),
            live_namespaces: Live::new("namespaces"),
            live_nodes: Live::new("nodes"),
            live_service_accounts: Live::new("service accounts"),
            live_objects: LiveReader::default(),
            keys: followed.keys,
            rules: followed.rules,
            profile: followed.profile,
        }
    }

    /// Reads a node that no watch has shown so far, so that [`Cluster::node`] knows it for the next second
    pub(crate) async fn read_node(&self, name: &str) {
        if let Some(Wanted { nodes, .. }) = self.wanted() {
            self.live_nodes.read::<Node>(&self.client, name, &nodes).await;
        }
    }

    /// Reads a namespace that no watch has shown so far, so that [`Cluster::namespace`] knows it for the next second
    pub(crate) async fn read_namespace(&self, name: &str) {
        if let Some(Wanted { namespaces, .. }) = self.wanted() {
            let live = &self.live_namespaces;
            live.read::<Namespace>(&self.client, name, &namespaces).await;
        }
    }

    /// Reads a service account that no watch has shown so far, if mapping reads service accounts at all
    pub(crate) async fn read_service_account(&self, namespace: &str, name: &str) {
        let keep = self.wanted().and_then(|wanted| wanted.service_accounts);
        if let Some(keep) = keep {
            let live = &self.live_service_accounts;
            live.read_in::<ServiceAccount>(&self.client, namespace, name, &keep)
                .await;
        }
    }

    /// What the configuration in force reads; without one there is nothing to be judged
    fn wanted(&self) -> Option<Wanted> {
        let configuration = self.store.current()?;
        Some(Wanted::of(&configuration.interest()))
    }

    /// Reads a whole pod, which is not remembered
    pub(crate) async fn read_pod(&self, namespace: &str, name: &str) -> LiveRead {
        self.live_objects.pod(&self.client, namespace, name).await
    }

    /// Reads a whole workload, which is not remembered
    pub(crate) async fn read_workload(&self, workload: Workload, namespace: &str, name: &str) -> LiveRead {
        self.live_objects
            .workload(&self.client, workload, namespace, name)
            .await
    }

    /// Reads the keys of the stamps again
    pub(crate) async fn read_keys_again(&self) {
        if let Some(keys) = &self.keys {
            keys.read_again().await;
        }
    }

    /// Names of virtual nodes that fit a pattern
    pub(crate) fn virtual_nodes(&self, fits: impl Fn(&str) -> bool) -> Vec<String> {
        let Some(configuration) = self.store.current() else {
            return Vec::new();
        };
        let settings = &configuration.cluster;
        let is_virtual = |meta: &Meta| NodeKind::of(&meta.labels, settings) == NodeKind::Virtual;
        self.nodes.names(|name, meta| fits(name) && is_virtual(meta))
    }

    pub(crate) fn namespaces(&self) -> Arc<Table> {
        Arc::clone(&self.namespaces)
    }

    pub(crate) fn nodes(&self) -> Arc<Table> {
        Arc::clone(&self.nodes)
    }

    pub(crate) fn service_accounts(&self) -> Arc<Table> {
        Arc::clone(&self.service_accounts)
    }
}

/// What the watches show, else what a live read found within the last second
impl Cluster for View {
    fn namespace(&self, name: &str) -> Option<Arc<Meta>> {
        self.namespaces
            .find(name)
            .or_else(|| self.live_namespaces.find(name))
    }

    fn service_account(&self, namespace: &str, name: &str) -> Option<Arc<Meta>> {
        let key = format!("{namespace}/{name}");
        self.service_accounts
            .find(&key)
            .or_else(|| self.live_service_accounts.find(&key))
    }

    fn node(&self, name: &str) -> Option<Arc<Meta>> {
        self.nodes.find(name).or_else(|| self.live_nodes.find(name))
    }

    fn signer(&self) -> Option<Arc<Signer>> {
        self.keys.as_ref()?.signer()
    }

    fn sends(&self, group: &str, resource: &str) -> bool {
        let rules = self.rules.as_ref();
        rules.is_some_and(|rules| rules.sends(group, resource))
    }

    fn profile(&self) -> Arc<Profile> {
        let profile = self.profile.as_ref();
        profile.map_or_else(Arc::default, |profile| profile.current())
    }
}

impl std::fmt::Debug for View {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("View")
            .field("namespaces", &self.namespaces.len())
            .field("nodes", &self.nodes.len())
            .field("service_accounts", &self.service_accounts.len())
            .finish_non_exhaustive()
    }
}
