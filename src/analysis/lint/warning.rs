//! Warnings, and lists of names in their messages.

use std::fmt;

use crate::analysis::lint::code::Code;
use crate::config::{FaultClass, LocatedFault};
use ram_policy::source::{Fault, Position};
use ram_policy::{PolicyWarning, WarningKind};

/// Something in a document that its author should look at
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The kind of warning
    pub code: Code,
    /// `CONFIGMAP/KEY` or the path of a file
    pub document: String,
    /// The position in the document; line 0 if the warning is about the document as a whole
    pub at: Position,
    /// The problem
    pub message: String,
    /// The remedy
    pub advice: String,
}

/// A [`Warning`] within one document, before the document's name is known
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DocumentWarning {
    pub(crate) code: Code,
    pub(crate) at: Position,
    pub(crate) message: String,
    pub(crate) advice: String,
}

impl Warning {
    /// Turns a fault between documents into a warning, for checks that do not see all documents
    pub fn from_fault(fault: LocatedFault) -> Self {
        let (code, advice) = match fault.class {
            FaultClass::Reference => (
                Code::UndefinedName,
                "define it in one of the documents, or correct the name",
            ),
            FaultClass::Document | FaultClass::Conflict => (
                Code::Incomplete,
                "lint the folder that holds all documents together",
            ),
        };
        Self {
            code,
            document: fault.document,
            at: fault.fault.at,
            message: fault.fault.message,
            advice: advice.to_owned(),
        }
    }

    /// The warning as a fault, for output that lists faults
    pub fn into_fault(self) -> LocatedFault {
        let message = format!("{}: {}: {}", self.code, self.message, self.advice);
        LocatedFault::new(self.document, Fault::new(self.at, message), FaultClass::Document)
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.document)?;
        if self.at != Position::default() {
            write!(f, ":{}", self.at)?;
        }
        write!(f, ": warning {}: {}: {}", self.code, self.message, self.advice)
    }
}

impl DocumentWarning {
    pub(crate) fn in_document(self, name: &str) -> Warning {
        Warning {
            code: self.code,
            document: name.to_owned(),
            at: self.at,
            message: self.message,
            advice: self.advice,
        }
    }
}

impl From<&PolicyWarning> for DocumentWarning {
    fn from(doubt: &PolicyWarning) -> Self {
        let advice = match doubt.kind {
            WarningKind::Unquoted => "put it in quotes",
            WarningKind::BooleanCase => "write `true` or `false`",
            WarningKind::Blanks => "write it without them",
            WarningKind::MatchesNothing => {
                "write `acs:<ram-code>:<region>:<account>:<relative-id>`, without blanks"
            }
            WarningKind::SetOperator => "ask RAM what it does with such requests before you rely on it",
            WarningKind::ByteOrderMark => "save the file as UTF-8 without a byte order mark",
            WarningKind::SingleAddress => "write the address alone",
            WarningKind::HostBits => {
                "write the first address of the block, or one address without a prefix length"
            }
            WarningKind::TooLong => "split it into several policies",
        };
        Self {
            code: doubt.kind.into(),
            at: doubt.fault.at,
            message: doubt.fault.message.clone(),
            advice: advice.to_owned(),
        }
    }
}

/// Names in backticks, as many as fit a sentence: "`a`, `b`, `c` and 2 more"
pub(crate) fn name_list<T: AsRef<str>>(names: &[T]) -> String {
    /// More than three names hide the sentence around them
    const MOST: usize = 3;
    let quoted: Vec<String> = names
        .iter()
        .take(MOST)
        .map(|name| format!("`{}`", name.as_ref()))
        .collect();
    let text = quoted.join(", ");
    match names.len().saturating_sub(MOST) {
        0 => text,
        more => format!("{text} and {more} more"),
    }
}
