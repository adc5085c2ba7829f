//! The causes of a denial as the log keeps them: a JSON array, without the texts that the denial itself has.

use std::borrow::Cow;

use serde::Serialize;

use crate::admission::Cause;
use crate::telemetry::clip::{NAME, TEXT, clipped};

/// All causes together, as JSON
const CAUSES: usize = 2048;

#[derive(Serialize)]
struct LoggedCause<'a> {
    reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<Cow<'a, str>>,
    /// Absent if the denial says it
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Cow<'a, str>>,
}

/// The causes as JSON, at most 2,048 bytes: too long ones lose the ends of their texts, then the last causes
///
/// ```text
/// denial  tag `env` must be `test` … Other causes: MissingStamp
/// causes  [{"reason":"ImplicitDeny","field":"metadata.annotations…"},{"reason":"MissingStamp","message":"…"}]
/// ```
pub(super) fn logged_causes(causes: &[Cause], denial: Option<&str>) -> Option<String> {
    let denial = clipped(denial.unwrap_or_default(), TEXT);
    let mut logged: Vec<LoggedCause<'_>> = causes
        .iter()
        .enumerate()
        .map(|(index, cause)| LoggedCause {
            reason: &cause.reason,
            field: cause.field.as_deref().map(|field| clipped(field, NAME)),
            // The denial is the sentence about the first cause
            message: (index > 0 && !denial.contains(&cause.message)).then(|| Cow::Borrowed(&*cause.message)),
        })
        .collect();
    let whole = json(&logged)?;
    if whole.len() <= CAUSES {
        return (!logged.is_empty()).then_some(whole);
    }
    for cause in &mut logged {
        let message = cause.message.take();
        cause.message = message.map(|text| Cow::Owned(clipped(&text, NAME).into_owned()));
    }
    while !logged.is_empty() {
        let shorter = json(&logged)?;
        if shorter.len() <= CAUSES {
            return Some(shorter);
        }
        logged.pop();
    }
    None
}

fn json(causes: &[LoggedCause<'_>]) -> Option<String> {
    serde_json::to_string(causes).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn cause(reason: &str, message: &str) -> Cause {
        Cause {
            reason: reason.to_owned(),
            message: message.to_owned(),
            field: None,
        }
    }

    fn read(json: Option<String>) -> Value {
        serde_json::from_str(&json.unwrap()).unwrap()
    }

    #[test]
    fn what_the_denial_says_is_not_said_again() {
        let mut fix = cause("Fix", "k8s.aliyun.com/eci-custom-tags: \"env:test\"");
        fix.field = Some("metadata.annotations".to_owned());
        let causes = [
            cause("ImplicitDeny", "tag `env` must be `test`; AuthAction: …"),
            cause("MissingStamp", "it has no stamp"),
            fix,
        ];
        let denial = "tag `env` must be `test`, write:\nk8s.aliyun.com/eci-custom-tags: \"env:test\"";
        assert_eq!(
            read(logged_causes(&causes, Some(denial))),
            json!([
                {"reason": "ImplicitDeny"},
                {"reason": "MissingStamp", "message": "it has no stamp"},
                {"reason": "Fix", "field": "metadata.annotations"},
            ])
        );
        assert_eq!(logged_causes(&[], None), None);
    }

    #[test]
    fn causes_stay_json() {
        let many = vec![cause("A", &"\"".repeat(10_000)); 30];
        let cut = logged_causes(&many, None).unwrap();
        assert!(cut.len() <= CAUSES);
        let kept = read(Some(cut));
        assert!(
            kept.as_array().unwrap().len() > 1 && kept[0]["reason"] == "A",
            "{kept}"
        );
    }
}
