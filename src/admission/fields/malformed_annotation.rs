//! An annotation that is refused: its fault, and what to write instead.

use crate::wording::{NAME_LENGTH, quoted};
use eci_calls::{MAX_KEY, MAX_TAGS, MAX_VALUE};

/// The most entries of one annotation: ECI's limit of tags, and far more roles than anybody passes
pub(crate) const MAX_ENTRIES: usize = MAX_TAGS;

/// An annotation that is refused
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("annotation {annotation} {fault}")]
pub struct MalformedAnnotation {
    /// The annotation's key
    pub annotation: &'static str,
    /// The fault of its value
    #[source]
    pub fault: AnnotationFault,
}

/// A fault of an annotation's value
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnnotationFault {
    /// The value is empty
    #[error("is empty: write a value or leave the annotation out")]
    Empty,
    /// The list has more entries than ECI takes
    #[error("has more than {MAX_ENTRIES} entries: no container group takes so many")]
    TooManyEntries,
    /// The value is no resource group id
    #[error(
        "holds {}, which is not a resource group id: write one id such as `rg-acfmxyz123`, of letters, digits, `-`, \
         `_` and `.`",
        quoted(.0, NAME_LENGTH)
    )]
    ResourceGroup(String),
    /// The value is a whole ARN instead of a role name
    #[error(
        "holds the ARN {}: write the role's name alone, {}",
        quoted(arn, 100),
        quoted(name, NAME_LENGTH)
    )]
    RoleArn {
        /// The ARN
        arn: String,
        /// The role's name within the ARN
        name: String,
    },
    /// The value is no role name
    #[error(
        "holds {}, which is not a role name: write one name of 1 to 64 letters, digits, `-`, `_` and `.`",
        quoted(.0, NAME_LENGTH)
    )]
    RoleName(String),
    /// Two commas follow each other, or one is at either end
    #[error("has an empty entry {0}: remove the comma too many")]
    EmptyEntry(usize),
    /// Two entries have the same key
    #[error(
        "sets the key {} twice, in entries {first} and {second}: keep one of them",
        quoted(key, NAME_LENGTH)
    )]
    RepeatedKey {
        /// The key
        key: String,
        /// The number of its first entry
        first: usize,
        /// The number of its second entry
        second: usize,
    },
    /// One entry of a list has a fault
    #[error("{fault} in entry {number}, {}{}", quoted(text, NAME_LENGTH), fault.remedy())]
    Entry {
        /// The entry's number, from 1
        number: usize,
        /// The entry itself
        text: String,
        /// Its fault
        fault: EntryFault,
    },
}

/// A fault of one entry of a list
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryFault {
    /// A tag has no colon
    #[error("has no colon")]
    NoColon,
    /// A tag has two colons, so it can be split in two ways
    #[error("has more than one colon")]
    SecondColon,
    /// A tag has no key
    #[error("has no key before the colon")]
    EmptyKey,
    /// A blank at this position, which the provider may or may not trim
    #[error("has a blank {0}")]
    Blank(&'static str),
    /// A control character, such as a line break
    #[error("has a control character")]
    ControlCharacter,
    /// A character that nobody sees, such as a zero-width space
    #[error("has the invisible character U+{0:04X}")]
    InvisibleCharacter(u32),
    /// A URL, which tags may not hold
    #[error("has `http://` or `https://`")]
    Url,
    /// A key or value with this prefix, which Alibaba Cloud reserves
    #[error("has the reserved prefix `{0}`")]
    Reserved(&'static str),
    /// This key, which ACK or the provider sets
    #[error("has the key `{0}`, which ACK or the provider sets itself,")]
    ProviderKey(&'static str),
    /// A key of so many characters, over ECI's limit
    #[error("has a key of {0} characters")]
    LongKey(usize),
    /// A value of so many characters, over ECI's limit
    #[error("has a value of {0} characters")]
    LongValue(usize),
    /// The entry is no ARN of a role
    #[error("has no role ARN")]
    NoRoleArn,
}

impl EntryFault {
    /// The end of the message: what to write instead
    fn remedy(&self) -> String {
        match self {
            Self::NoColon => ": write it as `key:value`".to_owned(),
            Self::SecondColon => ": write it as `key:value`, neither of which can hold a colon".to_owned(),
            Self::EmptyKey => ": write a key or remove the entry".to_owned(),
            Self::Blank(_) | Self::ControlCharacter | Self::InvisibleCharacter(_) => ": remove it".to_owned(),
            Self::Url => ": ECI takes no addresses in tags".to_owned(),
            Self::Reserved(_) => ": choose another key or value".to_owned(),
            Self::ProviderKey(_) => ": choose another key".to_owned(),
            Self::LongKey(_) => format!(": ECI takes at most {MAX_KEY}"),
            Self::LongValue(_) => format!(": ECI takes at most {MAX_VALUE}"),
            Self::NoRoleArn => ": write `acs:ram::ACCOUNT:role/NAME`".to_owned(),
        }
    }
}
