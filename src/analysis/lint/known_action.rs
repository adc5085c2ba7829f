//! The actions whose authorization requests the linter knows: those that ECI sends to RAM.

use crate::analysis::lint::account_facts::AccountFacts;
use eci_calls::condition_key::{QuestionKind, SERVICE};
use eci_calls::{CREATE_SERVICE_LINKED_ROLE, Operation, OperationKind, PASS_ROLE};
use ram_policy::{ActionPattern, Pattern};

/// An action that ECI sends to RAM
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KnownAction {
    /// An operation of ECI
    Call(Operation),
    /// `ram:PassRole`
    PassRole,
    /// `ram:CreateServiceLinkedRole`
    CreateServiceLinkedRole,
}

/// What an entry of `Action` matches
#[derive(Debug)]
pub(crate) enum ActionMatch {
    /// These known actions, and perhaps actions of other services, which ECI never sends
    Known(Vec<KnownAction>),
    /// An `eci:` action that ECI does not have
    UnknownToEci,
    /// Actions of other services alone
    OtherService,
}

impl KnownAction {
    fn all() -> impl Iterator<Item = Self> {
        let calls = Operation::ALL.iter().map(|operation| Self::Call(*operation));
        calls.chain([Self::PassRole, Self::CreateServiceLinkedRole])
    }

    /// The action as a policy writes it
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Call(operation) => operation.action(),
            Self::PassRole => PASS_ROLE,
            Self::CreateServiceLinkedRole => CREATE_SERVICE_LINKED_ROLE,
        }
    }

    /// Whether a request for this action can have a value for a condition key
    ///
    /// Keys that ECI does not set come from `account.context`. If the account is unknown, they may be there.
    pub(crate) fn has_key(self, key: &str, facts: &AccountFacts) -> bool {
        if facts.fixed_values(key).is_some() {
            return true;
        }
        if key == SERVICE && facts.lacks_pass_role_service() {
            return false;
        }
        let set_by_eci = match self {
            Self::Call(operation) => operation.supports_key(key),
            Self::PassRole => QuestionKind::PassRole.supports_key(key),
            Self::CreateServiceLinkedRole => QuestionKind::CreateServiceLinkedRole.supports_key(key),
        };
        set_by_eci.unwrap_or(!facts.is_known())
    }

    /// Whether the action creates its resource, which therefore has no name yet
    pub(crate) fn creates_resource(self) -> bool {
        match self {
            Self::Call(operation) => operation.kind() == OperationKind::Create,
            Self::PassRole => false,
            Self::CreateServiceLinkedRole => true,
        }
    }

    /// The service code and type of the action's resource, such as `eci` and `containergroup`, if it has one
    pub(crate) fn resource_type(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Call(operation) => Some(("eci", operation.resource_kind()?)),
            Self::PassRole | Self::CreateServiceLinkedRole => Some(("ram", "role")),
        }
    }
}

impl ActionMatch {
    /// Finds what a pattern matches
    ///
    /// ```text
    /// eci:Delete*     -> Known: all delete operations
    /// ram:PassRole    -> Known: PassRole
    /// ram:*           -> OtherService: it does not single ECI's requests out
    /// eci:CreatePod   -> UnknownToEci
    /// ```
    pub(crate) fn of(pattern: &ActionPattern) -> Self {
        let known: Vec<KnownAction> = KnownAction::all()
            .filter(|action| pattern.matches(action.name()))
            .collect();
        let text = pattern.as_str();
        Self::classify(text, known)
    }

    /// Finds what a whole name is, as it is written: an exception compares the action with it letter by letter
    pub(crate) fn of_name(name: &str) -> Self {
        let known = KnownAction::all().filter(|action| action.name() == name);
        Self::classify(name, known.collect())
    }

    fn classify(text: &str, known: Vec<KnownAction>) -> Self {
        let matches_call = known.iter().any(|action| matches!(action, KnownAction::Call(_)));
        if matches_call || !known.is_empty() && !Pattern::new(text).is_wild() {
            return Self::Known(known);
        }
        match text.split_once(':') {
            Some((code, _)) if code.eq_ignore_ascii_case("eci") => Self::UnknownToEci,
            _ => Self::OtherService,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ram_policy::{Actions, Document, DocumentKind};

    fn action_match(action: &str) -> ActionMatch {
        let text = format!(
            r#"{{"Version": "1", "Statement": [{{"Effect": "Allow", "Action": "{action}", "Resource": "*"}}]}}"#
        );
        let parsed = Document::parse(text.as_bytes(), DocumentKind::Identity).unwrap();
        match &parsed.document.statements[0].actions {
            Actions::Listed(patterns) => ActionMatch::of(&patterns[0]),
            Actions::Except(_) => panic!(),
        }
    }

    #[test]
    fn patterns_match_known_actions() {
        let count = |action| match action_match(action) {
            ActionMatch::Known(known) => known.len(),
            ActionMatch::UnknownToEci => 1000,
            ActionMatch::OtherService => 2000,
        };
        assert_eq!(count("*"), Operation::ALL.len() + 2);
        assert_eq!(count("eci:*"), Operation::ALL.len());
        assert_eq!(count("ECI:createcontainergroup"), 1);
        assert_eq!(count("ram:PassRole"), 1);
        assert_eq!(count("eci:CreatePod"), 1000);
        for other in ["ram:*", "ram:Pass*", "ecs:RunInstances", "e?s:*", "ram:ListRoles"] {
            assert_eq!(count(other), 2000, "{other}");
        }
    }
}
