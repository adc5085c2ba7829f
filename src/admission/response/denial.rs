//! A denial in words.

use crate::admission::outcome::cause::Cause;
use crate::admission::outcome::finding::Finding;
use crate::admission::response::admission_response;
use crate::admission::response::message::context::MessageContext;

/// A denial in words, also where the mode makes a warning of it
#[derive(Clone, Debug)]
pub struct Denial {
    /// The whole message: the sentence, RAM's own words, and the other findings
    pub message: String,
    /// The sentence about the first finding
    pub sentence: String,
    /// Each finding for programs, then each line of the advice
    pub causes: Vec<Cause>,
    /// RAM's own words about the first finding, by RAM's names
    pub(super) words: Vec<(&'static str, String)>,
}

impl Denial {
    /// The denial for these findings; `None` if there are none
    pub(super) fn of(findings: &[Finding], context: &MessageContext<'_>) -> Option<Self> {
        let (first, others) = findings.split_first()?;
        let words = first.words(context.configuration.policies.account());
        let others: Vec<&Finding> = others.iter().collect();
        let sentence = first.sentence(context);
        let message = admission_response::message(&sentence, &words, &others);
        let mut causes: Vec<Cause> = findings.iter().map(|finding| finding.cause(context)).collect();
        causes.extend(context.advice.iter().flat_map(|advice| advice.causes()));
        Some(Self {
            message,
            sentence,
            causes,
            words,
        })
    }
}
