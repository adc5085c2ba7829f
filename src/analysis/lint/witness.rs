//! Candidate witnesses: values that decide whether conditions on one key can be satisfied together.
//!
//! If none of the candidates satisfies all conditions, no value does.

use std::net::IpAddr;

use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};

use crate::analysis::boundary_values::{fraction_digits, next_address, parse_block, previous_address};
use ram_policy::{Condition, OperatorFamily, Pattern};

/// Every value to try; `None` if there are too many, or if the conditions have operators of several families
///
/// ```text
/// NumericLessThan 5, NumericGreaterThan 4  ->  5, 4, 5.1, 4.1, 0, 0.1, -0.1    (4.1 is a witness)
/// ```
pub(crate) fn candidates(all: &[&Condition]) -> Option<Vec<String>> {
    if let Some(values) = all.iter().find_map(|condition| exact_values(condition)) {
        return Some(values);
    }
    let mut families = all.iter().map(|condition| condition.operator.family());
    let family = families.next()?;
    if families.any(|other| other != family) {
        return None;
    }
    let values = all.iter().flat_map(|condition| condition.wanted());
    match family {
        OperatorFamily::Numeric => Some(numbers(values)),
        OperatorFamily::Date => Some(dates(values)),
        OperatorFamily::IpAddress => Some(addresses(values)),
        OperatorFamily::Bool => Some(vec!["true".to_owned(), "false".to_owned()]),
        OperatorFamily::String => None,
    }
}

/// All values that can satisfy a condition, if it names them
fn exact_values(condition: &Condition) -> Option<Vec<String>> {
    if let Some(values) = condition.exact_values() {
        return Some(values.map(str::to_owned).collect());
    }
    let is_positive_like = condition.operator.is_like() && !condition.operator.is_negated();
    let values = is_positive_like.then(|| condition.wanted())?;
    (!values.iter().any(|value| Pattern::new(value).is_wild())).then_some(values)
}

/// Every number, the next one away from zero with one digit more, zero, and one on each side of it
fn numbers(values: impl Iterator<Item = String>) -> Vec<String> {
    let values: Vec<String> = values.collect();
    let digits = values
        .iter()
        .map(|text| fraction_digits(text))
        .max()
        .unwrap_or_default();
    let beyond = |text: &str| {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        format!("{whole}.{fraction:0<digits$}1")
    };
    let near: Vec<String> = values.iter().map(|text| beyond(text)).collect();
    let zero = ["0".to_owned(), beyond("0"), beyond("-0")];
    values.into_iter().chain(near).chain(zero).collect()
}

/// Every date, and the moments directly before and after it
fn dates(values: impl Iterator<Item = String>) -> Vec<String> {
    let moment = SignedDuration::from_nanos(1);
    let around = |text: String| {
        let at: Option<Timestamp> = text.parse().ok();
        let near = at.map(|at| [at.checked_sub(moment).ok(), at.checked_add(moment).ok()]);
        let near = near.into_iter().flatten().flatten();
        let near: Vec<String> = near
            .map(|at| at.strftime("%Y-%m-%dT%H:%M:%S.%9fZ").to_string())
            .collect();
        near.into_iter().chain([text])
    };
    values.flat_map(around).collect()
}

/// The first and last address of every block, and the addresses directly outside it
fn addresses(values: impl Iterator<Item = String>) -> Vec<String> {
    let around = |block: IpNet| -> Vec<IpAddr> {
        let (first, last) = (block.network(), block.broadcast());
        let all = [
            previous_address(first),
            Some(first),
            Some(last),
            next_address(last),
        ];
        all.into_iter().flatten().collect()
    };
    let blocks = values.filter_map(|text| parse_block(&text));
    blocks
        .flat_map(around)
        .map(|address| address.to_string())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_lie_between_those_that_are_given() {
        let found = numbers(["1.5", "-2", "10"].into_iter().map(str::to_owned));
        assert_eq!(
            found,
            ["1.5", "-2", "10", "1.51", "-2.01", "10.01", "0", "0.01", "-0.01"]
        );
    }

    #[test]
    fn dates_and_addresses_have_neighbours() {
        let found = dates(["2026-03-01T00:00:00+08:00".to_owned()].into_iter());
        assert_eq!(
            found,
            [
                "2026-02-28T15:59:59.999999999Z",
                "2026-02-28T16:00:00.000000001Z",
                "2026-03-01T00:00:00+08:00"
            ]
        );
        let found = addresses(["10.0.0.0/30", "0.0.0.0/0", "::1"].into_iter().map(str::to_owned));
        assert_eq!(
            found,
            [
                "9.255.255.255",
                "10.0.0.0",
                "10.0.0.3",
                "10.0.0.4",
                "0.0.0.0",
                "255.255.255.255",
                "::",
                "::1",
                "::1",
                "::2"
            ]
        );
    }
}
