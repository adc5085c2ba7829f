//! The reasons to refuse the data of a revision.

use std::fmt;

use serde::de;

use crate::kubernetes::controller_revision::patch::MAX_BYTES;
use crate::kubernetes::controller_revision::path::Path;
use crate::wording::{NAME_LENGTH, clipped, fitted, quoted};

/// The longest path in a message, in bytes; those of real templates are shorter
const LONGEST_PATH: usize = 160;

/// A reason to refuse the data of a revision
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The data is too large
    #[error("`data` has {0} bytes, wanted at most {MAX_BYTES}")]
    TooLarge(usize),
    /// It is not JSON, or nested too deeply
    #[error("{} is not JSON: {message}", quoted_path(at))]
    Json {
        /// The path
        at: String,
        /// The parser's message
        message: String,
    },
    /// A value is not an object
    #[error("{} is {found}, wanted an object", quoted_path(at))]
    NotObject {
        /// The path
        at: String,
        /// The type that it has
        found: &'static str,
    },
    /// The template is missing
    #[error("{} has no field `{wanted}`, wanted that alone", quoted_path(at))]
    Missing {
        /// The path
        at: String,
        /// The only field that may be there
        wanted: &'static str,
    },
    /// There is a field beside the template; the controller would merge it into the live object
    #[error(
        "{} has the field {}, wanted `{wanted}` alone",
        quoted_path(at),
        quoted(found, NAME_LENGTH)
    )]
    Beside {
        /// The path
        at: String,
        /// The field's name
        found: String,
        /// The only field that may be there
        wanted: &'static str,
    },
    /// A name occurs twice; parsers differ in which one they take
    #[error(
        "{} has the field {} twice, wanted once",
        quoted_path(at),
        quoted(name, NAME_LENGTH)
    )]
    Twice {
        /// The path
        at: String,
        /// The name
        name: String,
    },
    /// The controller would merge the template into the live one
    #[error(
        "`data.spec.template` has {}, wanted `\"$patch\": \"replace\"`",
        .0.as_ref().map_or_else(|| "no `$patch`".to_owned(), |found| quoted(&format!("\"$patch\": {found}"), NAME_LENGTH))
    )]
    Patch(Option<String>),
    /// There is a directive of strategic merge patch below the template
    #[error(
        "{} has the directive {}, wanted none but `$patch` of the template",
        quoted_path(at),
        quoted(found, NAME_LENGTH)
    )]
    Directive {
        /// The path
        at: String,
        /// The directive
        found: String,
    },
    /// A field is not known, or has another spelling that Go takes for a known field
    #[error(
        "{} has the field {}, {}",
        quoted_path(at),
        quoted(found, NAME_LENGTH),
        wanted.map_or_else(|| "which pod templates do not have there".to_owned(), |name| format!("wanted `{name}`"))
    )]
    Unknown {
        /// The path
        at: String,
        /// The field's name
        found: String,
        /// The field that Go takes it for
        wanted: Option<&'static str>,
    },
    /// A revision of another controller has a stamp
    #[error(
        "{} has a stamp, wanted none in a revision of another controller",
        quoted_path(at)
    )]
    Stamped {
        /// The path
        at: String,
    },
    /// A required value is `null`
    #[error("{} is null, wanted a value", quoted_path(at))]
    Null {
        /// The path
        at: String,
    },
    /// A field has a value of the wrong type or format
    #[error("{}: {}", quoted_path(at), fitted(message, LONGEST_PATH))]
    Value {
        /// The path
        at: String,
        /// The value that was found and the one that was wanted
        message: String,
    },
}

impl Problem {
    pub(crate) fn twice(path: &Path<'_>, name: &str) -> Self {
        Self::Twice {
            at: path.to_string(),
            name: name.to_owned(),
        }
    }

    pub(crate) fn not_object(path: &Path<'_>, text: &str) -> Self {
        let found = match text.trim_start().as_bytes().first() {
            Some(b'[') => "a list",
            Some(b'"') => "a string",
            Some(b'n') => "null",
            Some(b't' | b'f') => "a boolean",
            _ => "a number",
        };
        Self::NotObject {
            at: path.to_string(),
            found,
        }
    }

    pub(crate) fn value(path: &Path<'_>, message: impl Into<String>) -> Self {
        Self::Value {
            at: path.to_string(),
            message: message.into(),
        }
    }

    /// The problem at this path, if it has none yet
    pub(crate) fn at(self, path: &Path<'_>) -> Self {
        match self {
            Self::Value { at, message } if at.is_empty() => Self::value(path, message),
            other => other,
        }
    }
}

impl de::Error for Problem {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Value {
            at: String::new(),
            message: clipped(&message.to_string(), LONGEST_PATH),
        }
    }
}

fn quoted_path(at: &str) -> String {
    format!("`{}`", fitted(at, LONGEST_PATH))
}
