//! The text of an explanation: in one line, or with the lines to paste on their own.

use crate::admission::outcome::advice::Line;
use crate::admission::outcome::cause::Cause;
use crate::admission::response::message::explanation::{Explanation, Step};
use crate::admission::response::message::message_context::MessageContext;

/// A sentence, and the lines to paste that follow it
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Paragraph {
    /// The sentence, without a full stop
    pub sentence: String,
    /// What leads to the lines: "Under metadata.annotations, write:"
    pub lead: Option<String>,
    /// The lines
    pub lines: Vec<String>,
}

/// The two forms of an explanation
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Texts {
    /// What is wrong, what belongs to it, and what to do, in one line
    pub one_line: String,
    /// The same with the opening before it, and the lines to paste on their own
    pub paragraph: Paragraph,
}

impl Explanation<'_> {
    /// What is wrong, what belongs to it, and what to do
    pub(crate) fn one_line(&self, context: &MessageContext<'_>) -> String {
        self.with_step(self.reason(context), context)
    }

    /// Both forms of the text
    pub(crate) fn texts(&self, context: &MessageContext<'_>) -> Texts {
        let reason = self.reason(context);
        let one_line = self.with_step(reason.clone(), context);
        Texts {
            paragraph: self.paragraph(context, &reason, &one_line),
            one_line,
        }
    }

    /// The reason with what to do
    fn with_step(&self, reason: String, context: &MessageContext<'_>) -> String {
        let language = context.language();
        match language.step(&self.step, context.place) {
            Some(step) => language.joined(&reason, &step),
            None => reason,
        }
    }

    /// The text with the opening before it, and the lines to paste on their own
    fn paragraph(&self, context: &MessageContext<'_>, reason: &str, one_line: &str) -> Paragraph {
        let language = context.language();
        let lines = match self.step {
            Step::Write(lines) | Step::AskOrWrite(_, lines) => lines,
            Step::None | Step::Ask(_) | Step::PutBack | Step::PutBackRegistryRoles => &[],
        };
        let (written, removed): (Vec<&Line>, Vec<&Line>) =
            lines.iter().partition(|line| line.value.is_some());
        let lead = language.lead(&self.step, context.place, &removed, !written.is_empty());
        let text = match lead {
            Some(_) => reason,
            None => one_line,
        };
        Paragraph {
            sentence: language.joined(&language.opening(context), text),
            lead,
            lines: written.iter().map(ToString::to_string).collect(),
        }
    }

    /// What is wrong, and what belongs to it
    fn reason(&self, context: &MessageContext<'_>) -> String {
        let language = context.language();
        let why = language.why(&self.why, context.namespace);
        let notes = self.notes.iter().map(|note| language.note(note));
        let text = format!("{why}{}", notes.collect::<String>());
        match self.boundary {
            Some(boundary) => language.of_boundary(boundary, &text),
            None => text,
        }
    }
}

/// The advice for programs, one cause for each annotation
pub(crate) fn fixes(context: &MessageContext<'_>) -> Vec<Cause> {
    let cause = |line: &Line| Cause {
        reason: "Fix".to_owned(),
        message: match &line.value {
            Some(_) => format!("write {line}"),
            None => "leave it out".to_owned(),
        },
        field: Some(format!("{}[{}]", context.request_place, line.annotation)),
    };
    context.lines().iter().map(cause).collect()
}
