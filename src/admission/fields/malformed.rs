//! What is wrong with an annotation, and what to write instead.

use crate::admission::fields::reading::MAX_ENTRIES;
use crate::wording::{NAME_LENGTH, quoted};
use eci_calls::{MAX_KEY, MAX_VALUE};

/// An annotation that is not accepted, and why
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("annotation {annotation} {problem}")]
pub struct MalformedAnnotation {
    /// The annotation's key
    pub annotation: &'static str,
    /// What is wrong with its value
    #[source]
    pub problem: Problem,
}

/// What is wrong with a value
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Nothing at all
    #[error("is empty: write a value or leave the annotation out")]
    Empty,
    /// More entries than ECI could ever take
    #[error("has more than {MAX_ENTRIES} entries: no container group takes so many")]
    TooMany,
    /// Not an id of a resource group
    #[error(
        "holds {}, which is not a resource group id: write one id such as `rg-acfmxyz123`, of letters, digits, `-`, \
         `_` and `.`",
        quoted(.0, NAME_LENGTH)
    )]
    Group(String),
    /// A whole ARN where a name belongs
    #[error(
        "holds the ARN {}: write the role's name alone, {}",
        quoted(arn, 100),
        quoted(name, NAME_LENGTH)
    )]
    RoleArn {
        /// The ARN
        arn: String,
        /// The role's name in it
        name: String,
    },
    /// Not a name of a role
    #[error(
        "holds {}, which is not a role name: write one name of 1 to 64 letters, digits, `-`, `_` and `.`",
        quoted(.0, NAME_LENGTH)
    )]
    Role(String),
    /// Two commas in a row, or one at either end
    #[error("has an empty entry {0}: remove the comma too many")]
    EmptyEntry(usize),
    /// A key in two entries
    #[error(
        "sets the key {} twice, in entries {first} and {second}: keep one of them",
        quoted(key, NAME_LENGTH)
    )]
    RepeatedKey {
        /// The key
        key: String,
        /// Where it stands first
        first: usize,
        /// Where it stands again
        second: usize,
    },
    /// Something about one entry of a list
    #[error("{slip} in entry {number}, {}{}", quoted(text, NAME_LENGTH), slip.remedy())]
    Entry {
        /// Which entry, from 1
        number: usize,
        /// Its text
        text: String,
        /// What is wrong with it
        slip: Slip,
    },
}

/// What is wrong with one entry of a list
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Slip {
    /// A tag without a value
    #[error("has no colon")]
    NoColon,
    /// A tag that could be split in two ways
    #[error("has more than one colon")]
    SecondColon,
    /// A tag without a name
    #[error("has no key before the colon")]
    EmptyKey,
    /// A blank that the provider might or might not cut off
    #[error("has a blank {0}")]
    Blank(&'static str),
    /// A line break or the like
    #[error("has a control character")]
    Control,
    /// An address, which tags may not hold
    #[error("has `http://` or `https://`")]
    Address,
    /// A key or value in Alibaba Cloud's own space
    #[error("has the reserved prefix `{0}`")]
    Reserved(&'static str),
    /// A key that other software relies on
    #[error("has the key `{0}`, which ACK or the provider sets itself,")]
    OwnKey(&'static str),
    /// A key over ECI's limit
    #[error("has a key of {0} characters")]
    LongKey(usize),
    /// A value over ECI's limit
    #[error("has a value of {0} characters")]
    LongValue(usize),
    /// Not an ARN of a role
    #[error("has no role ARN")]
    Arn,
}

impl Slip {
    /// What to do about it
    fn remedy(&self) -> String {
        match self {
            Self::NoColon => ": write it as `key:value`".to_owned(),
            Self::SecondColon => ": write it as `key:value`, neither of which can hold a colon".to_owned(),
            Self::EmptyKey => ": write a key or remove the entry".to_owned(),
            Self::Blank(_) | Self::Control => ": remove it".to_owned(),
            Self::Address => ": ECI takes no addresses in tags".to_owned(),
            Self::Reserved(_) => ": choose another key or value".to_owned(),
            Self::OwnKey(_) => ": choose another key".to_owned(),
            Self::LongKey(_) => format!(": ECI takes at most {MAX_KEY}"),
            Self::LongValue(_) => format!(": ECI takes at most {MAX_VALUE}"),
            Self::Arn => ": write `acs:ram::ACCOUNT:role/NAME`".to_owned(),
        }
    }
}
