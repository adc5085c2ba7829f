//! The policies attached at one place, ready to be asked.
//!
//! Few statements are read one by one. Many are found through an index, so that what speaks of other actions, other
//! tags or other roles costs nothing. Both ways find the same statement.

mod index;

use std::sync::Arc;

use super::attached_policy::AttachedPolicy;
use super::document::Statement;
use super::effect::Effect;
use super::matching::mismatch;
use super::resolved_request::ResolvedRequest;
use index::Index;

/// Up to this many statements, reading them all is as fast as looking them up
const FEW: usize = 16;

/// The policies attached at one place: to one user, group or role for one scope, or to one control level
#[derive(Debug, Default)]
pub(super) struct Attachments {
    policies: Box<[AttachedPolicy]>,
    index: Option<Index>,
}

/// A statement with the policy that it is in and its place there, counted from 1
#[derive(Clone, Copy, Debug)]
pub(super) struct StatementRef<'a> {
    pub(super) policy: &'a Arc<str>,
    pub(super) number: usize,
    pub(super) statement: &'a Statement,
}

impl Attachments {
    pub(super) fn new(policies: Vec<AttachedPolicy>) -> Self {
        let count: usize = policies
            .iter()
            .map(|attached| attached.document.statements.len())
            .sum();
        Self {
            index: (count > FEW).then(|| Index::new(&policies)),
            policies: policies.into(),
        }
    }

    pub(super) fn policies(&self) -> &[AttachedPolicy] {
        &self.policies
    }

    /// All statements in order
    pub(super) fn statements(&self) -> impl Iterator<Item = StatementRef<'_>> {
        self.policies.iter().flat_map(|attached| {
            attached
                .document
                .statements
                .iter()
                .zip(1..)
                .map(|(statement, number)| StatementRef {
                    policy: &attached.name,
                    number,
                    statement,
                })
        })
    }

    /// The first statement of an effect that matches
    pub(super) fn first(&self, facts: &ResolvedRequest<'_>, effect: Effect) -> Option<StatementRef<'_>> {
        let matches = |candidate: &StatementRef<'_>| mismatch(facts, candidate.statement).is_none();
        match &self.index {
            Some(index) => index
                .first(facts, effect, |at| {
                    self.at(at).is_some_and(|candidate| matches(&candidate))
                })
                .and_then(|at| self.at(at)),
            None => self
                .statements()
                .find(|candidate| candidate.statement.effect == effect && matches(candidate)),
        }
    }

    /// The Allow statements in order, without most of those that speak of other actions
    pub(super) fn near<'a>(
        &'a self,
        facts: &ResolvedRequest<'_>,
    ) -> Box<dyn Iterator<Item = StatementRef<'a>> + 'a> {
        match &self.index {
            Some(index) => Box::new(index.near(facts.action).filter_map(|at| self.at(at))),
            None => Box::new(self.allows()),
        }
    }

    /// All Allow statements in order
    pub(super) fn allows(&self) -> impl Iterator<Item = StatementRef<'_>> {
        self.statements()
            .filter(|candidate| candidate.statement.effect == Effect::Allow)
    }

    fn at(&self, place: index::StatementPosition) -> Option<StatementRef<'_>> {
        let attached = self.policies.get(usize::try_from(place.policy).ok()?)?;
        let at = usize::try_from(place.statement).ok()?;
        Some(StatementRef {
            policy: &attached.name,
            number: at.saturating_add(1),
            statement: attached.document.statements.get(at)?,
        })
    }
}
