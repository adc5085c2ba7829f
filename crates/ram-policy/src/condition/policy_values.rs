//! The values of one condition, parsed by the operator's family, and whether a request's value matches one of them.

use crate::condition::date::Date;
use crate::condition::ip_address::AddressBlock;
use crate::condition::numeric::Decimal;
use crate::condition::operator::{Order, StringComparison};
use crate::condition::string::StringValue;
use crate::condition::{boolean, ip_address};
use crate::one_or_more::OneOrMore;

/// A policy's values, parsed when the policy is read
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum PolicyValues {
    String(StringComparison, OneOrMore<StringValue>),
    Numeric(Order, Box<[Decimal]>),
    Date(Order, Box<[Date]>),
    Bool(Box<[bool]>),
    IpAddress(Box<[AddressBlock]>),
}

/// The result of comparing one value of a request with all values of the policy
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ValueMatch {
    Yes,
    No,
    /// The operator cannot read the request's value
    Unreadable,
}

impl PolicyValues {
    /// Compares a request's value, before the operator is negated
    pub(super) fn matches(&self, found: &str) -> ValueMatch {
        let readable = |hit: bool| if hit { ValueMatch::Yes } else { ValueMatch::No };
        match self {
            Self::String(comparison, values) => {
                readable(values.iter().any(|value| value.matches(*comparison, found)))
            }
            Self::Numeric(order, values) => Decimal::parse(found).map_or(ValueMatch::Unreadable, |number| {
                readable(values.iter().any(|value| order.holds(number.cmp(value))))
            }),
            Self::Date(order, values) => Date::parse(found).map_or(ValueMatch::Unreadable, |date| {
                readable(values.iter().any(|value| order.holds(date.cmp(value))))
            }),
            Self::Bool(values) => {
                boolean::parse(found).map_or(ValueMatch::Unreadable, |flag| readable(values.contains(&flag)))
            }
            Self::IpAddress(values) => ip_address::parse(found).map_or(ValueMatch::Unreadable, |address| {
                readable(values.iter().any(|block| block.contains(address)))
            }),
        }
    }
}
