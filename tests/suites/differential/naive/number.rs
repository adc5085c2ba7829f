//! Decimal numbers, compared digit by digit.

use std::cmp::Ordering;

/// A sign and the digits on both sides of the point
struct Decimal {
    negative: bool,
    whole: String,
    fraction: String,
}

/// How two decimals compare; none if either is no decimal
pub fn compare(left: &str, right: &str) -> Option<Ordering> {
    let (left, right) = (read(left)?, read(right)?);
    let width = left.whole.len().max(right.whole.len());
    let depth = left.fraction.len().max(right.fraction.len());
    let digits = |decimal: &Decimal| format!("{:0>width$}{:0<depth$}", decimal.whole, decimal.fraction);
    let (ours, theirs) = (digits(&left), digits(&right));
    let zero = "0".repeat(width + depth);
    let negative = |decimal: &Decimal, digits: &str| decimal.negative && digits != zero;
    Some(match (negative(&left, &ours), negative(&right, &theirs)) {
        (false, false) => ours.cmp(&theirs),
        (true, true) => theirs.cmp(&ours),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
    })
}

pub fn is_readable(text: &str) -> bool {
    read(text).is_some()
}

fn read(text: &str) -> Option<Decimal> {
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = match rest.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (rest, None),
    };
    let is_digits = |text: &str| !text.is_empty() && text.chars().all(|each| each.is_ascii_digit());
    let good = is_digits(whole) && fraction.is_none_or(is_digits);
    good.then(|| Decimal {
        negative,
        whole: whole.into(),
        fraction: fraction.unwrap_or("").into(),
    })
}
