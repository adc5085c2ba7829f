//! The list as JSON for programs.

use serde_json::{Value, json};

use crate::analysis::survey::inventory::KeyUse;
use crate::analysis::survey::{EvaluatedWorkload, RestampPlan};
use crate::cli::stamp::list::listing::Listing;
use crate::cli::workload_json::{exception_json, needs_json, obstacles_json, written_by_json};
use crate::stamp::Form;

pub(super) fn as_json(listing: &Listing) -> Value {
    let key = |key: &KeyUse| {
        json!({
            "id": key.id,
            "stamps": key.stamps,
            "known": key.is_known,
            "newest": key.is_newest,
            "retirable": listing.is_retirable(key),
        })
    };
    json!({
        "wouldBeDenied": listing.count(EvaluatedWorkload::would_be_denied),
        "workloads": listing.workloads.iter().map(workload_json).collect::<Vec<_>>(),
        "keys": listing.keys.iter().map(key).collect::<Vec<_>>(),
        "notes": listing.notes,
    })
}

fn workload_json(workload: &EvaluatedWorkload) -> Value {
    let claims = workload.stamp.claims();
    let principal = claims.and_then(|claims| claims.principal.as_ref());
    let owner = workload.owner.as_ref();
    let denial = workload.outcome.denial();
    let problem = workload.stamp.problem();
    json!({
        "kind": workload.kind.name(),
        "group": workload.kind.group(),
        "namespace": workload.namespace,
        "name": workload.name,
        "template": workload.template_path,
        "owner": owner.map(|owner| json!({"group": owner.group, "kind": owner.kind, "name": owner.name})),
        "bound": workload.is_bound,
        "certain": workload.is_certain,
        "mark": workload.mark,
        "stamp": workload.stamp.name(),
        "form": workload.stamp.form().map(Form::version),
        "trouble": problem,
        "requester": claims.map(|claims| &claims.user),
        "principal": principal.map(ToString::to_string),
        "key": workload.stamp.key(),
        "today": workload.outcome.name(),
        "wouldBeDenied": workload.would_be_denied(),
        "code": denial.map(|denial| &denial.code),
        "message": denial.map(|denial| &denial.sentence),
        "causes": denial.map(|denial| &denial.causes),
        "exception": exception_json(workload.exception()),
        "obstacles": obstacles_json(&workload.obstacles),
        "judgedFor": workload.person.as_ref().map(|person| &person.user),
        "assumed": workload.person.as_ref().is_some_and(|person| person.is_assumed),
        "writtenBy": written_by_json(workload),
        "needs": needs_json(workload),
        "advice": problem.as_ref().map(|_| RestampPlan::of(workload).advice(workload)),
    })
}
