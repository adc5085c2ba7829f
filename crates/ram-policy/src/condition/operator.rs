//! The table of condition operators.
//!
//! To add an operator of an existing family, add a line to the table; its two set operators come with it. A new way of
//! comparing also needs a variant of `StringComparison` or `Order`. A new family needs a variant of
//! [`OperatorFamily`], `Comparison` and `PolicyValues`, and a file beside this one that reads its values.

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
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Operator {
    name: &'static str,
    pub(super) comparison: Comparison,
    negated: bool,
    quantifier: Option<Quantifier>,
}

/// How many of a request's values must meet the operator behind the prefix of a set operator.
///
/// RAM documents no set operators, though some of its system policies have them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Quantifier {
    /// `ForAllValues:`
    All,
    /// `ForAnyValue:`
    Any,
}

impl Quantifier {
    /// The prefix of the operator's name
    pub fn prefix(self) -> &'static str {
        match self {
            Self::All => "ForAllValues:",
            Self::Any => "ForAnyValue:",
        }
    }
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Comparison {
    String(StringComparison),
    Numeric(Order),
    Date(Order),
    Bool,
    IpAddress,
}

/// How two texts are compared
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum StringComparison {
    Equal,
    EqualIgnoringCase,
    Like,
}

/// How a request's value must compare with the policy's
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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

const fn operator(
    name: &'static str,
    comparison: Comparison,
    negated: bool,
    quantifier: Option<Quantifier>,
) -> Operator {
    Operator {
        name,
        comparison,
        negated,
        quantifier,
    }
}

const EQUAL: Comparison = Comparison::String(StringComparison::Equal);
const EQUAL_IGNORING_CASE: Comparison = Comparison::String(StringComparison::EqualIgnoringCase);
const LIKE: Comparison = Comparison::String(StringComparison::Like);

/// Writes the table once for the plain operators and once for each set operator
macro_rules! operators {
    ($(($name:literal, $comparison:expr, negated: $negated:literal),)*) => {
        /// The operators that RAM documents
        pub static OPERATORS: &[Operator] = &[$(operator($name, $comparison, $negated, None),)*];

        /// The same operators behind `ForAllValues:` and `ForAnyValue:`
        pub static SET_OPERATORS: &[Operator] = &[
            $(operator(concat!("ForAllValues:", $name), $comparison, $negated, Some(Quantifier::All)),)*
            $(operator(concat!("ForAnyValue:", $name), $comparison, $negated, Some(Quantifier::Any)),)*
        ];
    };
}

operators! {
    ("StringEquals", EQUAL, negated: false),
    ("StringNotEquals", EQUAL, negated: true),
    ("StringEqualsIgnoreCase", EQUAL_IGNORING_CASE, negated: false),
    ("StringNotEqualsIgnoreCase", EQUAL_IGNORING_CASE, negated: true),
    ("StringLike", LIKE, negated: false),
    ("StringNotLike", LIKE, negated: true),
    ("NumericEquals", Comparison::Numeric(Order::Equal), negated: false),
    ("NumericNotEquals", Comparison::Numeric(Order::Equal), negated: true),
    ("NumericLessThan", Comparison::Numeric(Order::Less), negated: false),
    ("NumericLessThanEquals", Comparison::Numeric(Order::LessOrEqual), negated: false),
    ("NumericGreaterThan", Comparison::Numeric(Order::Greater), negated: false),
    ("NumericGreaterThanEquals", Comparison::Numeric(Order::GreaterOrEqual), negated: false),
    ("DateEquals", Comparison::Date(Order::Equal), negated: false),
    ("DateNotEquals", Comparison::Date(Order::Equal), negated: true),
    ("DateLessThan", Comparison::Date(Order::Less), negated: false),
    ("DateLessThanEquals", Comparison::Date(Order::LessOrEqual), negated: false),
    ("DateGreaterThan", Comparison::Date(Order::Greater), negated: false),
    ("DateGreaterThanEquals", Comparison::Date(Order::GreaterOrEqual), negated: false),
    ("Bool", Comparison::Bool, negated: false),
    ("IpAddress", Comparison::IpAddress, negated: false),
    ("NotIpAddress", Comparison::IpAddress, negated: true),
    ("IpAddressIncludeBorder", Comparison::IpAddress, negated: false),
}

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

    /// How many of the request's values must meet it; `None` for an operator that is no set operator
    pub fn quantifier(&self) -> Option<Quantifier> {
        self.quantifier
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
        let mut known = OPERATORS.iter().chain(SET_OPERATORS);
        if let Some(operator) = known.find(|operator| operator.name == name) {
            return Ok(operator);
        }
        let (prefix, plain) = split_prefix(name);
        if let Some(instead) = instead_of_missing(prefix, plain) {
            return Err(format!(
                "RAM has no condition operator `{name}`: IfExists and Null are refused by RAM itself{instead}"
            ));
        }
        // Compared with operators of the same form, as the prefix would count for more than the rest
        let alike = if prefix.is_empty() {
            OPERATORS
        } else {
            SET_OPERATORS
        };
        match closest(name, alike.iter().map(|operator| operator.name)) {
            Some(meant) => Err(format!(
                "unknown condition operator `{name}`: did you mean `{meant}`?"
            )),
            None => Err(format!(
                "unknown condition operator `{name}`: RAM has String…, Numeric…, Date…, Bool and IpAddress, such as \
                 `StringEquals`"
            )),
        }
    }
}

