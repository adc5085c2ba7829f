//! The message of a denial.

use crate::admission::outcome::cause::Cause;
use crate::admission::outcome::finding::Finding;
use crate::admission::response::message::message_body::{MessageBody, others};
use crate::admission::response::message::message_context::MessageContext;
use crate::admission::response::message::text::fixes;

/// A denial with its message, also if the mode makes it a warning
#[derive(Clone, Debug)]
pub struct Denial {
    /// The whole message: the sentence, the lines to paste, whom to ask, RAM's fields, and the other findings
    pub message: String,
    /// The sentence about the first finding, in one line with what to do
    pub sentence: String,
    /// The findings for programs, then the lines of the advice
    pub causes: Vec<Cause>,
    /// RAM's fields of the first finding, by RAM's names
    pub(super) details: Vec<(&'static str, String)>,
}

impl Denial {
    /// The denial for these findings; `None` if there are none
    pub(super) fn of(findings: &[Finding], context: &MessageContext<'_>) -> Option<Self> {
        let first = findings.first()?;
        let language = context.language();
        let details = first.details(context.configuration.policies.account());
        let texts = first.explanation(context).texts(context);
        let body = MessageBody {
            paragraph: &texts.paragraph,
            contact: context.configuration.advice.contact.as_deref(),
            fields: &details,
            others: &others(findings),
        };
        let message = body.text(language);
        let sentence = language.joined(&language.opening(context), &texts.one_line);
        let mut causes = vec![first.cause_of(texts.one_line, context)];
        causes.extend(findings.iter().skip(1).map(|finding| finding.cause(context)));
        causes.extend(fixes(context));
        Some(Self {
            message,
            sentence,
            causes,
            details,
        })
    }
}
