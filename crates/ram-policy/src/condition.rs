//! The `Condition` element of a statement: which operators there are, and when a condition is met.
//!
//! All conditions of a statement must be met. One condition is met if the request's value matches any of the policy's
//! values; a negated operator is met if it matches none of them. If the request has several values for the key, a
//! positive operator needs one that matches, and a negated operator needs all of them to match nothing. A set operator
//! asks about each of the request's values by itself: `ForAllValues:` needs all of them to meet the operator behind the
//! prefix, `ForAnyValue:` one.
//!
//! ```text
//! "StringEquals":              {"acs:RequestTag/env": ["test", "dev"]}    met by test, by dev and by [prod, dev]
//! "StringNotEquals":           {"acs:RequestTag/env": ["test", "dev"]}    met by prod, not by [prod, dev]
//! "ForAllValues:StringEquals": {"acs:RequestTag/env": ["test", "dev"]}    met by test, not by [prod, dev]
//! ```
//!
//! | to find or change | read |
//! | --- | --- |
//! | the list of operators; adding one | `operator.rs` |
//! | how values are read and compared | `string.rs`, `numeric.rs`, `date.rs`, `boolean.rs`, `ip_address.rs` |
//! | a negated or positive operator whose key is absent | `absent_key.rs` |
//! | a request's value that the operator cannot read | [`Condition::met`], below |
//! | what a policy's author may write | `parse.rs` |

mod absent_key;
mod boolean;
mod date;
mod ip_address;
mod numeric;
mod operator;
pub(crate) mod parse;
mod policy_values;
mod samples;
mod string;

use std::sync::Arc;

use crate::condition::operator::StringComparison;
use crate::condition::policy_values::{PolicyValues, ValueMatch};
use crate::condition::string::StringValue;
use crate::effect::Effect;

pub use operator::{OPERATORS, Operator, OperatorFamily, Quantifier, SET_OPERATORS};

/// One operator on one condition key, with the policy's values
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Condition {
    /// The operator
    pub operator: &'static Operator,
    /// The condition key, compared exactly
    pub key: Arc<str>,
    values: PolicyValues,
}

impl Condition {
    /// Whether the condition is met in a statement with this effect, if the request has these values for the key.
    ///
    /// No values mean that the key is absent. A value that the operator cannot read, such as a word under a numeric
    /// operator, counts against the caller: it meets the condition of a Deny, and does not meet that of an Allow.
    ///
    /// ```
    /// use ram_policy::{Document, DocumentKind, Effect};
    ///
    /// let policy = br#"{"Version": "1", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*",
    ///     "Condition": {"NumericLessThan": {"acs:RequestTag/level": "5"}}}]}"#;
    /// let document = Document::parse(policy, DocumentKind::Identity)?.document;
    /// let condition = &document.statements[0].conditions[0];
    /// assert!(condition.met(&["4".into()], Effect::Deny));
    /// assert!(!condition.met(&["5".into()], Effect::Deny));
    /// assert!(condition.met(&["four".into()], Effect::Deny));
    /// assert!(!condition.met(&[], Effect::Deny));
    /// # Ok::<(), ram_policy::source::Fault>(())
    /// ```
    pub fn met(&self, values: &[String], effect: Effect) -> bool {
        if values.is_empty() {
            return absent_key::is_met(self.operator, effect);
        }
        let mut each = values
            .iter()
            .map(|value| self.met_by_one(self.values.matches(value), effect));
        match self.operator.quantifier() {
            Some(Quantifier::All) => each.all(|met| met),
            Some(Quantifier::Any) => each.any(|met| met),
            None if self.operator.is_negated() => each.all(|met| met),
            None => each.any(|met| met),
        }
    }

    /// Whether the operator without its quantifier is met by a value that compares so
    fn met_by_one(&self, value: ValueMatch, effect: Effect) -> bool {
        match value {
            ValueMatch::Yes => !self.operator.is_negated(),
            ValueMatch::No => self.operator.is_negated(),
            ValueMatch::Unreadable => effect == Effect::Deny,
        }
    }

    /// The policy's values, if the request's value must equal one of them exactly; `None` for every operator but
    /// `StringEquals`. The set operators on it are others: in a Deny they are met without a value.
    pub fn exact_values(&self) -> Option<impl Iterator<Item = &str>> {
        match &self.values {
            PolicyValues::String(StringComparison::Equal, values)
                if !self.operator.is_negated() && self.operator.quantifier().is_none() =>
            {
                Some(values.iter().map(StringValue::as_str))
            }
            PolicyValues::String(..)
            | PolicyValues::Numeric(..)
            | PolicyValues::Date(..)
            | PolicyValues::Bool(_)
            | PolicyValues::IpAddress(_) => None,
        }
    }

