//! The decision of one layer: a Deny that matches, or else an Allow that matches, or else an implicit deny.

use std::sync::Arc;

use crate::attachments::{Attachments, StatementRef};
use crate::decision::{Miss, Outcome, Reason};
use crate::effect::Effect;
use crate::matching::{FailedElement, first_mismatch};
use crate::resolved_request::ResolvedRequest;

/// How many near misses a denial lists: enough to see the pattern, few enough to read
const MAX_MISSES: usize = 8;

/// The policies of one layer: those of the principal, then those of its groups
pub(crate) type LayerPolicies = [Arc<Attachments>];

/// Decides a request by the policies of one layer.
pub(crate) fn decide(request: &ResolvedRequest<'_>, layer: &LayerPolicies) -> (Outcome, Reason) {
    let first_match = |effect| {
        layer
            .iter()
            .find_map(|attachments| attachments.first_match(request, effect))
    };
    if let Some(denying) = first_match(Effect::Deny) {
        return (Outcome::ExplicitDeny, Reason::Statement(denying.id()));
    }
    match first_match(Effect::Allow) {
        Some(allowing) => (Outcome::Allow, Reason::Statement(allowing.id())),
        None => (
            Outcome::ImplicitDeny,
            Reason::NoMatch(nearest_misses(request, [layer])),
        ),
    }
}

/// The Allow statements nearest to matching: past the action, past the resource, with the fewest unmet conditions.
///
/// If no statement covers the action, the first Allow statements show what the principal may do instead.
pub(crate) fn nearest_misses<'a>(
    request: &ResolvedRequest<'_>,
    layers: impl IntoIterator<Item = &'a LayerPolicies> + Clone,
) -> Vec<Miss> {
    let all_attachments = || layers.clone().into_iter().flatten();
    let mut nearest = NearestMisses::default();
    for candidate in all_attachments().flat_map(|attachments| attachments.allows_for(request)) {
        nearest.add(request, candidate);
        if nearest.is_final() {
            break;
        }
    }
    if nearest.distance == usize::MAX {
        nearest = NearestMisses::default();
        for candidate in all_attachments().flat_map(|attachments| attachments.allows()) {
            nearest.add(request, candidate);
            if nearest.misses.len() >= MAX_MISSES {
                break;
            }
        }
    }
    nearest.misses
}

/// The misses at the smallest distance so far
pub(crate) struct NearestMisses {
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
    /// Adds a statement if it does not match and none so far is nearer
    pub(crate) fn add(&mut self, request: &ResolvedRequest<'_>, candidate: StatementRef<'_>) {
        let Some(failed) = first_mismatch(request, candidate.statement) else {
            return;
        };
        let distance = failed.distance(request, candidate.statement);
        let id = candidate.id();
        // A user and one of its groups may hold one policy, whose statements are listed once.
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
            mismatch: failed.explain(request, candidate.statement),
        });
    }

    pub(crate) fn into_misses(self) -> Vec<Miss> {
        self.misses
    }

    /// Whether no further statement can change the list
    fn is_final(&self) -> bool {
        self.distance <= FailedElement::NEAREST && self.misses.len() >= MAX_MISSES
    }
}
