//! What is read from a cluster: our ConfigMaps, and labels and annotations of namespaces, nodes and service accounts.
//!
//! ```text
//! ConfigMaps by label -> ConfigMaps -> Reloader -> Store
//!                                         |  covers what the new set reads, before it is in force
//! namespaces, nodes, service accounts -> Surroundings -> View -> Seen (implements Cluster for one review)
//! Secret of the stamps -> Keys, webhook configurations -> Rules, eci-profile -> LiveProfile -> View
//! ```

mod config_maps;
mod follow;
mod installed;
mod listed;
mod live;
mod profile;
mod report;
mod rules;
mod seal;
mod seen;
mod sends;
mod sight;
mod source;
mod surroundings;
mod table;
mod view;

#[cfg(test)]
pub(crate) mod fake;

pub use installed::{Difference, Installed, told};
pub use profile::LiveProfile;
pub use rules::{Drift, Rules};
pub use seal::Keys;
pub use seen::Seen;
pub use sends::sent;
pub use sight::Sighting;
pub use source::ClusterSource;
pub use surroundings::{CoverError, Surroundings};
pub use view::{Followed, View};
