//! One reason against a workload's pods in mode enforce.

use crate::admission::outcome::advice::Line;
use crate::admission::outcome::finding::Finding;
use crate::admission::outcome::verb::Verb;
use crate::admission::response::Response;
use crate::admission::response::message::message_context::MessageContext;
use crate::admission::response::object_name::ReviewedObject;
use crate::admission::response::place::{OutsideTemplate, Place};
use crate::config::Configuration;

/// One reason against a workload's pods in mode enforce, with its remedy
///
/// ```text
/// code     MalformedAnnotation
/// message  annotation k8s.aliyun.com/eci-custom-tags has a blank before the key in entry 2, ` team:a`: remove it
/// field    spec.template.metadata.annotations[k8s.aliyun.com/eci-custom-tags]
/// fix      under spec.template.metadata.annotations write k8s.aliyun.com/eci-custom-tags: "env:test,team:a"
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Obstacle {
    /// The code of a denial for this reason
    pub code: &'static str,
    /// The reason; its end says what to do
    pub message: String,
    /// The path of the annotation at fault, in the workload
    pub field: Option<String>,
    /// The lines to write under the annotations, or the command to run; `None` if only the message says what to do
    pub fix: Option<String>,
    /// Whether it is about the stamp, so that it does not depend on what the workload asks for
    pub is_stamp: bool,
    /// Whether another person may not have it
    pub depends_on_person: bool,
}

/// A pod or template whose obstacles are searched, and who asks for it
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    /// The Kubernetes user
    pub(super) user: &'a str,
    /// The namespace
    pub(super) namespace: &'a str,
    /// The path of its annotations in the workload, where somebody writes them
    pub(super) annotations: &'a str,
}

impl Obstacle {
    /// The obstacle of a finding, in a response to who asks
    pub(super) fn of(
        finding: &Finding,
        response: &Response,
        configuration: &Configuration,
        asked: Asked<'_>,
    ) -> Self {
        let evaluation = &response.evaluation;
        let place = Place::at(asked.annotations);
        let context = MessageContext {
            configuration,
            user: evaluation.stamped.as_deref().unwrap_or(asked.user),
            principal: evaluation.principal.as_ref(),
            verb: evaluation.verb.unwrap_or(Verb::Create),
            // Only the first words of a denial name the object, and they are not used here
            object: &ReviewedObject::Pod(String::new()),
            namespace: asked.namespace,
            outside: &OutsideTemplate::new(None, &evaluation.path),
            place: &place,
            request_place: &place.path,
            origins: &evaluation.origins,
            fields: &evaluation.fields,
            advice: evaluation.advice.as_ref(),
        };
        let is_about_fields = matches!(finding, Finding::Refused(_) | Finding::Denied { .. });
        let advice = evaluation.advice.as_ref().filter(|_| is_about_fields);
        let field = finding.annotation(&context);
        Self {
            code: finding.code(),
            message: finding.explanation(&context).one_line(&context),
            field: field.map(|annotation| format!("{}[{annotation}]", asked.annotations)),
            fix: advice.and_then(|advice| asked.instruction(advice.lines())),
            is_stamp: matches!(finding, Finding::Stamp(_)),
            depends_on_person: matches!(
                finding,
                Finding::Unbound
                    | Finding::Denied {
                        is_boundary: false,
                        ..
                    }
            ),
        }
    }
}

impl Asked<'_> {
    /// What to write at its place and what to leave out, in one line, with the words of a denial
    pub(super) fn instruction(self, lines: &[Line]) -> Option<String> {
        let lines = lines.iter().map(|line| match &line.value {
            Some(_) => format!("write {line}"),
            None => format!("leave out {}", line.annotation),
        });
        let lines: Vec<String> = lines.collect();
        (!lines.is_empty()).then(|| format!("under {} {}", self.annotations, lines.join(" and ")))
    }
}
