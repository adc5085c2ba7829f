//! The values of scalars, in both dialects.

use data_encoding::BASE64;
use saphyr_parser::{ScalarStyle, Tag};

use ram_policy::source::Value;

/// A scalar in the core schema
pub(super) fn plain_scalar(text: &str, style: ScalarStyle) -> Value {
    if style != ScalarStyle::Plain {
        return Value::String(text.to_owned());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        number if serde_json::from_str::<serde_json::Number>(number).is_ok() => {
            Value::Number(number.to_owned())
        }
        words => Value::String(words.to_owned()),
    }
}

/// Whether a scalar is the merge key `<<`, if it is a key
pub(super) fn is_merge_key(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> bool {
    let is_tagged = tag.is_some_and(|tag| core_tag(tag) == Some("merge"));
    text == "<<" && (is_tagged || tag.is_none() && style == ScalarStyle::Plain)
}

/// A scalar as kubectl's parser reads it, which follows YAML 1.1
///
/// # Errors
/// A message: the text does not fit its tag, or JSON has no such value.
pub(super) fn kubectl_scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Value, String> {
    let Some(tag) = tag else {
        return match style {
            ScalarStyle::Plain => resolved(text),
            _ => Ok(Value::String(text.to_owned())),
        };
    };
    let value = match core_tag(tag) {
        Some("bool" | "int" | "float" | "null") => resolved(text)?,
        Some("binary") => decoded(text)?,
        // kubectl takes any other tag for text
        _ => Value::String(text.to_owned()),
    };
    let fits = match (core_tag(tag), &value) {
        (Some("bool"), value) => matches!(value, Value::Bool(_)),
        (Some("int"), Value::Number(number)) => !number.contains(['.', 'e', 'E']),
        (Some("float"), value) => matches!(value, Value::Number(_)),
        (Some("null"), value) => *value == Value::Null,
        (Some("int"), _) => false,
        _ => true,
    };
    match fits {
        true => Ok(value),
        false => Err(format!("`{text}` does not fit its tag")),
    }
}

/// The name of a tag of the core schema, such as `str`
fn core_tag(tag: &Tag) -> Option<&str> {
    tag.is_yaml_core_schema().then_some(tag.suffix.as_str())
}

fn decoded(text: &str) -> Result<Value, String> {
    let bytes = BASE64.decode(text.as_bytes()).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    text.map(Value::String)
        .ok_or_else(|| "the value of a tag `!!binary` is not base64 of a text".to_owned())
}

/// A scalar without quotes and tag
fn resolved(text: &str) -> Result<Value, String> {
    let value = match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Value::Bool(true)
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Value::Bool(false)
        }
        ".nan" | ".NaN" | ".NAN" | ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" | "-.inf"
        | "-.Inf" | "-.INF" => {
            return Err(format!("`{text}` is a number that JSON does not have: quote it"));
        }
        words => number(words).map_or_else(|| Value::String(words.to_owned()), Value::Number),
    };
    Ok(value)
}

/// A number in decimal notation, if the text is a number of YAML 1.1
fn number(text: &str) -> Option<String> {
    let first = text.chars().next()?;
    if !matches!(first, '0'..='9' | '+' | '-' | '.') {
        return None;
    }
    // Underscores may separate digits, but not after a leading point
    let digits = if first == '.' {
        text.to_owned()
    } else {
        text.replace('_', "")
    };
    whole(&digits).or_else(|| float(&digits))
}

/// A whole number: decimal, or with the prefix `0x`, `0o`, `0b`, or `0` for octal
fn whole(text: &str) -> Option<String> {
    let (is_negative, digits) = match text.strip_prefix(['+', '-']) {
        Some(digits) => (text.starts_with('-'), digits),
        None => (false, text),
    };
    let lower = digits.to_ascii_lowercase();
    let prefixes = [("0x", 16), ("0o", 8), ("0b", 2), ("0", 8)];
    let prefixed = prefixes.into_iter().find_map(|(prefix, radix)| {
        let rest = lower.strip_prefix(prefix).filter(|rest| !rest.is_empty())?;
        Some((rest, radix))
    });
    let (digits, radix) = prefixed.unwrap_or((lower.as_str(), 10));
    // The standard library would take another sign
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let number = u64::from_str_radix(digits, radix).ok()?;
    if !is_negative {
        return Some(number.to_string());
    }
    let number = 0_i64.checked_sub_unsigned(number)?;
    Some(number.to_string())
}

/// A number with a point or an exponent, or one that is too large for a whole number
fn float(text: &str) -> Option<String> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let has_digit = unsigned.contains(|c: char| c.is_ascii_digit());
    let is_plain = unsigned
        .chars()
        .all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-'));
    if !has_digit || !is_plain {
        return None;
    }
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite())?;
    // Below this bound Go writes a whole number without an exponent
    if number.fract() == 0.0 && number.abs() < 1e21 {
        return Some(format!("{number:.0}"));
    }
    serde_json::Number::from_f64(number).map(|number| number.to_string())
}
