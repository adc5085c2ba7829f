//! What would be gone: many things at once are more often a fault than meant.

use std::collections::BTreeSet;
use std::fmt;

use crate::import::facts::Fact;
use crate::wording::listed;

/// The kinds of things that are counted, with the facts that stand for one
const KINDS: [Kind; 6] = [
    Kind {
        name: "users",
        entity: "user/",
        what: "there",
    },
    Kind {
        name: "groups",
        entity: "group/",
        what: "there",
    },
    Kind {
        name: "roles",
        entity: "role/",
        what: "there",
    },
    Kind {
        name: "policies",
        entity: "policy ",
        what: "text",
    },
    Kind {
        name: "attachments",
        entity: "",
        what: "policy",
    },
    Kind {
        name: "memberships",
        entity: "user/",
        what: "group",
    },
];

/// A loss of fewer things of a kind is no accident on a large scale
const FEWEST: usize = 5;
/// One in this many may be gone
const SHARE: usize = 5;

struct Kind {
    name: &'static str,
    entity: &'static str,
    what: &'static str,
}

/// What the stored documents have and the new ones do not
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Loss(Vec<KindLoss>);

/// The loss of one kind
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KindLoss {
    pub(crate) kind: &'static str,
    pub(crate) before: usize,
    /// What is gone, such as `user/alice`
    pub(crate) gone: Vec<String>,
}

impl Kind {
    /// The things of this kind; a text that changes is not gone, so only an attachment's or a membership's value counts
    fn of(&self, facts: &BTreeSet<Fact>) -> BTreeSet<String> {
        let facts = facts
            .iter()
            .filter(|fact| fact.what == self.what && fact.entity.starts_with(self.entity));
        facts
            .map(|fact| match self.what {
                "policy" | "group" => format!("{}: {}", fact.entity, fact.value),
                _ => fact.entity.clone(),
            })
            .collect()
    }
}

impl Loss {
    /// Compares facts by what they name
    pub(crate) fn between(before: &BTreeSet<Fact>, after: &BTreeSet<Fact>) -> Self {
        let loss = KINDS.iter().map(|kind| {
            let (before, after) = (kind.of(before), kind.of(after));
            KindLoss {
                kind: kind.name,
                before: before.len(),
                gone: before.difference(&after).cloned().collect(),
            }
        });
        Self(loss.filter(|loss| !loss.gone.is_empty()).collect())
    }

    /// Whether it must be accepted: more than a fifth of a kind, if that is at least five, or all of a kind
    pub(crate) fn is_too_large(&self) -> bool {
        self.0.iter().any(|loss| {
            let gone = loss.gone.len();
            gone == loss.before || (gone >= FEWEST && gone.saturating_mul(SHARE) > loss.before)
        })
    }

    /// How many things are gone
    pub(crate) fn total(&self) -> usize {
        self.0.iter().map(|loss| loss.gone.len()).sum()
    }

    /// The loss of each kind
    pub(crate) fn kinds(&self) -> &[KindLoss] {
        &self.0
    }
}

/// `7 of 12 users (user/a, user/b, user/c and 4 more), 2 of 8 policies (…)`
impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, loss) in self.0.iter().enumerate() {
            let between = if number > 0 { ", " } else { "" };
            let gone = listed(&loss.gone, "and");
            write!(
                f,
                "{between}{} of {} {} ({gone})",
                loss.gone.len(),
                loss.before,
                loss.kind
            )?;
        }
        Ok(())
    }
}

/// The number of things of each kind
pub(super) fn counts(facts: &BTreeSet<Fact>) -> Vec<(&'static str, usize)> {
    KINDS
        .iter()
        .map(|kind| (kind.name, kind.of(facts).len()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn users(numbers: std::ops::Range<usize>) -> BTreeSet<Fact> {
        let fact = |number| Fact {
            entity: format!("user/u{number}"),
            what: "there",
            value: String::new(),
        };
        numbers.map(fact).collect()
    }

    #[test]
    fn a_fifth_of_a_kind_may_go_and_four_of_any_number() {
        for (before, after, is_too_large) in [
            (25, 20, false), // exactly a fifth
            (24, 19, true),
            (10, 6, false), // four
            (10, 5, true),
            (100, 80, false),
            (100, 79, true),
            (4, 1, false),
            (4, 0, true), // all of a kind
            (1, 0, true),
            (0, 0, false),
        ] {
            let loss = Loss::between(&users(0..before), &users(0..after));
            assert_eq!(loss.is_too_large(), is_too_large, "{before} -> {after}");
            assert_eq!(loss.total(), before - after);
        }
    }

    #[test]
    fn others_in_their_place_are_a_loss_all_the_same() {
        let loss = Loss::between(&users(0..10), &users(5..15));
        assert!(loss.is_too_large());
        assert_eq!(
            loss.to_string(),
            "5 of 10 users (`user/u0`, `user/u1`, `user/u2` and 2 more)"
        );
    }

    #[test]
    fn each_kind_counts_by_itself_and_a_changed_text_is_no_loss() {
        let fact = |entity: &str, what, value: &str| Fact {
            entity: entity.to_owned(),
            what,
            value: value.to_owned(),
        };
        let before = BTreeSet::from([
            fact("policy P", "text", "old"),
            fact("user/a", "there", ""),
            fact("user/a", "policy", "P"),
            fact("user/a", "policy", "P in rg-1"),
            fact("user/a", "group", "g"),
        ]);
        let after = BTreeSet::from([
            fact("policy P", "text", "new"),
            fact("user/a", "there", ""),
            fact("user/a", "policy", "P"),
        ]);
        let loss = Loss::between(&before, &after);
        let kinds: Vec<(&str, usize)> = loss
            .kinds()
            .iter()
            .map(|loss| (loss.kind, loss.gone.len()))
            .collect();
        assert_eq!(kinds, [("attachments", 1), ("memberships", 1)]);
        assert!(loss.is_too_large(), "the only membership is gone");
        assert_eq!(
            counts(&after),
            [
                ("users", 1),
                ("groups", 0),
                ("roles", 0),
                ("policies", 1),
                ("attachments", 1),
                ("memberships", 0)
            ]
        );
    }
}
