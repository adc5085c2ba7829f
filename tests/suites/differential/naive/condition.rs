//! One operator, one key: the policy's values against the request's.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::{address, date, number, text};

/// Whether a condition is met. Values of a policy are alternatives, and so are those of the request; a negated operator
/// is met where its positive twin finds nothing. What is absent meets no positive operator, and a negated one only in a
/// Deny; a value that the operator cannot read counts against the caller, as one that matches or as one that does not
pub fn holds(operator: &str, wanted: &[Cow<'_, str>], found: Option<&Vec<String>>, is_deny: bool) -> bool {
    if let Some((prefix, operator)) = operator.split_once(':') {
        return holds_for_set(prefix, operator, wanted, found, is_deny);
    }
    let (operator, is_negated) = positive(operator);
    let Some(found) = found else {
        return is_negated && is_deny;
    };
    let any = (found.iter()).any(|each| match is_readable(operator, each) {
        true => wanted.iter().any(|wanted| meets(operator, wanted, each)),
        false => is_deny != is_negated,
    });
    any != is_negated
}

/// A set operator puts each value to the operator behind its prefix: all must meet it, or one; what is absent counts
/// against the caller
fn holds_for_set(
    prefix: &str,
    operator: &str,
    wanted: &[Cow<'_, str>],
    found: Option<&Vec<String>>,
    is_deny: bool,
) -> bool {
    let Some(found) = found else {
        return is_deny;
    };
    let met = |each: &String| holds(operator, wanted, Some(&vec![each.clone()]), is_deny);
    match prefix {
        "ForAllValues" => found.iter().all(met),
        "ForAnyValue" => found.iter().any(met),
        other => panic!("no set operator `{other}`"),
    }
}

/// The positive twin of an operator, and whether it was the negated one
fn positive(operator: &str) -> (&str, bool) {
    match operator {
        "StringNotEquals" => ("StringEquals", true),
        "StringNotEqualsIgnoreCase" => ("StringEqualsIgnoreCase", true),
        "StringNotLike" => ("StringLike", true),
        "NumericNotEquals" => ("NumericEquals", true),
        "DateNotEquals" => ("DateEquals", true),
        "NotIpAddress" => ("IpAddress", true),
        "IpAddressIncludeBorder" => ("IpAddress", false),
        other => (other, false),
    }
}

fn is_readable(operator: &str, found: &str) -> bool {
    match family(operator) {
        "Numeric" => number::is_readable(found),
        "Date" => date::seconds(found).is_some(),
        "Bool" => found == "true" || found == "false",
        "IpAddress" => address::bits(found).is_some(),
        _ => true,
    }
}

fn meets(operator: &str, wanted: &str, found: &str) -> bool {
    match operator {
        "StringEquals" => found == wanted,
        "Bool" => found == wanted.to_lowercase(),
        "StringEqualsIgnoreCase" => found.to_lowercase() == wanted.to_lowercase(),
        "StringLike" => text::like(wanted, found),
        "IpAddress" => address::is_in(wanted.trim(), found),
        ordered => {
            let order = match family(ordered) {
                "Numeric" => number::compare(found, wanted).unwrap(),
                _ => date::seconds(found).unwrap().cmp(&date::seconds(wanted).unwrap()),
            };
            match ordered.trim_start_matches(family(ordered)) {
                "Equals" => order == Ordering::Equal,
                "LessThan" => order == Ordering::Less,
                "LessThanEquals" => order != Ordering::Greater,
                "GreaterThan" => order == Ordering::Greater,
                "GreaterThanEquals" => order != Ordering::Less,
                other => panic!("no operator `{other}`"),
            }
        }
    }
}

fn family(operator: &str) -> &'static str {
    ["Numeric", "Date", "Bool", "IpAddress", "String"]
        .into_iter()
        .find(|family| operator.starts_with(family))
        .unwrap()
}
