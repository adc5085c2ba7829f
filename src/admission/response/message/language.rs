//! What every language of messages must be able to say.
//!
//! A text exists once for each language. Each language matches every variant of the data, so a text that lacks a language
//! does not compile.

use crate::admission::outcome::advice::Line;
use crate::admission::outcome::mode::Mode;
use crate::admission::outcome::warning::Warning;
use crate::admission::response::message::chinese::Chinese;
use crate::admission::response::message::english::English;
use crate::admission::response::message::explanation::{Note, Step, Why};
use crate::admission::response::message::message_context::MessageContext;
use crate::admission::response::place::Place;
use crate::admission::routing::mark::Mark;
use crate::config::{Exception, Locale};
use ram_policy::Principal;

/// A language of messages
pub(crate) trait Language {
    /// Who may not do what: "`alice` (RAM user `alice`) may not create pod `shop/web` on ECI"
    fn opening(&self, context: &MessageContext<'_>) -> String;

    /// What is wrong, without a full stop
    fn why(&self, why: &Why<'_>, namespace: &str) -> String;

    /// What belongs to the explanation, to be put behind it
    fn note(&self, note: &Note<'_>) -> String;

    /// What to do, as a clause; `place` is that of the annotations. `None` if there is nothing to do
    fn step(&self, step: &Step<'_>, place: &Place) -> Option<String>;

    /// A sentence before lines that are to be written, or the whole if there are none
    fn lead(&self, step: &Step<'_>, place: &Place, removed: &[&Line], is_followed: bool) -> Option<String>;

    /// An explanation that holds for a boundary of the namespace
    fn of_boundary(&self, boundary: &Principal, explanation: &str) -> String;

    /// The opening and its explanation, or an explanation and what to do
    fn joined(&self, first: &str, second: &str) -> String;

    /// The end of a sentence
    fn stop(&self) -> &'static str;

    /// The line with the contact
    fn contact(&self, contact: &str) -> String;

    /// The words before other findings
    fn also(&self) -> &'static str;

    /// Points to the lines that are too long for a message
    fn too_long(&self) -> &'static str;

    /// A warning, without the name of ramgate
    fn warning(&self, warning: &Warning, namespace: &str) -> String;

    /// The words before a denial that a mode turns into a warning
    fn softened(&self, mode: Mode) -> String;

    /// The words before a denial that an exception turns into a warning
    fn excused(&self, exception: &Exception) -> String;

    /// The words before a denial that holds only if the pod gets to ECI
    fn tentative(&self, is_pod: bool, mark: &Mark) -> String;

    /// A sentence before a line that keeps the pods of a template off virtual nodes
    fn keep_off(&self, place: &str) -> String;
}

/// The language of a locale
pub(crate) fn language(locale: Locale) -> &'static dyn Language {
    match locale {
        Locale::En => &English,
        Locale::Zh => &Chinese,
    }
}
