//! Requirements on node labels, compared with the selectors of virtual nodes.
//!
//! A pod's node selector and affinity are requirements on labels, and so is a selector of virtual nodes. Requirements
//! that imply all of a selector's can only be met by its nodes. Requirements that contradict one of them cannot be met by
//! any of its nodes.

use crate::config::{LabelOperator, LabelSelector};
use crate::kubernetes::pod_spec::Expression;

/// A pod's requirement on one label of a node
#[derive(Clone)]
pub(super) struct NodeRequirement<'a> {
    pub(super) key: &'a str,
    pub(super) operator: NodeOperator<'a>,
}

/// The operator of a node selector term
#[derive(Clone)]
pub(super) enum NodeOperator<'a> {
    In(Vec<&'a str>),
    NotIn(Vec<&'a str>),
    Exists,
    DoesNotExist,
    /// `Gt` or `Lt`, which imply that the label exists
    Compares,
}

/// The relation of a requirement to one test of a selector
#[derive(Clone, Copy, PartialEq, Eq)]
enum Relation {
    /// Every node that meets the requirement passes the test
    Implies,
    /// Some nodes that meet the requirement pass the test
    Overlaps,
    /// No node that meets the requirement passes the test
    Contradicts,
    /// Nothing follows
    Unrelated,
}

/// Whether `Exists` implies that the label has the selector's value
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ValueProof {
    /// It does: only virtual nodes have such labels
    Assumed,
    /// It does not: the requirement has to name the value
    Required,
}

impl<'a> NodeRequirement<'a> {
    /// The requirement of a node selector's entry
    pub(super) fn equal(key: &'a str, value: &'a str) -> Self {
        Self {
            key,
            operator: NodeOperator::In(vec![value]),
        }
    }

    /// The requirement of a match expression; `None` if its operator is unknown
    pub(super) fn parse(expression: &'a Expression<'_>) -> Option<Self> {
        let values = || expression.values.iter().map(|value| &**value).collect();
        let operator = match &*expression.operator {
            "In" => NodeOperator::In(values()),
            "NotIn" => NodeOperator::NotIn(values()),
            "Exists" => NodeOperator::Exists,
            "DoesNotExist" => NodeOperator::DoesNotExist,
            "Gt" | "Lt" => NodeOperator::Compares,
            _ => return None,
        };
        let key = &*expression.key;
        Some(Self { key, operator })
    }

    /// The label in messages: `key=value`, or the key alone if the test takes any value
    fn label(&self, test: &LabelOperator) -> String {
        let is_wanted = |value: &&str| match test {
            LabelOperator::In(values) => values.iter().any(|wanted| wanted == value),
            LabelOperator::NotIn(_) | LabelOperator::Exists | LabelOperator::DoesNotExist => true,
        };
        let value = match &self.operator {
            NodeOperator::In(values) => values.iter().copied().find(is_wanted),
            NodeOperator::NotIn(_)
            | NodeOperator::Exists
            | NodeOperator::DoesNotExist
            | NodeOperator::Compares => None,
        };
        value.map_or_else(|| self.key.to_owned(), |value| format!("{}={value}", self.key))
    }

    fn relation(&self, test: &LabelOperator, proof: ValueProof) -> Relation {
        use NodeOperator as Node;
        match (test, &self.operator) {
            (LabelOperator::In(wanted), Node::In(values)) => {
                relation_of_values(values, |value| contains(wanted, value))
            }
            (LabelOperator::NotIn(unwanted), Node::In(values)) => {
                relation_of_values(values, |value| !contains(unwanted, value))
            }
            (LabelOperator::In(wanted), Node::NotIn(values)) if covers(values, wanted) => {
                Relation::Contradicts
            }
            (LabelOperator::NotIn(unwanted), Node::NotIn(values)) if covers(values, unwanted) => {
                Relation::Implies
            }
            (LabelOperator::In(_), Node::Exists) if proof == ValueProof::Assumed => Relation::Implies,
            (LabelOperator::Exists, Node::In(_) | Node::Exists | Node::Compares)
            | (LabelOperator::NotIn(_) | LabelOperator::DoesNotExist, Node::DoesNotExist) => {
                Relation::Implies
            }
            (LabelOperator::In(_) | LabelOperator::Exists, Node::DoesNotExist)
            | (LabelOperator::DoesNotExist, Node::In(_) | Node::Exists | Node::Compares) => {
                Relation::Contradicts
            }
            (
                LabelOperator::In(_) | LabelOperator::NotIn(_),
                Node::NotIn(_) | Node::Exists | Node::Compares,
            )
            | (LabelOperator::Exists | LabelOperator::DoesNotExist, Node::NotIn(_)) => Relation::Unrelated,
        }
    }
}

fn contains(values: &[String], value: &str) -> bool {
    values.iter().any(|one| one == value)
}

/// Whether every one of the selector's values is among these
fn covers(values: &[&str], selected: &[String]) -> bool {
    selected.iter().all(|value| values.contains(&value.as_str()))
}

/// The relation of a requirement for one of these values to a test that some of them pass
fn relation_of_values(values: &[&str], passes: impl Fn(&str) -> bool) -> Relation {
    match values.iter().filter(|value| passes(value)).count() {
        // The API server accepts no empty list, so nothing follows from one
        0 if values.is_empty() => Relation::Unrelated,
        0 => Relation::Contradicts,
        passing if passing == values.len() => Relation::Implies,
        _ => Relation::Overlaps,
    }
}

/// The first label of requirements that only the selector's nodes meet; `None` if other nodes can meet them
pub(super) fn implied_label(
    selector: &LabelSelector,
    requirements: &[NodeRequirement<'_>],
    proof: ValueProof,
) -> Option<String> {
    let mut labels = Vec::new();
    for test in selector.requirements() {
        let requirement = requirements.iter().find(|requirement| {
            requirement.key == test.key && requirement.relation(&test.operator, proof) == Relation::Implies
        })?;
        labels.push(requirement.label(&test.operator));
    }
    labels.into_iter().next()
}

/// The first label by which some of the selector's nodes meet the requirements
pub(super) fn overlapping_label(
    selector: &LabelSelector,
    requirements: &[NodeRequirement<'_>],
) -> Option<String> {
    selector.requirements().iter().find_map(|test| {
        let is_positive = matches!(test.operator, LabelOperator::In(_) | LabelOperator::Exists);
        let requirement = requirements.iter().find(|requirement| {
            let relation = requirement.relation(&test.operator, ValueProof::Assumed);
            let meets = matches!(relation, Relation::Implies | Relation::Overlaps);
            is_positive && requirement.key == test.key && meets
        })?;
        Some(requirement.label(&test.operator))
    })
}

/// Whether none of the selector's nodes can meet the requirements
pub(super) fn contradicts(selector: &LabelSelector, requirements: &[NodeRequirement<'_>]) -> bool {
    selector.requirements().iter().any(|test| {
        requirements.iter().any(|requirement| {
            requirement.key == test.key
                && requirement.relation(&test.operator, ValueProof::Required) == Relation::Contradicts
        })
    })
}
