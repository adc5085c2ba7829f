//! The rule of one layer: a Deny that matches, else an Allow that matches, else nothing (specification 4.1).

use std::sync::Arc;

use super::attachment::{Attachments, Placed};
use super::decision::{Miss, Outcome, Reason, StatementId};
use super::effect::Effect;
use super::facts::Facts;
use super::matching::{First, mismatch};

/// How many near misses a denial lists: enough to see the pattern, few enough to read
const MOST_MISSES: usize = 8;

/// Policies that count as one: a principal's own, and those of its groups
pub(super) type LayerParts = [Arc<Attachments>];

/// What a layer says to a request
pub(super) fn ask(facts: &Facts<'_>, layer: &LayerParts) -> (Outcome, Reason) {
    let first = |effect| layer.iter().find_map(|part| part.first(facts, effect));
    if let Some(denying) = first(Effect::Deny) {
        return (Outcome::ExplicitDeny, Reason::Statement(denying.id()));
    }
    match first(Effect::Allow) {
        Some(allowing) => (Outcome::Allow, Reason::Statement(allowing.id())),
        None => (Outcome::ImplicitDeny, Reason::NoMatch(misses(facts, [layer]))),
    }
}

/// The Allow statements that got furthest: past the action, past the resource, with the fewest conditions open
pub(super) fn misses<'a>(
    facts: &Facts<'_>,
    layers: impl IntoIterator<Item = &'a LayerParts> + Clone,
) -> Vec<Miss> {
    let parts = || layers.clone().into_iter().flatten();
    let mut nearest = Nearest::default();
    for placed in parts().flat_map(|part| part.near(facts)) {
        nearest.add(facts, placed);
        if nearest.is_settled() {
            break;
        }
    }
    // Where no statement speaks of the action, any shows what the principal may do instead
    if nearest.distance == usize::MAX {
        nearest = Nearest::default();
        parts()
            .flat_map(|part| part.allows())
            .take_while(|placed| {
                nearest.add(facts, *placed);
                nearest.misses.len() < MOST_MISSES
            })
            .for_each(drop);
    }
    nearest.misses
}

/// The misses of the least distance so far
pub(super) struct Nearest {
    distance: usize,
    misses: Vec<Miss>,
}

impl Default for Nearest {
    fn default() -> Self {
        Self {
            distance: usize::MAX,
            misses: Vec::new(),
        }
    }
}

impl Nearest {
    pub(super) fn add(&mut self, facts: &Facts<'_>, placed: Placed<'_>) {
        let Some(first) = mismatch(facts, placed.statement) else {
            return;
        };
        let distance = first.distance(facts, placed.statement);
        let id = placed.id();
        // A policy that is held twice, by a user and by a group, is told once
        let is_known = || self.misses.iter().any(|miss| miss.statement == id);
        if distance > self.distance
            || distance == self.distance && (self.misses.len() >= MOST_MISSES || is_known())
        {
            return;
        }
        if distance < self.distance {
            self.misses.clear();
            self.distance = distance;
        }
        self.misses.push(Miss {
            statement: id,
            effect: placed.statement.effect,
            mismatch: first.explain(facts, placed.statement),
        });
    }

    pub(super) fn into_misses(self) -> Vec<Miss> {
        self.misses
    }

    /// Whether no statement can change the list any more
    fn is_settled(&self) -> bool {
        self.distance <= First::NEAREST && self.misses.len() >= MOST_MISSES
    }
}

impl Placed<'_> {
    pub(super) fn id(&self) -> StatementId {
        StatementId {
            policy: Arc::clone(self.policy),
            number: self.number,
        }
    }
}
