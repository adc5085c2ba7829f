//! What takes the objects of a cluster one by one.

use serde_json::Value;

use crate::analysis::survey::workload_evaluator::WorkloadEvaluator;
use crate::analysis::survey::workload_kind::WorkloadKind;

/// A kind, and the API version in which its objects are listed: items of a list do not repeat it
#[derive(Clone, Copy, Debug)]
pub(crate) struct ListedKind<'a> {
    /// The kind
    pub kind: &'a WorkloadKind,
    /// Such as `apps/v1`
    pub api_version: &'a str,
}

/// Takes the objects of a cluster one by one, in the order of [`WorkloadKind::all`]: no object is kept
pub(crate) trait ObjectSink {
    /// Whether objects of this kind can matter, after those that were added so far
    fn needs(&self, kind: &WorkloadKind) -> bool;

    /// Takes one more object; owners have to come before what they own
    fn add(&mut self, evaluator: &WorkloadEvaluator<'_>, kind: &ListedKind<'_>, object: &Value);

    /// Takes an object of a kind that nobody lists
    fn add_unlisted(&mut self, evaluator: &WorkloadEvaluator<'_>, kind: &WorkloadKind, object: &Value);
}
