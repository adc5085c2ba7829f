//! A review that was answered, with everything that it was answered by.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::OwnedSemaphorePermit;

use crate::admission::Webhook;
use crate::admission::review::complete::NamedObjects;
use crate::candidate::recorded_cluster::Facts;
use crate::candidate::verdict::Verdict;
use crate::config::Configuration;
use crate::config::candidate::CandidateSet;

/// A review that the configuration in force has answered
pub(super) struct LiveReview {
    pub(super) webhook: Webhook,
    /// The body as it came
    pub(super) body: Vec<u8>,
    /// The objects that were read for it
    pub(super) named: NamedObjects,
    /// What its evaluation was told about the cluster
    pub(super) facts: Facts,
    /// The time of its evaluation
    pub(super) now: Timestamp,
    /// What the answer was
    pub(super) verdict: Verdict,
    /// The configuration that answered
    pub(super) live: Arc<Configuration>,
    /// The candidate that was made from that configuration
    pub(super) candidate: Arc<CandidateSet>,
    /// The room that the body and the objects take in the queue
    pub(super) _room: OwnedSemaphorePermit,
}
