//! A statement: what it says, which equal statements share, and where it stands.

use std::ops::Deref;
use std::sync::Arc;

use crate::action::ActionPattern;
use crate::arn::ResourcePattern;
use crate::condition::Condition;
use crate::document::layout::{Layout, LocatedCondition};
use crate::effect::Effect;
use crate::source::Position;
use crate::trusted_principal::TrustedPrincipal;

/// One statement of a policy
#[derive(Clone, Debug)]
pub struct Statement {
    /// Where the statement starts in its document
    pub at: Position,
    /// Whether it allows or denies what it matches
    pub effect: Effect,
    /// Equal in many statements of an account, of which an [`Interner`](crate::Interner) keeps one
    pub(crate) body: Arc<StatementBody>,
}

/// The elements of a statement apart from its effect
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StatementBody {
    /// The actions that it covers
    pub actions: Actions,
    /// The resources that it covers, or the callers that it trusts
    pub target: Target,
    /// Its conditions, all of which must be met
    pub conditions: Arc<[Condition]>,
    /// Where the texts of the elements stand
    pub(crate) layout: Arc<Layout>,
}

/// The `Action` or `NotAction` element
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Actions {
    /// `Action`: any of these
    Listed(Arc<[ActionPattern]>),
    /// `NotAction`: all but these
    Except(Arc<[ActionPattern]>),
}

/// The `Resource` or, in a trust policy, the `Principal` element
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// Any of these resources
    Resources(Arc<[ResourcePattern]>),
    /// Any of these callers
    Principals(Arc<[TrustedPrincipal]>),
}

/// Gives the elements of the statement
impl Deref for Statement {
    type Target = StatementBody;

    fn deref(&self) -> &StatementBody {
        &self.body
    }
}

impl Statement {
    /// Whether the statement covers an action; names of actions compare without ASCII case.
    ///
    /// ```
    /// use ram_policy::{Document, DocumentKind};
    ///
    /// let policy = br#"{"Version": "1", "Statement": [
    ///     {"Effect": "Allow", "Action": "eci:Describe*", "Resource": "*"},
    ///     {"Effect": "Allow", "NotAction": "ram:*", "Resource": "*"}]}"#;
    /// let document = Document::parse(policy, DocumentKind::Identity)?.document;
    /// let [listed, except] = &*document.statements else { unreachable!() };
    /// assert!(listed.covers_action("ECI:DescribeContainerGroups"));
    /// assert!(!listed.covers_action("eci:CreateContainerGroup"));
    /// assert!(except.covers_action("eci:CreateContainerGroup"));
    /// # Ok::<(), ram_policy::source::Fault>(())
    /// ```
    pub fn covers_action(&self, action: &str) -> bool {
        let actions = &self.actions;
        let is_listed = actions.patterns().iter().any(|each| each.matches(action));
        match actions {
            Actions::Listed(_) => is_listed,
            Actions::Except(_) => !is_listed,
        }
    }

    /// Where each pattern of `actions` starts
    pub fn actions_at(&self) -> impl Iterator<Item = Position> {
        self.positions(0, self.actions.patterns().len())
    }

    /// Where each resource of `target` starts; empty in a trust policy
    pub fn resources_at(&self) -> impl Iterator<Item = Position> {
        let first = self.actions.patterns().len();
        self.positions(first, self.target.resources().len())
    }

    /// The conditions with their positions
    pub fn located_conditions(&self) -> impl Iterator<Item = LocatedCondition<'_>> {
        let before = self.actions.patterns().len();
        let mut next = before.saturating_add(self.target.resources().len());
        self.conditions.iter().map(move |condition| {
            let first = next;
            next = first.saturating_add(1).saturating_add(condition.value_count());
            LocatedCondition::new(self, condition, first)
        })
    }

    /// Some positions of the layout
    pub(super) fn positions(&self, first: usize, count: usize) -> impl Iterator<Item = Position> + use<'_> {
        self.layout.positions(self.at, first, count)
    }
}

impl Actions {
    /// The name of the element: `Action` or `NotAction`
    pub fn element(&self) -> &'static str {
        match self {
            Self::Listed(_) => "Action",
            Self::Except(_) => "NotAction",
        }
    }

    /// The patterns in the order of the text, those of a `NotAction` included
    pub fn patterns(&self) -> &[ActionPattern] {
        let (Self::Listed(patterns) | Self::Except(patterns)) = self;
        patterns
    }
}

impl Target {
    /// The patterns of resources in the order of the text; none in a trust policy
    pub fn resources(&self) -> &[ResourcePattern] {
        match self {
            Self::Resources(patterns) => patterns,
            Self::Principals(_) => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What an account of 10,000 policies has 100,000 times: who makes it larger measures anew (docs/benchmarks.md)
    #[test]
    fn a_statement_is_small() {
        assert_eq!((size_of::<Statement>(), size_of::<StatementBody>()), (24, 72));
        assert_eq!(size_of::<Condition>(), 56);
    }
}
