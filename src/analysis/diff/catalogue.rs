//! Every statement of both sets once: equal statements are one, wherever they stand and in whatever order they list
//! their elements.

use std::collections::HashMap;
use std::sync::Arc;

use eci_calls::condition_key::PRINCIPAL_ARN;
use ram_policy::{AttachedPolicy, Condition, Principal, Statement, Target};

/// A statement, and the account in which it is read
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known<'a> {
    pub(crate) statement: &'a Statement,
    pub(crate) account: &'a str,
    /// Whether it has a condition on who asks
    pub(crate) personal: bool,
    /// The number of its actions, and of its resources or principals; equal ones have one number
    pub(crate) elements: [usize; 2],
}

impl Known<'_> {
    /// Whether its target can be this caller; a statement with resources speaks of everybody
    pub(crate) fn means(&self, caller: &Principal) -> bool {
        match &self.statement.target {
            Target::Resources(_) => true,
            Target::Principals(trusted) => trusted.iter().any(|entry| entry.covers(caller, self.account)),
        }
    }
}

/// All statements seen so far, by number
#[derive(Debug, Default)]
pub(crate) struct Catalogue<'a> {
    known: Vec<Known<'a>>,
    by_text: HashMap<String, usize>,
    elements: HashMap<String, usize>,
    /// By the place of the document in memory
    by_document: HashMap<usize, Arc<[usize]>>,
}

impl<'a> Catalogue<'a> {
    /// The statements of some policies as a sorted list of numbers
    pub(crate) fn numbers(
        &mut self,
        policies: impl IntoIterator<Item = &'a AttachedPolicy>,
        account: &'a str,
    ) -> Vec<usize> {
        let mut all = Vec::new();
        for attached in policies {
            all.extend(self.of_document(attached, account).iter());
        }
        all.sort_unstable();
        all.dedup();
        all
    }

    pub(crate) fn at(&self, number: usize) -> Option<&Known<'a>> {
        self.known.get(number)
    }

    fn of_document(&mut self, attached: &'a AttachedPolicy, account: &'a str) -> Arc<[usize]> {
        let place = Arc::as_ptr(&attached.document).addr();
        if let Some(numbers) = self.by_document.get(&place) {
            return Arc::clone(numbers);
        }
        let statements = attached.document.statements.iter();
        let numbers: Arc<[usize]> = statements
            .map(|statement| self.number(statement, account))
            .collect();
        self.by_document.insert(place, Arc::clone(&numbers));
        numbers
    }

    fn number(&mut self, statement: &'a Statement, account: &'a str) -> usize {
        let named = statement
            .conditions
            .iter()
            .any(|each| *each.key == *PRINCIPAL_ARN);
        let trust = matches!(statement.target, Target::Principals(_));
        let (head, conditions) = texts(statement);
        let mut text = format!("{:?} {head:?} {conditions}", statement.effect);
        if named || trust {
            text.push_str(account);
        }
        let next = self.known.len();
        let number = *self.by_text.entry(text).or_insert(next);
        if number == next {
            let elements = head.map(|text| {
                let next = self.elements.len();
                *self.elements.entry(text).or_insert(next)
            });
            self.known.push(Known {
                statement,
                account,
                personal: named,
                elements,
            });
        }
        number
    }
}

/// Actions and target of a statement, and its conditions, with all lists in order
fn texts(statement: &Statement) -> ([String; 2], String) {
    let word = statement.actions.element();
    let actions = sorted(
        statement
            .actions
            .patterns()
            .iter()
            .map(|each| each.as_str().to_ascii_lowercase()),
    );
    let (kind, target) = match &statement.target {
        Target::Resources(patterns) => (
            "Resource",
            sorted(patterns.iter().map(|each| each.as_str().to_owned())),
        ),
        Target::Principals(trusted) => (
            "Principal",
            sorted(trusted.iter().map(|each| format!("{each:?}"))),
        ),
    };
    let condition = |each: &Condition| {
        (
            each.operator.name(),
            each.key.clone(),
            sorted(each.wanted().into_iter()),
        )
    };
    let mut conditions: Vec<_> = statement.conditions.iter().map(condition).collect();
    conditions.sort_unstable();
    conditions.dedup();
    let head = [format!("{word} {actions:?}"), format!("{kind} {target:?}")];
    (head, format!("{conditions:?}"))
}

fn sorted(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut all: Vec<String> = texts.collect();
    all.sort_unstable();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use ram_policy::{Document, DocumentKind};

    fn attached(text: &str) -> AttachedPolicy {
        let parsed = Document::parse(text.as_bytes(), DocumentKind::Identity).unwrap();
        AttachedPolicy {
            name: "P".into(),
            document: Arc::new(parsed.document),
        }
    }

    #[test]
    fn order_makes_no_new_statement() {
        let first = attached(
            r#"{"Version": "1", "Statement": [
            {"Effect": "Allow", "Action": ["a:B", "c:D"], "Resource": "*",
             "Condition": {"StringEquals": {"k": ["x", "y"]}, "Bool": {"l": "true"}}},
            {"Effect": "Deny", "Action": "*", "Resource": "*"}]}"#,
        );
        let second = attached(
            r#"{"Version": "1", "Statement": [
            {"Effect": "Deny", "Action": "*", "Resource": ["*"]},
            {"Effect": "Allow", "Action": ["c:D", "a:b"], "Resource": "*",
             "Condition": {"Bool": {"l": "true"}, "StringEquals": {"k": ["y", "x"]}}}]}"#,
        );
        let other = attached(
            r#"{"Version": "1", "Statement": [{"Effect": "Deny", "NotAction": "*", "Resource": "*"}]}"#,
        );
        let mut catalogue = Catalogue::default();
        let numbers = catalogue.numbers([&first], "1");
        assert_eq!((numbers.len(), catalogue.numbers([&second], "2")), (2, numbers));
        assert_eq!(catalogue.numbers([&other], "1"), [2]);
    }

    #[test]
    fn what_names_the_caller_differs_between_accounts() {
        let own = attached(
            r#"{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*",
            "Condition": {"StringLike": {"acs:PrincipalARN": "acs:ram::1:*"}}}]}"#,
        );
        let again = own.clone();
        let again = AttachedPolicy {
            document: Arc::new((*again.document).clone()),
            ..again
        };
        let mut catalogue = Catalogue::default();
        assert_ne!(catalogue.numbers([&own], "1"), catalogue.numbers([&again], "2"));
    }
}
