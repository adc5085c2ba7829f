//! From a policy's `Condition` block to checked conditions.

use super::date::Date;
use super::ip_address::Block;
use super::numeric::Number;
use super::operator::{Comparison, Operator};
use super::policy_values::PolicyValues;
use super::string::Text;
use super::{Condition, boolean};
use crate::source::{Fault, Node, Position, Value};
use crate::warning::{PolicyWarning, WarningKind};

/// Reads a `Condition` block: operator -> key -> value or list
pub(crate) fn parse(block: &Node, warnings: &mut Vec<PolicyWarning>) -> Result<Box<[Condition]>, Fault> {
    let mut conditions = Vec::new();
    for (name, keys) in block.entries("Condition")? {
        let operator = Operator::find(&name.text).map_err(|message| Fault::new(name.at, message))?;
        let entries = keys.entries(operator.name())?;
        if entries.is_empty() {
            return Err(Fault::new(
                keys.at,
                format!("{} has no condition key", operator.name()),
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

/// Reads the values of one key; scalars and one-item lists mean the same
fn read(operator: &Operator, node: &Node, warnings: &mut Vec<PolicyWarning>) -> Result<PolicyValues, Fault> {
    let items = match &node.value {
        Value::List(items) if items.is_empty() => {
            return Err(Fault::new(
                node.at,
                format!("{} has an empty list of values", operator.name()),
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
    Ok(match operator.comparison {
        Comparison::String(comparison) => {
            PolicyValues::String(comparison, each(&texts, |_, text| Ok(Text::new(text)))?)
        }
        Comparison::Numeric(order) => PolicyValues::Numeric(
            order,
            each(&texts, |_, text| {
                Number::parse(text).ok_or_else(|| format!("`{text}` is not a decimal number"))
            })?,
        ),
        Comparison::Date(order) => PolicyValues::Date(
            order,
            each(&texts, |_, text| {
                Date::parse(text).ok_or_else(|| {
                    format!("`{text}` is not a date such as `2026-11-22T08:00:00+08:00` or `…00Z`")
                })
            })?,
        ),
        Comparison::Bool => PolicyValues::Bool(each(&texts, |_, text| {
            boolean::parse(text).ok_or_else(|| format!("`{text}` is neither `true` nor `false`"))
        })?),
        Comparison::IpAddress => PolicyValues::IpAddress(each(&texts, |at, text| {
            let block = Block::parse(text)?;
            let doubt = block.doubt();
            warnings
                .extend(doubt.map(|(kind, says)| PolicyWarning::new(kind, at, format!("`{text}` {says}"))));
            Ok(block)
        })?),
    })
}

fn as_text(operator: &Operator, node: &Node, warnings: &mut Vec<PolicyWarning>) -> Result<String, Fault> {
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
                    operator.name(),
                    node.kind()
                ),
            ));
        }
    };
    warnings.push(PolicyWarning::new(
        WarningKind::Unquoted,
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

    fn refused(block: &str) -> (u32, String) {
        let fault = parse(&json::parse(block).unwrap(), &mut Vec::new()).unwrap_err();
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
