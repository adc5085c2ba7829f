//! Label selectors of namespaces and nodes, with the meaning that they have in Kubernetes.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::config::directory::faults::Faults;
use crate::config::directory::located_text::{LocatedText, strings};
use crate::config::directory::name_rules::{check_key, check_label_value};
use ram_policy::source::{Fault, Node, Value};

/// A label selector: all of its requirements must hold
///
/// ```text
/// {matchLabels: {type: vk}, matchExpressions: [{key: zone, operator: Exists}]}
///   selects {type: vk, zone: a}, and neither {type: vk} nor {zone: a}
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelSelector {
    requirements: Vec<Requirement>,
}

/// A requirement on one label
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Requirement {
    /// The label's key
    pub(crate) key: String,
    /// The operator, which tests the label's value
    pub(crate) operator: LabelOperator,
}

/// The operator of a requirement, with its values
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LabelOperator {
    /// The label is present with one of these values
    In(Vec<String>),
    /// The label is absent, or has none of these values
    NotIn(Vec<String>),
    /// The label is present
    Exists,
    /// The label is absent
    DoesNotExist,
}

impl LabelSelector {
    /// The selector of one label with one value
    pub(crate) fn label(key: &str, value: &str) -> Self {
        Self {
            requirements: vec![Requirement::equals(key.to_owned(), value.to_owned())],
        }
    }

    /// Whether an object with these labels is selected
    pub(crate) fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.matches_by(|key| labels.get(key).map(String::as_str))
    }

    /// Whether an object is selected; `label` looks up the value of its label
    pub(crate) fn matches_by<'a>(&self, label: impl Fn(&str) -> Option<&'a str>) -> bool {
        self.requirements
            .iter()
            .all(|requirement| requirement.operator.holds(label(&requirement.key)))
    }

    /// The requirements in the order of the document
    pub(crate) fn requirements(&self) -> &[Requirement] {
        &self.requirements
    }
}

impl Requirement {
    fn equals(key: String, value: String) -> Self {
        Self {
            key,
            operator: LabelOperator::In(vec![value]),
        }
    }
}

