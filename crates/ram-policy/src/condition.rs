//! Conditions: one table of operators, and what each makes of a policy's values and a request's.
//!
//! Keys under one operator and operators in one block are ANDed; several policy values are ORed, and a negated
//! operator holds where none of them matches. A request's list of values meets a positive operator if any value
//! matches, a negated one if none does.
//!
//! A key that is absent meets no positive operator; it meets a negated one in a Deny and not in an Allow. A request
//! value that an operator cannot read (a word under a numeric operator) counts against the caller: met in a Deny,
//! not met in an Allow.

mod address;
mod boolean;
mod date;
mod number;
mod sample;
mod text;

use std::cmp::Ordering;

use super::document::Effect;
use super::doubt::{Doubt, DoubtKind};
use crate::source::{Fault, Node, Position, Value, closest};
use address::Block;
use date::Date;
use number::Number;
use text::Comparison;

/// A condition operator of RAM
#[derive(Debug, PartialEq, Eq)]
pub struct Operator {
    /// Its exact name in a policy
    pub name: &'static str,
    family: Family,
    negated: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Family {
    Text(Comparison),
    Number(Order),
    Date(Order),
    Boolean,
    Address,
}

/// How a request's value must stand to the policy's
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Order {
    fn holds(self, found_to_wanted: Ordering) -> bool {
        match self {
            Self::Equal => found_to_wanted.is_eq(),
            Self::Less => found_to_wanted.is_lt(),
            Self::LessOrEqual => found_to_wanted.is_le(),
            Self::Greater => found_to_wanted.is_gt(),
            Self::GreaterOrEqual => found_to_wanted.is_ge(),
        }
    }
}

const fn positive(name: &'static str, family: Family) -> Operator {
    Operator {
        name,
        family,
        negated: false,
    }
}

const fn negated(name: &'static str, family: Family) -> Operator {
    Operator {
        name,
        family,
        negated: true,
    }
}

/// Every operator there is; the specification's section 2
pub static OPERATORS: &[Operator] = &[
    positive("StringEquals", Family::Text(Comparison::Equal)),
    negated("StringNotEquals", Family::Text(Comparison::Equal)),
    positive(
        "StringEqualsIgnoreCase",
        Family::Text(Comparison::EqualIgnoringCase),
    ),
    negated(
        "StringNotEqualsIgnoreCase",
        Family::Text(Comparison::EqualIgnoringCase),
    ),
    positive("StringLike", Family::Text(Comparison::Like)),
    negated("StringNotLike", Family::Text(Comparison::Like)),
    positive("NumericEquals", Family::Number(Order::Equal)),
    negated("NumericNotEquals", Family::Number(Order::Equal)),
    positive("NumericLessThan", Family::Number(Order::Less)),
    positive("NumericLessThanEquals", Family::Number(Order::LessOrEqual)),
    positive("NumericGreaterThan", Family::Number(Order::Greater)),
    positive("NumericGreaterThanEquals", Family::Number(Order::GreaterOrEqual)),
    positive("DateEquals", Family::Date(Order::Equal)),
    negated("DateNotEquals", Family::Date(Order::Equal)),
    positive("DateLessThan", Family::Date(Order::Less)),
    positive("DateLessThanEquals", Family::Date(Order::LessOrEqual)),
    positive("DateGreaterThan", Family::Date(Order::Greater)),
    positive("DateGreaterThanEquals", Family::Date(Order::GreaterOrEqual)),
    positive("Bool", Family::Boolean),
    positive("IpAddress", Family::Address),
    negated("NotIpAddress", Family::Address),
    positive("IpAddressIncludeBorder", Family::Address),
];

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
    wanted: Wanted,
}

/// A policy's values, read once
#[derive(Clone, Debug)]
enum Wanted {
    Text(Comparison, Box<[text::Wanted]>),
    Number(Order, Box<[Number]>),
    Date(Order, Box<[Date]>),
    Boolean(Box<[bool]>),
    Address(Box<[Block]>),
}

/// How one request value stands to an operator's values
#[derive(Clone, Copy, PartialEq, Eq)]
enum Match {
    Yes,
    No,
    Unreadable,
}

