//! From a response to the record that is logged and counted.

use std::collections::BTreeSet;

use crate::admission::Webhook;
use crate::admission::outcome::container_difference;
use crate::admission::outcome::container_difference::DifferenceKind;
use crate::admission::outcome::evaluation::Evaluation;
use crate::admission::outcome::finding::Finding;
use crate::admission::outcome::stamp_state::StampState;
use crate::admission::response::Response;
use crate::admission::review::{Operation, Review};
use crate::config::ClusterSettings;
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
pub(super) fn of_response(review: &Review<'_>, response: &Response, settings: &ClusterSettings) -> Record {
    let evaluation = &response.evaluation;
    let causes = response.causes();
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
        causes: causes.to_vec(),
        exception: response.exception().map(ToString::to_string),
        allowed_by: response.allowed_by(),
        is_listed: is_listed(review, settings),
        stamp_state: is_stored(review, response)
            .then(|| StampState::of(evaluation))
            .flatten(),
        difference_kinds: counted_differences(review, response),
        container_differences: (!evaluation.container_differences.is_empty())
            .then(|| container_difference::shown(&evaluation.container_differences)),
        patched: response.patched,
        generation: Some(response.generation),
        questions: questions(evaluation),
        ..of_review(review)
    }
}

/// Whether the configuration lists the resource under `carriers`
fn is_listed(review: &Review<'_>, settings: &ClusterSettings) -> bool {
    let named = review.group_resource();
    review.subresource().is_empty()
        && settings
            .carriers
            .iter()
            .any(|carrier| (&*carrier.group, &*carrier.resource) == named)
}

/// Whether it may be counted as an object: only in the validating webhook, and not for a dry run, so that it counts once
fn is_stored(review: &Review<'_>, response: &Response) -> bool {
    response.webhook == Webhook::Validating && !review.is_dry_run()
}

/// The kinds of differences between pod and stamp, each once
fn counted_differences(review: &Review<'_>, response: &Response) -> Vec<&'static str> {
    if !is_stored(review, response) {
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::ParsedDocument;

    #[test]
    fn a_kind_is_listed_by_its_group_and_resource() {
        let text = "cluster: {carriers: [{user: u, group: apps.example.com, kind: CloneSet, resource: clonesets, templates: [spec.template]}]}";
        let ParsedDocument::Directory(directory) = ParsedDocument::directory(text.as_bytes()) else {
            panic!("no directory")
        };
        let settings = &directory.clusters[0].1;
        let asked = |group: &str, resource: &str, subresource: &str| {
            let body = json!({
                "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
                "request": {
                    "uid": "u-1", "kind": {"group": group, "version": "v1", "kind": "CloneSet"},
                    "resource": {"group": group, "version": "v1", "resource": resource}, "subResource": subresource,
                    "name": "web", "namespace": "shop", "operation": "CREATE", "userInfo": {"username": "bob"},
                    "object": {"metadata": {"name": "web"}, "spec": {"template": {"spec": {}}}},
                },
            });
            let body = body.to_string();
            let review = Review::parse(body.as_bytes()).unwrap();
            is_listed(&review, settings)
        };
        assert!(asked("apps.example.com", "clonesets", ""));
        assert!(!asked("apps.example.com", "clonesets", "status"));
        assert!(!asked("other.example.com", "clonesets", ""));
        assert!(!asked("apps.example.com", "madeup", ""));
    }
}