impl LabelOperator {
    fn holds(&self, value: Option<&str>) -> bool {
        let among = |values: &[String]| value.is_some_and(|value| values.iter().any(|each| each == value));
        match self {
            Self::In(values) => among(values),
            Self::NotIn(values) => !among(values),
            Self::Exists => value.is_some(),
            Self::DoesNotExist => value.is_none(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Wire {
    match_labels: Option<Node>,
    #[serde(default)]
    match_expressions: Vec<ExpressionWire>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ExpressionWire {
    key: LocatedText,
    operator: OperatorWire,
    #[serde(default)]
    values: Vec<LocatedText>,
}

#[derive(Clone, Copy, Deserialize)]
enum OperatorWire {
    In,
    NotIn,
    Exists,
    DoesNotExist,
}

/// Reads a list of selectors
///
/// # Errors
/// A value that is no list, and the faults of every selector
pub(crate) fn read_list(list: &Node) -> Result<Vec<LabelSelector>, Faults> {
    let Value::List(items) = &list.value else {
        let message = format!("expected a list of label selectors, found {}", list.kind());
        return Err(Fault::new(list.at, message).into());
    };
    let mut faults = Faults::default();
    let selectors = faults.handle_each(items, read);
    faults.finish(selectors)
}

/// Reads a selector
///
/// # Errors
/// Every fault in it. An empty selector is one: in Kubernetes it selects everything, which nobody means by accident.
pub(crate) fn read(node: &Node) -> Result<LabelSelector, Faults> {
    let wire: Wire = node.read()?;
    let mut faults = Faults::default();
    let mut requirements = Vec::new();
    if let Some(labels) = &wire.match_labels {
        requirements.extend(faults.handle(match_labels(labels)).into_iter().flatten());
    }
    for expression in wire.match_expressions {
        requirements.extend(faults.handle(match_expression(expression)));
    }
    if requirements.is_empty() && faults.is_empty() {
        let remedy = "to select everything, ask for a label that all have with operator Exists";
        faults.push(Fault::new(
            node.at,
            format!("an empty selector is not accepted: {remedy}"),
        ));
    }
    faults.finish(LabelSelector { requirements })
}

fn match_labels(labels: &Node) -> Result<Vec<Requirement>, Faults> {
    let Value::Map(entries) = &labels.value else {
        let message = format!("expected labels as an object, found {}", labels.kind());
        return Err(Fault::new(labels.at, message).into());
    };
    let mut faults = Faults::default();
    let mut requirements = Vec::new();
    for (key, node) in entries {
        faults.handle(check_key(key.at, &key.text));
        if let Some(value) = faults.handle(node.read::<LocatedText>()) {
            faults.handle(check_label_value(&value));
            requirements.push(Requirement::equals(key.text.clone(), value.into()));
        }
    }
    faults.finish(requirements)
}

fn match_expression(expression: ExpressionWire) -> Result<Requirement, Faults> {
    let ExpressionWire {
        key,
        operator,
        values,
    } = expression;
    let mut faults = Faults::default();
    faults.handle(check_key(key.at, &key));
    for value in &values {
        faults.handle(check_label_value(value));
    }
    let takes_values = matches!(operator, OperatorWire::In | OperatorWire::NotIn);
    if takes_values && values.is_empty() {
        faults.push(key.fault("In and NotIn take at least one of `values`"));
    } else if !takes_values && !values.is_empty() {
        faults.push(key.fault("Exists and DoesNotExist take no `values`"));
    }
    let values = strings(values);
    let operator = match operator {
        OperatorWire::In => LabelOperator::In(values),
        OperatorWire::NotIn => LabelOperator::NotIn(values),
        OperatorWire::Exists => LabelOperator::Exists,
        OperatorWire::DoesNotExist => LabelOperator::DoesNotExist,
    };
    faults.finish(Requirement {
        key: key.into(),
        operator,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::directory::faults::tests::parsed;

    fn selector(text: &str) -> Result<LabelSelector, String> {
        parsed(text, read)
    }

    fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn every_operator_selects_as_kubernetes_does() {
        let cases = [
            ("{matchLabels: {type: virtual-kubelet}}", [true, false, false]),
            (
                "{matchExpressions: [{key: type, operator: In, values: [a, virtual-kubelet]}]}",
                [true, false, false],
            ),
            (
                "{matchExpressions: [{key: type, operator: NotIn, values: [virtual-kubelet]}]}",
                [false, true, true],
            ),
            (
                "{matchExpressions: [{key: type, operator: Exists}]}",
                [true, true, false],
            ),
            (
                "{matchExpressions: [{key: type, operator: DoesNotExist}]}",
                [false, false, true],
            ),
            (
                "{matchLabels: {type: x}, matchExpressions: [{key: type, operator: Exists}]}",
                [false, true, false],
            ),
        ];
        let objects = [
            labels(&[("type", "virtual-kubelet")]),
            labels(&[("type", "x")]),
            labels(&[("other", "y")]),
        ];
        for (text, expected) in cases {
            let selector = selector(text).unwrap();
            assert_eq!(
                objects.each_ref().map(|labels| selector.matches(labels)),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn a_selector_built_in_code_equals_the_one_read() {
        assert_eq!(
            selector("{matchLabels: {a: b}}").unwrap(),
            LabelSelector::label("a", "b")
        );
    }

    #[test]
    fn faults_name_position_and_remedy() {
        let refused = |text| selector(text).unwrap_err();
        assert!(refused("{}").starts_with("1:1: an empty selector is not accepted: to select everything"));
        assert!(refused("{matchLabels: {}}").contains("empty selector"));
        assert!(refused("{matchlabels: {a: b}}").contains("1:2: unknown field `matchlabels`"));
        assert!(refused("{matchExpressions: [{key: a, operator: Has}]}").contains("unknown variant `Has`"));
        let several = "matchExpressions:\n- {key: a, operator: In}\n- {key: b, operator: Exists, values: [x]}\n- {key: c d, operator: Exists}\n";
        assert_eq!(selector(several).unwrap_err().lines().count(), 3);
        assert!(refused("{matchLabels: {a: b c}}").contains("1:19: `b c` is not a label value"));
        assert!(refused("{matchLabels: {a b: c}}").contains("1:16: `a b` is not a label or annotation key"));
        assert!(refused("{matchLabels: {a: 1}}").contains("put it in quotes"));
        assert!(refused("{matchLabels: [a]}").contains("expected labels as an object, found a list"));
    }
}
