//! The response to a review: denied or no opinion, and the record of the decision.

use serde::Serialize;

use crate::admission::response::admission_response::MAX_MESSAGE;
use crate::admission::{Cause, Decision, Mode, Modes};
use crate::authorization::evaluation::Evaluation;
use crate::authorization::exemptions::Exemptions;
use crate::authorization::finding::Finding;
use crate::authorization::message::MessageContext;
use crate::authorization::pod_lookup::PodLookup;
use crate::authorization::pod_read::PodRead;
use crate::authorization::review_context::ReviewContext;
use crate::authorization::subject_access_review::{KIND, ReviewError, SubjectAccessReview, VERSION};
use crate::config::ClusterSettings;
use crate::telemetry::record::{QuestionLabels, Record, scope};
use crate::wording::fitted;
use eci_calls::{Operation, OperationKind};

/// The response to a review
#[derive(Clone, Debug)]
pub(crate) struct Response {
    /// The SubjectAccessReview with its status, as JSON
    pub body: Vec<u8>,
    /// The record to log and count
    pub record: Record,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReviewBody<'a> {
    api_version: &'a str,
    kind: &'static str,
    status: Status<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Status<'a> {
    /// Never true: only RBAC allows
    allowed: bool,
    denied: bool,
    #[serde(skip_serializing_if = "str::is_empty")]
    reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    evaluation_error: Option<&'a str>,
}

/// The status of a response
#[derive(Clone, Copy, Debug)]
enum Opinion<'a> {
    /// Other authorizers decide
    None,
    /// The read is denied for this reason
    Denied(&'a str),
    /// The read is denied because it could not be evaluated
    Error(&'a str),
}

impl ReviewContext<'_> {
    /// Responds to the review, given the pod that [`pod`](ReviewContext::pod) names
    pub(crate) fn respond(&self, pod: PodLookup<'_>) -> Response {
        let Some(read) = self.pod_read() else {
            return not_evaluated(self.review, Some(self.configuration.generation));
        };
        let evaluation = self.evaluate(&read, pod);
        let mode = mode(self.modes, &read);
        let decision = evaluation.decision(mode);
        let context = self.message_context(&read, &evaluation);
        let findings = &evaluation.findings;
        let causes: Vec<Cause> = findings.iter().map(|finding| context.cause(finding)).collect();
        let message = findings.first().map(|first| context.message(first));
        let opinion = match (&message, decision) {
            (Some(message), Decision::Deny) if findings.first().is_some_and(Finding::is_error) => {
                Opinion::Error(message)
            }
            (Some(message), Decision::Deny) => Opinion::Denied(message),
            _ => Opinion::None,
        };
        Response {
            body: body(VERSION, opinion),
            record: Record {
                decision: decision.name(),
                mode: mode.name(),
                code: causes.first().map(|cause| cause.reason.clone()),
                causes,
                message,
                generation: Some(self.configuration.generation),
                ..record_of(self.review, &evaluation)
            },
        }
    }

    fn message_context<'m>(
        &'m self,
        read: &'m PodRead<'m>,
        evaluation: &'m Evaluation,
    ) -> MessageContext<'m> {
        MessageContext {
            user: self.review.user(),
            principal: evaluation.principal.as_ref(),
            read,
            scope: evaluation.scope,
            advice: evaluation.advice.as_ref(),
            policies: &self.configuration.policies,
            settings: &self.configuration.advice,
        }
    }
}

/// The response while no configuration is in force; it denies only reads that some configuration may deny
pub(crate) fn unready(review: &SubjectAccessReview<'_>, modes: &Modes, exemptions: &Exemptions) -> Response {
    let settings = ClusterSettings::default();
    let read = PodRead::of(review).filter(|read| !exemptions.cover(review, read, &settings));
    let Some(read) = read else {
        return not_evaluated(review, None);
    };
    let message = "ramgate has no complete configuration yet, so nothing can be judged: try again, and if it lasts look \
        at /ready of its admin port";
    let mode = mode(modes, &read);
    Response {
        body: body(VERSION, unjudged(message, mode)),
        record: Record {
            decision: "not_ready",
            mode: mode.name(),
            ..record_of_review(review)
        },
    }
}

/// The response to a body that is no review; only mode enforce denies it
pub(crate) fn malformed(error: &ReviewError, mode: Mode) -> Response {
    let message = format!("ramgate cannot read this review: {error}");
    let message = fitted(&message, MAX_MESSAGE).into_owned();
    Response {
        body: body(error.response_version(), unjudged(&message, mode)),
        record: Record {
            decision: "malformed",
            mode: mode.name(),
            message: Some(message),
            ..Record::default()
        },
    }
}

