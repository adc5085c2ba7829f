//! The values that a label of a node may have under several requirements at once.

use crate::admission::routing::node_requirement::NodeOperator;
use crate::config::LabelOperator;

/// The values that a label may have
///
/// ```text
/// In [a, b], NotIn [a]      -> b
/// Exists, NotIn [a]         -> any value but a
/// NotIn [a], DoesNotExist   -> absent
/// In [a], DoesNotExist      -> none: no node meets this
/// ```
///
/// `Gt` and `Lt` leave values that they refuse, so a label without values certainly has none.
pub(super) struct LabelValues<'a> {
    may_be_absent: bool,
    present: Present<'a>,
}

/// The values of a label that is present
enum Present<'a> {
    Only(Vec<&'a str>),
    AllBut(Vec<&'a str>),
}

impl<'a> LabelValues<'a> {
    /// Any value, or none
    pub(super) fn any() -> Self {
        Self {
            may_be_absent: true,
            present: Present::AllBut(Vec::new()),
        }
    }

    /// The values that these operators all accept
    pub(super) fn of<'o>(operators: impl IntoIterator<Item = &'o NodeOperator<'a>>) -> Self
    where
        'a: 'o,
    {
        operators.into_iter().fold(Self::any(), Self::under)
    }

    /// The values among these that a pod's requirement accepts
    fn under(self, operator: &NodeOperator<'a>) -> Self {
        match operator {
            // The API server accepts no empty list, so nothing follows from one
            NodeOperator::In(values) | NodeOperator::NotIn(values) if values.is_empty() => self,
            NodeOperator::In(values) => self.among(|value| values.contains(&value), values),
            NodeOperator::NotIn(values) => self.without(values),
            NodeOperator::Exists | NodeOperator::Compares => self.existing(),
            NodeOperator::DoesNotExist => self.absent(),
        }
    }

    /// The values among these that a selector's test accepts
    pub(super) fn passing(self, test: &'a LabelOperator) -> Self {
        let texts = |values: &'a [String]| values.iter().map(String::as_str).collect::<Vec<_>>();
        match test {
            LabelOperator::In(values) => {
                let values = texts(values);
                self.among(|value| values.contains(&value), &values)
            }
            LabelOperator::NotIn(values) => self.without(&texts(values)),
            LabelOperator::Exists => self.existing(),
            LabelOperator::DoesNotExist => self.absent(),
        }
    }

    /// Whether no node has such a label, or lacks it as it should
    pub(super) fn is_impossible(&self) -> bool {
        !self.may_be_absent && matches!(&self.present, Present::Only(values) if values.is_empty())
    }

    /// The only values that the label may have; `None` if it may be absent or have any of countless others
    pub(super) fn only(&self) -> Option<&[&'a str]> {
        match &self.present {
            Present::Only(values) if !self.may_be_absent => Some(values),
            Present::Only(_) | Present::AllBut(_) => None,
        }
    }

    /// Whether every one of these values passes a selector's test
    pub(super) fn all_pass(&self, test: &LabelOperator) -> bool {
        let among = |values: &[String], value: &str| values.iter().any(|each| each == value);
        match (test, &self.present) {
            (LabelOperator::In(wanted), Present::Only(values)) => {
                !self.may_be_absent && values.iter().all(|value| among(wanted, value))
            }
            (LabelOperator::In(_), Present::AllBut(_)) => false,
            (LabelOperator::NotIn(unwanted), Present::Only(values)) => {
                !values.iter().any(|value| among(unwanted, value))
            }
            (LabelOperator::NotIn(unwanted), Present::AllBut(missing)) => {
                unwanted.iter().all(|value| missing.contains(&value.as_str()))
            }
            (LabelOperator::Exists, _) => !self.may_be_absent,
            (LabelOperator::DoesNotExist, Present::Only(values)) => values.is_empty(),
            (LabelOperator::DoesNotExist, Present::AllBut(_)) => false,
        }
    }

    fn among(self, is_wanted: impl Fn(&str) -> bool, wanted: &[&'a str]) -> Self {
        let values = match self.present {
            Present::Only(values) => values.into_iter().filter(|value| is_wanted(value)).collect(),
            Present::AllBut(missing) => {
                let left = wanted.iter().filter(|value| !missing.contains(value));
                left.copied().collect()
            }
        };
        Self {
            may_be_absent: false,
            present: Present::Only(values),
        }
    }

    fn without(self, unwanted: &[&'a str]) -> Self {
        let present = match self.present {
            Present::Only(mut values) => {
                values.retain(|value| !unwanted.contains(value));
                Present::Only(values)
            }
            Present::AllBut(mut missing) => {
                missing.extend(unwanted);
                Present::AllBut(missing)
            }
        };
        Self { present, ..self }
    }

    fn existing(self) -> Self {
        Self {
            may_be_absent: false,
            ..self
        }
    }

    fn absent(self) -> Self {
        Self {
            may_be_absent: self.may_be_absent,
            present: Present::Only(Vec::new()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_on_one_label_are_met_together() {
        use NodeOperator::{Compares, DoesNotExist, Exists, In, NotIn};
        let impossible = [
            vec![In(vec!["a", "b"]), NotIn(vec!["a"]), NotIn(vec!["b"])],
            vec![In(vec!["a"]), In(vec!["b"])],
            vec![In(vec!["a"]), DoesNotExist],
            vec![Exists, DoesNotExist],
            vec![Compares, DoesNotExist],
        ];
        for operators in &impossible {
            assert!(LabelValues::of(operators).is_impossible());
        }
        let possible = [
            vec![],
            vec![In(vec!["a", "b"]), NotIn(vec!["a"])],
            vec![NotIn(vec!["a"]), DoesNotExist],
            vec![NotIn(vec!["a"]), Exists],
            vec![In(vec![]), DoesNotExist],
            vec![Compares, In(vec!["5"])],
        ];
        for operators in &possible {
            assert!(!LabelValues::of(operators).is_impossible());
        }
    }

    #[test]
    fn what_is_left_passes_a_test_or_does_not() {
        use LabelOperator as Test;
        use NodeOperator::{DoesNotExist, Exists, In, NotIn};
        let texts = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>();
        let (vk, others) = (texts(&["vk"]), texts(&["vk", "gpu"]));
        let cases = [
            (vec![In(vec!["vk"])], Test::In(others.clone()), true),
            (vec![In(vec!["vk", "gpu"])], Test::In(vk.clone()), false),
            (
                vec![In(vec!["vk", "gpu"]), NotIn(vec!["gpu"])],
                Test::In(vk.clone()),
                true,
            ),
            (vec![Exists], Test::In(vk.clone()), false),
            (vec![NotIn(vec!["vk"])], Test::NotIn(vk.clone()), true),
            (vec![NotIn(vec!["vk"])], Test::NotIn(others), false),
            (vec![DoesNotExist], Test::NotIn(vk), true),
            (vec![NotIn(vec!["vk"])], Test::Exists, false),
            (vec![Exists], Test::Exists, true),
            (vec![DoesNotExist], Test::DoesNotExist, true),
            (vec![NotIn(vec!["vk"])], Test::DoesNotExist, false),
        ];
        for (operators, test, expected) in cases {
            assert_eq!(LabelValues::of(&operators).all_pass(&test), expected, "{test:?}");
        }
    }
}
