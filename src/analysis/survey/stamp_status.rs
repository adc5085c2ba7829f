//! The result of verifying a stamp.

use crate::stamp::{Claims, Form, VerifyError};

/// Whether a pod or template has a stamp that verifies
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StampStatus {
    /// The stamp verifies
    Good {
        /// The stamped user and fields
        claims: Box<Claims>,
        /// The key that signed it
        key: String,
    },
    /// There is no stamp
    Missing,
    /// The stamp does not verify
    Broken {
        /// The reason; `None` if there are no keys to verify it with
        reason: Option<VerifyError>,
        /// The key that it names
        key: Option<String>,
    },
}

impl StampStatus {
    /// The status in one word
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Good { .. } => "good",
            Self::Missing => "missing",
            Self::Broken { .. } => "broken",
        }
    }

    /// The claims of a stamp that verifies
    pub(crate) fn claims(&self) -> Option<&Claims> {
        match self {
            Self::Good { claims, .. } => Some(claims),
            Self::Missing | Self::Broken { .. } => None,
        }
    }

    /// The form of a stamp that verifies
    pub(crate) fn form(&self) -> Option<Form> {
        self.claims().map(|claims| {
            if claims.object.is_some() {
                Form::Second
            } else {
                Form::First
            }
        })
    }

    /// The key that signed the stamp, or that it names
    pub(crate) fn key(&self) -> Option<&str> {
        match self {
            Self::Good { key, .. } => Some(key),
            Self::Broken { key, .. } => key.as_deref(),
            Self::Missing => None,
        }
    }

    /// The problem with the stamp; `None` if it verifies
    pub(crate) fn problem(&self) -> Option<String> {
        match self {
            Self::Good { .. } => None,
            Self::Missing => Some("nothing says who asked for its pods".to_owned()),
            Self::Broken {
                reason: Some(reason), ..
            } => Some(format!("its stamp proves nothing, {reason}")),
            Self::Broken { reason: None, .. } => {
                Some("its stamp proves nothing, there is no key to check it with".to_owned())
            }
        }
    }
}
