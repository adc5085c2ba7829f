//! The explanation of a finding as data: what is wrong, what belongs to it, and what to do. Each language turns it into text.

use crate::admission::fields::malformed_annotation::MalformedAnnotation;
use crate::admission::fields::mapping::MappingError;
use crate::admission::outcome::advice::Line;
use crate::admission::outcome::creating_pod_fault::CreatingPodFault;
use crate::admission::outcome::origin::Origin;
use crate::admission::outcome::revision_fault::RevisionFault;
use crate::admission::outcome::stamp_fault::StampFault;
use crate::config::MappingSource;
use eci_calls::RefusalReason;
use ram_policy::{MetCondition, Operator, Principal, StatementId};

/// The explanation of a finding
#[derive(Clone, Debug)]
pub(crate) struct Explanation<'a> {
    /// The boundary of the namespace that is not allowed, if it is not the requester
    pub boundary: Option<&'a Principal>,
    /// What is wrong
    pub why: Why<'a>,
    /// What belongs to it
    pub notes: Vec<Note<'a>>,
    /// What to do
    pub step: Step<'a>,
}

/// What is wrong; where it includes what to do, there is no step
#[derive(Clone, Debug)]
pub(crate) enum Why<'a> {
    Malformed(&'a MalformedAnnotation),
    Unmappable(&'a MappingError),
    NotMapped {
        annotation: &'a str,
        wanted: Option<&'a str>,
        found: Option<&'a str>,
    },
    Unbound {
        user: &'a str,
    },
    /// A spawner that acts for nobody
    Spawner {
        fault: &'a CreatingPodFault,
        user: &'a str,
    },
    CreatingPodUnread,
    Stamp(&'a StampFault),
    BindingAnnotation(&'a str),
    Revision(&'a RevisionFault),
    UnlistedController {
        kind: &'a str,
        /// The entry of `carriers` that lists it by a preset
        preset: Option<&'a str>,
        user: &'a str,
    },
    UnknownNamespace(&'a str),
    NoNamespace,
    UnknownPod,
    PodChanged,
    UnknownWorkload,
    UnknownRequest(&'a str),
    Profile(&'a str),
    Refused(&'a RefusalReason),
    NotEverywhere {
        statement: Option<&'a StatementId>,
        boundary: Option<&'a Principal>,
    },
    /// RAM denies it
    Denied(Denied<'a>),
}

/// Why RAM denies a request
#[derive(Clone, Debug)]
pub(crate) enum Denied<'a> {
    /// A tag does not meet a condition
    Tag {
        time: TagTime,
        noun: Noun,
        key: &'a str,
        requirement: Requirement<'a>,
        got: &'a [String],
    },
    /// Another condition key does not meet a condition
    Key {
        key: &'a str,
        requirement: Requirement<'a>,
        got: &'a [String],
    },
    /// A statement denies the action
    Forbids {
        statement: &'a StatementId,
        is_control_policy: bool,
        action: String,
        for_new_tags: bool,
        noun: Noun,
        conditions: Vec<MetCondition>,
    },
    UnknownPrincipal(&'a Principal),
    UnknownRole,
    /// The role's trust policy trusts others
    Untrusting {
        trusted: &'a [String],
    },
    /// No statement allows to pass the role
    MayNotPass {
        principal: &'a Principal,
        role: &'a str,
    },
    /// The nearest statement allows the action on other resources
    OtherResource {
        statement: &'a StatementId,
        action: &'a str,
        allowed: &'a [String],
        wanted: &'a str,
        /// Whether it names single instances, whose ids no request of a pod has
        is_single: bool,
    },
    NothingAllows {
        searched: Searched<'a>,
        action: String,
    },
    Root {
        principal: &'a Principal,
        action: String,
    },
}

/// The policies that were searched for a statement
#[derive(Clone, Copy, Debug)]
pub(crate) enum Searched<'a> {
    ControlPolicies,
    TrustPolicy,
    /// The policies of a principal, for the account and for a resource group
    Granted {
        principal: &'a Principal,
        group: Option<&'a str>,
    },
}

/// The tags that an update is about
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TagTime {
    /// The only ones
    Only,
    /// Those after the update
    New,
    /// Those before it
    Current,
}

/// The object that has tags
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Noun {
    Pod,
    ImageCache,
}

/// The requirement of a condition
#[derive(Clone, Copy, Debug)]
pub(crate) enum Requirement<'a> {
    Equal(&'a [String]),
    Like(&'a [String]),
    NotEqual(&'a [String]),
    /// A comparison of numbers, dates or addresses
    Meet(&'a Operator, &'a [String]),
}

/// What belongs to an explanation
#[derive(Clone, Debug)]
pub(crate) enum Note<'a> {
    /// Something else than the manifest wrote the value
    From(&'a Origin),
    /// Another tag's key looks like the one that is wanted
    LookAlike {
        found: &'a str,
        wanted: &'a str,
        /// The letter that only looks right; `None` if the keys differ by case
        letter: Option<char>,
    },
    /// The annotation stands elsewhere in the object
    Misplaced { found: String, place: &'a str },
    /// The written resource group is the name of the one with this id
    NameOfGroup(&'a str),
    /// A role that the requester almost wrote
    DidYouMean(&'a str),
}

/// What to do
#[derive(Clone, Debug)]
pub(crate) enum Step<'a> {
    /// Nothing, or the explanation says it
    None,
    /// Write or leave out these annotations
    Write(&'a [Line]),
    /// Ask somebody
    Ask(Ask<'a>),
    /// Ask somebody, or write or leave out these annotations
    AskOrWrite(Ask<'a>, &'a [Line]),
    /// Put the annotation back
    PutBack,
    /// Put the annotations of the roles for pulling images back
    PutBackRegistryRoles,
}

/// Whom to ask, and why nothing else helps
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask<'a> {
    pub who: Who,
    /// Whether somebody else may make the request
    pub or_others: bool,
    pub reason: Option<Helpless<'a>>,
}

/// Who can help
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    RamAdministrator,
    ResourceDirectory,
    RoleOwner,
    ServiceLinkedRole,
    AddPrincipal,
    AddRole,
    AddGroup,
    ClusterAdministrator,
    /// Whoever owns the source of a mapping rule
    SourceOwner,
}

/// Why the requester can do nothing
#[derive(Clone, Copy, Debug)]
pub(crate) enum Helpless<'a> {
    /// RAM allows no other tags, group or role
    NoOtherFields,
    /// ACK sets the tag
    SetByAck,
    /// A mapping rule sets the tag from this source
    SetBy(&'a MappingSource),
}

impl<'a> Requirement<'a> {
    pub(crate) fn new(operator: &'a Operator, wanted: &'a [String]) -> Self {
        use ram_policy::OperatorFamily;
        if operator.is_negated() {
            Self::NotEqual(wanted)
        } else if operator.is_like() {
            Self::Like(wanted)
        } else if matches!(operator.family(), OperatorFamily::String | OperatorFamily::Bool) {
            Self::Equal(wanted)
        } else {
            Self::Meet(operator, wanted)
        }
    }
}
