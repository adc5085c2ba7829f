//! What a cluster holds, judged as it would be if it were made now: for whoever is about to enforce.
//!
//! ```text
//! API server -> live -> objects  --- Judge ---> Row (stamp, who asked, what would become of its pods)
//!                  \--> Land       (configuration)   `-> Tally (all rows, keys, makers of pods)
//!                                                          `-> preflight (findings)
//! ```
//!
//! Everything but `live` is pure: objects and a configuration go in, rows and findings come out.

pub mod agreement;
pub mod judge;
pub mod land;
pub mod live;
pub mod preflight;
pub mod row;
pub mod source;
pub mod tally;
pub mod way;
pub mod webhooks;

pub use judge::Judge;
pub use land::Land;
pub use row::{Row, Stamp, Today};
pub use source::Source;
pub use tally::Tally;
pub use way::{Obstacle, Way};

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;
