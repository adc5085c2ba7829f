//! The data of the list.

use crate::analysis::survey::EvaluatedWorkload;
use crate::analysis::survey::inventory::KeyUse;

/// The workloads and keys of a cluster, or of one namespace
pub(super) struct Listing {
    pub(super) workloads: Vec<EvaluatedWorkload>,
    pub(super) keys: Vec<KeyUse>,
    /// The Secret with the keys
    pub(super) secret: String,
    /// Whether all namespaces are listed: only then an unused key can be removed
    pub(super) is_complete: bool,
    pub(super) notes: Vec<String>,
}

impl Listing {
    /// The number of workloads that match
    pub(super) fn count(&self, is_wanted: impl Fn(&EvaluatedWorkload) -> bool) -> usize {
        let workloads = self.workloads.iter();
        workloads.filter(|workload| is_wanted(workload)).count()
    }

    /// Whether a key can be removed from the Secret
    pub(super) fn is_retirable(&self, key: &KeyUse) -> bool {
        self.is_complete && key.is_known && !key.is_newest && key.stamps == 0
    }
}
