//! Evaluates the workloads of a live cluster, as if their pods were created now in mode enforce.
//!
//! ```text
//! API server -> live -> objects  --- WorkloadEvaluator ---> EvaluatedWorkload (stamp, requester, outcome)
//!                  \--> SurveyedCluster            `-> Inventory (all workloads, keys, controllers)
//!                                                          `-> preflight (findings)
//! ```
//!
//! Only `live` does I/O. All else is pure: objects and a configuration go in, evaluated workloads and findings come out.

pub(crate) mod access;
pub(crate) mod assumed_owners;
pub(crate) mod cluster;
pub(crate) mod evaluated_workload;
pub(crate) mod field_differences;
pub(crate) mod inventory;
#[cfg(test)]
pub(crate) mod large_cluster;
pub(crate) mod live;
pub(crate) mod object_sink;
pub(crate) mod objects;
pub(crate) mod obstacle;
mod obstacle_search;
pub(crate) mod person;
pub(crate) mod preflight;
pub(crate) mod reapplication;
mod relaxation;
mod repair;
pub(crate) mod restamp_plan;
pub(crate) mod stamp_status;
#[cfg(test)]
pub(crate) mod test_cluster;
pub(crate) mod webhooks;
pub(crate) mod workload_evaluator;
pub(crate) mod workload_kind;

pub(crate) use crate::analysis::survey::assumed_owners::{AssumedOwner, AssumedOwners};
pub(crate) use crate::analysis::survey::cluster::SurveyedCluster;
pub(crate) use crate::analysis::survey::evaluated_workload::{EnforceOutcome, EvaluatedWorkload};
pub(crate) use crate::analysis::survey::person::Need;
pub(crate) use crate::analysis::survey::reapplication::Reapplication;
pub(crate) use crate::analysis::survey::restamp_plan::RestampPlan;
pub(crate) use crate::analysis::survey::stamp_status::StampStatus;
pub(crate) use crate::analysis::survey::workload_evaluator::WorkloadEvaluator;
pub(crate) use crate::analysis::survey::workload_kind::WorkloadKind;

#[cfg(test)]
mod tests;
