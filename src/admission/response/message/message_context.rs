//! The request behind a finding: the user, the verb and the object that a message names, and the place of annotations.

use crate::admission::fields::reading::Fields;
use crate::admission::outcome::advice::{Advice, Line};
use crate::admission::outcome::origin::Origins;
use crate::admission::outcome::verb::Verb;
use crate::admission::response::message::explanation::{Ask, Helpless, Note, Noun, Step, Who};
use crate::admission::response::message::language::{Language, language};
use crate::admission::response::object_name::ReviewedObject;
use crate::admission::response::place::{OutsideTemplate, Place};
use crate::config::Configuration;
use crate::kubernetes::eci_annotations::RAM_ROLE_NAME;
use ram_policy::Principal;

/// The request behind a finding, for its message
#[derive(Clone, Copy, Debug)]
pub(crate) struct MessageContext<'a> {
    /// The configuration that decided
    pub configuration: &'a Configuration,
    /// The requester, or the person for whom a controller acts
    pub user: &'a str,
    /// The RAM principal of that user
    pub principal: Option<&'a Principal>,
    /// The verb
    pub verb: Verb,
    /// The object
    pub object: &'a ReviewedObject,
    /// The pod's namespace
    pub namespace: &'a str,
    /// The metadata in it that is not the template's
    pub outside: &'a OutsideTemplate<'a>,
    /// The place of the annotations in the object that the requester wrote
    pub place: &'a Place,
    /// The path of the annotations in the object of the request
    pub request_place: &'a str,
    /// The ECI fields of the pod
    pub fields: &'a Fields,
    /// What wrote those of them that the manifest does not have
    pub origins: &'a Origins,
    /// The annotations that RAM allows instead, if they were searched for
    pub advice: Option<&'a Advice>,
}

impl<'a> MessageContext<'a> {
    /// The language of messages
    pub(crate) fn language(&self) -> &'static dyn Language {
        language(self.configuration.advice.locale)
    }

    /// The annotations that RAM allows instead, or whom to ask
    pub(crate) fn step(&self, ask: Ask<'a>) -> Step<'a> {
        match self.advice {
            Some(Advice::Write(lines)) if !lines.is_empty() => Step::Write(lines),
            // What ACK or a rule sets is the better reason
            Some(Advice::Nothing) if ask.reason.is_none() => Step::Ask(Ask {
                reason: Some(Helpless::NoOtherFields),
                ..ask
            }),
            _ => Step::Ask(ask),
        }
    }

    /// The lines of the advice
    pub(crate) fn lines(&self) -> &'a [Line] {
        self.advice.map_or(&[], Advice::lines)
    }

    /// Asks somebody who can change what is allowed; a request for a stored pod may also be made by somebody else
    pub(crate) fn ask(&self, who: Who) -> Ask<'a> {
        let or_others = match self.verb {
            Verb::Create | Verb::Update | Verb::Scale => false,
            Verb::Delete
            | Verb::Evict
            | Verb::Own
            | Verb::Exec
            | Verb::Attach
            | Verb::PortForward
            | Verb::Proxy => true,
        };
        Ask {
            who,
            or_others,
            reason: None,
        }
    }

    /// The kind of object that has the tags
    pub(crate) fn noun(&self) -> Noun {
        match self.object {
            ReviewedObject::ImageCache(_) => Noun::ImageCache,
            _ => Noun::Pod,
        }
    }

    /// The place outside the template where the object has an annotation with such a value
    pub(crate) fn misplaced(&self, annotation: &str, is_meant: impl Fn(&str) -> bool) -> Option<Note<'a>> {
        Some(Note::Misplaced {
            found: self.outside.find(annotation, is_meant)?,
            place: self.request_place,
        })
    }

    /// The role that the requester almost wrote, if the advice is to write it
    pub(crate) fn near_role(&self) -> Option<Note<'a>> {
        let mut lines = self.lines().iter();
        let role = lines
            .find(|line| line.annotation == RAM_ROLE_NAME)?
            .value
            .as_deref()?;
        // An update restores the role that there was, which nobody misspelled
        (self.verb == Verb::Create).then_some(Note::DidYouMean(role))
    }
}
