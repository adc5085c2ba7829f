//! What every language must be able to say about a read that is denied. A language that lacks a text does not compile.

use crate::admission::response::message::explanation::Requirement;
use crate::authorization::message::chinese::Chinese;
use crate::authorization::message::english::English;
use crate::authorization::pod_read::{PodRead, Verb};
use crate::config::Locale;
use ram_policy::{MetCondition, Principal, StatementId};

/// A language of messages
pub(super) trait Words {
    /// Who may not read what
    fn opening(&self, user: &str, bound: Option<&Principal>, read: &PodRead<'_>) -> String;
    /// What is wrong, with what to do
    fn reason(&self, reason: &Reason<'_>) -> String;
    /// The same for a boundary of the namespace
    fn of_boundary(&self, boundary: &Principal, reason: &str) -> String;
    /// The end of a sentence
    fn stop(&self) -> &'static str;
    /// Between the opening and the reason
    fn colon(&self) -> &'static str;
    /// The contact
    fn contact(&self, contact: &str) -> String;
}

/// What is wrong
pub(super) enum Reason<'a> {
    Unbound(&'a str),
    UnknownNamespace,
    UnreadPod,
    UnknownGroup(&'a str),
    UnknownPrincipal(&'a Principal),
    Forbids {
        statement: Named<'a>,
        action: &'a str,
        conditions: Vec<MetCondition>,
        step: Step,
    },
    Unmet {
        statement: Named<'a>,
        key: Key<'a>,
        requirement: Requirement<'a>,
        found: Found<'a>,
        step: Step,
    },
    OtherResource {
        statement: Named<'a>,
        action: &'a str,
        allowed: &'a [String],
        wanted: &'a str,
        step: Step,
    },
    NothingAllows {
        searched: Searched<'a>,
        action: &'a str,
        step: Step,
    },
}

/// A statement with its layer
#[derive(Clone, Copy)]
pub(super) struct Named<'a> {
    pub(super) id: &'a StatementId,
    pub(super) is_control_policy: bool,
}

/// A condition key as people know it
pub(super) enum Key<'a> {
    Tag(&'a str),
    Other(&'a str),
}

/// The values that the call had for a condition key
pub(super) enum Found<'a> {
    Values(&'a [String]),
    /// Only a request for one pod has it
    OfOnePod,
    /// The list or watch selects no such tag
    Unselected(Verb),
    /// A request for one pod selects no tags
    NoSelection,
    /// The pod has no such tag
    Absent,
    /// The request does not have it
    NotInRequest,
}

/// The policies that were searched
pub(super) enum Searched<'a> {
    ControlPolicies,
    Granted {
        principal: &'a Principal,
        group: Option<&'a str>,
    },
}

/// What to do
pub(super) struct Step {
    pub(super) advice: Advice,
    /// Whether the policies of the resource directory decide
    pub(super) is_control_policy: bool,
}

/// How to ask otherwise
pub(super) enum Advice {
    WithoutLabels,
    Labels(String),
    NoSelector,
    Ask,
    AskOthers,
}

/// The words of a locale
pub(super) fn words(locale: Locale) -> &'static dyn Words {
    match locale {
        Locale::En => &English,
        Locale::Zh => &Chinese,
    }
}
