//! Best-first search for allowed fields, by the number of changes.

use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, HashSet};

use crate::fix::budget::Budget;
use crate::fix::desired_fields::{Change, DesiredFields};
use crate::fix::evaluator::Evaluator;
use crate::fix::remedy::{Remedies, Remedy};
use ram_policy::{PolicySet, Principal};

/// The most evaluations of a search, however little they cost
const MAX_EVALUATIONS: usize = 1_000;

/// The result of a search
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Search {
    /// These fields are allowed, and no fields with fewer changes are
    Found(DesiredFields),
    /// No fields with values that the policies name are allowed
    Nothing,
    /// There are too many to try
    GaveUp,
}

/// Searches for the fewest changes of the fields after which the call is allowed to all of these principals.
///
/// ```
/// use eci_calls::fix::{CallEvaluator, Search, search};
/// use eci_calls::{Account, Call, Operation};
/// use ram_policy::{Definition, Document, DocumentKind, Grant, PolicySet, Principal, UserDefinition};
///
/// let policy = br#"{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "eci:*", "Resource": "*",
///     "Condition": {"StringEquals": {"acs:RequestTag/team": "web"}}}]}"#;
/// let document = Document::parse(policy, DocumentKind::Identity)?.document;
/// let grants = vec![Grant::for_account("Web")];
/// let alice = UserDefinition { name: "alice".into(), grants, ..Default::default() };
/// let policies = [("Web".into(), document.into())].into();
/// let set = PolicySet::compile(Definition { policies, users: vec![alice], ..Default::default() }).unwrap();
/// let (account, principals) = (Account::default(), [Principal::User("alice".into())]);
///
/// let call = Call::new(Operation::CreateContainerGroup);
/// let now = jiff::Timestamp::UNIX_EPOCH;
/// let evaluator = CallEvaluator::new(&set, &account, &principals[0], &call, now).unwrap();
/// let Search::Found(fields) = search(&evaluator, &set, &principals, evaluator.desired()) else { unreachable!() };
/// assert_eq!(fields.tags, [("team".into(), "web".into())]);
/// # Ok::<(), ram_policy::source::Fault>(())
/// ```
pub fn search(
    evaluator: &impl Evaluator,
    policies: &PolicySet,
    principals: &[Principal],
    desired: DesiredFields,
) -> Search {
    let budget = Budget::new();
    let remedies = Remedies::new(evaluator, policies, principals, &budget);
    let mut frontier = Frontier::new(desired);
    for _ in 0..MAX_EVALUATIONS {
        let Some(candidate) = frontier.queue.pop() else {
            return if budget.is_incomplete() {
                Search::GaveUp
            } else {
                Search::Nothing
            };
        };
        let Some(blockers) = remedies.evaluate(&candidate.desired) else {
            return Search::GaveUp;
        };
        if blockers.is_empty() {
            return Search::Found(candidate.desired);
        }
        let of_each = blockers
            .iter()
            .map(|blocker| remedies.of(&candidate.desired, blocker));
        frontier.expand(&candidate, of_each.collect());
    }
    Search::GaveUp
}

/// The candidates that are still to be evaluated
struct Frontier {
    queue: BinaryHeap<Candidate>,
    /// The fields of all candidates so far
    known: HashSet<DesiredFields>,
}

impl Frontier {
    fn new(desired: DesiredFields) -> Self {
        Self {
            known: HashSet::from([desired.clone()]),
            queue: BinaryHeap::from([Candidate {
                min_changes: 0,
                order: 0,
                desired,
                changes: Vec::new(),
            }]),
        }
    }

    /// Adds a candidate for each change that may remove one blocker. Every blocker must be removed, so the one with the
    /// fewest remedies is enough.
    fn expand(&mut self, candidate: &Candidate, remedies: Vec<Remedy>) {
        let more = remedies
            .iter()
            .map(|remedy| remedy.min_changes)
            .max()
            .unwrap_or(1);
        let min_changes = candidate
            .min_changes
            .max(candidate.changes.len().saturating_add(more));
        let fewest = remedies.into_iter().min_by_key(|remedy| remedy.changes.len());
        for change in fewest.into_iter().flat_map(|remedy| remedy.changes) {
            // A field that was changed once has its right value, or another candidate leads to it.
            let is_changed = candidate.changes.iter().any(|done| done.has_field_of(&change));
            let desired = candidate.desired.with(&change);
            if is_changed || !self.known.insert(desired.clone()) {
                continue;
            }
            self.queue.push(Candidate {
                min_changes,
                order: self.known.len(),
                desired,
                changes: [candidate.changes.as_slice(), &[change]].concat(),
            });
        }
    }
}

/// Fields to evaluate
#[derive(Debug, PartialEq, Eq)]
struct Candidate {
    /// A lower bound on the number of changes of allowed fields that come from these
    min_changes: usize,
    /// The order in which candidates are added
    order: usize,
    desired: DesiredFields,
    changes: Vec<Change>,
}

