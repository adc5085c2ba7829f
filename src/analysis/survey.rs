//! What a cluster holds, judged as it would be if it were made now: for whoever is about to enforce.
//!
//! ```text
//! API server -> live -> objects  --- Judge ---> Row (stamp, who asked, what would become of its pods)
//!                  \--> Land       (configuration)   `-> Tally (all rows, keys, makers of pods)
//!                                                          `-> preflight (findings)
//! ```
//!
//! Everything but `live` is pure: objects and a configuration go in, rows and findings come out.

pub(crate) mod agreement;
pub(crate) mod cluster;
#[cfg(test)]
pub(crate) mod fixture;
pub(crate) mod judge;
pub(crate) mod live;
pub(crate) mod preflight;
pub(crate) mod row;
pub(crate) mod source;
pub(crate) mod tally;
pub(crate) mod way;
pub(crate) mod webhooks;

pub(crate) use crate::analysis::survey::cluster::Land;
pub(crate) use crate::analysis::survey::judge::Judge;
pub(crate) use crate::analysis::survey::row::Stamp;
pub(crate) use crate::analysis::survey::row::Today;
pub(crate) use crate::analysis::survey::source::Source;
pub(crate) use crate::analysis::survey::tally::Tally;
pub(crate) use crate::analysis::survey::way::Way;

#[cfg(test)]
mod tests;
