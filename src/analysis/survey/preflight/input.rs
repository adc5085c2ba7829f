//! The input of all checks.

use regex::Regex;

use crate::admission::Modes;
use crate::analysis::survey::inventory::Inventory;
use crate::analysis::survey::workload_evaluator::WorkloadEvaluator;

/// The input of all checks
#[derive(Clone, Copy, Debug)]
pub(crate) struct PreflightInput<'a> {
    /// The configuration, and the cluster around the workloads
    pub evaluator: WorkloadEvaluator<'a>,
    /// The workloads
    pub inventory: &'a Inventory,
    /// The name of the webhook configurations
    pub webhook_configuration: &'a str,
    /// The modes of all namespaces, if they are known
    pub modes: Option<&'a Modes>,
    /// The pattern of real nodes' names, if it is known
    pub real_node_names: Option<&'a Regex>,
}
