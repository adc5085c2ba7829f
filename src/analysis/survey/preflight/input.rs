//! The input of all checks.

use regex::Regex;

use crate::admission::Modes;
use crate::analysis::survey::access::RoleBasedAccess;
use crate::analysis::survey::evaluated_workload::EvaluatedWorkload;
use crate::analysis::survey::inventory::Inventory;
use crate::analysis::survey::obstacle::Obstacle;
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
    /// The modes that the installation gives to all namespaces, if they are known
    pub modes: Option<&'a Modes>,
    /// The pattern of real nodes' names, if it is known
    pub real_node_names: Option<&'a Regex>,
    /// The cluster's roles and bindings, if the caller may read them
    pub access: Option<&'a RoleBasedAccess>,
}

impl PreflightInput<'_> {
    /// Whether anything of ramgate is in the cluster
    ///
    /// Before that nothing can have a stamp, so a missing one is no fault of any workload.
    pub(crate) fn is_installed(&self) -> bool {
        let cluster = self.evaluator.cluster;
        cluster.webhooks.is_some() || cluster.snapshot.signer.is_some()
    }

    /// The obstacles of a workload that somebody has to remove
    ///
    /// A pod that runs needs no stamp any more. Before the installation, a missing stamp is only counted.
    pub(crate) fn obstacles<'w>(
        &self,
        workload: &'w EvaluatedWorkload,
    ) -> impl Iterator<Item = &'w Obstacle> + use<'w> {
        let stamps_count = self.is_installed() && !workload.is_bound;
        let obstacles = workload.obstacles.iter();
        obstacles.filter(move |obstacle| stamps_count || !obstacle.is_stamp)
    }
}
