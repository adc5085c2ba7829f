//! The result as JSON for programs.

use serde_json::{Value, json};

use crate::analysis::survey::EvaluatedWorkload;
use crate::analysis::survey::preflight::{
    Finding, GroupOwner, PreflightInput, WorkloadCounts, WorkloadGroup, groups,
};
use crate::cli::workload_json::{exception_json, needs_json, obstacles_json, written_by_json};

pub(super) fn as_json(input: &PreflightInput<'_>, findings: &[Finding], notes: &[String]) -> Value {
    let finding = |finding: &Finding| {
        json!({
            "check": finding.check.name(),
            "place": finding.subject,
            "what": finding.problem,
            "advice": finding.advice,
        })
    };
    let groups = groups(input);
    json!({
        "installed": input.is_installed(),
        "counts": counts_json(WorkloadCounts::of(input, input.inventory.workloads())),
        "groups": groups.iter().map(|group| group_json(input, group)).collect::<Vec<_>>(),
        "findings": findings.iter().map(finding).collect::<Vec<_>>(),
        "notes": notes,
    })
}

fn counts_json(counts: WorkloadCounts) -> Value {
    json!({
        "workloads": counts.workloads,
        "running": counts.running,
        "withObstacles": counts.with_obstacles,
        "onlyWithoutStamp": counts.only_without_stamp,
        "withoutObstacles": counts.without_obstacles,
    })
}

fn group_json(input: &PreflightInput<'_>, group: &WorkloadGroup<'_>) -> Value {
    let principal = match &group.owner {
        GroupOwner::Principal(principal) => Some(principal.to_string()),
        GroupOwner::Unbound(_) | GroupOwner::Unknown => None,
    };
    let workloads = group.workloads.iter();
    json!({
        "namespace": group.namespace,
        "principal": principal,
        "known": group.owner != GroupOwner::Unknown,
        "counts": counts_json(WorkloadCounts::of(input, group.workloads.iter().copied())),
        "workloads": workloads.map(|workload| workload_json(workload)).collect::<Vec<_>>(),
    })
}

fn workload_json(workload: &EvaluatedWorkload) -> Value {
    let person = workload.person.as_ref();
    json!({
        "kind": workload.kind.name(),
        "group": workload.kind.group(),
        "name": workload.name,
        "template": workload.template_path,
        "running": workload.is_bound,
        "certain": workload.is_certain,
        "mark": workload.mark,
        "stamp": workload.stamp.name(),
        "enforce": workload.outcome.name(),
        "owner": person.map(|person| &person.user),
        "assumed": person.is_some_and(|person| person.is_assumed),
        "writtenBy": written_by_json(workload),
        "exception": exception_json(workload.exception()),
        "obstacles": obstacles_json(&workload.obstacles),
        "needs": needs_json(workload),
    })
}
