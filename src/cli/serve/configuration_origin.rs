//! Follows the configuration and the cluster, from wherever the flags say.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use kube::{Client, Config};

use crate::admission::Modes;
use crate::analysis::rights::compare_in_force;
use crate::cli::command_error::CommandError;
use crate::cli::live_cluster::no_kubeconfig;
use crate::cli::serve::background_tasks::BackgroundTasks;
use crate::cli::serve::handler::Surrounding;
use crate::cli::serve::serve_settings::{ClusterSettings, Source};
use crate::cli::serve::startup_failure::failed;
use crate::cli::serve::watchdog::Watchdog;
use crate::cluster::api::watches::Watches;
use crate::cluster::{
    ConfigMapSource, FollowedObjects, KeyStore, MetadataWatchSet, WatchedCluster, WebhookWatch,
};
use crate::config::folder_watch::FolderSource;
use crate::config::reload::Reloader;
use crate::config::{Configuration, RightsChange, Store};
use crate::telemetry::metrics::Metrics;

/// How long the API server may be silent on a connection: longer than any watch call, which it ends by itself
const API_SILENCE: Duration = Duration::from_secs(90);

/// Where the configuration comes from, with what it takes to get it
pub(super) enum ConfigurationOrigin {
    /// Documents in a folder, and perhaps candidates in another; no cluster is read
    Folder(PathBuf, Option<PathBuf>),
    /// ConfigMaps of a namespace
    Cluster(ClusterOrigin),
}

/// A cluster with the namespace of the configuration
pub(super) struct ClusterOrigin {
    client: Client,
    namespace: String,
}

impl ConfigurationOrigin {
    /// Makes a client if the configuration comes from a cluster
    ///
    /// # Errors
    /// Neither the process's environment nor a kubeconfig leads to a cluster.
    pub(super) async fn new(source: Source) -> Result<Self, CommandError> {
        match source {
            Source::Folder { folder, candidates } => Ok(Self::Folder(folder, candidates)),
            Source::Cluster { namespace } => {
                let config = Config::infer().await;
                let mut config = config.map_err(|error| no_kubeconfig(&error))?;
                config.read_timeout = Some(API_SILENCE);
                let client = Client::try_from(config);
                let client = client.map_err(|error| failed("the way to the cluster's API", error))?;
                Ok(Self::Cluster(ClusterOrigin { client, namespace }))
            }
        }
    }

    /// The client of the cluster, if there is one
    pub(super) fn client(&self) -> Option<&Client> {
        match self {
            Self::Folder(..) => None,
            Self::Cluster(cluster) => Some(&cluster.client),
        }
    }

    /// Starts to follow the configuration and, with a cluster, the objects that decisions depend on
    ///
    /// # Errors
    /// The system gives no randomness for a key in memory.
    pub(super) fn follow(
        self,
        settings: ClusterSettings,
        modes: &Arc<Modes>,
        pod: String,
        store: &Arc<Store>,
        metrics: &Arc<Metrics>,
        tasks: &BackgroundTasks,
    ) -> Result<(Surrounding, Option<Watchdog>), CommandError> {
        match self {
            Self::Cluster(cluster) => {
                let watchdog = cluster.follow(settings, modes, pod, store, tasks);
                tasks.spawn("the watchdog", watchdog.clone().run(Arc::clone(metrics)));
                Ok((Surrounding::Watched(Arc::clone(&watchdog.view)), Some(watchdog)))
            }
            Self::Folder(folder, candidates) => {
                let reloader = Reloader::new(Arc::clone(store), None, compare_rights(modes));
                let source = FolderSource::new(folder, reloader).with_candidates(candidates, store);
                tasks.spawn("the watch of the folder", source.run());
                let surrounding = Surrounding::empty().map_err(|error| failed("the key of stamps", error))?;
                Ok((surrounding, None))
            }
        }
    }
}

impl ClusterOrigin {
    /// Follows the cluster, and returns what checks it
    fn follow(
        self,
        settings: ClusterSettings,
        modes: &Arc<Modes>,
        pod: String,
        store: &Arc<Store>,
        tasks: &BackgroundTasks,
    ) -> Watchdog {
        let Self { client, namespace } = self;
        let watches = Watches::new(client.clone(), settings.stale_after);
        let keys = KeyStore::new(
            &watches,
            &namespace,
            &settings.stamp_secret,
            &pod,
            settings.stamp_upgrade_after,
        );
        let webhooks = settings.webhook_configuration.map(|name| {
            let installed = settings.installed_webhooks;
            WebhookWatch::new(watches.clone(), &namespace, &name, installed, &pod)
        });
        let followed = FollowedObjects {
            key_store: Some(Arc::new(keys)),
            webhooks: webhooks.map(Arc::new),
            eci_profile: Some(Arc::default()),
        };
        follow_objects(&followed, &watches, store, &pod, tasks);
        let view = Arc::new(WatchedCluster::new(client, Arc::clone(store), followed.clone()));
        let watch_set = MetadataWatchSet::new(watches.clone(), Arc::clone(&view));
        let watch_set = Box::new(watch_set);
        let reloader = Reloader::new(Arc::clone(store), Some(watch_set), compare_rights(modes));
        let source = ConfigMapSource::new(&watches, &namespace, pod, Arc::clone(store), reloader);
        let source = source.with_cluster_config(settings.cluster_config);
        tasks.spawn("the watch of the ConfigMaps", source.run());
        Watchdog {
            store: Arc::clone(store),
            view,
            followed,
            real_node_names: settings.real_node_names,
            watches,
        }
    }
}

/// Compares sets that are in force together with these modes
fn compare_rights(
    modes: &Arc<Modes>,
) -> impl Fn(&Configuration, &Configuration) -> RightsChange + Send + Sync + 'static {
    let modes = Arc::clone(modes);
    move |old, new| compare_in_force(&modes, old, new)
}

/// Starts to follow the single objects that decisions depend on
fn follow_objects(
    followed: &FollowedObjects,
    watches: &Watches,
    store: &Arc<Store>,
    pod: &str,
    tasks: &BackgroundTasks,
) {
    if let Some(keys) = &followed.key_store {
        tasks.spawn("the watch of the stamps' keys", Arc::clone(keys).run());
    }
    if let Some(webhooks) = followed.webhooks.clone() {
        let watch = async move { webhooks.run().await };
        tasks.spawn("the watch of the webhook configurations", watch);
    }
    if let Some(profile) = &followed.eci_profile {
        let watch = Arc::clone(profile).run(watches.clone(), Arc::clone(store), pod.to_owned());
        tasks.spawn("the watch of the eci-profile", watch);
    }
}
