//! What is read from a cluster: our ConfigMaps, and labels and annotations of namespaces, nodes and service accounts.
//!
//! ```text
//! ConfigMaps by label -> ConfigMaps -> Reloader -> Store
//!                                         |  covers what the new set reads, before it is in force
//! namespaces, nodes, service accounts -> Surroundings -> View (implements Cluster)
//! ```

mod config_maps;
mod follow;
mod live;
mod report;
mod sight;
mod source;
mod surroundings;
mod table;
mod view;

#[cfg(test)]
mod fake;

pub use sight::Sighting;
pub use source::ClusterSource;
pub use surroundings::{CoverError, Surroundings};
pub use view::View;