impl Condition {
    /// Whether the condition holds for a key's values in a statement of this effect
    pub fn met(&self, values: &[String], effect: Effect) -> bool {
        let against_caller = effect == Effect::Deny;
        if values.is_empty() {
            return self.operator.negated && against_caller;
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
        match (self.operator.negated, against_caller) {
            (false, true) => any || unreadable,
            (false, false) => any,
            (true, true) => !any,
            (true, false) => !any && !unreadable,
        }
    }

    /// The policy's values, where the key must have one of them letter by letter
    pub fn exact(&self) -> Option<impl Iterator<Item = &str>> {
        match &self.wanted {
            Wanted::Text(Comparison::Equal, values) if !self.operator.negated => {
                Some(values.iter().map(text::Wanted::as_str))
            }
            Wanted::Text(..)
            | Wanted::Number(..)
            | Wanted::Date(..)
            | Wanted::Boolean(_)
            | Wanted::Address(_) => None,
        }
    }

    /// The policy's values as text, for explanations
    pub fn wanted(&self) -> Vec<String> {
        match &self.wanted {
            Wanted::Text(_, values) => values.iter().map(|value| value.as_str().to_owned()).collect(),
            Wanted::Number(_, values) => values.iter().map(ToString::to_string).collect(),
            Wanted::Date(_, values) => values.iter().map(ToString::to_string).collect(),
            Wanted::Boolean(values) => values.iter().map(ToString::to_string).collect(),
            Wanted::Address(values) => values.iter().map(ToString::to_string).collect(),
        }
    }
}

impl Wanted {
    fn matches(&self, found: &str) -> Match {
        let readable = |hit: bool| if hit { Match::Yes } else { Match::No };
        match self {
            Self::Text(comparison, values) => {
                readable(values.iter().any(|value| value.matches(*comparison, found)))
            }
            Self::Number(order, values) => Number::parse(found).map_or(Match::Unreadable, |number| {
                readable(values.iter().any(|value| order.holds(number.cmp(value))))
            }),
            Self::Date(order, values) => Date::parse(found).map_or(Match::Unreadable, |date| {
                readable(values.iter().any(|value| order.holds(date.cmp(value))))
            }),
            Self::Boolean(values) => {
                boolean::parse(found).map_or(Match::Unreadable, |flag| readable(values.contains(&flag)))
            }
            Self::Address(values) => address::parse(found).map_or(Match::Unreadable, |address| {
                readable(values.iter().any(|block| block.contains(address)))
            }),
        }
    }
}

/// Reads a `Condition` block: operator -> key -> value or list
pub(super) fn parse(block: &Node, warnings: &mut Vec<Doubt>) -> Result<Box<[Condition]>, Fault> {
    let mut conditions = Vec::new();
    for (name, keys) in block.entries("Condition")? {
        let operator = lookup(&name.text).map_err(|message| Fault::new(name.at, message))?;
        let entries = keys.entries(operator.name)?;
        if entries.is_empty() {
            return Err(Fault::new(
                keys.at,
                format!("{} has no condition key", operator.name),
            ));
        }
        for (key, values) in entries {
            if key.text.is_empty() {
                return Err(Fault::new(key.at, "a condition key is empty"));
            }
            if key.text.contains("${") {
                return Err(no_variables(key.at, &key.text));
            }
            let wanted = read(operator, values, warnings)?;
            conditions.push(Condition {
                operator,
                key: key.text.as_str().into(),
                at: key.at,
                values_at: values.items().iter().map(|value| value.at).collect(),
                wanted,
            });
        }
    }
    Ok(conditions.into())
}

fn lookup(name: &str) -> Result<&'static Operator, String> {
    if let Some(operator) = OPERATORS.iter().find(|operator| operator.name == name) {
        return Ok(operator);
    }
    if name.ends_with("IfExists") || name == "Null" {
        return Err(format!(
            "RAM has no condition operator `{name}`: IfExists and Null are refused by RAM itself"
        ));
    }
    if name.starts_with("ForAnyValue:") || name.starts_with("ForAllValues:") {
        return Err(format!("RAM documents no set operators: `{name}`"));
    }
    match closest(name, OPERATORS.iter().map(|operator| operator.name)) {
        Some(meant) => Err(format!(
            "unknown condition operator `{name}`: did you mean `{meant}`?"
        )),
        None => Err(format!("unknown condition operator `{name}`")),
    }
}

/// Reads the values of one key; scalars and one-item lists mean the same
fn read(operator: &Operator, node: &Node, warnings: &mut Vec<Doubt>) -> Result<Wanted, Fault> {
    let items = match &node.value {
        Value::List(items) if items.is_empty() => {
            return Err(Fault::new(
                node.at,
                format!("{} has an empty list of values", operator.name),
            ));
        }
        Value::List(items) => items.as_slice(),
        _ => std::slice::from_ref(node),
    };
    let mut texts = Vec::with_capacity(items.len());
    for item in items {
        texts.push((item.at, as_text(operator, item, warnings)?));
    }
    fn each<T>(
        texts: &[(Position, String)],
        mut parse: impl FnMut(Position, &str) -> Result<T, String>,
    ) -> Result<Box<[T]>, Fault> {
        texts
            .iter()
            .map(|(at, text)| parse(*at, text).map_err(|message| Fault::new(*at, message)))
            .collect()
    }
    Ok(match operator.family {
        Family::Text(comparison) => {
            Wanted::Text(comparison, each(&texts, |_, text| Ok(text::Wanted::new(text)))?)
        }
        Family::Number(order) => Wanted::Number(
            order,
            each(&texts, |_, text| {
                Number::parse(text).ok_or_else(|| format!("`{text}` is not a decimal number"))
            })?,
        ),
        Family::Date(order) => Wanted::Date(
            order,
            each(&texts, |_, text| {
                Date::parse(text).ok_or_else(|| {
                    format!("`{text}` is not a date such as `2026-11-22T08:00:00+08:00` or `…00Z`")
                })
            })?,
        ),
        Family::Boolean => Wanted::Boolean(each(&texts, |_, text| {
            boolean::parse(text).ok_or_else(|| format!("`{text}` is neither `true` nor `false`"))
        })?),
        Family::Address => Wanted::Address(each(&texts, |at, text| {
            let block = Block::parse(text)?;
            let doubt = block.doubt();
            warnings.extend(doubt.map(|(kind, says)| Doubt::new(kind, at, format!("`{text}` {says}"))));
            Ok(block)
        })?),
    })
}

