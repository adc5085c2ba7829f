//! The search itself: fields with the fewest changes first.

use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, HashSet};

use crate::fix::budget::Budget;
use crate::fix::desired_fields::{Change, DesiredFields};
use crate::fix::evaluator::Evaluator;
use crate::fix::remedy::{Remedies, Remedy};
use ram_policy::{PolicySet, Principal};

/// How many evaluations the search makes before it gives up, however little they cost
const MOST_EVALUATIONS: usize = 1_000;

/// What came of a search
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Search {
    /// These fields are allowed, and none with fewer changes are
    Found(DesiredFields),
    /// No fields made of the values that the policies speak of are allowed
    Nothing,
    /// There were too many to try
    GaveUp,
}

/// Searches for the smallest change with which everything is allowed to all of these principals
pub fn search(
    evaluator: &impl Evaluator,
    policies: &PolicySet,
    principals: &[Principal],
    desired: DesiredFields,
) -> Search {
    let budget = Budget::new();
    let remedies = Remedies::new(evaluator, policies, principals, &budget);
    let mut seen = HashSet::from([desired.clone()]);
    let mut waiting = BinaryHeap::from([Candidate {
        least: 0,
        place: 0,
        desired,
        changes: Vec::new(),
    }]);
    for _ in 0..MOST_EVALUATIONS {
        let Some(candidate) = waiting.pop() else {
            return if budget.is_cut() {
                Search::GaveUp
            } else {
                Search::Nothing
            };
        };
        let Candidate {
            least,
            desired,
            changes,
            ..
        } = candidate;
        let Some(blockers) = remedies.evaluate(&desired) else {
            return Search::GaveUp;
        };
        if blockers.is_empty() {
            return Search::Found(desired);
        }
        let remedies = blockers.iter().map(|blocker| remedies.of(&desired, blocker));
        let remedies: Vec<Remedy> = remedies.collect();
        let more = remedies.iter().map(|remedy| remedy.least).max().unwrap_or(1);
        let least = least.max(changes.len().saturating_add(more));
        let fewest = remedies.into_iter().min_by_key(|remedy| remedy.changes.len());
        for change in fewest.into_iter().flat_map(|remedy| remedy.changes) {
            // What is changed once is right already, or the way here was wrong
            if changes.iter().any(|done| done.is_about_the_same_as(&change)) {
                continue;
            }
            let next = desired.with(&change);
            if seen.insert(next.clone()) {
                waiting.push(Candidate {
                    least,
                    place: seen.len(),
                    desired: next,
                    changes: [changes.as_slice(), &[change]].concat(),
                });
            }
        }
    }
    Search::GaveUp
}

/// Fields that are still to be evaluated
#[derive(Debug, PartialEq, Eq)]
struct Candidate {
    /// How many changes allowed fields that come of it have at least
    least: usize,
    /// When it was thought of
    place: usize,
    desired: DesiredFields,
    changes: Vec<Change>,
}

impl Ord for Candidate {
    /// The greatest is tried first: the one of the fewest changes in the end, then the nearest to that end, then the eldest
    fn cmp(&self, other: &Self) -> Ordering {
        let rank = |one: &Self| (Reverse(one.least), one.changes.len(), Reverse(one.place));
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
            .map(|(at, part)| (format!("P{at}"), Arc::new(document(part))))
            .collect();
        let grant = |policy: &String| Grant {
            policy: policy.clone(),
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

    /// What comes of a search for a create without tags, and how many evaluations it took
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
    fn what_costs_too_much_is_given_up_and_not_called_hopeless() {
        let never = statement("Deny", &json!({"StringLike": {TEAM: "t*"}}));
        let with = |count: usize, condition: &dyn Fn(usize) -> Value| {
            let each = (0..count).map(|at| statement("Allow", &condition(at)));
            each.chain([never.clone()]).collect::<Vec<Value>>()
        };
        let equal = |at: usize| json!({"StringEquals": {TEAM: format!("t{at}")}});
        let like = |at: usize| json!({"StringLike": {TEAM: format!("t{at}-*"), "acs:RequestTag/env": format!("*e{at}*")}});
        // Few enough to be tried to the end
        assert_eq!(searched(&with(100, &equal)), (Search::Nothing, 101));
        for statements in [with(2_000, &equal), with(2_000, &like), with(10_000, &like)] {
            let (found, evaluated) = searched(&statements);
            assert_eq!(found, Search::GaveUp);
            assert!(evaluated <= 100_000 / statements.len(), "{evaluated}");
        }
    }
}
