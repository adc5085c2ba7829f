//! The policies attached at one place, ready to be asked.
//!
//! Few statements are read one by one. Many are found through an index, so that what speaks of other actions, other
//! tags or other roles costs nothing. Both ways find the same statement.

mod index;

use std::sync::Arc;

use super::attached::Attached;
use super::document::Statement;
use super::effect::Effect;
use super::facts::Facts;
use super::matching::mismatch;
use index::Index;

/// Up to this many statements, reading them all is as fast as looking them up
const FEW: usize = 16;

/// The policies attached at one place: to one user, group or role for one scope, or to one control level
#[derive(Debug, Default)]
pub(super) struct Attachments {
    policies: Box<[Attached]>,
    index: Option<Index>,
}

/// A statement with the policy that it is in and its place there, counted from 1
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed<'a> {
    pub(super) policy: &'a Arc<str>,
    pub(super) number: usize,
    pub(super) statement: &'a Statement,
}

impl Attachments {
    pub(super) fn new(policies: Vec<Attached>) -> Self {
        let count: usize = policies
            .iter()
            .map(|attached| attached.document.statements.len())
            .sum();
        Self {
            index: (count > FEW).then(|| Index::new(&policies)),
            policies: policies.into(),
        }
    }

    pub(super) fn policies(&self) -> &[Attached] {
        &self.policies
    }

    /// All statements in order
    pub(super) fn statements(&self) -> impl Iterator<Item = Placed<'_>> {
        self.policies.iter().flat_map(|attached| {
            attached
                .document
                .statements
                .iter()
                .zip(1..)
                .map(|(statement, number)| Placed {
                    policy: &attached.name,
                    number,
                    statement,
                })
        })
    }

    /// The first statement of an effect that matches
    pub(super) fn first(&self, facts: &Facts<'_>, effect: Effect) -> Option<Placed<'_>> {
        let matches = |placed: &Placed<'_>| mismatch(facts, placed.statement).is_none();
        match &self.index {
            Some(index) => index
                .first(facts, effect, |at| {
                    self.at(at).is_some_and(|placed| matches(&placed))
                })
                .and_then(|at| self.at(at)),
            None => self
                .statements()
                .find(|placed| placed.statement.effect == effect && matches(placed)),
        }
    }

    /// The Allow statements in order, without most of those that speak of other actions
    pub(super) fn near<'a>(&'a self, facts: &Facts<'_>) -> Box<dyn Iterator<Item = Placed<'a>> + 'a> {
        match &self.index {
            Some(index) => Box::new(index.near(facts.action).filter_map(|at| self.at(at))),
            None => Box::new(self.allows()),
        }
    }

    /// All Allow statements in order
    pub(super) fn allows(&self) -> impl Iterator<Item = Placed<'_>> {
        self.statements()
            .filter(|placed| placed.statement.effect == Effect::Allow)
    }

    fn at(&self, place: index::Place) -> Option<Placed<'_>> {
        let attached = self.policies.get(usize::try_from(place.policy).ok()?)?;
        let at = usize::try_from(place.statement).ok()?;
        Some(Placed {
            policy: &attached.name,
            number: at.saturating_add(1),
            statement: attached.document.statements.get(at)?,
        })
    }
}
