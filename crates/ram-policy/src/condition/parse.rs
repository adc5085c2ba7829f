//! Parses the `Condition` element of a policy.

use std::sync::Arc;

use crate::condition::date::Date;
use crate::condition::ip_address::AddressBlock;
use crate::condition::numeric::Decimal;
use crate::condition::operator::{Comparison, Operator, Quantifier};
use crate::condition::policy_values::PolicyValues;
use crate::condition::string::StringValue;
use crate::condition::{Condition, boolean};
use crate::source::{Fault, Key, Node, Position, Value};
use crate::warning::{PolicyWarning, WarningKind};

/// The conditions of one statement, with what their author should look at
#[derive(Debug, Default)]
pub(crate) struct ParsedConditions {
    pub(crate) conditions: Arc<[Condition]>,
    /// Where each key stands, and behind it where each of its values starts
    pub(crate) conditions_at: Vec<Position>,
    pub(crate) warnings: Vec<PolicyWarning>,
}

/// A value of a policy as text, with its position
type ValueText = (Position, String);

/// Parses a `Condition` element: an object of operators, each an object of condition keys.
///
/// ```text
/// {"NumericLessThan": {"level": 5}}  ->  one condition, and a warning that 5 is not quoted
/// ```
///
/// # Errors
/// The first fault, such as an unknown operator, an operator without keys, or a value that the operator cannot read.
pub(crate) fn parse(block: &Node) -> Result<ParsedConditions, Fault> {
    let mut conditions = Vec::new();
    let mut conditions_at = Vec::new();
    let mut warnings = Vec::new();
    for (name, keys) in block.entries("Condition")? {
        let operator = Operator::find(&name.text).map_err(|message| Fault::new(name.at, message))?;
        warnings.extend(set_operator(operator, name));
        let entries = keys.entries(operator.name())?;
        if entries.is_empty() {
            let message = format!("{} has no condition key", operator.name());
            return Err(Fault::new(keys.at, message));
        }
        for (key, node) in entries {
            let condition = condition(operator, key, node)?;
            warnings.extend(node.items().iter().filter_map(unquoted));
            warnings.extend(node.items().iter().filter_map(|value| respelt(operator, value)));
            let values_at = || node.items().iter().map(|value| value.at);
            warnings.extend(doubtful_blocks(&condition, values_at()));
            conditions_at.push(key.at);
            conditions_at.extend(values_at());
            conditions.push(condition);
        }
    }
    Ok(ParsedConditions {
        conditions: conditions.into(),
        conditions_at,
        warnings,
    })
}

fn condition(operator: &'static Operator, key: &Key, node: &Node) -> Result<Condition, Fault> {
    if key.text.is_empty() {
        return Err(Fault::new(key.at, "a condition key is empty"));
    }
    if key.text.contains("${") {
        return Err(no_variables(key.at, &key.text));
    }
    Ok(Condition {
        operator,
        key: key.text.as_str().into(),
        values: values(operator, &texts(operator, node)?)?,
    })
}

/// The values of one key as texts; a single value means the same as a list of one
fn texts(operator: &Operator, node: &Node) -> Result<Vec<ValueText>, Fault> {
    let items = node.items();
    if items.is_empty() {
        let message = format!("{} has an empty list of values", operator.name());
        return Err(Fault::new(node.at, message));
    }
    let text = |item: &Node| Ok((item.at, text(operator, item)?));
    items.iter().map(text).collect()
}

fn values(operator: &Operator, texts: &[ValueText]) -> Result<PolicyValues, Fault> {
    Ok(match operator.comparison {
        Comparison::String(comparison) => {
            let value = |text: &str| Ok(StringValue::new(text));
            PolicyValues::String(comparison, each(texts, value)?)
        }
        Comparison::Numeric(order) => PolicyValues::Numeric(order, each(texts, number)?),
        Comparison::Date(order) => PolicyValues::Date(order, each(texts, date)?),
        Comparison::Bool => PolicyValues::Bool(each(texts, flag)?),
        Comparison::IpAddress => {
            PolicyValues::IpAddress(each(texts, |text| AddressBlock::parse(trimmed(text)))?)
        }
    })
}

/// Parses each text; a fault gets the position of the text
fn each<T, L: FromIterator<T>>(
    texts: &[ValueText],
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<L, Fault> {
    texts
        .iter()
        .map(|(at, text)| parse(text).map_err(|message| Fault::new(*at, message)))
        .collect()
}

fn number(text: &str) -> Result<Decimal, String> {
    Decimal::parse(text).ok_or_else(|| format!("`{text}` is not a decimal number"))
}

fn date(text: &str) -> Result<Date, String> {
    Date::parse(text)
        .ok_or_else(|| format!("`{text}` is not a date such as `2026-11-22T08:00:00+08:00` or `…00Z`"))
}

fn flag(text: &str) -> Result<bool, String> {
    boolean::parse_wanted(text).ok_or_else(|| format!("`{text}` is neither `true` nor `false`"))
}

/// The text of a value; booleans and integers may lack their quotes
fn text(operator: &Operator, node: &Node) -> Result<String, Fault> {
    match &node.value {
        Value::String(text) if text.contains("${") => Err(no_variables(node.at, text)),
        Value::String(text) => Ok(text.clone()),
        Value::Bool(flag) => Ok(flag.to_string()),
        Value::Number(text) if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') => {
            Ok(text.clone())
        }
        Value::Number(text) => {
            let message = format!("`{text}` must be quoted: RAM writes every value as a string");
            Err(Fault::new(node.at, message))
        }
        Value::Null | Value::List(_) | Value::Map(_) => {
            let (operator, kind) = (operator.name(), node.kind());
            let message = format!("a value of {operator} must be a string, found {kind}");
            Err(Fault::new(node.at, message))
        }
    }
}

