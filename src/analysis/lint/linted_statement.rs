//! A statement prepared for the linter: each entry of `Action` with the known actions that it matches.

use crate::analysis::lint::account_facts::AccountFacts;
use crate::analysis::lint::known_action::{ActionMatch, KnownAction};
use crate::analysis::lint::warning::name_list;
use ram_policy::source::Position;
use ram_policy::{Actions, Effect, ResourcePattern, Statement, Target};

/// A statement with what its actions match
pub(crate) struct LintedStatement<'a> {
    pub(crate) statement: &'a Statement,
    pub(crate) facts: &'a AccountFacts,
    /// The entries of `Action`; empty for `NotAction`
    pub(crate) actions: Vec<LintedAction<'a>>,
}

/// An entry of `Action`
pub(crate) struct LintedAction<'a> {
    pub(crate) text: &'a str,
    pub(crate) at: Position,
    pub(crate) matched: ActionMatch,
}

impl<'a> LintedStatement<'a> {
    pub(crate) fn new(statement: &'a Statement, facts: &'a AccountFacts) -> Self {
        let actions = match &statement.actions {
            Actions::Listed(patterns) => patterns
                .iter()
                .zip(&statement.actions_at)
                .map(|(pattern, at)| LintedAction {
                    text: pattern.as_str(),
                    at: *at,
                    matched: ActionMatch::of(pattern),
                })
                .collect(),
            Actions::Except(_) => Vec::new(),
        };
        Self {
            statement,
            facts,
            actions,
        }
    }

    /// The entries whose known actions satisfy the predicate; entries without known actions never do
    pub(crate) fn actions_where(&self, holds: impl Fn(&[KnownAction]) -> bool) -> Vec<&LintedAction<'a>> {
        let fits = |action: &&LintedAction<'_>| match action.known() {
            [] => false,
            known => holds(known),
        };
        self.actions.iter().filter(fits).collect()
    }

    /// Whether these are all entries of the statement
    pub(crate) fn are_all(&self, actions: &[&LintedAction<'_>]) -> bool {
        actions.len() == self.actions.len()
    }

    /// The resources with their positions; none in a trust policy
    pub(crate) fn resources(&self) -> impl Iterator<Item = (&'a ResourcePattern, Position)> {
        let patterns = match &self.statement.target {
            Target::Resources(patterns) => &**patterns,
            Target::Principals(_) => &[],
        };
        patterns.iter().zip(self.statement.resources_at.iter().copied())
    }

    /// The words of a message for actions without effect: "the statement never allows it"
    pub(crate) fn no_effect(&self, actions: &[&LintedAction<'_>]) -> String {
        if self.are_all(actions) {
            return "the statement never matches".to_owned();
        }
        let verb = match self.statement.effect {
            Effect::Allow => "allows",
            Effect::Deny => "denies",
        };
        format!("the statement never {verb} it")
    }
}

impl LintedAction<'_> {
    /// The known actions that the entry matches
    pub(crate) fn known(&self) -> &[KnownAction] {
        match &self.matched {
            ActionMatch::Known(known) => known,
            ActionMatch::UnknownToEci | ActionMatch::OtherService => &[],
        }
    }
}

/// The entries in backticks, as many as fit a sentence
pub(crate) fn action_list(actions: &[&LintedAction<'_>]) -> String {
    let texts: Vec<&str> = actions.iter().map(|action| action.text).collect();
    name_list(&texts)
}
