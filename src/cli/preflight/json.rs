//! The result as JSON for programs.

use serde_json::{Value, json};

use crate::analysis::survey::EvaluatedWorkload;
use crate::analysis::survey::access::RbacSubject;
use crate::analysis::survey::preflight::{
    Finding, GroupOwner, PreflightInput, SubjectRow, UnlistedSubjects, WorkloadCounts, WorkloadGroup, groups,
    unlisted_subjects,
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
        "unlisted": unlisted_subjects(input).map(|unlisted| unlisted_json(&unlisted)),
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

fn unlisted_json(unlisted: &UnlistedSubjects) -> Value {
    let counts = unlisted.counts;
    json!({
        "counts": {"serviceAccounts": counts.service_accounts, "users": counts.users, "groups": counts.groups},
        "subjects": unlisted.rows.iter().map(subject_json).collect::<Vec<_>>(),
    })
}

fn subject_json(row: &SubjectRow) -> Value {
    let (namespace, name) = match &row.subject {
        RbacSubject::ServiceAccount { namespace, name } => (Some(namespace), name),
        RbacSubject::User(name) | RbacSubject::Group(name) => (None, name),
    };
    let permissions = row.permissions.iter().map(|permission| {
        json!({
            "acts": permission.acts.iter().map(|act| act.name()).collect::<Vec<_>>(),
            "pods": permission.names,
            "namespaces": permission.namespaces,
        })
    });
    let bindings = row.bindings.iter().map(|(namespace, name)| {
        let namespace = Some(namespace).filter(|namespace| !namespace.is_empty());
        json!({"namespace": namespace, "name": name})
    });
    json!({
        "kind": row.subject.kind(),
        "namespace": namespace,
        "name": name,
        "may": permissions.collect::<Vec<_>>(),
        "bindings": bindings.collect::<Vec<_>>(),
    })
}
