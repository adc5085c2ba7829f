//! A policy's values, and whether a request's value matches one of them.

use super::date::Date;
use super::ip_address::Block;
use super::numeric::Number;
use super::operator::{Order, StringComparison};
use super::string::Text;
use super::{boolean, ip_address};

/// A policy's values, read once
#[derive(Clone, Debug)]
pub(super) enum PolicyValues {
    String(StringComparison, Box<[Text]>),
    Numeric(Order, Box<[Number]>),
    Date(Order, Box<[Date]>),
    Bool(Box<[bool]>),
    IpAddress(Box<[Block]>),
}

/// How one request value stands to an operator's values
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Match {
    Yes,
    No,
    Unreadable,
}

impl PolicyValues {
    pub(super) fn matches(&self, found: &str) -> Match {
        let readable = |hit: bool| if hit { Match::Yes } else { Match::No };
        match self {
            Self::String(comparison, values) => {
                readable(values.iter().any(|value| value.matches(*comparison, found)))
            }
            Self::Numeric(order, values) => Number::parse(found).map_or(Match::Unreadable, |number| {
                readable(values.iter().any(|value| order.holds(number.cmp(value))))
            }),
            Self::Date(order, values) => Date::parse(found).map_or(Match::Unreadable, |date| {
                readable(values.iter().any(|value| order.holds(date.cmp(value))))
            }),
            Self::Bool(values) => {
                boolean::parse(found).map_or(Match::Unreadable, |flag| readable(values.contains(&flag)))
            }
            Self::IpAddress(values) => ip_address::parse(found).map_or(Match::Unreadable, |address| {
                readable(values.iter().any(|block| block.contains(address)))
            }),
        }
    }
}
