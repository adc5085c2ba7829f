//! From a response to the record that is logged and counted.

use std::collections::BTreeSet;

use crate::admission::Webhook;
use crate::admission::outcome::container_difference;
use crate::admission::outcome::container_difference::DifferenceKind;
use crate::admission::outcome::evaluation::Evaluation;
use crate::admission::outcome::finding::Finding;
use crate::admission::response::Response;
use crate::admission::review::{Operation, Review};
use crate::telemetry::record::{QuestionLabels, Record, scope};

/// The record of what the review itself says
pub(super) fn of_review(review: &Review<'_>) -> Record {
    Record {
        uid: review.uid().to_owned(),
        user: review.user().to_owned(),
        groups: review.groups().count(),
        namespace: review.namespace().to_owned(),
        name: review.name().to_owned(),
        resource: resource(review),
        operation: operation(review.operation()),
        dry_run: review.is_dry_run(),
        ..Record::default()
    }
}

/// The record of a review and its response
pub(super) fn of_response(review: &Review<'_>, response: &Response) -> Record {
    let evaluation = &response.evaluation;
    let causes = response.causes();
    // The message says all of a single cause
    let all_causes = (causes.len() > 1).then(|| serde_json::to_string(causes).ok());
    Record {
        stamped: evaluation.stamped.clone(),
        principal: response.principal(),
        name: response.name.clone(),
        decision: response.decision.name(),
        mode: response.mode.name(),
        route: response.route(),
        action: response.action(),
        code: causes.first().map(|cause| cause.reason.clone()),
        message: response.message().map(str::to_owned),
        causes: all_causes.flatten(),
        exception: response.exception().map(ToString::to_string),
        allowed_by: response.allowed_by(),
        difference_kinds: counted_differences(review, response),
        container_differences: (!evaluation.container_differences.is_empty())
            .then(|| container_difference::shown(&evaluation.container_differences)),
        patched: response.patched,
        generation: Some(response.generation),
        questions: questions(evaluation),
        ..of_review(review)
    }
}

/// The kinds of differences between pod and stamp, each once
///
/// Only the validating webhook records them, and not for a dry run, so that every stored pod counts once.
fn counted_differences(review: &Review<'_>, response: &Response) -> Vec<&'static str> {
    if response.webhook == Webhook::Mutating || review.is_dry_run() {
        return Vec::new();
    }
    let differences = response.evaluation.container_differences.iter();
    let kinds: BTreeSet<DifferenceKind> = differences.map(|difference| difference.kind).collect();
    kinds.into_iter().map(DifferenceKind::name).collect()
}

fn operation(operation: Operation) -> &'static str {
    match operation {
        Operation::Create => "CREATE",
        Operation::Update => "UPDATE",
        Operation::Delete => "DELETE",
        Operation::Connect => "CONNECT",
    }
}

fn resource(review: &Review<'_>) -> String {
    match (review.resource_name(), review.subresource()) {
        (resource, "") => resource.to_owned(),
        (resource, subresource) => format!("{resource}/{subresource}"),
    }
}

/// The questions to RAM and ECI, the allowed ones first
fn questions(evaluation: &Evaluation) -> Vec<QuestionLabels> {
    let allowed = evaluation.allowed.iter().map(|allowed| QuestionLabels {
        action: allowed.action,
        decision: "Allow",
        scope: scope(allowed.policy_type),
    });
    let call = evaluation.operation.map(|operation| operation.action());
    let failed = evaluation.findings.iter();
    allowed
        .chain(failed.filter_map(|finding| question(finding, call)))
        .collect()
}

/// The question that a finding answers, if RAM or ECI was asked; `call` is the action of the call
fn question(finding: &Finding, call: Option<&'static str>) -> Option<QuestionLabels> {
    let (action, decision, scope) = match finding {
        Finding::Denied { denial, .. } => {
            let scope = scope(denial.decision.policy_type);
            (denial.question.action, finding.code(), scope)
        }
        Finding::Refused(_) => (call?, "Refused", "eci"),
        Finding::Unbound | Finding::Spawner(_) => (call?, "ImplicitDeny", "unbound"),
        Finding::NotEverywhere { .. } => (call?, "ImplicitDeny", "account"),
        Finding::Malformed(_)
        | Finding::Unmappable(_)
        | Finding::NotMapped { .. }
        | Finding::Stamp(_)
        | Finding::BindingAnnotation(_)
        | Finding::Revision(_)
        | Finding::CreatingPodUnread
        | Finding::UnlistedController { .. }
        | Finding::UnknownNamespace
        | Finding::UnknownPod
        | Finding::PodChanged
        | Finding::UnknownWorkload
        | Finding::UnknownRequest(_)
        | Finding::Profile(_) => return None,
    };
    Some(QuestionLabels {
        action,
        decision,
        scope,
    })
}