    /// How many values the policy gives
    pub fn value_count(&self) -> usize {
        match &self.values {
            PolicyValues::String(_, values) => values.len(),
            PolicyValues::Numeric(_, values) => values.len(),
            PolicyValues::Date(_, values) => values.len(),
            PolicyValues::Bool(values) => values.len(),
            PolicyValues::IpAddress(values) => values.len(),
        }
    }

    /// The policy's values as text, for messages and for printing the policy
    pub fn wanted(&self) -> Vec<String> {
        match &self.values {
            PolicyValues::String(_, values) => values.iter().map(|value| value.as_str().to_owned()).collect(),
            PolicyValues::Numeric(_, values) => values.iter().map(ToString::to_string).collect(),
            PolicyValues::Date(_, values) => values.iter().map(ToString::to_string).collect(),
            PolicyValues::Bool(values) => values.iter().map(ToString::to_string).collect(),
            PolicyValues::IpAddress(values) => values.iter().map(ToString::to_string).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::json;
    use parse::parse;

    fn met(block: &str, effect: Effect, key: &str, values: &[&str]) -> bool {
        let conditions = parse(&json::parse(block).unwrap()).unwrap().conditions;
        let values: Vec<String> = values.iter().map(ToString::to_string).collect();
        conditions
            .iter()
            .all(|condition| condition.met(if *condition.key == *key { &values } else { &[] }, effect))
    }

    #[test]
    fn unreadable_values_count_against_the_caller() {
        for block in [
            r#"{"NumericEquals": {"k": "5"}}"#,
            r#"{"NumericNotEquals": {"k": "5"}}"#,
        ] {
            assert!(met(block, Effect::Deny, "k", &["five"]), "{block}");
            assert!(!met(block, Effect::Allow, "k", &["five"]), "{block}");
        }
        assert!(met(
            r#"{"NumericEquals": {"k": "5"}}"#,
            Effect::Allow,
            "k",
            &["five", "5"]
        ));
    }

    #[test]
    fn set_operators_ask_each_value() {
        for (block, values, allow, deny) in [
            ("ForAllValues:StringEquals", &["a", "b"][..], true, true),
            ("ForAllValues:StringEquals", &["a", "x"], false, false),
            ("ForAllValues:StringEquals", &["a"], true, true),
            ("ForAllValues:StringEquals", &[], false, true),
            ("ForAnyValue:StringEquals", &["x", "b"], true, true),
            ("ForAnyValue:StringEquals", &["x", "y"], false, false),
            ("ForAnyValue:StringEquals", &[], false, true),
            ("ForAllValues:StringNotEquals", &["x", "y"], true, true),
            ("ForAllValues:StringNotEquals", &["x", "a"], false, false),
            ("ForAllValues:StringNotEquals", &[], false, true),
            ("ForAnyValue:StringNotEquals", &["x", "a"], true, true),
            ("ForAnyValue:StringNotEquals", &["a", "b"], false, false),
            ("ForAnyValue:StringNotEquals", &[], false, true),
        ] {
            let block = format!(r#"{{"{block}": {{"k": ["a", "b"]}}}}"#);
            assert_eq!(
                met(&block, Effect::Allow, "k", values),
                allow,
                "Allow {block} {values:?}"
            );
            assert_eq!(
                met(&block, Effect::Deny, "k", values),
                deny,
                "Deny {block} {values:?}"
            );
        }
    }

    #[test]
    fn set_operators_hold_unreadable_values_against_the_caller() {
        for (block, allow, deny) in [
            (r#"{"ForAllValues:NumericEquals": {"k": "5"}}"#, false, true),
            (r#"{"ForAnyValue:NumericEquals": {"k": "5"}}"#, true, true),
            (r#"{"ForAllValues:NumericEquals": {"k": "6"}}"#, false, false),
            (r#"{"ForAnyValue:NumericEquals": {"k": "6"}}"#, false, true),
            (r#"{"ForAnyValue:NumericNotEquals": {"k": "5"}}"#, false, true),
        ] {
            assert_eq!(
                met(block, Effect::Allow, "k", &["five", "5"]),
                allow,
                "Allow {block}"
            );
            assert_eq!(
                met(block, Effect::Deny, "k", &["five", "5"]),
                deny,
                "Deny {block}"
            );
        }
    }

    #[test]
    fn lists_are_any_for_positive_and_none_for_negated() {
        let block = r#"{"StringEquals": {"k": ["a", "b"]}}"#;
        assert!(met(block, Effect::Allow, "k", &["x", "b"]));
        assert!(!met(block, Effect::Allow, "k", &["x"]));
        let block = r#"{"StringNotEquals": {"k": ["a", "b"]}}"#;
        assert!(!met(block, Effect::Allow, "k", &["x", "b"]));
        assert!(met(block, Effect::Allow, "k", &["x", "y"]));
    }
}