/// A warning for a boolean or an integer without quotes
fn unquoted(node: &Node) -> Option<PolicyWarning> {
    let text = match &node.value {
        Value::Bool(flag) => flag.to_string(),
        Value::Number(text) => text.clone(),
        Value::Null | Value::String(_) | Value::List(_) | Value::Map(_) => return None,
    };
    let message = format!("`{text}` is not quoted: RAM writes every value as a string");
    Some(PolicyWarning::new(WarningKind::Unquoted, node.at, message))
}

/// A text without the blanks around it; a no-break space and its kin are no blanks, since RAM may read them otherwise
pub(crate) fn trimmed(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\r', '\n'])
}

/// A warning for a value that has one meaning, but is not written as RAM documents it
fn respelt(operator: &Operator, node: &Node) -> Option<PolicyWarning> {
    let Value::String(text) = &node.value else {
        return None;
    };
    let (kind, message) = match operator.comparison {
        Comparison::Bool if boolean::parse(text).is_none() => (
            WarningKind::BooleanCase,
            format!("`{text}` is not in lower case, as RAM documents booleans"),
        ),
        Comparison::IpAddress if trimmed(text) != text => (
            WarningKind::Blanks,
            format!("`{text}` has blanks around the address"),
        ),
        _ => return None,
    };
    Some(PolicyWarning::new(kind, node.at, message))
}

/// A warning that says how a set operator is read
fn set_operator(operator: &Operator, name: &Key) -> Option<PolicyWarning> {
    let quantifier = operator.quantifier()?;
    let values = match quantifier {
        Quantifier::All => "every value",
        Quantifier::Any => "at least one value",
    };
    let message = format!(
        "RAM does not document `{}`: here {values} of a key must meet the operator, and an absent key meets it in a Deny \
         and does not meet it in an Allow",
        quantifier.prefix()
    );
    Some(PolicyWarning::new(WarningKind::SetOperator, name.at, message))
}

/// Warnings for CIDR blocks that their author may have meant otherwise
fn doubtful_blocks(condition: &Condition, values_at: impl Iterator<Item = Position>) -> Vec<PolicyWarning> {
    let PolicyValues::IpAddress(blocks) = &condition.values else {
        return Vec::new();
    };
    let warning = |(block, at): (&AddressBlock, Position)| {
        let (kind, says) = block.warning()?;
        Some(PolicyWarning::new(kind, at, format!("`{block}` {says}")))
    };
    blocks.iter().zip(values_at).filter_map(warning).collect()
}

fn no_variables(at: Position, text: &str) -> Fault {
    Fault::new(at, format!("RAM has no policy variables: `{text}`"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::json;

    fn refused(block: &str) -> (u32, String) {
        let fault = parse(&json::parse(block).unwrap()).unwrap_err();
        (fault.at.column, fault.message)
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
            refused(r#"{"ForAnyValue:Null": {"k": "true"}}"#)
                .1
                .contains("IfExists and Null")
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
    fn values_of_one_meaning_are_read_with_a_warning() {
        for (block, key_column, kind, wanted) in [
            (r#"{"Bool": {"k": "True"}}"#, 16, WarningKind::BooleanCase, "true"),
            (
                r#"{"Bool": {"k": ["false", "FALSE"]}}"#,
                26,
                WarningKind::BooleanCase,
                "false",
            ),
            (
                r#"{"IpAddress": {"k": " 10.0.0.0/8\t"}}"#,
                21,
                WarningKind::Blanks,
                "10.0.0.0/8",
            ),
            (
                r#"{"ForAllValues:StringEquals": {"k": "a"}}"#,
                2,
                WarningKind::SetOperator,
                "a",
            ),
        ] {
            let parsed = parse(&json::parse(block).unwrap()).unwrap();
            let [warning] = parsed.warnings.as_slice() else {
                panic!("{block}: {:?}", parsed.warnings)
            };
            assert_eq!(
                (warning.kind, warning.fault.at.column),
                (kind, key_column),
                "{block}"
            );
            assert!(
                parsed.conditions[0].wanted().contains(&wanted.to_owned()),
                "{block}"
            );
        }
        assert!(
            refused(r#"{"IpAddress": {"k": "10.0. 0.1"}}"#)
                .1
                .contains("not an IP address")
        );
        assert!(
            refused("{\"IpAddress\": {\"k\": \"10.0.0.1\u{a0}\"}}")
                .1
                .contains("not an IP address")
        );
    }

    #[test]
    fn unquoted_values_are_warned_of() {
        let block = json::parse(r#"{"Bool": {"k": true}, "NumericEquals": {"k": [1, -2]}}"#).unwrap();
        let warnings = parse(&block).unwrap().warnings;
        assert_eq!(warnings.len(), 3);
        assert_eq!(warnings[0].fault.at.column, 16);
    }
}
