//! The answer to a review: denied or no opinion, and the record of what was decided.

use serde::Serialize;

use crate::admission::response::admission_response::MAX_MESSAGE;
use crate::admission::{Cause, Decision, Mode, Modes};
use crate::authorization::question::Question;
use crate::authorization::requester::Exempt;
use crate::authorization::review::{KIND, VERSION};
use crate::authorization::ruling::Ruling;
use crate::authorization::words::Scene;
use crate::authorization::{Case, Review, ReviewError, Sight};
use crate::config::ClusterSettings;
use crate::telemetry::record::{Asked, Record, scope};
use crate::wording::fitted;

use crate::authorization::finding::Finding;

/// An answered review
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// The SubjectAccessReview with the status, as JSON
    pub body: Vec<u8>,
    /// What to log and count
    pub record: Record,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
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
    /// Why there was no judgement
    #[serde(skip_serializing_if = "Option::is_none")]
    evaluation_error: Option<&'a str>,
}

impl Case<'_> {
    /// Answers the review, with what is known of the pod that [`pod`](Case::pod) names
    pub(crate) fn answer(&self, read_pod: Sight<'_>) -> Answer {
        let Some(question) = self.question() else {
            return unjudged(self.review, Some(self.configuration.generation));
        };
        let ruling = self.rule(&question, read_pod);
        let mode = mode(self.modes, &question);
        let decision = ruling.decision(mode);
        let scene = Scene {
            user: self.review.user(),
            principal: ruling.principal.as_ref(),
            question: &question,
            is_list: ruling.is_list,
            advice: ruling.advice.as_ref(),
            account: self.configuration.policies.account(),
        };
        let findings = ruling.findings.iter();
        let causes: Vec<Cause> = findings.map(|finding| scene.cause(finding)).collect();
        let message = ruling.findings.first().map(|first| scene.message(first));
        let reason = message.as_deref().filter(|_| decision == Decision::Deny);
        let is_error = ruling.findings.first().is_some_and(Finding::is_error);
        Answer {
            body: body(VERSION, reason, is_error),
            record: Record {
                principal: ruling.principal.as_ref().map(ToString::to_string),
                decision: decision.name(),
                mode: mode.name(),
                route: ruling.route.as_ref().map(ToString::to_string),
                action: ruling.operation.map(|operation| operation.action()),
                code: causes.first().map(|cause| cause.reason.clone()),
                causes: (causes.len() > 1)
                    .then(|| serde_json::to_string(&causes).ok())
                    .flatten(),
                allowed_by: allowed_by(&ruling),
                asked: asked(&ruling),
                message,
                generation: Some(self.configuration.generation),
                ..known(self.review)
            },
        }
    }
}

/// The answer while no configuration is in force: it holds nobody up whom no configuration would
pub(crate) fn unready(review: &Review<'_>, modes: &Modes, exempt: &Exempt) -> Answer {
    let question = Question::of(review)
        .filter(|question| {
            !question
                .namespace
                .is_some_and(|namespace| exempt.covers(namespace))
        })
        .filter(|_| !exempt.frees(review, &ClusterSettings::default()));
    let Some(question) = question else {
        return unjudged(review, None);
    };
    let message = "ramgate has no complete configuration yet, so nothing can be judged: try again, and if it lasts look \
        at /ready of its admin port";
    let mode = mode(modes, &question);
    Answer {
        body: body(VERSION, Some(message).filter(|_| mode == Mode::Enforce), true),
        record: Record {
            decision: "not_ready",
            mode: mode.name(),
            ..known(review)
        },
    }
}

/// The answer to what is no review that can be judged
pub(crate) fn malformed(error: &ReviewError) -> Answer {
    let message = fitted(&format!("ramgate cannot read this review: {error}"), MAX_MESSAGE);
    Answer {
        body: body(error.answered_in(), Some(&message), true),
        record: Record {
            decision: "malformed",
            message: Some(message),
            ..Record::default()
        },
    }
}

/// A denial without a judgement: the server cannot judge now
pub(crate) fn refuse(message: &str) -> Vec<u8> {
    body(VERSION, Some(message), true)
}

fn unjudged(review: &Review<'_>, generation: Option<u64>) -> Answer {
    Answer {
        body: body(VERSION, None, false),
        record: Record {
            decision: Decision::NotEvaluated.name(),
            generation,
            ..known(review)
        },
    }
}

/// Denied for a reason, or no opinion without one
fn body(version: &str, reason: Option<&str>, is_error: bool) -> Vec<u8> {
    let wire = Wire {
        api_version: version,
        kind: KIND,
        status: Status {
            allowed: false,
            denied: reason.is_some(),
            reason: reason.unwrap_or_default(),
            evaluation_error: reason.filter(|_| is_error),
        },
    };
    // Strings and booleans always serialize; an empty body would be a failed call
    serde_json::to_vec(&wire).unwrap_or_default()
}

/// The mode of a namespace; what shows all of them is held to the strictest
fn mode(modes: &Modes, question: &Question<'_>) -> Mode {
    let Some(namespace) = question.namespace else {
        let mut all = modes.namespaces.values().chain([&modes.default]);
        return match all.clone().any(|mode| *mode == Mode::Enforce) {
            true => Mode::Enforce,
            false if all.any(|mode| *mode == Mode::Warn) => Mode::Warn,
            false => Mode::Audit,
        };
    };
    modes.of(namespace)
}

/// What the review itself says
fn known(review: &Review<'_>) -> Record {
    let question = Question::of(review);
    let attributes = review.attributes();
    let (namespace, name) = match &question {
        Some(question) => (question.namespace, question.name),
        None => attributes.map(|asked| (&*asked.namespace, &*asked.name)).unzip(),
    };
    Record {
        user: review.user().to_owned(),
        groups: review.groups().count(),
        namespace: namespace.unwrap_or_default().to_owned(),
        name: name.unwrap_or_default().to_owned(),
        resource: question
            .as_ref()
            .map_or("other", |question| question.deed.resource())
            .to_owned(),
        operation: question.map_or("other", |question| question.deed.verb()),
        ..Record::default()
    }
}

fn allowed_by(ruling: &Ruling) -> Vec<String> {
    let statements = ruling
        .allowed
        .iter()
        .filter_map(|allowed| allowed.statement.as_ref());
    statements.map(ToString::to_string).collect()
}

fn asked(ruling: &Ruling) -> Vec<Asked> {
    let Some(operation) = ruling.operation else {
        return Vec::new();
    };
    let action = operation.action();
    let allowed = ruling.allowed.iter().map(|allowed| Asked {
        action,
        decision: "Allow",
        scope: scope(allowed.policy_type),
    });
    let denied = ruling.findings.iter().filter_map(|finding| {
        let (decision, scope) = match finding {
            Finding::Denied { denial, .. } => {
                let is_query = operation.kind() == eci_calls::OperationKind::Query;
                let decision = if is_query { "Empty" } else { finding.code() };
                (decision, scope(denial.decision.policy_type))
            }
            Finding::UnknownGroup(_) => ("Empty", "eci"),
            Finding::Unbound => ("ImplicitDeny", "unbound"),
            Finding::UnknownNamespace | Finding::UnreadPod => return None,
        };
        Some(Asked {
            action,
            decision,
            scope,
        })
    });
    allowed.chain(denied).collect()
}
