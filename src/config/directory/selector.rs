//! Label selectors with Kubernetes' meaning, of namespaces and nodes.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::config::directory::name::{check_key, check_label_value};
use crate::config::directory::text::Text;
use ram_policy::source::{Fault, Node, Value};

/// A label selector: all of its requirements must hold
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    requirements: Vec<Requirement>,
}

/// One requirement on one label
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// The label's key
    pub key: String,
    /// What its value must be
    pub test: Test,
}

/// What a selector asks of a label
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// The label is there with one of these values
    In(Vec<String>),
    /// The label is absent, or has none of these values
    NotIn(Vec<String>),
    /// The label is there
    Exists,
    /// The label is absent
    DoesNotExist,
}

impl Selector {
    /// The selector of one label with one value
    pub fn label(key: &str, value: &str) -> Self {
        Self {
            requirements: vec![Requirement {
                key: key.to_owned(),
                test: Test::In(vec![value.to_owned()]),
            }],
        }
    }

    /// Whether an object with these labels is selected
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.matches_by(|key| labels.get(key).map(String::as_str))
    }

    /// Whether an object is selected whose labels are found by this function
    pub fn matches_by<'a>(&self, label: impl Fn(&str) -> Option<&'a str>) -> bool {
        self.requirements
            .iter()
            .all(|requirement| requirement.test.holds(label(&requirement.key)))
    }

    /// What the selector asks for, in the order of the document
    pub fn requirements(&self) -> &[Requirement] {
        &self.requirements
    }
}

impl Test {
    fn holds(&self, value: Option<&str>) -> bool {
        let among =
            |values: &[String]| value.is_some_and(|value| values.iter().any(|wanted| wanted == value));
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
    match_expressions: Vec<Expression>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Expression {
    key: Text,
    operator: Operator,
    #[serde(default)]
    values: Vec<Text>,
}

#[derive(Deserialize)]
enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
}

/// Reads a selector; an empty one is refused, because in Kubernetes it selects everything and nobody means that by accident
pub(crate) fn read(node: &Node, faults: &mut Vec<Fault>) -> Option<Selector> {
    let wire: Wire = match node.read() {
        Ok(wire) => wire,
        Err(fault) => {
            faults.push(fault);
            return None;
        }
    };
    let before = faults.len();
    let mut requirements = Vec::new();
    for (key, value) in wire
        .match_labels
        .iter()
        .flat_map(|labels| entries(labels, faults))
    {
        requirements.push(Requirement {
            key,
            test: Test::In(vec![value]),
        });
    }
    for Expression {
        key,
        operator,
        values,
    } in wire.match_expressions
    {
        check_key(key.at, &key, faults);
        values.iter().for_each(|value| check_label_value(value, faults));
        let wants_values = matches!(operator, Operator::In | Operator::NotIn);
        if wants_values && values.is_empty() {
            faults.push(key.fault("In and NotIn take at least one of `values`"));
        } else if !wants_values && !values.is_empty() {
            faults.push(key.fault("Exists and DoesNotExist take no `values`"));
        }
        let values = values.iter().map(|value| value.as_str().to_owned()).collect();
        let test = match operator {
            Operator::In => Test::In(values),
            Operator::NotIn => Test::NotIn(values),
            Operator::Exists => Test::Exists,
            Operator::DoesNotExist => Test::DoesNotExist,
        };
        requirements.push(Requirement {
            key: key.as_str().to_owned(),
            test,
        });
    }
    if requirements.is_empty() && faults.len() == before {
        let remedy = "to select everything, ask for a label that all have with operator Exists";
        faults.push(Fault::new(
            node.at,
            format!("an empty selector is not accepted: {remedy}"),
        ));
    }
    (faults.len() == before).then_some(Selector { requirements })
}

fn entries(labels: &Node, faults: &mut Vec<Fault>) -> Vec<(String, String)> {
    let Value::Map(entries) = &labels.value else {
        faults.push(Fault::new(
            labels.at,
            format!("expected labels as an object, found {}", labels.kind()),
        ));
        return Vec::new();
    };
    let mut pairs = Vec::new();
    for (key, node) in entries {
        check_key(key.at, &key.text, faults);
        match node.read::<Text>() {
            Ok(value) => {
                check_label_value(&value, faults);
                pairs.push((key.text.clone(), value.as_str().to_owned()));
            }
            Err(fault) => faults.push(fault),
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml;

    fn selector(text: &str) -> Result<Selector, Vec<String>> {
        let mut faults = Vec::new();
        let selector = read(&yaml::parse(text).unwrap()[0], &mut faults);
        selector.ok_or_else(|| faults.iter().map(ToString::to_string).collect())
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
    fn the_built_selector_is_the_written_one() {
        assert_eq!(
            selector("{matchLabels: {a: b}}").unwrap(),
            Selector::label("a", "b")
        );
    }

    #[test]
    fn refusals_name_place_and_remedy() {
        let refused = |text| selector(text).unwrap_err().join("\n");
        assert!(refused("{}").starts_with("1:1: an empty selector is not accepted: to select everything"));
        assert!(refused("{matchLabels: {}}").contains("empty selector"));
        assert!(refused("{matchlabels: {a: b}}").contains("1:2: unknown field `matchlabels`"));
        assert!(refused("{matchExpressions: [{key: a, operator: Has}]}").contains("unknown variant `Has`"));
        let several = "matchExpressions:\n- {key: a, operator: In}\n- {key: b, operator: Exists, values: [x]}\n- {key: c d, operator: Exists}\n";
        assert_eq!(selector(several).unwrap_err().len(), 3);
        assert!(refused("{matchLabels: {a: b c}}").contains("1:19: `b c` is not a label value"));
        assert!(refused("{matchLabels: {a b: c}}").contains("1:16: `a b` is not a label or annotation key"));
        assert!(refused("{matchLabels: {a: 1}}").contains("put it in quotes"));
        assert!(refused("{matchLabels: [a]}").contains("expected labels as an object, found a list"));
    }
}
