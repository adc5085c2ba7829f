//! Conditions: one table of operators, and what each makes of a policy's values and a request's.
//!
//! Keys under one operator and operators in one block are ANDed; several policy values are ORed, and a negated
//! operator holds where none of them matches. A request's list of values meets a positive operator if any value
//! matches, a negated one if none does.
//!
//! A key that is absent meets no positive operator; it meets a negated one in a Deny and not in an Allow. A request
//! value that an operator cannot read (a word under a numeric operator) counts against the caller: met in a Deny,
//! not met in an Allow.

mod boolean;
mod date;
mod ip_address;
mod numeric;
mod operator;
pub(crate) mod parse;
mod policy_values;
mod samples;
mod string;

use crate::effect::Effect;
use crate::source::Position;
use operator::StringComparison;
use policy_values::{Match, PolicyValues};
use string::Text;

pub use operator::{OPERATORS, Operator, OperatorFamily};

/// One operator on one key
#[derive(Clone, Debug)]
pub struct Condition {
    /// The operator
    pub operator: &'static Operator,
    /// The condition key, compared exactly
    pub key: Box<str>,
    /// Where the key stands in its document
    pub at: Position,
    /// Where each of the values starts
    pub values_at: Box<[Position]>,
    wanted: PolicyValues,
}

impl Condition {
    /// Whether the condition holds for a key's values in a statement of this effect
    pub fn met(&self, values: &[String], effect: Effect) -> bool {
        let against_caller = effect == Effect::Deny;
        if values.is_empty() {
            return self.operator.is_negated() && against_caller;
        }
        let mut any = false;
        let mut unreadable = false;
        for value in values {
            match self.wanted.matches(value) {
                Match::Yes => any = true,
                Match::No => {}
                Match::Unreadable => unreadable = true,
            }
        }
        match (self.operator.is_negated(), against_caller) {
            (false, true) => any || unreadable,
            (false, false) => any,
            (true, true) => !any,
            (true, false) => !any && !unreadable,
        }
    }

    /// The policy's values, where the key must have one of them letter by letter
    pub fn exact_values(&self) -> Option<impl Iterator<Item = &str>> {
        match &self.wanted {
            PolicyValues::String(StringComparison::Equal, values) if !self.operator.is_negated() => {
                Some(values.iter().map(Text::as_str))
            }
            PolicyValues::String(..)
            | PolicyValues::Numeric(..)
            | PolicyValues::Date(..)
            | PolicyValues::Bool(_)
            | PolicyValues::IpAddress(_) => None,
        }
    }

    /// The policy's values as text, for explanations
    pub fn wanted(&self) -> Vec<String> {
        match &self.wanted {
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
        let conditions = parse(&json::parse(block).unwrap(), &mut Vec::new()).unwrap();
        let values: Vec<String> = values.iter().map(ToString::to_string).collect();
        conditions
            .iter()
            .all(|condition| condition.met(if *condition.key == *key { &values } else { &[] }, effect))
    }

    #[test]
    fn absent_keys_count_against_the_caller() {
        let block = r#"{"StringNotEquals": {"k": "a"}}"#;
        assert!(met(block, Effect::Deny, "k", &[]));
        assert!(!met(block, Effect::Allow, "k", &[]));
        let block = r#"{"StringEquals": {"k": "a"}}"#;
        assert!(!met(block, Effect::Deny, "k", &[]));
        assert!(!met(block, Effect::Allow, "k", &[]));
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
    fn lists_are_any_for_positive_and_none_for_negated() {
        let block = r#"{"StringEquals": {"k": ["a", "b"]}}"#;
        assert!(met(block, Effect::Allow, "k", &["x", "b"]));
        assert!(!met(block, Effect::Allow, "k", &["x"]));
        let block = r#"{"StringNotEquals": {"k": ["a", "b"]}}"#;
        assert!(!met(block, Effect::Allow, "k", &["x", "b"]));
        assert!(met(block, Effect::Allow, "k", &["x", "y"]));
    }
}
