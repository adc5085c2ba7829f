//! Values of the numeric operators: decimals of any length, compared exactly.

use std::cmp::Ordering;
use std::fmt;

/// A decimal number without leading and trailing zeros
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Decimal {
    negative: bool,
    whole: Box<str>,
    fraction: Box<str>,
}

impl Decimal {
    /// Reads `[-]digits[.digits]`; `None` for anything else, such as exponents, a plus sign or blanks.
    ///
    /// ```text
    /// 01.50 -> 1.5     -0 -> 0     1e3, +1, .5 -> None
    /// ```
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !all_digits(whole) || !all_digits(fraction) {
            return None;
        }
        let whole = whole.trim_start_matches('0');
        let fraction = fraction.trim_end_matches('0');
        let zero = whole.is_empty() && fraction.is_empty();
        Some(Self {
            negative: negative && !zero,
            whole: whole.into(),
            fraction: fraction.into(),
        })
    }

    /// Orders as the absolute value does
    fn size(&self) -> (usize, &str, &str) {
        (self.whole.len(), &self.whole, &self.fraction)
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, false) => self.size().cmp(&other.size()),
            (true, true) => other.size().cmp(&self.size()),
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.negative { "-" } else { "" };
        let whole = if self.whole.is_empty() { "0" } else { &self.whole };
        write!(f, "{sign}{whole}")?;
        if self.fraction.is_empty() {
            Ok(())
        } else {
            write!(f, ".{}", self.fraction)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn decimals_compare_by_value() {
        let number = |text: &str| Decimal::parse(text).unwrap();
        assert_eq!(number("01.50"), number("1.5"));
        assert_eq!(number("-0"), number("0.0"));
        assert!(number("0.1") < number("0.12"));
        assert!(number("9") < number("10"));
        assert!(number("-2") < number("-1.5"));
        assert!(number("99999999999999999999999.1") > number("99999999999999999999999.01"));
        for bad in [
            "", "-", "+1", "1.", ".5", "1e3", " 1", "0x1", "1_0", "--1", "1.2.3", "٣",
        ] {
            assert_eq!(Decimal::parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn integers_order_as_integers_do(a in -100_000i64..100_000, b in -100_000i64..100_000) {
            let (left, right) = (Decimal::parse(&a.to_string()).unwrap(), Decimal::parse(&b.to_string()).unwrap());
            prop_assert_eq!(left.cmp(&right), a.cmp(&b));
            prop_assert_eq!(left.to_string(), a.to_string());
        }
    }
}
