//! A warning as it is shown.

use std::fmt;

use crate::analysis::lint::code::Code;
use crate::analysis::lint::subject::Finding;
use crate::config::directory::{FaultClass, LocatedFault};
use ram_policy::source::{Fault, Position};
use ram_policy::{PolicyWarning, WarningKind};

/// What a document says that its author should look at
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// What kind of warning it is
    pub code: Code,
    /// `CONFIGMAP/KEY` or the path of a file
    pub document: String,
    /// Where it stands; line 0 if it is about the document as a whole
    pub at: Position,
    /// What is wrong
    pub message: String,
    /// What to write or do instead
    pub advice: String,
}

impl Warning {
    /// A fault between documents, where it is no error because not all of them are here
    pub fn between(fault: LocatedFault) -> Self {
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

    /// The warning as a fault, for places that show faults
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

impl Finding {
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

impl From<&PolicyWarning> for Finding {
    fn from(doubt: &PolicyWarning) -> Self {
        let advice = match doubt.kind {
            WarningKind::Unquoted => "put it in quotes",
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
