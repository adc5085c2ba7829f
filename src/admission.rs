//! Pods bound for ECI, judged at admission.
//!
//! ```text
//! body -> Review -> Route -> Fields -> Call -> Principal -> eci_calls::evaluate -> Finding -> reply
//! ```
//!
//! Everything here is pure: what the cluster holds comes through [`Cluster`], the time is given, and the same review
//! always gets the same answer. `serve` and `check` run exactly these functions.

pub(crate) mod attribution;
pub(crate) mod evaluate;
pub(crate) mod fields;
pub(crate) mod offline;
pub(crate) mod outcome;
pub(crate) mod response;
pub(crate) mod review;
pub(crate) mod routing;

use crate::admission::attribution::contents;
use crate::admission::response::{record, reply};
use crate::admission::routing::route;
use crate::kubernetes::cluster::Cluster;
use crate::kubernetes::{eci_profile, pod};
use crate::wording;
use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::admission::evaluate::Case;
use crate::admission::outcome::finding::{Finding, MessageContext, Verb};
use crate::admission::response::reply::{Reply, Status};
use crate::admission::review::Resource;
use crate::config::{Configuration, ProfileChanges};

pub(crate) use crate::admission::outcome::evaluation::Asked;
pub use crate::admission::outcome::mode::{Mode, Modes};
pub(crate) use crate::admission::response::record::{Decision, Record};
pub(crate) use crate::admission::response::reply::{Cause, refuse};
pub use crate::admission::review::Review;
pub(crate) use crate::admission::review::ReviewError;

/// The two webhooks
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Path {
    /// The mutating one, which maps
    Mutate,
    /// The validating one, which judges
    Validate,
}

/// The answer to a review
#[derive(Clone, Debug)]
pub struct Answer {
    /// The AdmissionReview with the response, as JSON
    pub body: Vec<u8>,
    /// What was decided
    pub record: Record,
    /// What RAM was asked for it
    pub asked: Vec<Asked>,
}

/// Answers a review
pub fn answer(
    path: Path,
    review: &Review<'_>,
    configuration: &Configuration,
    cluster: &dyn Cluster,
    modes: &Modes,
    now: Timestamp,
) -> Answer {
    let mode = match (
        eci_profile::is_profile(review),
        configuration.cluster.eci_profile_changes,
    ) {
        (true, ProfileChanges::Record) => Mode::Audit,
        (true, ProfileChanges::Refuse) => Mode::Enforce,
        (false, _) => modes.of(review.namespace()),
    };
    let case = Case {
        review,
        configuration,
        cluster,
        mode,
        contents: modes.contents_of(review.namespace()),
        now,
    };
    let evaluation = match path {
        Path::Mutate => case.mutate(),
        Path::Validate => case.validate(),
    };
    let decision = evaluation.decision(mode);
    let name = name(review);
    let thing = thing(review, &name, evaluation.verb);
    let denial = evaluation.verb.and_then(|verb| {
        let context = MessageContext {
            configuration,
            user: evaluation.stamped.as_deref().unwrap_or(review.user()),
            principal: evaluation.principal.as_ref(),
            verb,
            thing: &thing,
            namespace: review.namespace(),
            fields: &evaluation.fields,
            advice: evaluation.advice.as_ref(),
        };
        Denial::of(&evaluation.findings, &context)
    });
    let mut warnings = Vec::new();
    if let (Decision::Warn, Some(denial)) = (decision, &denial) {
        let subject = match review.resource() {
            Resource::Pods => "this pod",
            _ => "a pod of this",
        };
        let mark = evaluation.route.as_ref().and_then(route::Route::mark);
        warnings.push(match (evaluation.is_tentative, mark) {
            (true, Some(mark)) => format!(
                "ramgate: {subject} may reach ECI ({mark}) and would be denied there: {}",
                denial.message
            ),
            _ => format!(
                "ramgate in mode {mode}, in mode enforce this would be denied: {}",
                denial.message
            ),
        });
    }
    warnings.extend(
        evaluation
            .warnings
            .iter()
            .map(|warning| format!("ramgate: {warning}")),
    );
    let patch = evaluation.patch.to_json().filter(|_| decision.passes());
    let record = Record {
        path,
        uid: review.uid().to_owned(),
        user: review.user().to_owned(),
        stamped: evaluation.stamped.clone(),
        principal: evaluation.principal.as_ref().map(ToString::to_string),
        namespace: review.namespace().to_owned(),
        name,
        resource: record::resource(review.resource()),
        subresource: review.subresource().to_owned(),
        operation: record::operation(review.operation()),
        dry_run: review.is_dry_run(),
        mode,
        decision,
        route: evaluation.route.as_ref().map(ToString::to_string),
        action: evaluation.operation.map(|operation| operation.action()),
        questions: record::questions(&evaluation),
        allowed_by: evaluation
            .allowed
            .iter()
            .filter_map(|allowed| allowed.statement.as_ref().map(ToString::to_string))
            .collect(),
        message: denial.as_ref().map(|denial| denial.message.clone()),
        sentence: denial.as_ref().map(|denial| denial.sentence.clone()),
        causes: denial
            .as_ref()
            .map_or_else(Vec::new, |denial| denial.causes.clone()),
        warnings: warnings.clone(),
        unlike: evaluation.unlike,
        patched: patch.is_some(),
        advice: evaluation.advice,
        generation: configuration.generation,
    };
    let audit = audit(&record, denial.as_ref());
    let status = denial
        .filter(|_| decision == Decision::Deny)
        .map(|denial| Status {
            code: 403,
            message: denial.message,
            name: review.name(),
            causes: denial.causes,
        });
    let reply = Reply {
        uid: review.uid(),
        allowed: decision.passes(),
        status,
        patch,
        audit,
        warnings,
    };
    Answer {
        body: reply.into_json(),
        record,
        asked: evaluation.asked,
    }
}

