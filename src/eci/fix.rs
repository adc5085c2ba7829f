//! The smallest change of tags, resource group and role with which a denied call would be allowed.
//!
//! ```text
//! wish ─▶ court: allowed? ─▶ yes: this is the fix
//!   ▲          │ no: what speaks against it
//!   └── each change that takes one objection away, the fewest changes first
//! ```
//!
//! Breadth first, so that what is found has the fewest changes. Every objection of a wish must go before it is
//! allowed, so that following one of them, the one with the fewest remedies, misses nothing; and of values that no
//! condition tells apart one is tried. What is proposed was judged as a whole, by the court that judged the call.
//! All that is looked at is counted, and where the count ends the search does.

mod call;
mod effort;
mod remedy;
mod value;

use std::collections::{HashSet, VecDeque};

use super::{Denial, Refusal};
use crate::ram::{PolicySet, Principal};
use effort::Effort;
use remedy::Remedies;

pub use call::CallCourt;

/// How many wishes are judged before the search gives up, however little they cost
const MOST_HEARINGS: usize = 1_000;

/// What a caller is free to choose
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Wish {
    /// Tags, in the caller's order
    pub tags: Vec<(String, String)>,
    /// The resource group's id
    pub resource_group: Option<String>,
    /// The instance role's name
    pub role: Option<String>,
}

/// One thing that is chosen otherwise
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// The tag of this key gets this value, or goes
    Tag(String, Option<String>),
    /// Another resource group, or none
    ResourceGroup(Option<String>),
    /// Another role, or none
    Role(Option<String>),
}

/// Something that speaks against a wish
#[derive(Clone, Debug)]
pub enum Objection {
    /// It cannot be written, or nothing that a wish can change takes it away
    Final,
    /// It has more tags than there may be
    TooManyTags,
    /// ECI refuses it
    Refused(Refusal),
    /// RAM does not allow it to this principal
    Denied(Principal, Denial),
}

/// Who judges wishes, exactly as the call would be judged that they make
pub trait Court {
    /// What speaks against a wish; nothing if it is allowed
    fn hear(&self, wish: &Wish) -> Vec<Objection>;

    /// Whether a change can be written and would have any effect
    fn admits(&self, change: &Change) -> bool;

    /// The value that a tag has where the wish leaves it out
    fn filled(&self, key: &str) -> Option<String>;

    /// Whether a condition key has a value of its own, whatever is wished for
    fn is_given(&self, _key: &str) -> bool {
        false
    }

    /// What an update finds, whose group and role cannot be changed; none on a create
    fn before(&self) -> Option<&Wish>;

    /// Whether a role, by its resource name, is handed over whatever is wished for
    fn is_fixed(&self, role: &str) -> bool;

    /// The ids of the resource groups that there are, the default one marked
    fn groups(&self) -> Vec<(&str, bool)>;
}

/// What came of a search
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Search {
    /// This wish is allowed, and none with fewer changes is
    Found(Wish),
    /// No wish made of the values that the policies speak of is allowed
    Nothing,
    /// There were too many to try
    GaveUp,
}

/// Searches for the smallest change with which everything is allowed to all of these principals
pub fn search(court: &impl Court, policies: &PolicySet, principals: &[Principal], wish: Wish) -> Search {
    let effort = Effort::new();
    let remedies = Remedies::new(court, policies, principals, &effort);
    let mut seen = HashSet::from([wish.clone()]);
    let mut waiting = VecDeque::from([(wish, Vec::<Change>::new())]);
    for _ in 0..MOST_HEARINGS {
        let Some((wish, changes)) = waiting.pop_front() else {
            return if effort.is_cut() {
                Search::GaveUp
            } else {
                Search::Nothing
            };
        };
        let Some(objections) = remedies.hear(&wish) else {
            return Search::GaveUp;
        };
        if objections.is_empty() {
            return Search::Found(wish);
        }
        let remedies = objections
            .iter()
            .map(|objection| remedies.of(&wish, objection))
            .min_by_key(Vec::len);
        for change in remedies.unwrap_or_default() {
            // What is changed once is right already, or the way here was wrong
            if changes.iter().any(|done| done.is_about_the_same_as(&change)) {
                continue;
            }
            let next = wish.with(&change);
            if seen.insert(next.clone()) {
                waiting.push_back((next, [changes.as_slice(), &[change]].concat()));
            }
        }
    }
    Search::GaveUp
}

impl Wish {
    /// The value of a tag
    pub fn tag(&self, key: &str) -> Option<&str> {
        let found = self.tags.iter().find(|(known, _)| known == key);
        found.map(|(_, value)| value.as_str())
    }

    /// The wish after a change; a new tag comes last
    #[must_use]
    pub fn with(&self, change: &Change) -> Self {
        let mut wish = self.clone();
        match change {
            Change::Tag(key, None) => wish.tags.retain(|(known, _)| known != key),
            Change::Tag(key, Some(value)) => match wish.tags.iter_mut().find(|(known, _)| known == key) {
                Some((_, old)) => old.clone_from(value),
                None => wish.tags.push((key.clone(), value.clone())),
            },
            Change::ResourceGroup(group) => wish.resource_group.clone_from(group),
            Change::Role(role) => wish.role.clone_from(role),
        }
        wish
    }
}

impl Change {
    fn is_about_the_same_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Tag(one, _), Self::Tag(other, _)) => one == other,
            (Self::ResourceGroup(_), Self::ResourceGroup(_)) | (Self::Role(_), Self::Role(_)) => true,
            _ => false,
        }
    }
}
