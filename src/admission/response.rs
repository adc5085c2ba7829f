//! The AdmissionReview response to an evaluated request.
//!
//! | question | file |
//! | --- | --- |
//! | which text has the warning in place of a denial? | `softened` here; `Evaluation::decision` in [`crate::admission::outcome::evaluation`] decides that it is one |
//! | which text does a finding have? | [`message`] |
//! | how are messages cut to the limits of the API server? | [`admission_response`] |
//! | what does the audit log keep? | [`audit`] |
//! | what is the response to a request that could not be judged? | [`unjudged`] |
//! | what does a probe get? | [`probe`] |

pub(crate) mod admission_response;
pub(crate) mod audit;
pub(crate) mod denial;
pub(crate) mod message;
pub(crate) mod object_name;
pub(crate) mod off_virtual_nodes;
pub(crate) mod place;
pub(crate) mod probe;
pub(crate) mod unjudged;

use crate::admission::outcome::cause::Cause;
use crate::admission::outcome::decision::Decision;
use crate::admission::outcome::evaluation::Evaluation;
use crate::admission::outcome::mode::Mode;
use crate::admission::response::admission_response::{AdmissionResponse, Status};
use crate::admission::response::denial::Denial;
use crate::admission::response::message::language::{Language, language};
use crate::admission::response::message::message_context::MessageContext;
use crate::admission::response::off_virtual_nodes::OffVirtualNodes;
use crate::admission::response::place::{OutsideTemplate, Place};
use crate::admission::review::{Resource, Review};
use crate::admission::routing::route::Route;
use crate::admission::webhook::Webhook;
use crate::config::{ClusterSettings, Configuration, Exception};

/// The response to a review, with the evaluation behind it
#[derive(Clone, Debug)]
pub struct Response {
    /// The AdmissionReview with the response, as JSON
    pub body: Vec<u8>,
    /// The webhook that responds
    pub webhook: Webhook,
    /// The mode of the namespace
    pub mode: Mode,
    /// The decision
    pub decision: Decision,
    /// The object's name; empty if the API server has yet to generate it
    pub name: String,
    /// The denial, also if the mode makes it a warning
    pub denial: Option<Denial>,
    /// The warnings that the requester sees
    pub warnings: Vec<String>,
    /// Whether the response carries a patch
    pub patched: bool,
    /// The generation of the configuration that decided
    pub generation: u64,
    /// The evaluation
    pub(crate) evaluation: Evaluation,
}

impl Response {
    /// Responds to a review; `None` if the request does not concern ECI
    pub(super) fn new(
        webhook: Webhook,
        review: &Review<'_>,
        configuration: &Configuration,
        mode: Mode,
        evaluation: Option<Evaluation>,
    ) -> Self {
        let evaluation = evaluation.unwrap_or_default();
        let decision = evaluation.decision(mode);
        let name = object_name::name(review);
        let denial = denial(review, configuration, &name, &evaluation);
        let patch = evaluation.patch.to_json().filter(|_| decision.passes());
        let probe = probe::answer(webhook, review, decision, mode, configuration.generation);
        let warnings = warnings(
            review,
            decision,
            mode,
            denial.as_ref(),
            &evaluation,
            configuration,
        );
        let mut response = Self {
            body: Vec::new(),
            webhook,
            mode,
            decision,
            name,
            warnings: probe.into_iter().chain(warnings).collect(),
            denial,
            patched: patch.is_some(),
            generation: configuration.generation,
            evaluation,
        };
        let body = AdmissionResponse {
            uid: review.uid(),
            allowed: decision.passes(),
            status: response.status(review),
            patch,
            audit: audit::annotations(&response),
            warnings: &response.warnings,
        };
        response.body = body.into_json();
        response
    }

