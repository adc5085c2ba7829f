//! Requirements on node labels, compared with the selectors of virtual nodes.
//!
//! A pod's node selector and affinity are requirements on labels, and so is a selector of virtual nodes. Requirements
//! that imply all of a selector's can only be met by its nodes. If the requirements and the selector leave a label no
//! value, none of its nodes can meet them.

use crate::admission::routing::label_values::LabelValues;
use crate::admission::routing::well_known::{NODE_TYPE, VNODE_LABEL};
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

    /// Whether it names what a test of a selector wants
    fn names(&self, test: &LabelOperator) -> bool {
        match (test, &self.operator) {
            (LabelOperator::In(wanted), NodeOperator::In(values)) => {
                values.iter().any(|value| wanted.iter().any(|one| one == value))
            }
            (LabelOperator::In(_), NodeOperator::Exists)
            | (LabelOperator::Exists, NodeOperator::In(_) | NodeOperator::Exists | NodeOperator::Compares) => {
                true
            }
            (LabelOperator::In(_) | LabelOperator::Exists, _)
            | (LabelOperator::NotIn(_) | LabelOperator::DoesNotExist, _) => false,
        }
    }
}

/// The values that requirements leave a label
fn values<'a>(requirements: &[NodeRequirement<'a>], key: &str) -> LabelValues<'a> {
    LabelValues::of(on_label(requirements, key).map(|requirement| &requirement.operator))
}

fn on_label<'r, 'a>(
    requirements: &'r [NodeRequirement<'a>],
    key: &str,
) -> impl Iterator<Item = &'r NodeRequirement<'a>> {
    requirements
        .iter()
        .filter(move |requirement| requirement.key == key)
}

/// The only values that requirements leave a label; `None` if it may be absent or have any of countless others
pub(super) fn only_values<'a>(requirements: &[NodeRequirement<'a>], key: &str) -> Option<Vec<&'a str>> {
    values(requirements, key).only().map(<[&str]>::to_vec)
}

/// Whether no node at all can meet the requirements
pub(super) fn is_impossible(requirements: &[NodeRequirement<'_>]) -> bool {
    requirements
        .iter()
        .any(|requirement| values(requirements, requirement.key).is_impossible())
}

/// The first label of requirements that only the selector's nodes meet; `None` if other nodes can meet them
///
/// `Exists` implies the selector's value, because only virtual nodes have such labels.
pub(super) fn implied_label(
    selector: &LabelSelector,
    requirements: &[NodeRequirement<'_>],
) -> Option<String> {
    let mut labels = Vec::new();
    for test in selector.requirements() {
        let all_pass = values(requirements, &test.key).all_pass(&test.operator);
        let implies = |requirement: &&NodeRequirement<'_>| {
            let is_present = matches!(requirement.operator, NodeOperator::Exists);
            all_pass || is_present && matches!(test.operator, LabelOperator::In(_))
        };
        let requirement = on_label(requirements, &test.key).find(implies)?;
        labels.push(requirement.label(&test.operator));
    }
    labels.into_iter().next()
}

/// The first label by which the requirements name the selector's nodes among others
pub(super) fn named_label(selector: &LabelSelector, requirements: &[NodeRequirement<'_>]) -> Option<String> {
    selector.requirements().iter().find_map(|test| {
        let mut named = on_label(requirements, &test.key);
        let requirement = named.find(|requirement| requirement.names(&test.operator))?;
        Some(requirement.label(&test.operator))
    })
}

/// Whether a node of the selector can meet the requirements, and belong to none of the selectors of other nodes
pub(super) fn is_open(
    selector: &LabelSelector,
    others: &[LabelSelector],
    requirements: &[NodeRequirement<'_>],
) -> bool {
    let left = |key: &str| {
        let tests = selector.requirements().iter().filter(|test| test.key == key);
        tests.fold(values(requirements, key), |values, test| {
            values.passing(&test.operator)
        })
    };
    let mut tests = selector.requirements().iter();
    let is_other = |other: &LabelSelector| {
        let mut tests = other.requirements().iter();
        tests.all(|test| left(&test.key).all_pass(&test.operator))
    };
    !tests.any(|test| left(&test.key).is_impossible()) && !others.iter().any(is_other)
}

/// Whether the requirements exclude the selector's nodes by the type that VNodes have
///
/// Alibaba's guide for VNodes keeps DaemonSets off them by `type NotIn [virtual-kubelet]`. So every node with the label of
/// VNodes has this type too.
pub(super) fn excludes_type_of(selector: &LabelSelector, requirements: &[NodeRequirement<'_>]) -> bool {
    let is_vnode = |test: &LabelOperator| match test {
        LabelOperator::In(values) => values.iter().all(|value| value == "true"),
        LabelOperator::NotIn(_) | LabelOperator::Exists | LabelOperator::DoesNotExist => false,
    };
    let tests = selector.requirements();
    let (key, value) = NODE_TYPE;
    let has_type = LabelOperator::In(vec![value.to_owned()]);
    tests
        .iter()
        .any(|test| test.key == VNODE_LABEL && is_vnode(&test.operator))
        && !tests.iter().any(|test| test.key == key)
        && values(requirements, key).passing(&has_type).is_impossible()
}
