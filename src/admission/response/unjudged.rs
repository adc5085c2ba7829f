//! The response to a request that ramgate could not judge.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::admission::Webhook;
use crate::admission::outcome::decision::Decision;
use crate::admission::outcome::mode::Mode;
use crate::admission::response::admission_response::{AdmissionResponse, Status};

/// The response without an evaluation: the review is unreadable, or the server cannot evaluate it now
///
/// Mode enforce denies what nobody judged. The other modes deny nothing, and say what mode enforce would have done.
pub fn unjudged(webhook: Webhook, uid: &str, mode: Mode, code: u16, message: &str) -> Vec<u8> {
    let decision = match mode {
        Mode::Enforce => Decision::Deny,
        Mode::Warn => Decision::Warn,
        Mode::Audit => Decision::Audit,
    };
    let status = (!decision.passes()).then_some(Status {
        code,
        message,
        name: "",
        causes: &[],
    });
    let warning = (decision == Decision::Warn).then(|| softened(mode, message));
    AdmissionResponse {
        uid,
        allowed: decision.passes(),
        status,
        patch: None,
        audit: audit(webhook, decision, mode, message),
        warnings: warning.as_slice(),
    }
    .into_json()
}

/// The warning in place of a denial
pub(super) fn softened(mode: Mode, message: &str) -> String {
    format!("ramgate in mode {mode}, in mode enforce this would be denied: {message}")
}

/// The audit annotations; of the mutating webhook only if its response ends the request
fn audit(
    webhook: Webhook,
    decision: Decision,
    mode: Mode,
    message: &str,
) -> BTreeMap<&'static str, Cow<'_, str>> {
    if webhook == Webhook::Mutating && decision.passes() {
        return BTreeMap::new();
    }
    BTreeMap::from([
        ("decision", decision.name().into()),
        ("mode", mode.name().into()),
        ("message", message.into()),
    ])
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn response(webhook: Webhook, mode: Mode) -> Value {
        let body = unjudged(webhook, "u-1", mode, 429, "ramgate is overloaded");
        serde_json::from_slice::<Value>(&body).unwrap()["response"].clone()
    }

    #[test]
    fn only_mode_enforce_denies_what_nobody_judged() {
        let denied = json!({"uid": "u-1", "allowed": false,
            "status": {"status": "Failure", "message": "ramgate is overloaded", "reason": "TooManyRequests", "code": 429},
            "auditAnnotations": {"decision": "deny", "mode": "enforce", "message": "ramgate is overloaded"}});
        for webhook in [Webhook::Mutating, Webhook::Validating] {
            assert_eq!(response(webhook, Mode::Enforce), denied);
        }
        let warning =
            json!(["ramgate in mode warn, in mode enforce this would be denied: ramgate is overloaded"]);
        assert_eq!(
            response(Webhook::Mutating, Mode::Warn),
            json!({"uid": "u-1", "allowed": true, "warnings": warning})
        );
        let recorded =
            |mode: &str| json!({"decision": mode, "mode": mode, "message": "ramgate is overloaded"});
        assert_eq!(
            response(Webhook::Validating, Mode::Warn),
            json!({"uid": "u-1", "allowed": true, "warnings": warning, "auditAnnotations": recorded("warn")})
        );
        assert_eq!(
            response(Webhook::Validating, Mode::Audit),
            json!({"uid": "u-1", "allowed": true, "auditAnnotations": recorded("audit")})
        );
    }
}
