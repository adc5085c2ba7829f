//! The rule of one layer: a Deny that matches, else an Allow that matches, else nothing (specification 4.1).

use std::sync::Arc;

use super::attachments::{Attachments, StatementRef};
use super::decision::{Miss, Outcome, Reason, StatementId};
use super::effect::Effect;
use super::matching::{FailedElement, mismatch};
use super::resolved_request::ResolvedRequest;

/// How many near misses a denial lists: enough to see the pattern, few enough to read
const MAX_MISSES: usize = 8;

/// Policies that count as one: a principal's own, and those of its groups
pub(super) type LayerPolicies = [Arc<Attachments>];

/// What a layer says to a request
pub(super) fn ask(facts: &ResolvedRequest<'_>, layer: &LayerPolicies) -> (Outcome, Reason) {
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
    facts: &ResolvedRequest<'_>,
    layers: impl IntoIterator<Item = &'a LayerPolicies> + Clone,
) -> Vec<Miss> {
    let parts = || layers.clone().into_iter().flatten();
    let mut nearest = NearestMisses::default();
    for candidate in parts().flat_map(|part| part.near(facts)) {
        nearest.add(facts, candidate);
        if nearest.is_settled() {
            break;
        }
    }
    // Where no statement speaks of the action, any shows what the principal may do instead
    if nearest.distance == usize::MAX {
        nearest = NearestMisses::default();
        parts()
            .flat_map(|part| part.allows())
            .take_while(|candidate| {
                nearest.add(facts, *candidate);
                nearest.misses.len() < MAX_MISSES
            })
            .for_each(drop);
    }
    nearest.misses
}

/// The misses of the least distance so far
pub(super) struct NearestMisses {
    distance: usize,
    misses: Vec<Miss>,
}

impl Default for NearestMisses {
    fn default() -> Self {
        Self {
            distance: usize::MAX,
            misses: Vec::new(),
        }
    }
}

impl NearestMisses {
    pub(super) fn add(&mut self, facts: &ResolvedRequest<'_>, candidate: StatementRef<'_>) {
        let Some(first) = mismatch(facts, candidate.statement) else {
            return;
        };
        let distance = first.distance(facts, candidate.statement);
        let id = candidate.id();
        // A policy that is held twice, by a user and by a group, is told once
        let is_known = || self.misses.iter().any(|miss| miss.statement == id);
        if distance > self.distance
            || distance == self.distance && (self.misses.len() >= MAX_MISSES || is_known())
        {
            return;
        }
        if distance < self.distance {
            self.misses.clear();
            self.distance = distance;
        }
        self.misses.push(Miss {
            statement: id,
            effect: candidate.statement.effect,
            mismatch: first.explain(facts, candidate.statement),
        });
    }

    pub(super) fn into_misses(self) -> Vec<Miss> {
        self.misses
    }

    /// Whether no statement can change the list any more
    fn is_settled(&self) -> bool {
        self.distance <= FailedElement::NEAREST && self.misses.len() >= MAX_MISSES
    }
}

impl StatementRef<'_> {
    pub(super) fn id(&self) -> StatementId {
        StatementId {
            policy: Arc::clone(self.policy),
            number: self.number,
        }
    }
}