/// What to write instead of an operator of other clouds that RAM refuses; `None` for other names
fn instead_of_missing(prefix: &str, plain: &str) -> Option<String> {
    if plain == "Null" {
        return Some(
            ": write `StringLike` with `*` for a key that is there, and in a Deny `StringNotLike` with `*` for one that is not"
                .to_owned(),
        );
    }
    let base = ["IfExists", "IfExist"]
        .into_iter()
        .find_map(|ending| plain.strip_suffix(ending))?;
    let wanted = format!("{prefix}{base}");
    let mut known = OPERATORS.iter().chain(SET_OPERATORS);
    let operator = known.find(|operator| operator.name == wanted);
    let absent = |operator: &Operator| {
        let is_met_in_deny = operator.negated || operator.quantifier.is_some();
        let met = if is_met_in_deny {
            "meets in a Deny and not in an Allow"
        } else {
            "does not meet"
        };
        format!(": write `{wanted}`, which a request without the key {met}")
    };
    Some(operator.map_or_else(String::new, absent))
}

/// The prefix of a set operator, with its colon, and the rest of a name
fn split_prefix(name: &str) -> (&str, &str) {
    let prefix = name.find(':').map_or(0, |colon| colon.saturating_add(1));
    name.split_at_checked(prefix).unwrap_or(("", name))
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
    fn every_operator_has_its_two_set_operators() {
        for (operator, quantifier) in OPERATORS
            .iter()
            .flat_map(|each| [(each, Quantifier::All), (each, Quantifier::Any)])
        {
            let name = format!("{}{operator}", quantifier.prefix());
            let set = Operator::find(&name).unwrap();
            assert_eq!(set.name(), name);
            assert_eq!(set.quantifier(), Some(quantifier), "{name}");
            assert_eq!(
                (set.comparison, set.negated),
                (operator.comparison, operator.negated),
                "{name}"
            );
        }
        assert_eq!(SET_OPERATORS.len(), 44);
    }

    #[test]
    fn misspelt_set_operators_have_their_advice() {
        let refused = |name: &str| Operator::find(name).unwrap_err();
        assert!(refused("ForAllValues:StringEqual").contains("did you mean `ForAllValues:StringEquals`"));
        assert!(refused("ForAnyValues:StringLike").contains("did you mean `ForAnyValue:StringLike`"));
        assert!(refused("ForAllValues:StringEqualsIfExists").contains("IfExists"));
        assert!(refused("ForAnyValue:Null").contains("IfExists and Null"));
        assert!(refused("ForAllValues:").starts_with("unknown condition operator"));
        assert!(refused("IfExistsStringEquals").contains("such as `StringEquals`"));
    }

    #[test]
    fn operators_of_other_clouds_say_what_to_write_instead() {
        let refused = |name: &str| Operator::find(name).unwrap_err();
        for (name, words) in [
            (
                "StringEqualsIfExists",
                "write `StringEquals`, which a request without the key does not meet",
            ),
            ("StringEqualsIfExist", "write `StringEquals`, which"),
            (
                "StringNotLikeIfExists",
                "write `StringNotLike`, which a request without the key meets in a Deny and not in an Allow",
            ),
            (
                "ForAllValues:StringEqualsIfExists",
                "write `ForAllValues:StringEquals`, which",
            ),
            ("Null", "write `StringLike` with `*` for a key that is there"),
            ("ForAnyValue:Null", "in a Deny `StringNotLike` with `*`"),
            ("ArnLikeIfExists", "refused by RAM itself"),
        ] {
            assert!(refused(name).contains(words), "{name}: {}", refused(name));
        }
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
