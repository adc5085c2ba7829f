//! The live cluster as decisions see it: lookups in memory, and live reads of single objects on request.

use std::fmt;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{Namespace, Node, ServiceAccount};
use kube::Client;

use crate::cluster::key_store::KeyStore;
use crate::cluster::live_eci_profile::LiveEciProfile;
use crate::cluster::live_metadata::MetadataReader;
use crate::cluster::live_objects::{LiveRead, ObjectReader};
use crate::cluster::metadata_filter::MetadataFilters;
use crate::cluster::metadata_table::MetadataTable;
use crate::cluster::webhook_watch::WebhookWatch;
use crate::config::store::Store;
use crate::kubernetes::cluster::Cluster;
use crate::kubernetes::eci_profile::Profile;
use crate::kubernetes::meta::Meta;
use crate::kubernetes::node_kind::NodeKind;
use crate::kubernetes::workload::Workload;
use crate::stamp::{KeyRing, Signer};

/// The cluster as the watches show it, with the live reads of the last second
pub(crate) struct WatchedCluster {
    client: Client,
    store: Arc<Store>,
    namespaces: KnownMetadata,
    nodes: KnownMetadata,
    service_accounts: KnownMetadata,
    object_reader: ObjectReader,
    followed: FollowedObjects,
}

/// The single objects that are followed beside namespaces, nodes and service accounts
#[derive(Clone, Debug, Default)]
pub(crate) struct FollowedObjects {
    /// The Secret with the keys of the stamps
    pub key_store: Option<Arc<KeyStore>>,
    /// The webhook configurations
    pub webhooks: Option<Arc<WebhookWatch>>,
    /// ACK's eci-profile
    pub eci_profile: Option<Arc<LiveEciProfile>>,
}

/// Metadata of the objects of one kind
struct KnownMetadata {
    watched: Arc<MetadataTable>,
    read: MetadataReader,
}

impl KnownMetadata {
    fn new(kind: &'static str) -> Self {
        Self {
            watched: Arc::default(),
            read: MetadataReader::new(kind),
        }
    }

    /// What the watch shows, else what a live read found within the last second
    fn find(&self, key: &str) -> Option<Arc<Meta>> {
        self.watched.find(key).or_else(|| self.read.find(key))
    }
}

impl WatchedCluster {
    /// A cluster without objects until a [`MetadataWatchSet`](crate::cluster::MetadataWatchSet) fills its tables
    ///
    /// The store holds the configuration, which defines which nodes are virtual.
    pub(crate) fn new(client: Client, store: Arc<Store>, followed: FollowedObjects) -> Self {
        Self {
            client,
            store,
            namespaces: KnownMetadata::new("namespaces"),
            nodes: KnownMetadata::new("nodes"),
            service_accounts: KnownMetadata::new("service accounts"),
            object_reader: ObjectReader::default(),
            followed,
        }
    }

    /// Reads a node that no watch has shown yet, so that [`Cluster::node`] finds it for the next second
    pub(crate) async fn read_node(&self, name: &str) {
        if let Some(MetadataFilters { nodes, .. }) = self.filters() {
            self.nodes.read.read::<Node>(&self.client, name, &nodes).await;
        }
    }

    /// Reads a namespace that no watch has shown yet, so that [`Cluster::namespace`] finds it for the next second
    pub(crate) async fn read_namespace(&self, name: &str) {
        if let Some(MetadataFilters { namespaces, .. }) = self.filters() {
            let reader = &self.namespaces.read;
            reader.read::<Namespace>(&self.client, name, &namespaces).await;
        }
    }

    /// Reads a service account that no watch has shown yet, if mapping reads service accounts at all
    pub(crate) async fn read_service_account(&self, namespace: &str, name: &str) {
        let filter = self.filters().and_then(|filters| filters.service_accounts);
        if let Some(filter) = filter {
            let reader = &self.service_accounts.read;
            reader
                .read_namespaced::<ServiceAccount>(&self.client, namespace, name, &filter)
                .await;
        }
    }

    /// The filters of the configuration in force; `None` if there is none, and then nothing is evaluated
    fn filters(&self) -> Option<MetadataFilters> {
        let configuration = self.store.current()?;
        Some(MetadataFilters::of(&configuration.interest()))
    }

    /// Reads a whole pod; the answer is not kept
    pub(crate) async fn read_pod(&self, namespace: &str, name: &str) -> LiveRead {
        self.object_reader.pod(&self.client, namespace, name).await
    }

    /// Reads a whole workload; the answer is not kept
    pub(crate) async fn read_workload(&self, workload: Workload, namespace: &str, name: &str) -> LiveRead {
        self.object_reader
            .workload(&self.client, workload, namespace, name)
            .await
    }

    /// Reads an object of a custom kind; the answer is not kept
    pub(crate) async fn read_custom(&self, kind: (&str, &str), namespace: &str, name: &str) -> LiveRead {
        self.object_reader
            .custom(&self.client, kind, namespace, name)
            .await
    }

    /// Reads the keys of the stamps again, until they are what is needed, or nothing newer is there
    pub(crate) async fn read_keys_again(&self, is_known: impl Fn(&KeyRing) -> bool) {
        if let Some(key_store) = &self.followed.key_store {
            key_store.read_again(is_known).await;
        }
    }

    /// The names of the virtual nodes whose name matches
    pub(crate) fn virtual_nodes(&self, matches: impl Fn(&str) -> bool) -> Vec<String> {
        let Some(configuration) = self.store.current() else {
            return Vec::new();
        };
        let settings = &configuration.cluster;
        let is_virtual = |meta: &Meta| NodeKind::of(&meta.labels, settings) == NodeKind::Virtual;
        let nodes = &self.nodes.watched;
        nodes.names(|name, meta| matches(name) && is_virtual(meta))
    }

    pub(super) fn namespaces(&self) -> Arc<MetadataTable> {
        Arc::clone(&self.namespaces.watched)
    }

    pub(super) fn nodes(&self) -> Arc<MetadataTable> {
        Arc::clone(&self.nodes.watched)
    }

    pub(super) fn service_accounts(&self) -> Arc<MetadataTable> {
        Arc::clone(&self.service_accounts.watched)
    }
}

impl Cluster for WatchedCluster {
    fn namespace(&self, name: &str) -> Option<Arc<Meta>> {
        self.namespaces.find(name)
    }

    fn service_account(&self, namespace: &str, name: &str) -> Option<Arc<Meta>> {
        self.service_accounts.find(&format!("{namespace}/{name}"))
    }

    fn node(&self, name: &str) -> Option<Arc<Meta>> {
        self.nodes.find(name)
    }

    fn signer(&self) -> Option<Arc<Signer>> {
        self.followed.key_store.as_ref()?.signer()
    }

    fn sends(&self, group: &str, resource: &str) -> bool {
        let webhooks = self.followed.webhooks.as_ref();
        webhooks.is_some_and(|webhooks| webhooks.sends(group, resource))
    }

    fn profile(&self) -> Arc<Profile> {
        let profile = self.followed.eci_profile.as_ref();
        profile.map_or_else(Arc::default, |profile| profile.current())
    }
}

impl fmt::Debug for WatchedCluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchedCluster")
            .field("namespaces", &self.namespaces.watched.len())
            .field("nodes", &self.nodes.watched.len())
            .field("service_accounts", &self.service_accounts.watched.len())
            .finish_non_exhaustive()
    }
}
