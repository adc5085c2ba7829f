//! The call level: one call of the ECI API.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::admission::evaluate::advice::Advice;
use crate::cases::expect::{Details, Expect};
use crate::cases::raw::{context, principal};
use crate::cases::text::{OneOrMany, Pairs, Text};
use crate::config::directory::Configuration;
use eci_calls::fix::{CallEvaluator, search};
use eci_calls::{Call, CallOutcome, Failure, Instance, Operation, Tags, evaluate};
use ram_policy::source::{Fault, Node};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CallCase {
    pub(super) name: String,
    principal: Node,
    call: CallText,
    expect: Expect,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct CallText {
    operation: Node,
    tags: Option<Pairs<Text>>,
    resource_group_id: Option<String>,
    ram_role_name: Option<String>,
    instance: Option<InstanceText>,
    #[serde(default)]
    context: Pairs<OneOrMany>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct InstanceText {
    id: Option<String>,
    #[serde(default)]
    tags: Pairs<Text>,
    resource_group_id: Option<String>,
    ram_role_name: Option<String>,
}

impl CallCase {
    pub(super) fn run(&self, configuration: &Configuration) -> Result<(bool, Value, Value), Fault> {
        let principal = principal(&self.principal)?;
        let text: String = self.call.operation.read()?;
        let operation: Operation = text.parse().map_err(|error: eci_calls::UnknownOperation| {
            Fault::new(self.call.operation.at, error.to_string())
        })?;
        let actual = match self.call.request_tags(operation) {
            Err(error) => refused(eci_calls::Refusal::from(error).code),
            Ok(tags) => {
                let call = self.call.with(operation, tags);
                let (policies, account) = (&configuration.policies, &configuration.account);
                let now = Timestamp::now();
                let evaluation = evaluate(policies, account, &principal, &call, now);
                let evaluator = CallEvaluator::new(policies, account, &principal, &call, now);
                let fix = evaluator
                    .filter(|_| !evaluation.failures.is_empty())
                    .map(|evaluator| {
                        let principals = std::slice::from_ref(&principal);
                        Advice::of(
                            search(&evaluator, policies, principals, evaluator.desired()),
                            &evaluator.desired(),
                        )
                    });
                Details {
                    fix: fix.map(|advice| advice.to_string()),
                    ..details(operation, &evaluation)
                }
            }
        };
        Ok(self.expect.hold_against(&actual))
    }
}

impl CallText {
    /// What a create or update sets keeps ECI's limits; what a query filters by need not
    fn request_tags(&self, operation: Operation) -> Result<Option<Tags>, eci_calls::TagError> {
        let Some(given) = &self.tags else { return Ok(None) };
        match operation.kind() {
            eci_calls::OperationKind::Query => Ok(Some(Tags::existing(pairs(given)))),
            _ => Tags::from_pairs(pairs(given).collect()).map(Some),
        }
    }

    fn with(&self, operation: Operation, tags: Option<Tags>) -> Call {
        Call {
            tags,
            resource_group: self.resource_group_id.clone(),
            role: self.ram_role_name.clone(),
            instance: self.instance.as_ref().map(|instance| Instance {
                id: instance.id.clone(),
                tags: Tags::existing(pairs(&instance.tags)),
                resource_group: instance.resource_group_id.clone(),
                role: instance.ram_role_name.clone(),
            }),
            context: context(&self.context),
            ..Call::new(operation)
        }
    }
}

fn pairs(given: &Pairs<Text>) -> impl Iterator<Item = (String, String)> {
    given
        .0
        .iter()
        .map(|(key, Text(value))| (key.clone(), value.clone()))
}

fn refused(code: &str) -> Details {
    Details {
        decision: CallOutcome::Refused.to_string(),
        code: Some(code.to_owned()),
        ..Details::default()
    }
}

fn details(operation: Operation, evaluation: &eci_calls::CallEvaluation) -> Details {
    let decision = evaluation.outcome.to_string();
    match evaluation.failures.first() {
        Some(Failure::Refused(refusal)) => refused(refusal.code),
        Some(Failure::Denied(denial)) => Details {
            decision,
            auth_action: Some(denial.question.action.to_owned()),
            policy_type: Some(denial.decision.policy_type.to_string()),
            statement: denial.decision.statement().map(ToString::to_string),
            ..Details::default()
        },
        None => {
            let first = evaluation.allowed.first();
            Details {
                decision,
                auth_action: Some(operation.action().to_owned()),
                policy_type: first.map(|allowed| allowed.policy_type.to_string()),
                statement: first
                    .and_then(|allowed| allowed.statement.as_ref())
                    .map(ToString::to_string),
                ..Details::default()
            }
        }
    }
}
