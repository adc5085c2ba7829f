//! The ECI level (`call`): a call of the ECI API.

use crate::admission::evaluate::advise::advice_of;
use jiff::Timestamp;
use serde::Deserialize;

use crate::cases::comparison::Comparison;
use crate::cases::expected_decision::{DecisionDetails, ExpectedDecision};
use crate::cases::ram_request::{context, principal};
use crate::cases::unknown_names::CaseNames;
use crate::cases::values::{Entries, OneOrMany, Scalar};
use crate::config::Configuration;
use eci_calls::fix::{CallEvaluator, search};
use eci_calls::{Call, CallOutcome, Failure, Instance, Operation, Tags, evaluate};
use ram_policy::Principal;
use ram_policy::source::{Fault, Node, Position};

/// A case with `call`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct EciCallCase {
    pub(super) name: String,
    principal: Node,
    call: CallWire,
    unknown_names: Option<OneOrMany>,
    expect: ExpectedDecision,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct CallWire {
    operation: Node,
    tags: Option<Entries<Scalar>>,
    resource_group_id: Option<Node>,
    ram_role_name: Option<String>,
    instance: Option<InstanceWire>,
    #[serde(default)]
    context: Entries<OneOrMany>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct InstanceWire {
    id: Option<String>,
    #[serde(default)]
    tags: Entries<Scalar>,
    resource_group_id: Option<Node>,
    ram_role_name: Option<String>,
}

impl EciCallCase {
    /// Evaluates the call, and compares the outcome
    ///
    /// # Errors
    /// A principal or an operation that is none, and a name that nobody knows
    pub(super) fn run(&self, configuration: &Configuration, at: Position) -> Result<Comparison, Fault> {
        let principal = principal(&self.principal)?;
        let mut names = CaseNames::new(configuration, self.unknown_names.as_ref(), at);
        names.principal(&principal, self.principal.at)?;
        let groups = self.call.resource_groups(&mut names)?;
        names.finish()?;
        let text: String = self.call.operation.read()?;
        let operation: Operation = text.parse().map_err(|error: eci_calls::UnknownOperation| {
            Fault::new(self.call.operation.at, error.to_string())
        })?;
        let actual = match self.call.request_tags(operation) {
            Ok(tags) => evaluated(
                &principal,
                &self.call.with(operation, tags, groups),
                configuration,
            ),
            Err(error) => refused(eci_calls::Refusal::from(error).code),
        };
        Ok(self.expect.compare(&actual))
    }
}

/// The outcome of a call, with the change that would be allowed
fn evaluated(principal: &Principal, call: &Call, configuration: &Configuration) -> DecisionDetails {
    let (policies, account) = (&configuration.policies, &configuration.account);
    let now = Timestamp::now();
    let evaluation = evaluate(policies, account, principal, call, now);
    let evaluator = CallEvaluator::new(policies, account, principal, call, now);
    let fix = evaluator
        .filter(|_| !evaluation.failures.is_empty())
        .map(|evaluator| {
            let principals = std::slice::from_ref(principal);
            advice_of(
                search(&evaluator, policies, principals, evaluator.desired()),
                &evaluator.desired(),
            )
        });
    DecisionDetails {
        fix: fix.map(|advice| advice.to_string()),
        ..details(call.operation, &evaluation)
    }
}

impl CallWire {
    /// The tags of the call; ECI's limits hold for those that a create or update sets, and not for those that a query filters
    /// by
    fn request_tags(&self, operation: Operation) -> Result<Option<Tags>, eci_calls::TagError> {
        let Some(given) = &self.tags else { return Ok(None) };
        match operation.kind() {
            eci_calls::OperationKind::Query => Ok(Some(Tags::existing(pairs(given)))),
            _ => Tags::from_pairs(pairs(given).collect()).map(Some),
        }
    }

    /// The resource groups of the call and of its instance
    fn resource_groups(&self, names: &mut CaseNames<'_>) -> Result<[Option<String>; 2], Fault> {
        let instance = self.instance.as_ref();
        let of_instance = instance.and_then(|instance| instance.resource_group_id.as_ref());
        Ok([
            names.resource_group(self.resource_group_id.as_ref())?,
            names.resource_group(of_instance)?,
        ])
    }

    fn with(&self, operation: Operation, tags: Option<Tags>, groups: [Option<String>; 2]) -> Call {
        let [resource_group, mut group_of_instance] = groups;
        Call {
            tags,
            resource_group,
            role: self.ram_role_name.clone(),
            instance: self.instance.as_ref().map(|instance| Instance {
                id: instance.id.clone(),
                tags: Tags::existing(pairs(&instance.tags)),
                resource_group: group_of_instance.take(),
                role: instance.ram_role_name.clone(),
            }),
            context: context(&self.context),
            ..Call::new(operation)
        }
    }
}

fn pairs(entries: &Entries<Scalar>) -> impl Iterator<Item = (String, String)> {
    entries
        .0
        .iter()
        .map(|(key, Scalar(value))| (key.clone(), value.clone()))
}

fn refused(code: &str) -> DecisionDetails {
    DecisionDetails {
        decision: CallOutcome::Refused.to_string(),
        code: Some(code.to_owned()),
        ..DecisionDetails::default()
    }
}

fn details(operation: Operation, evaluation: &eci_calls::CallEvaluation) -> DecisionDetails {
    let decision = evaluation.outcome.to_string();
    match evaluation.failures.first() {
        Some(Failure::Refused(refusal)) => refused(refusal.code),
        Some(Failure::Denied(denial)) => DecisionDetails {
            decision,
            auth_action: Some(denial.question.action.to_owned()),
            policy_type: Some(denial.decision.policy_type.to_string()),
            statement: denial.decision.statement().map(ToString::to_string),
            ..DecisionDetails::default()
        },
        None => {
            let first = evaluation.allowed.first();
            DecisionDetails {
                decision,
                auth_action: Some(operation.action().to_owned()),
                policy_type: first.map(|allowed| allowed.policy_type.to_string()),
                statement: first
                    .and_then(|allowed| allowed.statement.as_ref())
                    .map(ToString::to_string),
                ..DecisionDetails::default()
            }
        }
    }
}
