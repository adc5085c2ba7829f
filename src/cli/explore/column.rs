//! The columns of the matrix: the ECI calls that ramgate checks, and passing a role.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::admission::evaluate::call;
use crate::admission::fields::reading::Fields;
use crate::config::Configuration;
use eci_calls::{
    ASSUME_ROLE, Call, Failure, Operation, OperationKind, PASS_ROLE, Question, evaluate, inquire,
};
use ram_policy::{Outcome, Principal};

/// The namespace whose name a pod's container group has as a tag, if the directory names the cluster
const NAMESPACE: &str = "default";

/// A column of the matrix
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    /// A call of the ECI API, without a role
    Call(Operation),
    /// Passing the picked role to an instance, which ECS must be able to assume
    PassRole,
}

/// The columns, with what each is to somebody who uses Kubernetes
pub(super) const COLUMNS: [(Column, &str); 10] = [
    (Column::Call(Operation::CreateContainerGroup), "create a pod"),
    (Column::Call(Operation::UpdateContainerGroup), "change a pod"),
    (Column::Call(Operation::DeleteContainerGroup), "delete a pod"),
    (Column::Call(Operation::ExecContainerCommand), "exec into a pod"),
    (Column::Call(Operation::DescribeContainerGroups), "read pods"),
    (Column::Call(Operation::DescribeContainerLog), "read logs"),
    (Column::PassRole, "pass the role"),
    (Column::Call(Operation::CreateImageCache), "create an image cache"),
    (Column::Call(Operation::UpdateImageCache), "change an image cache"),
    (Column::Call(Operation::DeleteImageCache), "delete an image cache"),
];

/// The answer in a cell
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Allow,
    ExplicitDeny,
    ImplicitDeny,
    /// ECI refuses it whatever RAM says
    Refused,
    /// No role is picked that could be passed
    NotAsked,
}

impl State {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Allow => "Allow",
            Self::ExplicitDeny => "ExplicitDeny",
            Self::ImplicitDeny => "ImplicitDeny",
            Self::Refused => "Refused",
            Self::NotAsked => "NotAsked",
        }
    }
}

impl Column {
    /// The column of an action
    pub(super) fn of_action(action: &str) -> Option<Self> {
        let mut columns = COLUMNS.iter().map(|(column, _)| *column);
        columns.find(|column| column.action() == action)
    }

    /// The RAM action
    pub(super) fn action(self) -> &'static str {
        match self {
            Self::Call(operation) => operation.action(),
            Self::PassRole => PASS_ROLE,
        }
    }

    /// The call that asks; `None` if no role is picked to be passed
    fn call(self, fields: &Fields, configuration: &Configuration) -> Option<Call> {
        let without_role = || Fields {
            role: None,
            ..fields.clone()
        };
        let operation = match self {
            Self::Call(operation) => operation,
            Self::PassRole => {
                fields.role.as_ref()?;
                return Some(call::create(fields, configuration, NAMESPACE));
            }
        };
        let is_image_cache = operation.resource_kind() == Some("imagecache");
        let call = match operation.kind() {
            OperationKind::Create if is_image_cache => call::create_image_cache(fields),
            OperationKind::Create => call::create(&without_role(), configuration, NAMESPACE),
            _ if is_image_cache => call::image_cache_by_id(operation, fields),
            OperationKind::Query => {
                let mut call = call::by_id(operation, fields, configuration, NAMESPACE);
                // A client that knows the pod filters by its group and its tags
                let default = configuration.account.default_group();
                call.resource_group = fields.resource_group.as_deref().or(default).map(str::to_owned);
                let instance = call.instance.as_ref();
                call.tags = instance.map(|instance| instance.tags.clone());
                call
            }
            _ => call::by_id(operation, fields, configuration, NAMESPACE),
        };
        Some(call)
    }

    /// Whether a question of the call belongs to the column
    fn has(self, question: &Question) -> bool {
        self != Self::PassRole || matches!(question.action, PASS_ROLE | ASSUME_ROLE)
    }

    /// The answer for a caller
    pub(super) fn state(
        self,
        principal: &Principal,
        fields: &Fields,
        configuration: &Configuration,
        now: Timestamp,
    ) -> State {
        let Some(call) = self.call(fields, configuration) else {
            return State::NotAsked;
        };
        let (policies, account) = (&configuration.policies, &configuration.account);
        let evaluation = evaluate(policies, account, principal, &call, now);
        let mut failures = evaluation.failures.iter().filter(|failure| match failure {
            Failure::Refused(_) => true,
            Failure::Denied(denial) => self.has(&denial.question),
        });
        // The gravest one comes first
        match failures.next() {
            None => State::Allow,
            Some(Failure::Refused(_)) => State::Refused,
            Some(Failure::Denied(denial)) if denial.decision.outcome == Outcome::ExplicitDeny => {
                State::ExplicitDeny
            }
            Some(Failure::Denied(_)) => State::ImplicitDeny,
        }
    }

    /// Everything that the call asks RAM for this column, and what ECI refuses about it
    pub(super) fn questions(
        self,
        principal: &Principal,
        fields: &Fields,
        configuration: &Configuration,
        now: Timestamp,
    ) -> (Vec<Question>, Vec<String>) {
        let Some(call) = self.call(fields, configuration) else {
            return (Vec::new(), Vec::new());
        };
        let (policies, account) = (&configuration.policies, &configuration.account);
        let inquiry = inquire(policies, account, principal, &call, now);
        let questions = inquiry.questions.into_iter();
        let questions = questions.filter(|question| self.has(question));
        let refusals = inquiry.refusals.into_iter().map(|refusal| refusal.message);
        (questions.collect(), refusals.collect())
    }
}

/// All columns, for the head of the matrix
pub(super) fn columns_json() -> Value {
    let column = |(column, title): &(Column, &str)| json!({"action": column.action(), "title": title});
    COLUMNS.iter().map(column).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    /// The operations that a folder of sources makes calls of
    fn operations_in(folder: &Path) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                found.extend(operations_in(&path));
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap();
            let named = code.split("Operation::").skip(1);
            let named = named.map(|rest| {
                rest.chars()
                    .take_while(char::is_ascii_alphabetic)
                    .collect::<String>()
            });
            found.extend(named.filter(|name| name.parse::<Operation>().is_ok()));
        }
        found
    }

    #[test]
    fn every_call_that_ramgate_checks_has_a_column() {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut checked = operations_in(&source.join("admission/evaluate"));
        checked.extend(operations_in(&source.join("authorization")));
        let columns = COLUMNS.iter().filter_map(|(column, _)| match column {
            Column::Call(operation) => Some(operation.name().to_owned()),
            Column::PassRole => None,
        });
        assert_eq!(columns.collect::<BTreeSet<_>>(), checked);
    }
}
