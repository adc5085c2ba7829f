//! The questions that ECI calls put to RAM, as the linter looks at them.

use super::facts::Facts;
use eci_calls::condition_key::{QuestionKind, SERVICE};
use eci_calls::{CREATE_SERVICE_LINKED_ROLE, Operation, OperationKind, PASS_ROLE};
use ram_policy::{ActionPattern, Pattern};

/// A question
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    /// May this operation be called?
    Call(Operation),
    /// May this role be handed over?
    PassRole,
    /// May ECI's service-linked role be made?
    ServiceLinkedRole,
}

/// Which questions an entry of `Action` speaks of
#[derive(Debug)]
pub(crate) enum Reach {
    /// These, and perhaps actions of other services, which never come here
    Questions(Vec<Question>),
    /// An action of ECI's that ECI does not have
    Unknown,
    /// Other services, of which nothing is known
    Elsewhere,
}

impl Question {
    fn all() -> impl Iterator<Item = Self> {
        let calls = Operation::ALL.iter().map(|operation| Self::Call(*operation));
        calls.chain([Self::PassRole, Self::ServiceLinkedRole])
    }

    /// The RAM action
    pub(crate) fn action(self) -> &'static str {
        match self {
            Self::Call(operation) => operation.action(),
            Self::PassRole => PASS_ROLE,
            Self::ServiceLinkedRole => CREATE_SERVICE_LINKED_ROLE,
        }
    }

    /// Whether the question may have a value for a condition key
    pub(crate) fn knows(self, key: &str, facts: &Facts) -> bool {
        if facts.given(key).is_some() {
            return true;
        }
        if key == SERVICE && facts.service() == Some(None) {
            return false;
        }
        let knows = match self {
            Self::Call(operation) => operation.supports_key(key),
            Self::PassRole => QuestionKind::PassRole.supports_key(key),
            Self::ServiceLinkedRole => QuestionKind::CreateServiceLinkedRole.supports_key(key),
        };
        knows.unwrap_or(!facts.is_known())
    }

    /// Whether the question is asked before the thing has a name
    pub(crate) fn is_about_new(self) -> bool {
        match self {
            Self::Call(operation) => operation.kind() == OperationKind::Create,
            Self::PassRole => false,
            Self::ServiceLinkedRole => true,
        }
    }
}

impl Reach {
    /// Which questions a pattern speaks of
    pub(crate) fn of(pattern: &ActionPattern) -> Self {
        let questions: Vec<Question> = Question::all()
            .filter(|question| pattern.matches(question.action()))
            .collect();
        let text = pattern.as_str();
        let is_ours = questions
            .iter()
            .any(|question| matches!(question, Question::Call(_)));
        if is_ours || !questions.is_empty() && !Pattern::new(text).is_wild() {
            return Self::Questions(questions);
        }
        match text.split_once(':') {
            Some((code, _)) if code.eq_ignore_ascii_case("eci") => Self::Unknown,
            _ => Self::Elsewhere,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ram_policy::{Actions, Document, DocumentKind};

    fn reach(action: &str) -> Reach {
        let text = format!(
            r#"{{"Version": "1", "Statement": [{{"Effect": "Allow", "Action": "{action}", "Resource": "*"}}]}}"#
        );
        let parsed = Document::parse(text.as_bytes(), DocumentKind::Identity).unwrap();
        match &parsed.document.statements[0].actions {
            Actions::Listed(patterns) => Reach::of(&patterns[0]),
            Actions::Except(_) => panic!(),
        }
    }

    #[test]
    fn patterns_reach_what_they_match() {
        let count = |action| match reach(action) {
            Reach::Questions(questions) => questions.len(),
            Reach::Unknown => 1000,
            Reach::Elsewhere => 2000,
        };
        assert_eq!(count("*"), Operation::ALL.len() + 2);
        assert_eq!(count("eci:*"), Operation::ALL.len());
        assert_eq!(count("ECI:createcontainergroup"), 1);
        assert_eq!(count("ram:PassRole"), 1);
        assert_eq!(count("eci:CreatePod"), 1000);
        for elsewhere in ["ram:*", "ram:Pass*", "ecs:RunInstances", "e?s:*", "ram:ListRoles"] {
            assert_eq!(count(elsewhere), 2000, "{elsewhere}");
        }
    }
}
