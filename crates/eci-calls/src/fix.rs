//! The smallest change of tags, resource group and role with which a denied call would be allowed.
//!
//! ```text
//! wish ─▶ court: allowed? ─▶ yes: this is the fix
//!   ▲          │ no: what speaks against it
//!   └── each change that takes one objection away, the fewest changes first
//! ```
//!
//! Those with the fewest changes first, counting those that a statement still lacks, so that what is found has the fewest
//! and what cannot come to anything so small waits. Every objection of a wish must go before it is
//! allowed, so that following one of them, the one with the fewest remedies, misses nothing; and of values that no
//! condition tells apart one is tried. What is proposed was judged as a whole, by the court that judged the call.
//! All that is looked at is counted, and where the count ends the search does.

mod call;
mod effort;
mod remedy;
mod value;

use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, HashSet};

use super::{Denial, Refusal};
use effort::Effort;
use ram_policy::{PolicySet, Principal};
use remedy::{Remedies, Remedy};

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
    let mut waiting = BinaryHeap::from([Candidate {
        least: 0,
        place: 0,
        wish,
        changes: Vec::new(),
    }]);
    for _ in 0..MOST_HEARINGS {
        let Some(candidate) = waiting.pop() else {
            return if effort.is_cut() {
                Search::GaveUp
            } else {
                Search::Nothing
            };
        };
        let Candidate {
            least, wish, changes, ..
        } = candidate;
        let Some(objections) = remedies.hear(&wish) else {
            return Search::GaveUp;
        };
        if objections.is_empty() {
            return Search::Found(wish);
        }
        let remedies = objections.iter().map(|objection| remedies.of(&wish, objection));
        let remedies: Vec<Remedy> = remedies.collect();
        let more = remedies.iter().map(|remedy| remedy.least).max().unwrap_or(1);
        let least = least.max(changes.len().saturating_add(more));
        let fewest = remedies.into_iter().min_by_key(|remedy| remedy.changes.len());
        for change in fewest.into_iter().flat_map(|remedy| remedy.changes) {
            // What is changed once is right already, or the way here was wrong
            if changes.iter().any(|done| done.is_about_the_same_as(&change)) {
                continue;
            }
            let next = wish.with(&change);
            if seen.insert(next.clone()) {
                waiting.push(Candidate {
                    least,
                    place: seen.len(),
                    wish: next,
                    changes: [changes.as_slice(), &[change]].concat(),
                });
            }
        }
    }
    Search::GaveUp
}

/// A wish that is still to be judged
#[derive(Debug, PartialEq, Eq)]
struct Candidate {
    /// How many changes an allowed wish has at least that comes of it
    least: usize,
    /// When it was thought of
    place: usize,
    wish: Wish,
    changes: Vec<Change>,
}

impl Ord for Candidate {
    /// The greatest is tried first: the one of the fewest changes in the end, then the nearest to that end, then the eldest
    fn cmp(&self, other: &Self) -> Ordering {
        let rank = |one: &Self| (Reverse(one.least), one.changes.len(), Reverse(one.place));
        rank(self).cmp(&rank(other))
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
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

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects, reason = "tests")]

    use std::cell::Cell;
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use jiff::Timestamp;
    use serde_json::{Value, json};

    use super::*;
    use crate::{Account, Call, Operation};
    use ram_policy::{Definition, Document, DocumentKind, Grant, UserDefinition};

    const TEAM: &str = "acs:RequestTag/team";

    fn statement(effect: &str, condition: &Value) -> Value {
        json!({"Effect": effect, "Action": "eci:*", "Resource": "*", "Condition": condition})
    }

    fn set(statements: &[Value]) -> PolicySet {
        let document = |part: &[Value]| {
            let text = json!({"Version": "1", "Statement": part}).to_string();
            Document::parse(text.as_bytes(), DocumentKind::Identity)
                .unwrap()
                .document
        };
        let parts = statements.chunks(200).enumerate();
        let policies: BTreeMap<_, _> = parts
            .map(|(at, part)| (format!("P{at}"), Arc::new(document(part))))
            .collect();
        let grant = |policy: &String| Grant {
            policy: policy.clone(),
            resource_group: None,
        };
        let user = UserDefinition {
            name: "u".to_owned(),
            grants: policies.keys().map(grant).collect(),
            ..UserDefinition::default()
        };
        PolicySet::compile(Definition {
            account_id: "1".into(),
            policies,
            users: vec![user],
            ..Definition::default()
        })
        .unwrap()
    }

    /// A court that counts what it hears
    struct Counting<'a>(CallCourt<'a>, Cell<usize>);

    impl Court for Counting<'_> {
        fn hear(&self, wish: &Wish) -> Vec<Objection> {
            self.1.set(self.1.get() + 1);
            self.0.hear(wish)
        }
        fn admits(&self, change: &Change) -> bool {
            self.0.admits(change)
        }
        fn filled(&self, key: &str) -> Option<String> {
            self.0.filled(key)
        }
        fn before(&self) -> Option<&Wish> {
            self.0.before()
        }
        fn is_fixed(&self, role: &str) -> bool {
            self.0.is_fixed(role)
        }
        fn groups(&self) -> Vec<(&str, bool)> {
            self.0.groups()
        }
    }

    /// What comes of a search for a create without tags, and how many wishes it took
    fn searched(statements: &[Value]) -> (Search, usize) {
        let (set, account) = (set(statements), Account::default());
        let principal: Principal = "user/u".parse().unwrap();
        let call = Call::new(Operation::CreateContainerGroup);
        let court = CallCourt::new(&set, &account, &principal, &call, Timestamp::UNIX_EPOCH).unwrap();
        let (wish, court) = (court.wish(), Counting(court, Cell::default()));
        let found = search(&court, &set, std::slice::from_ref(&principal), wish);
        (found, court.1.get())
    }

    #[test]
    fn a_statement_for_each_of_many_teams_gives_its_advice() {
        let each = |at| statement("Allow", &json!({"StringEquals": {TEAM: format!("t{at}")}}));
        let teams: Vec<Value> = (0..2_000).map(each).collect();
        let (found, heard) = searched(&teams);
        let tags = vec![("team".to_owned(), "t0".to_owned())];
        assert_eq!(
            found,
            Search::Found(Wish {
                tags,
                ..Wish::default()
            })
        );
        assert_eq!(heard, 2);
    }

    #[test]
    fn what_costs_too_much_is_given_up_and_not_called_hopeless() {
        let never = statement("Deny", &json!({"StringLike": {TEAM: "t*"}}));
        let with = |count: usize, condition: &dyn Fn(usize) -> Value| {
            let each = (0..count).map(|at| statement("Allow", &condition(at)));
            each.chain([never.clone()]).collect::<Vec<Value>>()
        };
        let equal = |at: usize| json!({"StringEquals": {TEAM: format!("t{at}")}});
        let like = |at: usize| json!({"StringLike": {TEAM: format!("t{at}-*"), "acs:RequestTag/env": format!("*e{at}*")}});
        // Few enough to be tried to the end
        assert_eq!(searched(&with(100, &equal)), (Search::Nothing, 101));
        for statements in [with(2_000, &equal), with(2_000, &like), with(10_000, &like)] {
            let (found, heard) = searched(&statements);
            assert_eq!(found, Search::GaveUp);
            assert!(heard <= 100_000 / statements.len(), "{heard}");
        }
    }
}
