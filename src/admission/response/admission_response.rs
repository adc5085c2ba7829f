//! The AdmissionReview response as JSON, with its texts cut to the limits of the API server.

use std::borrow::Cow;
use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use serde::Serialize;

use crate::admission::outcome::cause::Cause;
use crate::wording::fitted;

/// The longest message; an Event keeps 1,024 bytes, of which its writer uses some
pub const MAX_MESSAGE: usize = 1000;

/// The longest warning that the API server passes on whole, in bytes
pub const MAX_WARNING: usize = 256;

/// The most warnings and causes of a response; the API server drops warnings beyond 4,096 bytes together
const MAX_WARNINGS: usize = 12;
const MAX_CAUSES: usize = 20;

/// The longest uid that is echoed; that of an API server has 36 bytes
pub(crate) const MAX_UID: usize = 128;

/// The longest name that is echoed: one of Kubernetes has 253 bytes
pub(crate) const MAX_NAME: usize = 256;

/// The longest fix, which users copy, so it must be whole: twenty tags of the usual length
const MAX_FIX: usize = 4096;

/// A response before it is serialized
#[derive(Clone, Debug, Default)]
pub(crate) struct AdmissionResponse<'a> {
    /// The review's identifier
    pub uid: &'a str,
    /// Whether the request is allowed
    pub allowed: bool,
    /// The denial
    pub status: Option<Status<'a>>,
    /// The JSON patch
    pub patch: Option<Vec<u8>>,
    /// The annotations for the audit log
    pub audit: BTreeMap<&'static str, Cow<'a, str>>,
    /// The warnings to the requester
    pub warnings: &'a [String],
}

/// A denial in the form of Kubernetes
#[derive(Clone, Debug)]
pub(crate) struct Status<'a> {
    /// The HTTP code
    pub code: u16,
    /// The sentence
    pub message: &'a str,
    /// The object's name
    pub name: &'a str,
    /// The reasons against the request
    pub causes: &'a [Cause],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a> {
    api_version: &'static str,
    kind: &'static str,
    response: Response<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Response<'a> {
    uid: &'a str,
    allowed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<WireStatus<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch: Option<ByteString>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch_type: Option<&'static str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    audit_annotations: BTreeMap<&'static str, Cow<'a, str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct WireStatus<'a> {
    status: &'static str,
    message: Cow<'a, str>,
    reason: &'static str,
    code: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<Details<'a>>,
}

#[derive(Serialize)]
struct Details<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    name: Cow<'a, str>,
    kind: &'static str,
    causes: Vec<WireCause<'a>>,
}

#[derive(Serialize)]
struct WireCause<'a> {
    reason: Cow<'a, str>,
    message: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<Cow<'a, str>>,
}

impl AdmissionResponse<'_> {
    /// The response as JSON
    pub(crate) fn into_json(self) -> Vec<u8> {
        let status = self.status.map(|status| WireStatus {
            status: "Failure",
            message: fitted(status.message, MAX_MESSAGE),
            reason: reason(status.code),
            code: status.code,
            details: (!status.causes.is_empty()).then(|| Details {
                name: fitted(status.name, MAX_NAME),
                kind: "pods",
                causes: status.causes.iter().take(MAX_CAUSES).map(cut).collect(),
            }),
        });
        let audit = self.audit.into_iter().map(|(key, value)| {
            let longest = if key == "fix" { MAX_FIX } else { MAX_MESSAGE };
            let value = match value {
                Cow::Borrowed(value) => fitted(value, longest),
                Cow::Owned(value) if value.len() <= longest => value.into(),
                Cow::Owned(value) => fitted(&value, longest).into_owned().into(),
            };
            (key, value)
        });
        let response = Response {
            uid: echoed(self.uid),
            allowed: self.allowed,
            status,
            patch_type: self.patch.as_ref().map(|_| "JSONPatch"),
            patch: self.patch.map(ByteString),
            audit_annotations: audit.collect(),
            warnings: self
                .warnings
                .iter()
                .flat_map(|text| warnings(text))
                .take(MAX_WARNINGS)
                .collect(),
        };
        let envelope = Envelope {
            api_version: "admission.k8s.io/v1",
            kind: "AdmissionReview",
            response,
        };
        // Strings and numbers always serialize; an empty body is a failed call, and so a denial
        serde_json::to_vec(&envelope).unwrap_or_default()
    }
}

/// The uid of the response; empty if it is longer than any API server's
pub(crate) fn echoed(uid: &str) -> &str {
    if uid.len() > MAX_UID { "" } else { uid }
}

fn cut(cause: &Cause) -> WireCause<'_> {
    WireCause {
        reason: fitted(&cause.reason, MAX_NAME),
        message: fitted(&cause.message, MAX_FIX),
        field: cause.field.as_deref().map(|field| fitted(field, MAX_NAME)),
    }
}

/// Kubernetes' reason for an HTTP code
fn reason(code: u16) -> &'static str {
    match code {
        400 => "BadRequest",
        403 => "Forbidden",
        413 => "RequestEntityTooLarge",
        429 => "TooManyRequests",
        503 => "ServiceUnavailable",
        504 => "Timeout",
        _ => "InternalError",
    }
}

/// Splits a text into warnings of the length that the API server passes on, between words if possible
///
/// Each line is a warning of its own, so that one that is to be pasted stays whole.
pub(crate) fn warnings(text: &str) -> Vec<String> {
    text.lines().flat_map(line_warnings).collect()
}

fn line_warnings(text: &str) -> Vec<String> {
    let clean: Cow<'_, str> = if text.contains(char::is_control) {
        text.replace(char::is_control, "?").into()
    } else {
        text.into()
    };
    let mut parts = vec![String::new()];
    for word in clean.split_inclusive(' ') {
        // A word that fits into no warning of its own is cut
        let word = if word.len() > MAX_WARNING {
            fitted(word, MAX_WARNING)
        } else {
            Cow::Borrowed(word)
        };
        match parts.last_mut() {
            Some(part) if part.len().saturating_add(word.trim_end().len()) <= MAX_WARNING => {
                part.push_str(&word)
            }
            _ => parts.push(word.into_owned()),
        }
    }
    parts
        .iter()
        .map(|part| part.trim_end().to_owned())
        .filter(|part| !part.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_warnings_are_cut_between_words() {
        let text = "word ".repeat(120);
        let parts = warnings(&text);
        assert!(parts.len() == 3 && parts.iter().all(|part| part.len() <= MAX_WARNING));
        assert_eq!(parts.join(" "), text.trim_end());
        assert_eq!(warnings("one line"), ["one line"]);
        assert_eq!(warnings("a\tb\u{7f}"), ["a?b?"]);
        assert_eq!(warnings("one line\nanother"), ["one line", "another"]);
        assert_eq!(warnings(""), [""; 0]);
    }

    #[test]
    fn a_word_longer_than_a_warning_is_cut_between_characters() {
        let parts = warnings(&format!("name {} end", "ü".repeat(200)));
        assert!(parts.iter().all(|part| part.len() <= MAX_WARNING), "{parts:?}");
        assert_eq!(
            (parts[0].as_str(), parts.last().unwrap().as_str()),
            ("name", "end")
        );
    }
}
