//! The workloads by namespace and owner, with counts.

use std::collections::BTreeMap;

use crate::analysis::survey::evaluated_workload::EvaluatedWorkload;
use crate::analysis::survey::preflight::input::PreflightInput;
use ram_policy::Principal;

/// The owner of the workloads in a group
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum GroupOwner {
    /// Somebody who is this RAM principal
    Principal(Principal),
    /// This user, who is bound to no RAM principal
    Unbound(String),
    /// Nobody knows
    Unknown,
}

/// The workloads of one owner in one namespace
#[derive(Clone, Debug)]
pub(crate) struct WorkloadGroup<'a> {
    /// The namespace
    pub namespace: &'a str,
    /// The owner
    pub owner: GroupOwner,
    /// The workloads, in the order of the inventory
    pub workloads: Vec<&'a EvaluatedWorkload>,
}

/// The numbers of workloads; each workload is in exactly one of the last three
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct WorkloadCounts {
    /// All of them
    pub workloads: usize,
    /// Those that are pods with a node, and are not created again
    pub running: usize,
    /// Those with obstacles
    pub with_obstacles: usize,
    /// Those that only lack a stamp, which ramgate writes once it is installed
    pub only_without_stamp: usize,
    /// Those without obstacles
    pub without_obstacles: usize,
}

impl GroupOwner {
    fn of(workload: &EvaluatedWorkload) -> Self {
        match &workload.person {
            None => Self::Unknown,
            Some(person) => match &person.principal {
                Some(principal) => Self::Principal(principal.clone()),
                None => Self::Unbound(person.user.clone()),
            },
        }
    }
}

impl WorkloadCounts {
    /// The counts of workloads
    pub(crate) fn of<'w>(
        input: &PreflightInput<'_>,
        workloads: impl IntoIterator<Item = &'w EvaluatedWorkload>,
    ) -> Self {
        let mut counts = Self::default();
        for workload in workloads {
            let has_obstacles = input.obstacles(workload).next().is_some();
            let place = match (has_obstacles, workload.obstacles.is_empty()) {
                (true, _) => &mut counts.with_obstacles,
                (false, true) => &mut counts.without_obstacles,
                (false, false) => &mut counts.only_without_stamp,
            };
            *place = place.saturating_add(1);
            counts.workloads = counts.workloads.saturating_add(1);
            counts.running = counts.running.saturating_add(usize::from(workload.is_bound));
        }
        counts
    }
}

/// All workloads by namespace and owner; owners whom nobody knows come last
pub(crate) fn groups<'a>(input: &PreflightInput<'a>) -> Vec<WorkloadGroup<'a>> {
    let mut groups: BTreeMap<(&str, GroupOwner), Vec<&EvaluatedWorkload>> = BTreeMap::new();
    for workload in input.inventory.workloads() {
        let key = (workload.namespace.as_str(), GroupOwner::of(workload));
        groups.entry(key).or_default().push(workload);
    }
    let group = |((namespace, owner), workloads)| WorkloadGroup {
        namespace,
        owner,
        workloads,
    };
    groups.into_iter().map(group).collect()
}
