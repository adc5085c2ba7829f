//! The policies attached to one user, group or role, with a lookup of their statements.
//!
//! A few statements are tried one by one. Many are looked up in an index, which skips most statements about other
//! actions, tags or roles. Both find the same statement.

mod index;

use std::sync::Arc;

use crate::attached_policy::AttachedPolicy;
use crate::attachments::index::{Index, StatementPosition};
use crate::decision::StatementId;
use crate::document::Statement;
use crate::effect::Effect;
use crate::matching::first_mismatch;
use crate::one_or_more::OneOrMore;
use crate::resolved_request::ResolvedRequest;

/// Up to this many statements, trying them all is as fast as a lookup
const MAX_UNINDEXED: usize = 16;

/// The policies attached to one user, group or role in one scope, or to one level of control policies
#[derive(Debug, Default)]
pub(crate) struct Attachments {
    policies: OneOrMore<AttachedPolicy>,
    /// Most have none, and it is large
    index: Option<Box<Index>>,
}

/// A statement with its policy's name and its number in the policy, counted from 1
#[derive(Clone, Copy, Debug)]
pub(crate) struct StatementRef<'a> {
    pub(crate) policy: &'a Arc<str>,
    pub(crate) number: usize,
    pub(crate) statement: &'a Statement,
}

impl StatementRef<'_> {
    pub(crate) fn id(&self) -> StatementId {
        StatementId {
            policy: Arc::clone(self.policy),
            number: self.number,
        }
    }
}

impl Attachments {
    pub(crate) fn new(policies: Vec<AttachedPolicy>) -> Self {
        let count: usize = policies
            .iter()
            .map(|attached| attached.document.statements.len())
            .sum();
        Self {
            index: (count > MAX_UNINDEXED).then(|| Box::new(Index::new(&policies))),
            policies: policies.into_iter().collect(),
        }
    }

    pub(crate) fn policies(&self) -> &[AttachedPolicy] {
        &self.policies
    }

    /// Whether these are the same policies: of the same names, and the same documents in memory
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.has(&other.policies)
    }

    /// Whether it was made of these policies
    pub(crate) fn has(&self, policies: &[AttachedPolicy]) -> bool {
        let is_same = |(own, other): (&AttachedPolicy, &AttachedPolicy)| {
            Arc::ptr_eq(&own.document, &other.document) && own.name == other.name
        };
        self.policies.len() == policies.len() && self.policies.iter().zip(policies).all(is_same)
    }

    /// All statements in order
    pub(crate) fn statements(&self) -> impl Iterator<Item = StatementRef<'_>> {
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

    /// The first statement with this effect that matches the request
    pub(crate) fn first_match(
        &self,
        request: &ResolvedRequest<'_>,
        effect: Effect,
    ) -> Option<StatementRef<'_>> {
        let matches = |candidate: &StatementRef<'_>| first_mismatch(request, candidate.statement).is_none();
        match &self.index {
            Some(index) => index
                .first_match(request, effect, |position| {
                    self.at(position).is_some_and(|candidate| matches(&candidate))
                })
                .and_then(|position| self.at(position)),
            None => self
                .statements()
                .find(|candidate| candidate.statement.effect == effect && matches(candidate)),
        }
    }

    /// The Allow statements that may cover the request's action, in order; perhaps with some that do not
    pub(crate) fn allows_for<'a>(
        &'a self,
        request: &ResolvedRequest<'_>,
    ) -> Box<dyn Iterator<Item = StatementRef<'a>> + 'a> {
        match &self.index {
            Some(index) => Box::new(
                index
                    .allows_for(request.action)
                    .filter_map(|position| self.at(position)),
            ),
            None => Box::new(self.allows()),
        }
    }

    /// All Allow statements in order
    pub(crate) fn allows(&self) -> impl Iterator<Item = StatementRef<'_>> {
        self.statements()
            .filter(|candidate| candidate.statement.effect == Effect::Allow)
    }

    fn at(&self, position: StatementPosition) -> Option<StatementRef<'_>> {
        let attached = self.policies.get(usize::try_from(position.policy).ok()?)?;
        let at = usize::try_from(position.statement).ok()?;
        Some(StatementRef {
            policy: &attached.name,
            number: at.saturating_add(1),
            statement: attached.document.statements.get(at)?,
        })
    }
}
