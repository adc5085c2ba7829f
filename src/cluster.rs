//! What is read from a cluster: our ConfigMaps, and labels and annotations of namespaces, nodes and service accounts.
//!
//! ```text
//! ConfigMaps by label -> ConfigMaps -> Reloader -> Store
//!                                         |  covers what the new set reads, before it is in force
//! namespaces, nodes, service accounts -> Surroundings -> View -> Seen (implements Cluster for one review)
//! Secret of the stamps -> Keys, webhook configurations -> Rules, eci-profile -> LiveProfile -> View
//! ```

pub(crate) mod api;
pub(crate) mod config_maps;
#[cfg(test)]
pub(crate) mod fake;
pub(crate) mod follow;
pub(crate) mod installed;
pub(crate) mod key_store;
pub(crate) mod listed;
pub(crate) mod live;
pub(crate) mod live_objects;
pub(crate) mod prefetch;
pub(crate) mod profile;
pub(crate) mod report;
pub(crate) mod rules;
pub(crate) mod sends;
pub(crate) mod source;
pub(crate) mod surroundings;
pub(crate) mod table;
pub(crate) mod view;

pub use crate::cluster::installed::Installed;
pub(crate) use crate::cluster::installed::{Difference, told};
pub(crate) use crate::cluster::key_store::KeyStore;
pub(crate) use crate::cluster::live_objects::LiveRead;
pub(crate) use crate::cluster::prefetch::prefetch;
pub(crate) use crate::cluster::rules::Rules;
pub(crate) use crate::cluster::sends::sent;
pub(crate) use crate::cluster::source::ClusterSource;
pub(crate) use crate::cluster::surroundings::Surroundings;
pub(crate) use crate::cluster::view::{Followed, View};
