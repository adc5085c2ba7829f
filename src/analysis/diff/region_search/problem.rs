//! The data of one search, and the statements that are open in a branch of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::diff::condition_truth::{ConditionTruth, TruthTables};
use crate::analysis::diff::decision_pair::DecisionPair;
use crate::analysis::diff::partial_evaluation::{PartialMatch, decide};
use crate::analysis::diff::request_space::RequestSpace;
use crate::analysis::diff::search_input::{SampleRequest, SearchInput};
use crate::analysis::diff::statement_table::{SelectedStatements, StatementNumber};
use ram_policy::Effect;

/// Decides a request with the engine in both configurations
pub(crate) type Engines<'a> = &'a dyn Fn(&SampleRequest) -> DecisionPair;

pub(super) struct SearchProblem<'a> {
    pub(super) input: &'a SearchInput<'a>,
    pub(super) engines: Engines<'a>,
    pub(super) statements: &'a SelectedStatements<'a>,
    /// `None` if any statement may change the decision
    pub(super) changed: Option<BTreeSet<StatementNumber>>,
    pub(super) space: &'a RequestSpace,
    pub(super) truths: &'a TruthTables,
}

/// The statements that can still match, each with its undecided conditions; a statement without any matches
pub(super) type OpenStatements<'a> = BTreeMap<StatementNumber, Vec<&'a ConditionTruth>>;

/// What partial evaluation decides about a request, before and after; `None` while open conditions can change that
pub(super) type PartialDecisions = (Option<bool>, Option<bool>);

impl SearchProblem<'_> {
    /// Whether one of the statements can make a difference
    pub(super) fn can_differ<'n>(&self, statements: impl IntoIterator<Item = &'n StatementNumber>) -> bool {
        match &self.changed {
            None => true,
            Some(changed) => statements.into_iter().any(|number| changed.contains(number)),
        }
    }

    /// Decides both sides as far as the open statements let it
    pub(super) fn decide(&self, open: &OpenStatements<'_>, group: Option<&str>) -> PartialDecisions {
        let partial_match = |number: StatementNumber| PartialMatch {
            effect: self
                .statements
                .get(&number)
                .map_or(Effect::Deny, |statement| statement.statement.effect),
            matches: match open.get(&number) {
                None => Some(false),
                Some(conditions) if conditions.is_empty() => Some(true),
                Some(_) => None,
            },
        };
        let policies = self.input.policies;
        (
            decide(&policies.old, group, &partial_match),
            decide(&policies.new, group, &partial_match),
        )
    }
}

/// The open statements once a key has a value of these classes; a condition that distinguishes the classes stays open
pub(super) fn with_value<'a>(
    open: &OpenStatements<'a>,
    key: usize,
    classes: &BTreeSet<usize>,
) -> OpenStatements<'a> {
    let on_key = |condition: &&ConditionTruth| condition.key == key;
    let never = |condition: &ConditionTruth| !classes.iter().any(|class| condition.holds(*class));
    let always = |condition: &ConditionTruth| classes.iter().all(|class| condition.holds(*class));
    open.iter()
        .filter(|(_, conditions)| !conditions.iter().copied().filter(on_key).any(never))
        .map(|(number, conditions)| {
            let undecided = conditions
                .iter()
                .copied()
                .filter(|condition| !on_key(condition) || !always(condition));
            (*number, undecided.collect())
        })
        .collect()
}
