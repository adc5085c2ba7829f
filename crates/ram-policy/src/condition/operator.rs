//! The table of condition operators.
//!
//! To add an operator of an existing family, add a line to [`OPERATORS`]. A new way of comparing also needs a variant
//! of `StringComparison` or `Order`. A new family needs a variant of [`OperatorFamily`], `Comparison` and
//! `PolicyValues`, and a file beside this one that reads its values.

use std::cmp::Ordering;
use std::fmt;

use crate::source::closest;

/// A condition operator of RAM; prints as its name.
///
/// ```
/// use ram_policy::{OPERATORS, OperatorFamily};
///
/// let operator = OPERATORS.iter().find(|operator| operator.name() == "StringNotLike").unwrap();
/// assert_eq!(operator.family(), OperatorFamily::String);
/// assert!(operator.is_negated() && operator.is_like() && !operator.ignores_case());
/// ```
#[derive(Debug, PartialEq, Eq)]
pub struct Operator {
    name: &'static str,
    pub(super) comparison: Comparison,
    negated: bool,
}

/// The type that an operator reads its values as
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OperatorFamily {
    /// Texts, with or without wildcards
    String,
    /// Decimal numbers
    Numeric,
    /// Points in time
    Date,
    /// `true` and `false`
    Bool,
    /// IP addresses and CIDR blocks
    IpAddress,
}

/// How an operator compares a request's value with the policy's, before it is negated
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    String(StringComparison),
    Numeric(Order),
    Date(Order),
    Bool,
    IpAddress,
}

/// How two texts are compared
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StringComparison {
    Equal,
    EqualIgnoringCase,
    Like,
}

/// How a request's value must compare with the policy's
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Order {
    /// Whether the order of the request's value, compared with the policy's, is as required
    pub(super) fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

const fn positive(name: &'static str, comparison: Comparison) -> Operator {
    Operator {
        name,
        comparison,
        negated: false,
    }
}

const fn negated(name: &'static str, comparison: Comparison) -> Operator {
    Operator {
        name,
        comparison,
        negated: true,
    }
}

const EQUAL: Comparison = Comparison::String(StringComparison::Equal);
const EQUAL_IGNORING_CASE: Comparison = Comparison::String(StringComparison::EqualIgnoringCase);
const LIKE: Comparison = Comparison::String(StringComparison::Like);

/// All operators of RAM
pub static OPERATORS: &[Operator] = &[
    positive("StringEquals", EQUAL),
    negated("StringNotEquals", EQUAL),
    positive("StringEqualsIgnoreCase", EQUAL_IGNORING_CASE),
    negated("StringNotEqualsIgnoreCase", EQUAL_IGNORING_CASE),
    positive("StringLike", LIKE),
    negated("StringNotLike", LIKE),
    positive("NumericEquals", Comparison::Numeric(Order::Equal)),
    negated("NumericNotEquals", Comparison::Numeric(Order::Equal)),
    positive("NumericLessThan", Comparison::Numeric(Order::Less)),
    positive("NumericLessThanEquals", Comparison::Numeric(Order::LessOrEqual)),
    positive("NumericGreaterThan", Comparison::Numeric(Order::Greater)),
    positive(
        "NumericGreaterThanEquals",
        Comparison::Numeric(Order::GreaterOrEqual),
    ),
    positive("DateEquals", Comparison::Date(Order::Equal)),
    negated("DateNotEquals", Comparison::Date(Order::Equal)),
    positive("DateLessThan", Comparison::Date(Order::Less)),
    positive("DateLessThanEquals", Comparison::Date(Order::LessOrEqual)),
    positive("DateGreaterThan", Comparison::Date(Order::Greater)),
    positive("DateGreaterThanEquals", Comparison::Date(Order::GreaterOrEqual)),
    positive("Bool", Comparison::Bool),
    positive("IpAddress", Comparison::IpAddress),
    negated("NotIpAddress", Comparison::IpAddress),
    positive("IpAddressIncludeBorder", Comparison::IpAddress),
];

impl Operator {
    /// Its exact name in a policy
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The type that it reads values as
    pub fn family(&self) -> OperatorFamily {
        match self.comparison {
            Comparison::String(_) => OperatorFamily::String,
            Comparison::Numeric(_) => OperatorFamily::Numeric,
            Comparison::Date(_) => OperatorFamily::Date,
            Comparison::Bool => OperatorFamily::Bool,
            Comparison::IpAddress => OperatorFamily::IpAddress,
        }
    }

    /// Whether it is met if none of the policy's values matches
    pub fn is_negated(&self) -> bool {
        self.negated
    }

    /// Whether `*` and `?` are wildcards in the policy's values
    pub fn is_like(&self) -> bool {
        self.comparison == LIKE
    }

    /// Whether it compares texts without regard to case
    pub fn ignores_case(&self) -> bool {
        self.comparison == EQUAL_IGNORING_CASE
    }

    /// The operator with this exact name
    ///
    /// # Errors
    /// A message if there is none, with the operator that was probably meant.
    pub(super) fn find(name: &str) -> Result<&'static Self, String> {
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
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operator_is_in_the_table_once() {
        let mut names: Vec<_> = OPERATORS.iter().map(Operator::name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 22);
    }

    #[test]
    fn names_say_what_operators_do() {
        for operator in OPERATORS {
            let name = operator.name();
            let family = match operator.family() {
                OperatorFamily::String => "String",
                OperatorFamily::Numeric => "Numeric",
                OperatorFamily::Date => "Date",
                OperatorFamily::Bool => "Bool",
                OperatorFamily::IpAddress => "IpAddress",
            };
            assert!(
                name.strip_prefix("Not").unwrap_or(name).starts_with(family),
                "{name}"
            );
            assert_eq!(operator.is_negated(), name.contains("Not"), "{name}");
            assert_eq!(operator.is_like(), name.ends_with("Like"), "{name}");
            assert_eq!(operator.ignores_case(), name.ends_with("IgnoreCase"), "{name}");
        }
    }
}
