//! An operation on all resources at once: on those that are there, and nobody says which ones these are.

use jiff::Timestamp;

use crate::account::Account;
use crate::condition_key::{CURRENT_TIME, depends_on_resource};
use crate::evaluation::Allowed;
use crate::operation::Operation;
use crate::ram_question::Question;
use ram_policy::{Context, PolicySet, Principal, StatementId};

/// What comes of an operation on all resources
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Everywhere {
    /// The caller may do it to every one
    Allowed(Allowed),
    /// Not to every one, and the statement that makes a difference between them, where one does
    NotEverywhere(Option<StatementId>),
}

/// Evaluates an operation on all resources of its kind, whatever their tags and groups
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
        // A grant for one group says nothing about the others
        resource_group: None,
        context,
        service: None,
        about_new_tags: false,
    };
    let verdict = match set.decide_everywhere(&question.request(principal), depends_on_resource) {
        Ok(decision) => Everywhere::Allowed(Allowed {
            action: question.action,
            policy_type: decision.policy_type,
            statement: decision.statement().cloned(),
        }),
        Err(statement) => Everywhere::NotEverywhere(statement),
    };
    (question, verdict)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use crate::ResourceGroup;
    use ram_policy::{Definition, Document, DocumentKind, Grant, UserDefinition};

    fn verdict(policies: &[(&str, &str)], more: Option<Grant>) -> Result<String, Option<String>> {
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
                .insert((*name).to_owned(), Arc::new(parsed.document));
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
        let (question, verdict) = evaluate_everywhere(
            &PolicySet::compile(definition).unwrap(),
            &account,
            &Principal::User("u".into()),
            Operation::ExecContainerCommand,
            Timestamp::UNIX_EPOCH,
        );
        assert_eq!(question.resource, "acs:eci:r:1:containergroup/*");
        match verdict {
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
    fn only_a_right_that_looks_at_no_resource_is_one_for_all() {
        let all = r#"{"Effect": "Allow", "Action": "eci:*", "Resource": "*"}"#;
        let if_ = |effect: &str, condition: &str| {
            format!(
                r#"{{"Effect": "{effect}", "Action": "eci:Exec*", "Resource": "*", "Condition": {condition}}}"#
            )
        };
        let refused = |statement: &str| Err(Some(statement.to_owned()));
        assert_eq!(verdict(&[("A", all)], None), Ok("A#1".to_owned()));
        for condition in [
            r#"{"StringEquals": {"acs:ResourceTag/env": "test"}}"#,
            r#"{"StringNotEquals": {"acs:ResourceTag/env": "prod"}}"#,
            r#"{"StringNotEquals": {"eci:tag/env": "prod"}}"#,
            r#"{"StringNotEquals": {"ACS:resourcegroupid": "rg-a"}}"#,
        ] {
            let some = if_("Allow", condition);
            assert_eq!(verdict(&[("S", &some)], None), refused("S#1"), "{condition}");
            // Who may everything may a part of it too
            assert_eq!(verdict(&[("S", &some), ("A", all)], None), Ok("A#1".to_owned()));
            let denied = if_("Deny", condition);
            assert_eq!(
                verdict(&[("A", all), ("D", &denied)], None),
                refused("D#1"),
                "{condition}"
            );
        }
        let one = r#"{"Effect": "Allow", "Action": "eci:*", "Resource": "acs:eci:*:*:containergroup/eci-1"}"#;
        assert_eq!(verdict(&[("O", one)], None), Err(None));
        let elsewhere = r#"{"Effect": "Deny", "Action": "eci:Delete*", "Resource": "*"}"#;
        assert_eq!(
            verdict(&[("A", all), ("D", elsewhere)], None),
            Ok("A#1".to_owned())
        );
        let late = if_(
            "Allow",
            r#"{"DateGreaterThan": {"acs:CurrentTime": "2030-01-01T00:00:00Z"}}"#,
        );
        assert_eq!(verdict(&[("L", &late)], None), Err(None));
        assert_eq!(
            verdict(&[], Some(grant("AliyunECIFullAccess", Some("rg-a")))),
            Err(None)
        );
        assert_eq!(
            verdict(&[], Some(grant("AliyunECIFullAccess", None))),
            Ok("AliyunECIFullAccess#1".to_owned())
        );
    }
}
