//! Evaluates an operation on all resources at once, when nobody knows which ones it will address.

use jiff::Timestamp;

use crate::account::Account;
use crate::condition_key::{CURRENT_TIME, depends_on_resource};
use crate::evaluation::Allowed;
use crate::operation::Operation;
use crate::ram_question::Question;
use ram_policy::{Context, PolicySet, Principal, StatementId};

/// The evaluation of an operation on all resources
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Everywhere {
    /// The caller may do it to every resource
    Allowed(Allowed),
    /// The caller may not do it to every resource; with the statement that distinguishes between resources, if one does
    NotEverywhere(Option<StatementId>),
}

/// Evaluates an operation on all resources of its kind, whatever their tags and resource groups.
///
/// ```
/// use eci_calls::{Account, Everywhere, Operation, evaluate_everywhere};
/// use ram_policy::{Definition, Grant, PolicySet, Principal, UserDefinition};
///
/// let grant = Grant { policy: "AliyunECIFullAccess".into(), resource_group: Some("rg-a".into()) };
/// let bob = UserDefinition { name: "bob".into(), grants: vec![grant], ..Default::default() };
/// let set = PolicySet::compile(Definition { users: vec![bob], ..Default::default() }).unwrap();
/// let (account, bob) = (Account::default(), Principal::User("bob".into()));
///
/// let now = jiff::Timestamp::UNIX_EPOCH;
/// let (_, result) = evaluate_everywhere(&set, &account, &bob, Operation::ExecContainerCommand, now);
/// assert_eq!(result, Everywhere::NotEverywhere(None));
/// ```
pub fn evaluate_everywhere(
    set: &PolicySet,
    account: &Account,
    principal: &Principal,
    operation: Operation,
    now: Timestamp,
) -> (Question, Everywhere) {
    let mut context = Context::new();
    context.set(CURRENT_TIME, now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    context.extend(&account.context);
    let kind = operation.resource_kind().unwrap_or("*");
    let question = Question {
        action: operation.action(),
        resource: format!("acs:eci:{}:{}:{kind}/*", account.region, set.account()),
        // A grant for one resource group does not allow the call in others.
        resource_group: None,
        context,
        service: None,
        about_new_tags: false,
    };
    let evaluation = match set.decide_everywhere(&question.request(principal), depends_on_resource) {
        Ok(decision) => Everywhere::Allowed(Allowed {
            action: question.action,
            policy_type: decision.policy_type,
            statement: decision.statement().cloned(),
        }),
        Err(statement) => Everywhere::NotEverywhere(statement),
    };
    (question, evaluation)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use crate::ResourceGroup;
    use ram_policy::{Definition, Document, DocumentKind, Grant, UserDefinition};

    fn evaluation(policies: &[(&str, &str)], more: Option<Grant>) -> Result<String, Option<String>> {
        let mut definition = Definition {
            account_id: "1".into(),
            ..Definition::default()
        };
        let mut grants = Vec::new();
        for (name, statements) in policies {
            let text = format!(r#"{{"Version": "1", "Statement": [{statements}]}}"#);
            let parsed = Document::parse(text.as_bytes(), DocumentKind::Identity).unwrap();
            definition
                .policies
                .insert((*name).into(), Arc::new(parsed.document));
            grants.push(grant(name, None));
        }
        grants.extend(more);
        definition.users.push(UserDefinition {
            name: "u".into(),
            groups: Vec::new(),
            grants,
        });
        let account = Account {
            region: "r".into(),
            resource_groups: vec![ResourceGroup {
                id: "rg-a".into(),
                name: None,
                default: true,
            }],
            ..Account::default()
        };
        let (question, evaluation) = evaluate_everywhere(
            &PolicySet::compile(definition).unwrap(),
            &account,
            &Principal::User("u".into()),
            Operation::ExecContainerCommand,
            Timestamp::UNIX_EPOCH,
        );
        assert_eq!(question.resource, "acs:eci:r:1:containergroup/*");
        match evaluation {
            Everywhere::Allowed(allowed) => {
                Ok(allowed.statement.map(|one| one.to_string()).unwrap_or_default())
            }
            Everywhere::NotEverywhere(statement) => Err(statement.map(|one| one.to_string())),
        }
    }

    fn grant(policy: &str, resource_group: Option<&str>) -> Grant {
        Grant {
            policy: policy.to_owned(),
            resource_group: resource_group.map(str::to_owned),
        }
    }

    #[test]
    fn only_an_allow_without_conditions_on_the_resource_is_one_for_all() {
        let all = r#"{"Effect": "Allow", "Action": "eci:*", "Resource": "*"}"#;
        let if_ = |effect: &str, condition: &str| {
            format!(
                r#"{{"Effect": "{effect}", "Action": "eci:Exec*", "Resource": "*", "Condition": {condition}}}"#
            )
        };
        let refused = |statement: &str| Err(Some(statement.to_owned()));
        assert_eq!(evaluation(&[("A", all)], None), Ok("A#1".to_owned()));
        for condition in [
            r#"{"StringEquals": {"acs:ResourceTag/env": "test"}}"#,
            r#"{"StringNotEquals": {"acs:ResourceTag/env": "prod"}}"#,
            r#"{"StringNotEquals": {"eci:tag/env": "prod"}}"#,
            r#"{"StringNotEquals": {"ACS:resourcegroupid": "rg-a"}}"#,
        ] {
            let some = if_("Allow", condition);
            assert_eq!(evaluation(&[("S", &some)], None), refused("S#1"), "{condition}");
            // A wider Allow makes the narrower one irrelevant.
            assert_eq!(
                evaluation(&[("S", &some), ("A", all)], None),
                Ok("A#1".to_owned())
            );
            let denied = if_("Deny", condition);
            assert_eq!(
                evaluation(&[("A", all), ("D", &denied)], None),
                refused("D#1"),
                "{condition}"
            );
        }
        let one = r#"{"Effect": "Allow", "Action": "eci:*", "Resource": "acs:eci:*:*:containergroup/eci-1"}"#;
        assert_eq!(evaluation(&[("O", one)], None), Err(None));
        let elsewhere = r#"{"Effect": "Deny", "Action": "eci:Delete*", "Resource": "*"}"#;
        assert_eq!(
            evaluation(&[("A", all), ("D", elsewhere)], None),
            Ok("A#1".to_owned())
        );
        let late = if_(
            "Allow",
            r#"{"DateGreaterThan": {"acs:CurrentTime": "2030-01-01T00:00:00Z"}}"#,
        );
        assert_eq!(evaluation(&[("L", &late)], None), Err(None));
        assert_eq!(
            evaluation(&[], Some(grant("AliyunECIFullAccess", Some("rg-a")))),
            Err(None)
        );
        assert_eq!(
            evaluation(&[], Some(grant("AliyunECIFullAccess", None))),
            Ok("AliyunECIFullAccess#1".to_owned())
        );
    }
}
