//! Truth tables of conditions: whether a condition holds for each class of its key.

use std::collections::BTreeMap;

use crate::analysis::diff::dimension::Dimension;
use crate::analysis::diff::statement_table::{SelectedStatements, StatementNumber, TableStatement};
use eci_calls::condition_key::{PRINCIPAL_ARN, RESOURCE_GROUP_ID};
use ram_policy::{Condition, Effect, Principal};

/// The row of a truth table for one condition
#[derive(Debug)]
pub(crate) struct ConditionTruth {
    /// The position of the condition's key in the request space
    pub(crate) key: usize,
    by_class: Vec<bool>,
    /// Whether the condition holds for a request without the key
    pub(crate) if_absent: bool,
}

impl ConditionTruth {
    pub(crate) fn holds(&self, class: usize) -> bool {
        self.by_class.get(class).copied().unwrap_or_default()
    }
}

/// The rows of each statement
pub(crate) type TruthTables = BTreeMap<StatementNumber, Vec<ConditionTruth>>;

/// Evaluates every free condition for every class of its key
pub(crate) fn truth_tables(statements: &SelectedStatements<'_>, keys: &[(String, Dimension)]) -> TruthTables {
    let row = |condition: &Condition, effect: Effect| {
        let key = keys.iter().position(|(name, _)| **name == *condition.key)?;
        let (_, dimension) = keys.get(key)?;
        let classes = 0..dimension.len();
        let by_class = classes.map(|class| is_met_by(condition, dimension.representative(class), effect));
        Some(ConditionTruth {
            key,
            by_class: by_class.collect(),
            if_absent: is_met_by(condition, None, effect),
        })
    };
    let rows = |statement: &TableStatement<'_>| {
        let conditions = free_conditions(statement);
        conditions
            .filter_map(|condition| row(condition, statement.statement.effect))
            .collect()
    };
    statements
        .iter()
        .map(|(number, statement)| (*number, rows(statement)))
        .collect()
}

/// The conditions on keys that requests are free to set; the engine sets the caller's ARN and the resource group
pub(crate) fn free_conditions<'a>(statement: &TableStatement<'a>) -> impl Iterator<Item = &'a Condition> {
    let is_free = |condition: &&Condition| ![PRINCIPAL_ARN, RESOURCE_GROUP_ID].contains(&&*condition.key);
    statement.statement.conditions.iter().filter(is_free)
}

/// Whether the conditions hold on the keys that the engine sets: the caller's ARN and the resource group
pub(crate) fn fixed_conditions_hold(
    statement: &TableStatement<'_>,
    caller: &Principal,
    group: Option<&str>,
) -> bool {
    let effect = statement.statement.effect;
    statement.statement.conditions.iter().all(|condition| {
        let value = match &*condition.key {
            PRINCIPAL_ARN => caller.arn(statement.account),
            RESOURCE_GROUP_ID => group.map(ToOwned::to_owned),
            _ => return true,
        };
        is_met_by(condition, value.as_deref(), effect)
    })
}

/// Whether a condition holds for one value of its key, or for its absence
pub(crate) fn is_met_by(condition: &Condition, value: Option<&str>, effect: Effect) -> bool {
    let values: Vec<String> = value.map(ToOwned::to_owned).into_iter().collect();
    condition.met(&values, effect)
}