/// The body of the server's response, which cannot evaluate the review now; only mode enforce denies it
pub(crate) fn refuse(message: &str, mode: Mode) -> Vec<u8> {
    body(VERSION, unjudged(message, mode))
}

fn unjudged(message: &str, mode: Mode) -> Opinion<'_> {
    match mode {
        Mode::Enforce => Opinion::Error(message),
        Mode::Warn | Mode::Audit => Opinion::None,
    }
}

fn not_evaluated(review: &SubjectAccessReview<'_>, generation: Option<u64>) -> Response {
    Response {
        body: body(VERSION, Opinion::None),
        record: Record {
            decision: Decision::NotEvaluated.name(),
            generation,
            ..record_of_review(review)
        },
    }
}

fn body(version: &str, opinion: Opinion<'_>) -> Vec<u8> {
    let (reason, evaluation_error) = match opinion {
        Opinion::None => (None, None),
        Opinion::Denied(reason) => (Some(reason), None),
        Opinion::Error(reason) => (Some(reason), Some(reason)),
    };
    let review = ReviewBody {
        api_version: version,
        kind: KIND,
        status: Status {
            allowed: false,
            denied: reason.is_some(),
            reason: reason.unwrap_or_default(),
            evaluation_error,
        },
    };
    // Strings and booleans always serialize; the API server takes an empty body for a failed call
    serde_json::to_vec(&review).unwrap_or_default()
}

fn mode(modes: &Modes, read: &PodRead<'_>) -> Mode {
    modes.of_read(read.namespace)
}

/// The record of an evaluated review, without the decision
fn record_of(review: &SubjectAccessReview<'_>, evaluation: &Evaluation) -> Record {
    let statements = evaluation.allowed.iter();
    let statements = statements.filter_map(|allowed| allowed.statement.as_ref());
    Record {
        principal: evaluation.principal.as_ref().map(ToString::to_string),
        route: evaluation.route.as_ref().map(ToString::to_string),
        action: evaluation.operation.map(|operation| operation.action()),
        allowed_by: statements.map(ToString::to_string).collect(),
        questions: evaluation
            .operation
            .map_or_else(Vec::new, |operation| decided_calls(operation, evaluation)),
        ..record_of_review(review)
    }
}

/// The record of a review by itself
fn record_of_review(review: &SubjectAccessReview<'_>) -> Record {
    let read = PodRead::of(review);
    let attributes = review.attributes();
    let (namespace, name) = match &read {
        Some(read) => (read.namespace, read.name),
        None => attributes
            .map(|attributes| (&*attributes.namespace, &*attributes.name))
            .unzip(),
    };
    Record {
        user: review.user().to_owned(),
        groups: review.groups().count(),
        namespace: namespace.unwrap_or_default().to_owned(),
        name: name.unwrap_or_default().to_owned(),
        resource: read
            .as_ref()
            .map_or("other", |read| read.verb.resource())
            .to_owned(),
        operation: read.map_or("other", |read| read.verb.kubernetes_verb()),
        ..Record::default()
    }
}

/// The calls that were decided, by decision and scope
fn decided_calls(operation: Operation, evaluation: &Evaluation) -> Vec<QuestionLabels> {
    let action = operation.action();
    let allowed = evaluation.allowed.iter();
    let allowed = allowed.map(|allowed| ("Allow", scope(allowed.policy_type)));
    let denied = evaluation
        .findings
        .iter()
        .filter_map(|finding| denied_call(operation, finding));
    allowed
        .chain(denied)
        .map(|(decision, scope)| QuestionLabels {
            action,
            decision,
            scope,
        })
        .collect()
}

/// Decision and scope of a call that a finding denies; a denied query returns an empty list
fn denied_call(operation: Operation, finding: &Finding) -> Option<(&'static str, &'static str)> {
    match finding {
        Finding::Denied { denial, .. } => {
            let decision = match operation.kind() {
                OperationKind::Query => "Empty",
                _ => finding.code(),
            };
            Some((decision, scope(denial.decision.policy_type)))
        }
        Finding::UnknownGroup(_) => Some(("Empty", "eci")),
        Finding::Unbound => Some(("ImplicitDeny", "unbound")),
        Finding::UnknownNamespace | Finding::UnreadPod => None,
    }
}
