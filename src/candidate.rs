//! Judges reviews with the candidate configuration, after they were answered by the one in force.
//!
//! ```text
//! review -> live answer -> sent
//!             '- what it was made from -> queue -> judged with the candidate -> compared -> table, metrics, log
//! ```
//!
//! | question | file |
//! | --- | --- |
//! | what of a review is kept until it is judged again? | [`live_review`], [`recorded_cluster`] |
//! | which reviews are judged, and when? | [`rehearsal`], [`pace`] |
//! | how are two answers compared? | [`judge`], [`verdict`] |
//! | what is counted, up to which bound? | [`change`], [`change_table`] |
//! | what does `/candidate` say? | [`report`] |
//!
//! Nothing here is waited for: a review that finds no room in the queue is counted as skipped. Nothing is read a second
//! time: a candidate that needs an object which was not read for the live answer leaves the review undetermined.

mod change;
mod change_table;
mod judge;
mod live_review;
mod pace;
mod recorded_cluster;
pub(crate) mod rehearsal;
pub(crate) mod report;
mod verdict;

pub(crate) use crate::candidate::change::ChangeKind;
pub(crate) use crate::candidate::recorded_cluster::RecordedCluster;
pub(crate) use crate::candidate::rehearsal::Rehearsal;
