//! Values that decide whether conditions on one key can be met together: if none of these meets them, no value does.

use std::net::IpAddr;

use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};

use super::contradiction::exact;
use ram_policy::{Condition, OperatorFamily};

/// Every value that needs to be tried; none if they are too many, or the conditions are of several kinds
pub(crate) fn candidates(all: &[&Condition]) -> Option<Vec<String>> {
    if let Some(values) = all.iter().find_map(|condition| exact(condition)) {
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

/// Every number, one right behind it away from zero, zero, and one on each side of it
fn numbers(values: impl Iterator<Item = String>) -> Vec<String> {
    let values: Vec<String> = values.collect();
    let fraction = |text: &str| text.split_once('.').map_or(0, |(_, digits)| digits.len());
    let digits = values.iter().map(|text| fraction(text)).max().unwrap_or_default();
    let behind = |text: &str| {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        format!("{whole}.{fraction:0<digits$}1")
    };
    let near: Vec<String> = values.iter().map(|text| behind(text)).collect();
    let zero = ["0".to_owned(), behind("0"), behind("-0")];
    values.into_iter().chain(near).chain(zero).collect()
}

/// Every date, and the moments before and after it
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

/// The borders of every block, and the addresses right outside them
fn addresses(values: impl Iterator<Item = String>) -> Vec<String> {
    let around = |text: String| {
        let block = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        let borders = match block {
            Ok(IpNet::V4(block)) => {
                let (first, last) = (u32::from(block.network()), u32::from(block.broadcast()));
                let all = [first.checked_sub(1), Some(first), Some(last), last.checked_add(1)];
                all.map(|bits| bits.map(|bits| IpAddr::V4(bits.into())))
            }
            Ok(IpNet::V6(block)) => {
                let (first, last) = (u128::from(block.network()), u128::from(block.broadcast()));
                let all = [first.checked_sub(1), Some(first), Some(last), last.checked_add(1)];
                all.map(|bits| bits.map(|bits| IpAddr::V6(bits.into())))
            }
            Err(_) => [None; 4],
        };
        borders.into_iter().flatten().map(|address| address.to_string())
    };
    values.flat_map(around).collect()
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
