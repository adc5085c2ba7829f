//! Why a call has no answer that counts.

use std::fmt;
use std::time::Duration;

use crate::wording::cut;

/// The longest text of a service that a message repeats, in bytes
const MAX_TEXT: usize = 300;

/// The codes with which services throttle begin so
const THROTTLING: &str = "Throttling";

/// A call that failed
#[derive(Debug, thiserror::Error)]
#[error("{call}: {fault}")]
pub(crate) struct CloudError {
    /// The service and operation, such as `ram ListUsers`
    pub(crate) call: String,
    /// What is wrong
    #[source]
    pub(crate) fault: CloudFault,
}

/// What is wrong with a call
#[derive(Debug, thiserror::Error)]
pub(crate) enum CloudFault {
    /// No answer came
    #[error("{0}")]
    Unreachable(String),
    /// All the time is used up
    #[error("no time is left of the {} s of --deadline", .0.as_secs())]
    Deadline(Duration),
    /// The service refuses
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// An answer that is none of this API
    #[error("{0}")]
    Unreadable(String),
    /// A list that does not end as it says
    #[error("half an answer: {0}")]
    Half(String),
    /// STS gives no token of the role
    #[error("no token of the role (sts AssumeRoleWithOIDC): {0}")]
    Token(#[source] Box<CloudFault>),
    /// There are no credentials
    #[error("{0}")]
    Credentials(String),
}

/// The error that a service answers with
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) struct Refusal {
    /// The HTTP status
    pub(crate) status: u16,
    /// The service's code
    pub(crate) code: String,
    /// The service's message; empty where it repeats the request
    pub(crate) message: String,
    /// The service's number of the request
    pub(crate) request_id: String,
}

impl CloudFault {
    /// Whether the same call may succeed a little later
    pub(super) fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            Self::Token(fault) => fault.is_transient(),
            Self::Refused(refusal) => refusal.is_throttling() || refusal.status >= 500,
            Self::Deadline(_) | Self::Unreadable(_) | Self::Half(_) | Self::Credentials(_) => false,
        }
    }

    /// Whether the token of the request has expired
    pub(super) fn is_expiry(&self) -> bool {
        let Self::Refused(refusal) = self else {
            return false;
        };
        matches!(
            refusal.code.as_str(),
            "InvalidSecurityToken.Expired" | "SecurityTokenExpired"
        )
    }

    /// The error of a call
    pub(super) fn of(self, call: &str) -> CloudError {
        CloudError {
            call: call.to_owned(),
            fault: self,
        }
    }
}

impl Refusal {
    /// A refusal; a message about a signature is left out, because it repeats what was signed, a token included
    pub(super) fn new(status: u16, code: &str, message: &str, request_id: &str) -> Self {
        let is_about_signature = code.contains("Signature");
        let message = if is_about_signature { "" } else { message };
        Self {
            status,
            code: one_line(code),
            message: one_line(message),
            request_id: one_line(request_id),
        }
    }

    fn is_throttling(&self) -> bool {
        self.status == 429 || self.code.starts_with(THROTTLING)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` (HTTP {})", self.code, self.status)?;
        if !self.message.is_empty() {
            write!(f, ": {}", self.message)?;
        }
        if self.request_id.is_empty() {
            return Ok(());
        }
        write!(f, ", RequestId {}", self.request_id)
    }
}

/// Text from outside for one line of a log
pub(super) fn one_line(text: &str) -> String {
    let printable: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    cut(&printable, MAX_TEXT).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_of_a_signature_repeats_nothing_that_was_signed() {
        let refusal = Refusal::new(
            400,
            "SignatureDoesNotMatch",
            "server string: x-acs-security-token:CAIS",
            "R-1",
        );
        assert_eq!(
            refusal.to_string(),
            "`SignatureDoesNotMatch` (HTTP 400), RequestId R-1"
        );
    }

    #[test]
    fn texts_from_outside_are_one_bounded_line() {
        let refusal = Refusal::new(403, "NoPermission", &"a\n".repeat(1000), "");
        let text = refusal.to_string();
        assert!(text.len() < 400 && !text.contains('\n'), "{text}");
    }

    #[test]
    fn throttling_and_outages_pass_by_and_refusals_do_not() {
        let refused = |status, code| CloudFault::from(Refusal::new(status, code, "", ""));
        assert!(refused(400, "Throttling.User").is_transient());
        assert!(refused(429, "TooMany").is_transient());
        assert!(refused(503, "ServiceUnavailable").is_transient());
        assert!(!refused(403, "NoPermission").is_transient());
        assert!(!refused(200, "NoPermission").is_transient());
        assert!(refused(403, "InvalidSecurityToken.Expired").is_expiry());
        assert!(!CloudFault::Half("x".to_owned()).is_transient());
    }
}
