//! An interner of statements: equal statements of both configurations get one number.
//!
//! Statements are equal in whatever policy they are and in whatever order they list their elements.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use eci_calls::condition_key::PRINCIPAL_ARN;
use ram_policy::{AttachedPolicy, Condition, Principal, Statement, Target};

/// The number of a statement in the table
pub(crate) type StatementNumber = usize;

/// Some statements of the table, by number
pub(crate) type SelectedStatements<'a> = BTreeMap<StatementNumber, &'a TableStatement<'a>>;

/// A statement, and the account whose policy it is in
#[derive(Clone, Copy, Debug)]
pub(crate) struct TableStatement<'a> {
    pub(crate) statement: &'a Statement,
    pub(crate) account: &'a str,
    /// Whether a condition depends on the caller's ARN
    pub(crate) names_caller: bool,
    /// The number of its list of actions; equal lists have one number
    pub(crate) actions_number: usize,
    /// The number of its list of resources or principals
    pub(crate) target_number: usize,
}

impl TableStatement<'_> {
    /// Whether the statement can match requests of a caller; one with resources can match everybody's
    pub(crate) fn applies_to(&self, caller: &Principal) -> bool {
        match &self.statement.target {
            Target::Resources(_) => true,
            Target::Principals(trusted) => trusted.iter().any(|entry| entry.covers(caller, self.account)),
        }
    }

    /// Whether the statement's resources cover one; a trust policy has no resources and covers all
    pub(crate) fn covers_resource(&self, resource: &str) -> bool {
        match &self.statement.target {
            Target::Resources(patterns) => patterns.iter().any(|each| each.covers(resource)),
            Target::Principals(_) => true,
        }
    }
}

/// The interned statements, by number
#[derive(Debug, Default)]
pub(crate) struct StatementTable<'a> {
    statements: Vec<TableStatement<'a>>,
    by_text: HashMap<String, StatementNumber>,
    /// Numbers of lists of actions and of targets
    by_list: HashMap<String, usize>,
    /// By the address of the document in memory
    by_document: HashMap<usize, Arc<[StatementNumber]>>,
}

impl<'a> StatementTable<'a> {
    /// Interns the statements of some policies; returns their sorted numbers
    pub(crate) fn numbers(
        &mut self,
        policies: impl IntoIterator<Item = &'a AttachedPolicy>,
        account: &'a str,
    ) -> Vec<StatementNumber> {
        let mut all = Vec::new();
        for attached in policies {
            all.extend(self.of_document(attached, account).iter());
        }
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Forgets what only finds the number of a further statement: its texts take as much memory as the policies
    pub(crate) fn close(&mut self) {
        self.by_text = HashMap::new();
        self.by_list = HashMap::new();
        self.by_document = HashMap::new();
    }

    pub(crate) fn get(&self, number: StatementNumber) -> Option<&TableStatement<'a>> {
        self.statements.get(number)
    }

    pub(crate) fn select(
        &self,
        numbers: impl IntoIterator<Item = StatementNumber>,
    ) -> SelectedStatements<'_> {
        numbers
            .into_iter()
            .filter_map(|number| Some((number, self.get(number)?)))
            .collect()
    }

    fn of_document(&mut self, attached: &'a AttachedPolicy, account: &'a str) -> Arc<[StatementNumber]> {
        let address = Arc::as_ptr(&attached.document).addr();
        if let Some(numbers) = self.by_document.get(&address) {
            return Arc::clone(numbers);
        }
        let statements = attached.document.statements.iter();
        let numbers: Arc<[StatementNumber]> = statements
            .map(|statement| self.number(statement, account))
            .collect();
        self.by_document.insert(address, Arc::clone(&numbers));
        numbers
    }

    fn number(&mut self, statement: &'a Statement, account: &'a str) -> StatementNumber {
        let names_caller = statement
            .conditions
            .iter()
            .any(|each| *each.key == *PRINCIPAL_ARN);
        let is_trust = matches!(statement.target, Target::Principals(_));
        let text = CanonicalText::of(statement);
        // The account decides which ARN a caller has.
        let account_text = if names_caller || is_trust { account } else { "" };
        let whole = format!(
            "{:?} {:?} {:?} {}{account_text}",
            statement.effect, text.actions, text.target, text.conditions
        );
        let next = self.statements.len();
        let number = *self.by_text.entry(whole).or_insert(next);
        if number == next {
            let interned = TableStatement {
                statement,
                account,
                names_caller,
                actions_number: self.list_number(text.actions),
                target_number: self.list_number(text.target),
            };
            self.statements.push(interned);
        }
        number
    }

    fn list_number(&mut self, list: String) -> usize {
        let next = self.by_list.len();
        *self.by_list.entry(list).or_insert(next)
    }
}

/// The elements of a statement as text, with all lists sorted
struct CanonicalText {
    actions: String,
    target: String,
    conditions: String,
}

impl CanonicalText {
    fn of(statement: &Statement) -> Self {
        let element = statement.actions.element();
        let actions = statement.actions.patterns().iter();
        let actions = sorted(actions.map(|each| each.as_str().to_ascii_lowercase()));
        let target = match &statement.target {
            Target::Resources(patterns) => {
                let patterns = sorted(patterns.iter().map(|each| each.as_str().to_owned()));
                format!("Resource {patterns:?}")
            }
            Target::Principals(trusted) => {
                let trusted = sorted(trusted.iter().map(|each| format!("{each:?}")));
                format!("Principal {trusted:?}")
            }
        };
        let condition = |each: &Condition| {
            let values = sorted(each.wanted().into_iter());
            (each.operator.name(), each.key.clone(), values)
        };
        Self {
            actions: format!("{element} {actions:?}"),
            target,
            conditions: format!("{:?}", sorted(statement.conditions.iter().map(condition))),
        }
    }
}

fn sorted<T: Ord>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut all: Vec<T> = items.collect();
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
    fn order_does_not_distinguish_statements() {
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
        let mut table = StatementTable::default();
        let numbers = table.numbers([&first], "1");
        assert_eq!((numbers.len(), table.numbers([&second], "2")), (2, numbers));
        assert_eq!(table.numbers([&other], "1"), [2]);
    }

    #[test]
    fn statements_that_name_principals_differ_between_accounts() {
        let own = attached(
            r#"{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*",
            "Condition": {"StringLike": {"acs:PrincipalARN": "acs:ram::1:*"}}}]}"#,
        );
        let again = own.clone();
        let again = AttachedPolicy {
            document: Arc::new((*again.document).clone()),
            ..again
        };
        let mut table = StatementTable::default();
        assert_ne!(table.numbers([&own], "1"), table.numbers([&again], "2"));
    }
}
