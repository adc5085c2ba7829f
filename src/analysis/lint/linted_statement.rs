//! A statement prepared for the linter: each entry of `Action` with the known actions that it matches.

use crate::analysis::lint::account_facts::AccountFacts;
use crate::analysis::lint::known_action::{ActionMatch, KnownAction};
use crate::analysis::lint::warning::name_list;
use ram_policy::source::Position;
use ram_policy::{Actions, Effect, Pattern, ResourcePattern, Statement};

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
                .zip(statement.actions_at())
                .map(|(pattern, at)| LintedAction {
                    text: pattern.as_str(),
                    at,
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

    /// The entries with known actions that satisfy the predicate
    pub(crate) fn actions_where(&self, holds: impl Fn(&LintedAction<'a>) -> bool) -> Vec<&LintedAction<'a>> {
        let actions = self.actions.iter();
        actions
            .filter(|action| !action.known().is_empty() && holds(action))
            .collect()
    }

    /// Whether these are all entries of the statement
    pub(crate) fn are_all(&self, actions: &[&LintedAction<'_>]) -> bool {
        actions.len() == self.actions.len()
    }

    /// The resources with their positions; none in a trust policy
    pub(crate) fn resources(&self) -> impl Iterator<Item = (&'a ResourcePattern, Position)> {
        let patterns = self.statement.target.resources().iter();
        patterns.zip(self.statement.resources_at())
    }

    /// The words of a message for actions without effect: "the statement never allows it". Of an entry that matches
    /// actions of other services too, they say what holds for ECI alone.
    pub(crate) fn no_effect(&self, actions: &[&LintedAction<'_>]) -> String {
        let verb = match self.statement.effect {
            Effect::Allow => "allows",
            Effect::Deny => "denies",
        };
        if actions.iter().any(|action| action.spans_services()) {
            format!("the statement never {verb} a call of ECI")
        } else if self.are_all(actions) {
            "the statement never matches".to_owned()
        } else {
            format!("the statement never {verb} it")
        }
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

    /// Whether the entry also matches actions of services that the linter does not know
    pub(crate) fn spans_services(&self) -> bool {
        let (code, _) = self.text.split_once(':').unwrap_or((self.text, ""));
        Pattern::new(code).is_wild()
    }
}

/// The entries in backticks, as many as fit a sentence
pub(crate) fn action_list(actions: &[&LintedAction<'_>]) -> String {
    let texts: Vec<&str> = actions.iter().map(|action| action.text).collect();
    name_list(&texts)
}
