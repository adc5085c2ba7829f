//! The questions that ECI calls put to RAM, and what each of them knows; the table is that of docs/policies.md.

use crate::analysis::lint::facts::Facts;
use eci_calls::{Kind, Operation};
use ram_policy::ActionPattern;

pub(crate) const REQUEST_TAG: &str = "acs:RequestTag/";
pub(crate) const RESOURCE_TAG: &str = "acs:ResourceTag/";
pub(crate) const ECI_TAG: &str = "eci:tag/";
pub(crate) const SERVICE: &str = "acs:Service";
pub(crate) const SERVICE_NAME: &str = "ram:ServiceName";
pub(crate) const CURRENT_TIME: &str = "acs:CurrentTime";
pub(crate) const PRINCIPAL_ARN: &str = "acs:PrincipalARN";
pub(crate) const RESOURCE_GROUP: &str = "acs:ResourceGroupId";
/// The action of handing a role to an instance
pub(crate) const PASS_ROLE: &str = "ram:PassRole";

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
            Self::ServiceLinkedRole => "ram:CreateServiceLinkedRole",
        }
    }

    /// Whether the question may have a value for a condition key
    pub(crate) fn knows(self, key: &str, facts: &Facts) -> bool {
        if facts.given(key).is_some() {
            return true;
        }
        match key {
            PRINCIPAL_ARN | CURRENT_TIME => true,
            RESOURCE_GROUP => matches!(self, Self::Call(operation) if operation.knows_groups()),
            SERVICE => self == Self::PassRole && facts.service() != Some(None),
            SERVICE_NAME => self == Self::ServiceLinkedRole,
            _ if key.starts_with(REQUEST_TAG) => self.sends_tags(),
            _ if key.starts_with(RESOURCE_TAG) => self.finds_tags(),
            _ if key.starts_with(ECI_TAG) => matches!(self, Self::Call(_)),
            _ => !facts.is_known(),
        }
    }

    fn sends_tags(self) -> bool {
        match self {
            // They have tags as a parameter, which ramgate does not read
            Self::Call(Operation::TagResources | Operation::UntagResources) => true,
            Self::Call(operation) => operation.kind() != Kind::ById,
            Self::PassRole | Self::ServiceLinkedRole => false,
        }
    }

    fn finds_tags(self) -> bool {
        matches!(self, Self::Call(operation) if operation.kind() != Kind::Create)
    }

    /// Whether the question is asked before the thing has a name
    pub(crate) fn is_about_new(self) -> bool {
        match self {
            Self::Call(operation) => operation.kind() == Kind::Create,
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
        if is_ours || !questions.is_empty() && !crate::analysis::lint::glob::is_wild(text) {
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