    fn status<'r>(&'r self, review: &'r Review<'_>) -> Option<Status<'r>> {
        let denial = self.denial.as_ref().filter(|_| !self.decision.passes())?;
        Some(Status {
            code: 403,
            message: &denial.message,
            name: review.name(),
            causes: &denial.causes,
        })
    }

    /// The message of the denial, also if the mode makes it a warning
    pub fn message(&self) -> Option<&str> {
        self.denial.as_ref().map(|denial| denial.message.as_str())
    }

    /// The reasons against the request, for programs
    pub fn causes(&self) -> &[Cause] {
        self.denial.as_ref().map_or(&[], |denial| &denial.causes)
    }

    /// The RAM principal for whom the request was evaluated
    pub(crate) fn principal(&self) -> Option<String> {
        self.evaluation.principal.as_ref().map(ToString::to_string)
    }

    /// The pod's route and the reason for it
    pub(crate) fn route(&self) -> Option<String> {
        self.evaluation.route.as_ref().map(ToString::to_string)
    }

    /// The exception that makes the denial a warning
    pub(crate) fn exception(&self) -> Option<&Exception> {
        self.evaluation.exception.as_deref()
    }

    /// The ECI action that was evaluated
    pub(crate) fn action(&self) -> Option<&'static str> {
        self.evaluation.operation.map(|operation| operation.action())
    }

    /// The statements that allowed the request
    pub(crate) fn allowed_by(&self) -> Vec<String> {
        let allowed = self.evaluation.allowed.iter();
        allowed
            .filter_map(|allowed| allowed.statement.as_ref().map(ToString::to_string))
            .collect()
    }
}

fn denial(
    review: &Review<'_>,
    configuration: &Configuration,
    name: &str,
    evaluation: &Evaluation,
) -> Option<Denial> {
    let verb = evaluation.verb?;
    let context = MessageContext {
        configuration,
        user: evaluation.stamped.as_deref().unwrap_or(review.user()),
        principal: evaluation.principal.as_ref(),
        verb,
        object: &object_name::object(review, name, Some(verb), &configuration.cluster),
        namespace: review.namespace(),
        outside: &OutsideTemplate::new(review.object(), &evaluation.path),
        place: &Place::of(review, evaluation, &configuration.cluster),
        request_place: &Place::in_request(review, evaluation).path,
        origins: &evaluation.origins,
        fields: &evaluation.fields,
        advice: evaluation.advice.as_ref(),
    };
    Denial::of(&evaluation.findings, &context)
}

fn warnings(
    review: &Review<'_>,
    decision: Decision,
    mode: Mode,
    denial: Option<&Denial>,
    evaluation: &Evaluation,
    configuration: &Configuration,
) -> Vec<String> {
    let language = language(configuration.advice.locale);
    let denial = denial.filter(|_| decision == Decision::Warn);
    let settings = &configuration.cluster;
    let softened = denial.map(|denial| softened(review, mode, denial, evaluation, settings, language));
    let others = evaluation
        .warnings
        .iter()
        .map(|warning| format!("ramgate: {}", language.warning(warning, review.namespace())));
    softened.into_iter().chain(others).collect()
}

/// The warning in place of a denial, in mode warn or with a route that is only possible
fn softened(
    review: &Review<'_>,
    mode: Mode,
    denial: &Denial,
    evaluation: &Evaluation,
    settings: &ClusterSettings,
    language: &dyn Language,
) -> String {
    let mark = evaluation.route.as_ref().and_then(Route::mark);
    let words = match (evaluation.is_only_possible(), mark) {
        (true, Some(mark)) => {
            let words = language.tentative(review.resource() == Resource::Pods, mark);
            let off = OffVirtualNodes::of(review, evaluation, settings);
            let off = off.map(|off| format!("\n{}\n{}", language.keep_off(&off.place), off.line));
            return format!("{words}{}{}", denial.message, off.unwrap_or_default());
        }
        _ => match &evaluation.exception {
            Some(exception) => language.excused(exception),
            None => language.softened(mode),
        },
    };
    format!("{words}{}", denial.message)
}
