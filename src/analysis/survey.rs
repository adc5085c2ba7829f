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
pub(crate) mod inventory;
pub(crate) mod judge;
pub(crate) mod live;
pub(crate) mod preflight;
pub(crate) mod restamp_plan;
pub(crate) mod row;
pub(crate) mod source;
pub(crate) mod webhooks;

pub(crate) use crate::analysis::survey::cluster::SurveyedCluster;
pub(crate) use crate::analysis::survey::inventory::Inventory;
pub(crate) use crate::analysis::survey::judge::Judge;
pub(crate) use crate::analysis::survey::restamp_plan::RestampPlan;
pub(crate) use crate::analysis::survey::row::{Stamp, Today};
pub(crate) use crate::analysis::survey::source::Source;

#[cfg(test)]
mod tests;
