//! Why a revision is not exactly one whole template.

use std::fmt;

use serde::de;

use crate::kubernetes::controller_revision::MAX_BYTES;
use crate::kubernetes::controller_revision::path::Path;
use crate::wording::{NAME_LENGTH, clipped, fitted, quoted};

/// The longest way to a field in a message, in bytes; those of real templates are shorter
const LONGEST_PLACE: usize = 160;

/// Why a revision's data is refused
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// More than is read
    #[error("`data` has {0} bytes, wanted at most {MAX_BYTES}")]
    TooLarge(usize),
    /// No JSON, or nested deeper than is read
    #[error("{} is not JSON: {message}", place(at))]
    Json {
        /// Where
        at: String,
        /// What the parser says
        message: String,
    },
    /// Something else where an object must be
    #[error("{} is {found}, wanted an object", place(at))]
    NotObject {
        /// Where
        at: String,
        /// What it is
        found: &'static str,
    },
    /// No template
    #[error("{} has no field `{wanted}`, wanted that alone", place(at))]
    Missing {
        /// Where
        at: String,
        /// The only field that may be there
        wanted: &'static str,
    },
    /// A field beside the template, which would be merged into the live object
    #[error(
        "{} has the field {}, wanted `{wanted}` alone",
        place(at),
        quoted(found, NAME_LENGTH)
    )]
    Beside {
        /// Where
        at: String,
        /// The field's name
        found: String,
        /// The only field that may be there
        wanted: &'static str,
    },
    /// A name given twice: which one counts depends on the reader
    #[error(
        "{} has the field {} twice, wanted once",
        place(at),
        quoted(name, NAME_LENGTH)
    )]
    Twice {
        /// Where
        at: String,
        /// The name
        name: String,
    },
    /// The template would be merged into the live one
    #[error(
        "`data.spec.template` has {}, wanted `\"$patch\": \"replace\"`",
        .0.as_ref().map_or_else(|| "no `$patch`".to_owned(), |found| quoted(&format!("\"$patch\": {found}"), NAME_LENGTH))
    )]
    Patch(Option<String>),
    /// A directive of strategic merge patch below the template
    #[error(
        "{} has the directive {}, wanted none but `$patch` of the template",
        place(at),
        quoted(found, NAME_LENGTH)
    )]
    Directive {
        /// Where
        at: String,
        /// The directive
        found: String,
    },
    /// No field of a pod template, or one in other letters, which Go takes for the field
    #[error(
        "{} has the field {}, {}",
        place(at),
        quoted(found, NAME_LENGTH),
        wanted.map_or_else(|| "which pod templates do not have there".to_owned(), |name| format!("wanted `{name}`"))
    )]
    Unknown {
        /// Where
        at: String,
        /// The field's name
        found: String,
        /// The field that Go takes it for
        wanted: Option<&'static str>,
    },
    /// A stamp in what another controller is said to own
    #[error("{} has a stamp, wanted none in a revision of another controller", place(at))]
    Stamped {
        /// Where
        at: String,
    },
    /// `null` where a value must be
    #[error("{} is null, wanted a value", place(at))]
    Null {
        /// Where
        at: String,
    },
    /// A value that the field cannot have
    #[error("{}: {}", place(at), fitted(message, LONGEST_PLACE))]
    Value {
        /// Where
        at: String,
        /// What was found and wanted
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

    /// The same problem with its place, if it has none yet
    pub(crate) fn at(self, path: &Path<'_>) -> Self {
        match self {
            Self::Value { at, message } if at.is_empty() => Self::value(path, message),
            placed => placed,
        }
    }
}

impl de::Error for Problem {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Value {
            at: String::new(),
            message: clipped(&message.to_string(), LONGEST_PLACE),
        }
    }
}

fn place(at: &str) -> String {
    format!("`{}`", fitted(at, LONGEST_PLACE))
}
