//! The message of a denial, cut to the length that an Event keeps.

use crate::admission::outcome::finding::Finding;
use crate::admission::response::admission_response::MAX_MESSAGE;
use crate::admission::response::message::language::Language;
use crate::admission::response::message::text::Paragraph;
use crate::wording::{fitted, joined};

/// The least room for the sentence: who may not do what, and most reasons
const MIN_SENTENCE: usize = 240;

/// The parts of a message
pub(crate) struct MessageBody<'a> {
    /// The sentence with the lines to paste
    pub paragraph: &'a Paragraph,
    /// Whom to ask
    pub contact: Option<&'a str>,
    /// RAM's fields
    pub fields: &'a [(&'static str, String)],
    /// The other findings in a few words
    pub others: &'a [String],
}

impl MessageBody<'_> {
    /// The message: the sentence, the lines to paste, the contact, RAM's fields, and the other findings
    ///
    /// If there is not room for everything, the other findings are cut first, then the sentence. Lines to paste are whole or
    /// not there.
    pub(crate) fn text(&self, language: &dyn Language) -> String {
        let contact = self
            .contact
            .map(|contact| format!("\n{}", language.contact(contact)));
        let end = format!("{}\n{}", contact.unwrap_or_default(), joined(self.fields));
        let lines: String = self
            .paragraph
            .lines
            .iter()
            .map(|line| format!("\n{line}"))
            .collect();
        let lead = self.paragraph.lead.as_deref();
        let lead = lead.map(|lead| format!("{}{lead}", language.stop()));
        let advice = format!("{}{lines}", lead.unwrap_or_default());
        let stop = language.stop().trim_end();
        let room = MAX_MESSAGE.saturating_sub(end.len()).saturating_sub(stop.len());
        let advice = if room.saturating_sub(advice.len()) < MIN_SENTENCE {
            format!("{}{}", language.stop(), language.too_long())
        } else {
            advice
        };
        let sentence = fitted(&self.paragraph.sentence, room.saturating_sub(advice.len()));
        let stop = if lines.is_empty() || !advice.ends_with(&lines) {
            stop
        } else {
            ""
        };
        let mut message = format!("{sentence}{advice}{stop}{end}");
        if !self.others.is_empty() {
            message = format!("{message}\n{}{}", language.also(), self.others.join("; "));
        }
        fitted(&message, MAX_MESSAGE).into_owned()
    }
}

/// The other findings in a few words, each once, without the one that the message is about
pub(crate) fn others(findings: &[Finding]) -> Vec<String> {
    let Some((first, rest)) = findings.split_first() else {
        return Vec::new();
    };
    let mut said = vec![short(first)];
    for text in rest.iter().map(short) {
        if !said.contains(&text) {
            said.push(text);
        }
    }
    said.split_off(1)
}

/// A finding in a few words
fn short(finding: &Finding) -> String {
    match finding {
        Finding::Denied { denial, .. } => {
            let question = &denial.question;
            format!(
                "{} on {} ({})",
                question.action,
                question.resource,
                finding.code()
            )
        }
        Finding::Malformed(malformed) => malformed.to_string(),
        Finding::NotMapped { annotation, .. } => format!("{} {annotation}", finding.code()),
        _ => finding.code().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admission::response::message::language::language;
    use crate::config::Locale;

    fn paragraph(sentence: &str, lines: &[String]) -> Paragraph {
        Paragraph {
            sentence: sentence.to_owned(),
            lead: (!lines.is_empty()).then(|| "Under metadata.annotations, write:".to_owned()),
            lines: lines.to_vec(),
        }
    }

    fn text(paragraph: &Paragraph, contact: Option<&str>, field: &str, others: &[String]) -> String {
        let fields = [
            ("AuthAction", "eci:CreateContainerGroup".to_owned()),
            ("PolicyType", field.to_owned()),
        ];
        let body = MessageBody {
            paragraph,
            contact,
            fields: &fields,
            others,
        };
        body.text(language(Locale::En))
    }

    #[test]
    fn the_sentence_gives_way_to_the_lines_the_contact_and_the_fields() {
        let lines = ["k: \"v\"".to_owned()];
        let message = text(
            &paragraph(&"s".repeat(2000), &lines),
            Some("help"),
            &"x".repeat(300),
            &[],
        );
        assert!(message.len() <= MAX_MESSAGE, "{message}");
        let end = format!(
            "…. Under metadata.annotations, write:\nk: \"v\"\nContact: help\nAuthAction: eci:CreateContainerGroup, PolicyType: {}",
            "x".repeat(300)
        );
        assert!(message.ends_with(&end), "{message}");
    }

    #[test]
    fn a_line_that_does_not_fit_is_left_out_as_a_whole() {
        let line = |length: usize| ["v".repeat(length)];
        let message = |length: usize| text(&paragraph("short", &line(length)), None, "", &[]);
        assert!(message(600).contains(&format!("\n{}\n", "v".repeat(600))));
        let cut = message(900);
        assert!(
            cut.contains("`ramgate check` prints it.\nAuthAction") && !cut.contains("vvv"),
            "{cut}"
        );
    }

    #[test]
    fn other_findings_come_last_and_once() {
        let findings = [
            Finding::Unbound,
            Finding::UnknownPod,
            Finding::Unbound,
            Finding::UnknownPod,
        ];
        assert_eq!(others(&findings), ["UnknownPod"]);
        let message = text(&paragraph("short", &[]), None, "x", &others(&findings));
        assert_eq!(
            message,
            "short.\nAuthAction: eci:CreateContainerGroup, PolicyType: x\nAlso: UnknownPod"
        );
    }
}