impl Ord for Candidate {
    /// The greatest is evaluated first: the lowest bound, then the most changes made, then the oldest
    fn cmp(&self, other: &Self) -> Ordering {
        let rank = |one: &Self| (Reverse(one.min_changes), one.changes.len(), Reverse(one.order));
        rank(self).cmp(&rank(other))
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects, reason = "tests")]

    use std::cell::Cell;
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use jiff::Timestamp;
    use serde_json::{Value, json};

    use super::*;
    use crate::fix::{Blocker, CallEvaluator};
    use crate::{Account, Call, Operation};
    use ram_policy::{Definition, Document, DocumentKind, Grant, UserDefinition};

    const TEAM: &str = "acs:RequestTag/team";

    fn statement(effect: &str, condition: &Value) -> Value {
        json!({"Effect": effect, "Action": "eci:*", "Resource": "*", "Condition": condition})
    }

    fn set(statements: &[Value]) -> PolicySet {
        let document = |part: &[Value]| {
            let text = json!({"Version": "1", "Statement": part}).to_string();
            Document::parse(text.as_bytes(), DocumentKind::Identity)
                .unwrap()
                .document
        };
        let parts = statements.chunks(200).enumerate();
        let policies: BTreeMap<_, _> = parts
            .map(|(at, part)| (format!("P{at}").into(), Arc::new(document(part))))
            .collect();
        let grant = |policy: &Arc<str>| Grant {
            policy: policy.to_string(),
            resource_group: None,
        };
        let user = UserDefinition {
            name: "u".to_owned(),
            grants: policies.keys().map(grant).collect(),
            ..UserDefinition::default()
        };
        PolicySet::compile(Definition {
            account_id: "1".into(),
            policies,
            users: vec![user],
            ..Definition::default()
        })
        .unwrap()
    }

    /// An evaluator that counts its evaluations
    struct Counting<'a>(CallEvaluator<'a>, Cell<usize>);

    impl Evaluator for Counting<'_> {
        fn evaluate(&self, desired: &DesiredFields) -> Vec<Blocker> {
            self.1.set(self.1.get() + 1);
            self.0.evaluate(desired)
        }
        fn can_apply(&self, change: &Change) -> bool {
            self.0.can_apply(change)
        }
        fn default_tag(&self, key: &str) -> Option<String> {
            self.0.default_tag(key)
        }
        fn stored(&self) -> Option<&DesiredFields> {
            self.0.stored()
        }
        fn is_role_fixed(&self, role: &str) -> bool {
            self.0.is_role_fixed(role)
        }
        fn resource_groups(&self) -> Vec<(&str, bool)> {
            self.0.resource_groups()
        }
    }

    /// The result of a search for a create without tags, and the number of evaluations
    fn searched(statements: &[Value]) -> (Search, usize) {
        let (set, account) = (set(statements), Account::default());
        let principal: Principal = "user/u".parse().unwrap();
        let call = Call::new(Operation::CreateContainerGroup);
        let evaluator = CallEvaluator::new(&set, &account, &principal, &call, Timestamp::UNIX_EPOCH).unwrap();
        let (desired, evaluator) = (evaluator.desired(), Counting(evaluator, Cell::default()));
        let found = search(&evaluator, &set, std::slice::from_ref(&principal), desired);
        (found, evaluator.1.get())
    }

    #[test]
    fn a_statement_for_each_of_many_teams_gives_its_advice() {
        let each = |at| statement("Allow", &json!({"StringEquals": {TEAM: format!("t{at}")}}));
        let teams: Vec<Value> = (0..2_000).map(each).collect();
        let (found, evaluated) = searched(&teams);
        let tags = vec![("team".to_owned(), "t0".to_owned())];
        assert_eq!(
            found,
            Search::Found(DesiredFields {
                tags,
                ..DesiredFields::default()
            })
        );
        assert_eq!(evaluated, 2);
    }

    #[test]
    fn a_search_that_costs_too_much_gives_up_and_does_not_report_that_nothing_helps() {
        let never = statement("Deny", &json!({"StringLike": {TEAM: "t*"}}));
        let with = |count: usize, condition: &dyn Fn(usize) -> Value| {
            let each = (0..count).map(|at| statement("Allow", &condition(at)));
            each.chain([never.clone()]).collect::<Vec<Value>>()
        };
        let equal = |at: usize| json!({"StringEquals": {TEAM: format!("t{at}")}});
        let like = |at: usize| json!({"StringLike": {TEAM: format!("t{at}-*"), "acs:RequestTag/env": format!("*e{at}*")}});
        // Few enough for a complete search.
        assert_eq!(searched(&with(100, &equal)), (Search::Nothing, 101));
        for statements in [with(2_000, &equal), with(2_000, &like), with(10_000, &like)] {
            let (found, evaluated) = searched(&statements);
            assert_eq!(found, Search::GaveUp);
            assert!(evaluated <= 100_000 / statements.len(), "{evaluated}");
        }
    }
}
