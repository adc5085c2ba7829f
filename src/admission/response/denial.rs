//! The message of a denial.

use crate::admission::outcome::cause::Cause;
use crate::admission::outcome::finding::Finding;
use crate::admission::response::admission_response;
use crate::admission::response::message::message_context::MessageContext;

/// A denial with its message, also if the mode makes it a warning
#[derive(Clone, Debug)]
pub struct Denial {
    /// The whole message: the sentence, RAM's fields, and the other findings
    pub message: String,
    /// The sentence about the first finding
    pub sentence: String,
    /// The findings for programs, then the lines of the advice
    pub causes: Vec<Cause>,
    /// RAM's fields of the first finding, by RAM's names
    pub(super) details: Vec<(&'static str, String)>,
}

impl Denial {
    /// The denial for these findings; `None` if there are none
    pub(super) fn of(findings: &[Finding], context: &MessageContext<'_>) -> Option<Self> {
        let (first, others) = findings.split_first()?;
        let details = first.details(context.configuration.policies.account());
        let others: Vec<&Finding> = others.iter().collect();
        let sentence = first.sentence(context);
        let message = admission_response::message(&sentence, &details, &others);
        let mut causes: Vec<Cause> = findings.iter().map(|finding| finding.cause(context)).collect();
        causes.extend(context.advice.iter().flat_map(|advice| advice.causes()));
        Some(Self {
            message,
            sentence,
            causes,
            details,
        })
    }
}
