//! What `/candidate` says, for the server that writes it and the command that reads it.

use serde::{Deserialize, Serialize};

use crate::candidate::change::ChangeKind;

/// The content of `/candidate`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CandidateReport {
    /// `none`, `loaded` or `faulty`
    pub(crate) state: String,
    /// The candidates' ConfigMaps
    pub(crate) config_maps: Vec<String>,
    /// What replaces nothing, because nothing live has its name, such as ``policy `P` ``
    #[serde(default)]
    pub(crate) additions: Vec<String>,
    /// Why the candidate is not judged by
    pub(crate) faults: Vec<String>,
    /// Since when reviews are counted: since the candidate or what is live changed
    pub(crate) since: Option<String>,
    /// The generation of the live set that the candidate is compared with
    pub(crate) live_generation: Option<u64>,
    pub(crate) reviews: ReportedReviews,
    pub(crate) rows: Vec<ReportedRow>,
    /// Changes that have no row, because there were too many different ones
    pub(crate) others: ReportedOthers,
}

/// How many reviews were judged by the candidate
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ReportedReviews {
    pub(crate) judged: u64,
    /// There was no time, or no room
    pub(crate) skipped: u64,
    /// The candidate needs what was not read for the live answer
    pub(crate) undetermined: u64,
}

/// How often changes without a row were seen
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ReportedOthers {
    pub(crate) denied: u64,
    pub(crate) allowed: u64,
}

/// A change, and how often it was seen
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReportedRow {
    pub(crate) change: ChangeKind,
    /// What the candidate would do: `deny`, `warn`, `audit` or `allow`
    pub(crate) effect: String,
    /// The RAM principal; empty if there is none
    pub(crate) principal: String,
    /// The Kubernetes user of the example
    pub(crate) user: String,
    pub(crate) namespace: String,
    /// The policy whose statement denies, or allows no more; empty if no statement decides
    pub(crate) policy: String,
    /// The number of the statement; 0 if no statement decides
    pub(crate) statement: usize,
    /// The code of the denial that comes or goes
    pub(crate) code: String,
    pub(crate) count: u64,
    pub(crate) last_seen: String,
    /// The latest request, as `CREATE pods worker`
    pub(crate) object: String,
}

impl ReportedOthers {
    /// Counts changes of a kind
    pub(crate) fn add(&mut self, kind: ChangeKind, count: u64) {
        let counted = match kind {
            ChangeKind::Denied => &mut self.denied,
            ChangeKind::Allowed => &mut self.allowed,
        };
        *counted = counted.saturating_add(count);
    }
}
