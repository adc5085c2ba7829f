//! One reason against a workload's pods in mode enforce.

use crate::admission::outcome::advice::Advice;
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
/// field    metadata.annotations[k8s.aliyun.com/eci-custom-tags]
/// fix      write annotation k8s.aliyun.com/eci-custom-tags: "env:test,team:a"
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Obstacle {
    /// The code of a denial for this reason
    pub code: &'static str,
    /// The reason; its end says what to do
    pub message: String,
    /// The path of the annotation at fault, in the pod or template
    pub field: Option<String>,
    /// The lines to write under the annotations, or the command to run; `None` if only the message says what to do
    pub fix: Option<String>,
    /// Whether it is about the stamp, so that it does not depend on what the workload asks for
    pub is_stamp: bool,
    /// Whether another person may not have it
    pub depends_on_person: bool,
}

impl Obstacle {
    /// The obstacle of a finding, in a response to `user`
    pub(super) fn of(
        finding: &Finding,
        response: &Response,
        configuration: &Configuration,
        (user, namespace): (&str, &str),
    ) -> Self {
        let evaluation = &response.evaluation;
        let place = Place::of_pod();
        let context = MessageContext {
            configuration,
            user: evaluation.stamped.as_deref().unwrap_or(user),
            principal: evaluation.principal.as_ref(),
            verb: evaluation.verb.unwrap_or(Verb::Create),
            // Only the first words of a denial name the object, and they are not used here
            object: &ReviewedObject::Pod(String::new()),
            namespace,
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
            field: field.map(|annotation| format!("metadata.annotations[{annotation}]")),
            fix: advice.and_then(instruction),
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

/// The annotations to write or to leave out, in one line
fn instruction(advice: &Advice) -> Option<String> {
    let lines = advice.lines().iter().map(|line| match &line.value {
        Some(_) => format!("write annotation {line}"),
        None => format!("leave out annotation {}", line.annotation),
    });
    let lines: Vec<String> = lines.collect();
    (!lines.is_empty()).then(|| lines.join("; "))
}
