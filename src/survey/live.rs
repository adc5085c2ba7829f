//! The live cluster, read with the rights of whoever asks, page by page.

mod installation;
mod reach;
mod reader;
mod surroundings;
mod workloads;

pub use installation::Installation;
pub(crate) use installation::whole;
pub use reach::Port;
pub use reader::{Answer, ReadError, Reader, Scope};
pub use surroundings::{Missing, cluster_uid, configuration, land, ring};
pub use workloads::tally;