/// What speaks against a request, in words
struct Denial {
    message: String,
    sentence: String,
    words: Vec<(&'static str, String)>,
    causes: Vec<Cause>,
}

impl Denial {
    fn of(findings: &[Finding], context: &MessageContext<'_>) -> Option<Self> {
        let (first, others) = findings.split_first()?;
        let account = context.configuration.policies.account();
        let words = first.words(account);
        let others: Vec<&Finding> = others.iter().collect();
        let sentence = first.sentence(context);
        let message = reply::message(&sentence, &words, &others);
        let mut causes: Vec<Cause> = findings.iter().map(|finding| finding.cause(context)).collect();
        causes.extend(context.advice.iter().flat_map(|advice| advice.causes()));
        Some(Self {
            message,
            sentence,
            words,
            causes,
        })
    }
}

/// The object's name as far as it is known: the API server sends none while it still has to make one
fn name(review: &Review<'_>) -> String {
    let whole = review
        .templates()
        .iter()
        .find(|reviewed| reviewed.path.is_whole());
    let pod = whole.and_then(|reviewed| reviewed.new.as_ref());
    let owner = review.owner().and_then(pod::Metadata::display_name);
    match review.name() {
        "" => pod
            .map(|template| template.read().display_name())
            .or(owner)
            .or_else(|| review.bound_pod().map(str::to_owned))
            .unwrap_or_default(),
        name => name.to_owned(),
    }
}

/// What a request is about, for sentences
fn thing(review: &Review<'_>, name: &str, verb: Option<Verb>) -> String {
    let within = wording::quoted(&format!("{}/{name}", review.namespace()), 128);
    let scales = verb == Some(Verb::Scale);
    let (_, resource) = review.group_resource();
    match (review.resource(), review.subresource()) {
        (Resource::Workload(workload), _) if scales => format!("{} {within}", workload.kind()),
        (Resource::Workload(workload), _) => format!("pods of {} {within}", workload.kind()),
        (Resource::ImageCaches, _) => format!("image cache {}", wording::quoted(name, 128)),
        (Resource::Nodes, _) => format!("the kubelet of node {}", wording::quoted(name, 128)),
        (Resource::Other, _) => format!("pods of {} {within}", wording::clipped(resource, 64)),
        (Resource::ConfigMaps, _) => format!("ConfigMap {within}, by which pods are made"),
        (Resource::Pods | Resource::Bindings, _) => format!("pod {within}"),
    }
}

/// What the audit log keeps: the record's fields that are there, and the denial in RAM's words
///
/// Both halves have the same names, the API server keeps the first value of an annotation, and it may call the mutating half
/// twice. So that half is silent unless its answer is the last word: what it changed the API server notes itself.
fn audit(record: &Record, denial: Option<&Denial>) -> BTreeMap<&'static str, String> {
    let is_final = record.path == Path::Validate || record.decision == Decision::Deny;
    if record.decision == Decision::Unjudged || !is_final {
        return BTreeMap::new();
    }
    let mut audit = BTreeMap::from([
        ("decision", record.decision.name().to_owned()),
        ("mode", record.mode.to_string()),
        ("generation", record.generation.to_string()),
    ]);
    audit.extend(record.stamped.clone().map(|user| ("requested-by", user)));
    audit.extend(record.principal.clone().map(|principal| ("principal", principal)));
    audit.extend(record.route.clone().map(|route| ("route", route)));
    audit.extend(record.action.map(|action| ("action", action.to_owned())));
    if !record.allowed_by.is_empty() {
        audit.insert("allowed-by", record.allowed_by.join(", "));
    }
    if !record.unlike.is_empty() {
        audit.insert("unlike-stamp", contents::shown(&record.unlike));
    }
    audit.extend(record.advice.as_ref().map(|advice| ("fix", advice.to_string())));
    if let Some(denial) = denial {
        audit.insert("message", denial.message.clone());
        audit.extend(denial.words.iter().cloned());
    }
    audit
}

#[cfg(test)]
mod tests;
