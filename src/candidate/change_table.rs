//! The changes that the candidate would make, each with a count.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::candidate::change::{Change, ChangeKey, ChangeKind, Example};

/// The most different changes that are kept, some 800 KiB; further ones are counted together
const MAX_ROWS: usize = 1000;

/// What was found of one pair of a live set and a candidate
#[derive(Debug, Default)]
pub(super) struct ChangeTable {
    rows: BTreeMap<ChangeKey, Row>,
    /// Changes that had no room, by their kind
    others: BTreeMap<ChangeKind, u64>,
    pub(super) reviews: ReviewCounts,
}

/// How many reviews were judged by the candidate
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ReviewCounts {
    pub(super) judged: u64,
    pub(super) skipped: u64,
    pub(super) undetermined: u64,
}

/// A change, and how often it was seen
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) effect: &'static str,
    pub(super) example: Example,
    pub(super) count: u64,
    pub(super) last_seen: Timestamp,
}

/// Whether a change was seen before
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Occurrence {
    First,
    Repeated,
    /// The first one without a row of its own
    FirstOther,
    Other,
}

impl ChangeTable {
    /// Counts a change; the row shows its latest example
    pub(super) fn count(&mut self, change: &Change, now: Timestamp) -> Occurrence {
        if let Some(row) = self.rows.get_mut(&change.key) {
            row.count = row.count.saturating_add(1);
            row.last_seen = now;
            row.effect = change.effect;
            row.example = change.example.clone();
            return Occurrence::Repeated;
        }
        if self.rows.len() < MAX_ROWS {
            let row = Row {
                effect: change.effect,
                example: change.example.clone(),
                count: 1,
                last_seen: now,
            };
            self.rows.insert(change.key.clone(), row);
            return Occurrence::First;
        }
        let is_first = self.others.is_empty();
        let count = self.others.entry(change.key.kind).or_default();
        *count = count.saturating_add(1);
        if is_first {
            Occurrence::FirstOther
        } else {
            Occurrence::Other
        }
    }

    /// All rows: losses first, then by principal and statement
    pub(super) fn rows(&self) -> impl Iterator<Item = (&ChangeKey, &Row)> {
        self.rows.iter()
    }

    /// How often a change of this kind was seen that has no row of its own
    pub(super) fn others(&self, kind: ChangeKind) -> u64 {
        self.others.get(&kind).copied().unwrap_or_default()
    }

    /// How many different denials would be new
    pub(super) fn losses(&self) -> usize {
        let rows = self
            .rows
            .keys()
            .filter(|key| key.kind == ChangeKind::Denied)
            .count();
        rows.saturating_add(usize::from(self.others(ChangeKind::Denied) > 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(principal: usize, kind: ChangeKind) -> Change {
        Change {
            key: ChangeKey {
                kind,
                principal: format!("user/u{principal}"),
                statement: Some(("P".to_owned(), 1)),
                code: "ImplicitDeny",
            },
            effect: "deny",
            example: Example::default(),
        }
    }

    #[test]
    fn changes_are_counted_and_those_without_room_together() {
        let mut table = ChangeTable::default();
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(
            table.count(&change(0, ChangeKind::Denied), now),
            Occurrence::First
        );
        assert_eq!(
            table.count(&change(0, ChangeKind::Denied), now),
            Occurrence::Repeated
        );
        assert_eq!(
            table.count(&change(0, ChangeKind::Allowed), now),
            Occurrence::First
        );
        for number in 1..MAX_ROWS - 1 {
            assert_eq!(
                table.count(&change(number, ChangeKind::Denied), now),
                Occurrence::First
            );
        }
        let more = change(MAX_ROWS, ChangeKind::Denied);
        assert_eq!(table.count(&more, now), Occurrence::FirstOther);
        assert_eq!(table.count(&more, now), Occurrence::Other);
        assert_eq!(
            table.count(&change(0, ChangeKind::Denied), now),
            Occurrence::Repeated
        );
        assert_eq!((table.rows().count(), table.losses()), (MAX_ROWS, MAX_ROWS));
        assert_eq!(
            (
                table.others(ChangeKind::Denied),
                table.others(ChangeKind::Allowed)
            ),
            (2, 0)
        );
        let (first, row) = table.rows().next().unwrap();
        assert_eq!((first.kind, row.count), (ChangeKind::Denied, 3));
    }
}
