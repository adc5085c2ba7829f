//! The first choices of a request: its action, its resource and its resource group.

use std::collections::BTreeSet;

use super::problem::{OpenStatements, SearchProblem};
use crate::analysis::diff::candidates::Candidate;
use crate::analysis::diff::condition_truth::{ConditionTruth, fixed_conditions_hold};
use crate::analysis::diff::dimension::DimensionId;
use crate::analysis::diff::effective_policies::EffectivePolicies;
use crate::analysis::diff::region::{Choices, narrowed};
use crate::analysis::diff::search_input::SampleRequest;
use crate::analysis::diff::statement_table::{StatementNumber, TableStatement};
use eci_calls::Operation;
use eci_calls::condition_key::QuestionKind;
use ram_policy::Context;

/// A chosen action, with the statements that cover it
pub(super) struct ActionChoice<'a> {
    action: &'a str,
    matching: BTreeSet<StatementNumber>,
    choices: Choices,
}

/// A chosen action and resource, with the statements that cover both
pub(super) struct ResourceChoice {
    sample: SampleRequest,
    matching: BTreeSet<StatementNumber>,
    choices: Choices,
}

/// A request but for its condition keys, with the statements that only these decide
pub(super) struct Frame<'a> {
    pub(super) sample: SampleRequest,
    pub(super) open: OpenStatements<'a>,
    pub(super) choices: Choices,
}

/// The classes of actions that a changed statement covers
pub(super) fn actions<'a>(problem: &SearchProblem<'a>) -> Vec<ActionChoice<'a>> {
    let actions = &problem.space.actions;
    let choice = |class: usize| {
        let action = actions.representative(class)?;
        let matching = problem
            .statements
            .iter()
            .filter(|(_, statement)| statement.statement.covers_action(action))
            .map(|(number, _)| *number);
        let matching: BTreeSet<StatementNumber> = matching.collect();
        problem.can_differ(&matching).then(|| ActionChoice {
            action,
            matching,
            choices: Choices::from([(DimensionId::Action, BTreeSet::from([class]))]),
        })
    };
    (0..actions.len()).filter_map(choice).collect()
}

/// The resources that the statements about an action distinguish, if a changed statement covers them
pub(super) fn resources(problem: &SearchProblem<'_>, action: &ActionChoice<'_>) -> Vec<ResourceChoice> {
    let dimension = &problem.space.resources;
    let matching = |class: usize| -> BTreeSet<StatementNumber> {
        let resource = dimension.representative(class).unwrap_or_default();
        let covers = |statement: &TableStatement<'_>| statement.covers_resource(resource);
        action
            .matching
            .iter()
            .copied()
            .filter(|number| problem.statements.get(number).is_some_and(|each| covers(each)))
            .collect()
    };
    let choice = |classes: BTreeSet<usize>| {
        let matching = matching(*classes.first()?);
        let (members, _) = dimension.split(&classes);
        problem.can_differ(&matching).then(|| ResourceChoice {
            sample: SampleRequest {
                action: action.action.to_owned(),
                resource: best_resource(action.action, &members),
                resource_group: None,
                context: Context::new(),
            },
            matching,
            choices: narrowed(&action.choices, DimensionId::Resource, dimension, classes),
        })
    };
    dimension
        .partition(matching)
        .into_iter()
        .filter_map(choice)
        .collect()
}

/// The resource groups that the statements about an action and a resource distinguish
pub(super) fn frames<'a>(problem: &SearchProblem<'a>, resource: &ResourceChoice) -> Vec<Frame<'a>> {
    let dimension = &problem.space.groups;
    let matching = |class: usize| {
        let group = dimension.representative(class);
        let policies = problem.input.policies;
        // A statement may be in several layers, so only the layers together distinguish two groups.
        [&policies.old, &policies.new].map(|policies| matching_layers(problem, resource, policies, group))
    };
    let frame = |classes: BTreeSet<usize>| {
        let first = *classes.first()?;
        let numbers = matching(first).into_iter().flatten().flatten();
        let open = numbers
            .map(|number| {
                let truths = problem.truths.get(&number);
                (number, truths.into_iter().flatten().collect())
            })
            .collect();
        let group = dimension.representative(first);
        Some(Frame {
            open: without_absent_keys(problem, open, &resource.sample.action),
            sample: SampleRequest {
                resource_group: group.map(ToOwned::to_owned),
                ..resource.sample.clone()
            },
            choices: narrowed(&resource.choices, DimensionId::Group, dimension, classes),
        })
    };
    dimension
        .partition(matching)
        .into_iter()
        .filter_map(frame)
        .collect()
}

/// The statements of one side that can match in a resource group: those for every group, and those for this one
fn matching_layers(
    problem: &SearchProblem<'_>,
    resource: &ResourceChoice,
    policies: &EffectivePolicies,
    group: Option<&str>,
) -> [BTreeSet<StatementNumber>; 2] {
    let holds =
        |statement: &&TableStatement<'_>| fixed_conditions_hold(statement, problem.input.caller, group);
    let can_match = |number: &StatementNumber| {
        resource.matching.contains(number) && problem.statements.get(number).is_some_and(holds)
    };
    let layers = policies.statements_for_group(group);
    layers.map(|layer| layer.into_iter().filter(can_match).collect())
}

/// The open statements of a request that lacks the keys that requests for its action never have
///
/// Other services' requests may have any key, and so may keys be there that ECI does not set.
fn without_absent_keys<'a>(
    problem: &SearchProblem<'_>,
    open: OpenStatements<'a>,
    action: &str,
) -> OpenStatements<'a> {
    let kind = QuestionKind::of_action(action);
    let is_absent = |condition: &ConditionTruth| {
        let key = problem.space.keys.get(condition.key);
        key.is_some_and(|(name, _)| kind.and_then(|kind| kind.supports_key(name)) == Some(false))
    };
    let can_match = |conditions: &[&ConditionTruth]| {
        let mut absent = conditions.iter().filter(|condition| is_absent(condition));
        absent.all(|condition| condition.if_absent)
    };
    let left = open.into_iter().filter(|(_, conditions)| can_match(conditions));
    left.map(|(number, conditions)| {
        let undecided = conditions.into_iter().filter(|condition| !is_absent(condition));
        (number, undecided.collect())
    })
    .collect()
}

/// The resource name that a reader expects for the action
///
/// ```text
/// eci:CreateContainerGroup  ->  acs:eci:REGION:ACCOUNT:containergroup/*, if it is in the class
/// ```
fn best_resource(action: &str, members: &[&Candidate]) -> String {
    let operation = Operation::ALL.iter().find(|each| each.action() == action);
    let code = action.split_once(':').map_or("", |(code, _)| code);
    let own = format!("acs:{code}:");
    let collection = operation
        .and_then(|each| each.resource_kind())
        .map(|resource_type| format!(":{resource_type}/*"));
    let rank = |value: &str| match &collection {
        Some(ending) if value.starts_with(&own) && value.ends_with(ending) => 0,
        Some(_) | None if value.starts_with(&own) && operation.is_none_or(|_| collection.is_some()) => 1,
        _ if value == "*" => 2,
        _ => 3,
    };
    let values = members.iter().filter_map(|member| member.value.as_deref());
    values.min_by_key(|value| rank(value)).unwrap_or("*").to_owned()
}