fn as_text(operator: &Operator, node: &Node, warnings: &mut Vec<Doubt>) -> Result<String, Fault> {
    let unquoted = match &node.value {
        Value::String(text) if text.contains("${") => return Err(no_variables(node.at, text)),
        Value::String(text) => return Ok(text.clone()),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(text) if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') => text.clone(),
        Value::Number(text) => {
            return Err(Fault::new(
                node.at,
                format!("`{text}` must be quoted: RAM writes every value as a string"),
            ));
        }
        Value::Null | Value::List(_) | Value::Map(_) => {
            return Err(Fault::new(
                node.at,
                format!(
                    "a value of {} must be a string, found {}",
                    operator.name,
                    node.kind()
                ),
            ));
        }
    };
    warnings.push(Doubt::new(
        DoubtKind::Unquoted,
        node.at,
        format!("`{unquoted}` is not quoted: RAM writes every value as a string"),
    ));
    Ok(unquoted)
}

fn no_variables(at: Position, text: &str) -> Fault {
    Fault::new(at, format!("RAM has no policy variables: `{text}`"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::json;

    fn met(block: &str, effect: Effect, key: &str, values: &[&str]) -> bool {
        let conditions = parse(&json::parse(block).unwrap(), &mut Vec::new()).unwrap();
        let values: Vec<String> = values.iter().map(ToString::to_string).collect();
        conditions
            .iter()
            .all(|condition| condition.met(if *condition.key == *key { &values } else { &[] }, effect))
    }

    fn refused(block: &str) -> (u32, String) {
        let fault = parse(&json::parse(block).unwrap(), &mut Vec::new()).unwrap_err();
        (fault.at.column, fault.message)
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

    #[test]
    fn every_operator_is_in_the_table_once() {
        let mut names: Vec<_> = OPERATORS.iter().map(|operator| operator.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 22);
    }

    #[test]
    fn malformed_conditions_say_where_and_what() {
        assert_eq!(refused(r#"{"StringEqual": {"k": "a"}}"#).0, 2);
        assert!(
            refused(r#"{"StringEqual": {"k": "a"}}"#)
                .1
                .contains("did you mean `StringEquals`")
        );
        assert!(
            refused(r#"{"stringequals": {"k": "a"}}"#)
                .1
                .contains("`StringEquals`")
        );
        assert!(
            refused(r#"{"BoolIfExists": {"k": "true"}}"#)
                .1
                .contains("IfExists")
        );
        assert!(
            refused(r#"{"ForAnyValue:StringLike": {"k": "a"}}"#)
                .1
                .contains("set operators")
        );
        assert_eq!(refused(r#"{"Bool": {"k": "yes"}}"#).0, 16);
        assert!(refused(r#"{"Bool": {"k": []}}"#).1.contains("empty list"));
        assert!(refused(r#"{"Bool": {}}"#).1.contains("no condition key"));
        assert!(refused(r#"{"NumericEquals": {"k": 1.5}}"#).1.contains("quoted"));
        assert!(
            refused(r#"{"StringLike": {"k": "${acs:X}"}}"#)
                .1
                .contains("variables")
        );
        assert!(
            refused(r#"{"StringLike": {"k": {}}}"#)
                .1
                .contains("found an object")
        );
        assert!(refused(r#"{"StringLike": "x"}"#).1.contains("must be an object"));
        assert!(refused("[]").1.contains("must be an object"));
    }

    #[test]
    fn unquoted_values_are_warned_of() {
        let mut warnings = Vec::new();
        let block = json::parse(r#"{"Bool": {"k": true}, "NumericEquals": {"k": [1, -2]}}"#).unwrap();
        parse(&block, &mut warnings).unwrap();
        assert_eq!(warnings.len(), 3);
        assert_eq!(warnings[0].fault.at.column, 16);
    }
}
