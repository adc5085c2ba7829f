//! The audit of a live cluster: what runs or makes pods on ECI, by today's policies for the person in its stamp.
//!
//! ```text
//! survey (objects one by one) -> AuditCollector -> Audit: rows by namespace
//!                                                   |-> Report   one a namespace, OpenReports
//!                                                   |-> Event    one on each owner of what is denied
//!                                                   `-> gauges   text for Prometheus
//! ```
//!
//! The survey evaluates each object. An audit keeps of it only what is shown, since a cluster has tens of thousands of pods.
//! Only `publish` does I/O.

pub(crate) mod audited_object;
pub(crate) mod collector;
pub(crate) mod event;
pub(crate) mod gauges;
pub(crate) mod publish;
pub(crate) mod report;
pub(crate) mod row;
pub(crate) mod state;
pub(crate) mod summary;
pub(crate) mod verdict;

pub(crate) use crate::analysis::audit::collector::{Audit, AuditCollector};
pub(crate) use crate::analysis::audit::row::AuditRow;
pub(crate) use crate::analysis::audit::state::AuditState;
pub(crate) use crate::analysis::audit::summary::AuditSummary;

#[cfg(test)]
pub(crate) mod tests;
