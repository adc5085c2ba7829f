//! Reads the live cluster: ConfigMaps of the configuration, and the objects that decisions depend on.
//!
//! ```text
//! labelled ConfigMaps -> ConfigMapCache -> ConfigMapSource -> Reloader -> Store
//!                                             |  lists what the new configuration reads before it is in force
//! namespaces, nodes, service accounts -> MetadataWatchSet -> tables -.
//! Secret of the stamps                -> KeyStore -------------------+-> WatchedCluster -> PinnedCluster (one review)
//! webhook configurations              -> WebhookWatch ---------------+
//! eci-profile                         -> LiveEciProfile -------------'
//! ```

pub(crate) mod api;
pub(crate) mod bounded_metadata;
pub(crate) mod config_map_cache;
mod config_map_contents;
pub(crate) mod config_map_events;
pub(crate) mod config_map_source;
pub(crate) mod failing_open;
#[cfg(test)]
pub(crate) mod fake_api_server;
pub(crate) mod installed_webhooks;
pub(crate) mod key_store;
pub(crate) mod live_eci_profile;
pub(crate) mod live_metadata;
pub(crate) mod live_objects;
pub(crate) mod metadata_filter;
pub(crate) mod metadata_table;
pub(crate) mod metadata_watch;
pub(crate) mod metadata_watch_set;
pub(crate) mod name_validation;
pub(crate) mod observed_webhooks;
pub(crate) mod prefetch;
pub(crate) mod reload_timer;
pub(crate) mod watch_backoff;
pub(crate) mod watched_cluster;
pub(crate) mod webhook_coverage;
pub(crate) mod webhook_entry;
pub(crate) mod webhook_rule;
pub(crate) mod webhook_watch;

pub(crate) use crate::cluster::config_map_source::ConfigMapSource;
pub(crate) use crate::cluster::failing_open::{FailingOpen, NAME_LABEL, NamespacedEntries};
pub use crate::cluster::installed_webhooks::InstalledWebhooks;
pub(crate) use crate::cluster::installed_webhooks::{WebhookDifference, summarize_differences};
pub(crate) use crate::cluster::key_store::KeyStore;
pub(crate) use crate::cluster::live_objects::LiveRead;
pub(crate) use crate::cluster::metadata_watch_set::MetadataWatchSet;
pub(crate) use crate::cluster::observed_webhooks::FailurePolicies;
pub(crate) use crate::cluster::prefetch::prefetch;
pub(crate) use crate::cluster::watched_cluster::{FollowedObjects, WatchedCluster};
pub(crate) use crate::cluster::webhook_coverage::configurations_cover;
pub(crate) use crate::cluster::webhook_rule::RequestKind;
pub(crate) use crate::cluster::webhook_watch::WebhookWatch;
