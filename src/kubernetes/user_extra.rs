//! The extra information about a requester: what their authenticator says beside name and groups.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::kubernetes::borrowed_text::Text;

/// The longest text that is read; authenticators write some hundred bytes
const MAX_EXTRA: usize = 64 * 1024;

/// The field `extra` of a requester, read only when a configuration trusts it
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct UserExtra<'a>(Option<&'a RawValue>);

impl<'a> UserExtra<'a> {
    /// No extra information
    pub(crate) const NONE: Self = Self(None);

    /// The field as it was sent
    pub(crate) fn new(json: Option<&'a RawValue>) -> Self {
        Self(json)
    }

    /// All values of a key, which is compared without ASCII case, because the API server writes the keys of an
    /// impersonated user in lower case; none if the field is malformed or too long
    pub(crate) fn values(self, key: &str) -> Vec<String> {
        let json = self.0.map(RawValue::get).filter(|json| json.len() <= MAX_EXTRA);
        let entries =
            json.and_then(|json| serde_json::from_str::<BTreeMap<Text<'_>, Vec<Text<'_>>>>(json).ok());
        let entries = entries.unwrap_or_default().into_iter();
        entries
            .filter(|(each, _)| each.eq_ignore_ascii_case(key))
            .flat_map(|(_, values)| values)
            .map(|value| value.to_string())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(json: &str) -> Vec<String> {
        let json: Box<RawValue> = serde_json::from_str(json).unwrap();
        UserExtra::new(Some(&json)).values("canonicalArn")
    }

    #[test]
    fn keys_are_compared_without_case() {
        assert_eq!(
            values(r#"{"canonicalarn": ["a", "b"], "CanonicalArn": ["c"], "arn": ["d"]}"#),
            ["c", "a", "b"]
        );
        assert!(UserExtra::NONE.values("canonicalArn").is_empty());
    }

    #[test]
    fn what_cannot_be_read_says_nothing() {
        let with = |bytes: usize| values(&format!(r#"{{"canonicalArn": ["{}"]}}"#, "a".repeat(bytes)));
        let frame = r#"{"canonicalArn": [""]}"#.len();
        assert_eq!(with(MAX_EXTRA - frame).len(), 1);
        assert!(with(MAX_EXTRA - frame + 1).is_empty());
        for malformed in [
            "null",
            "[]",
            r#"{"canonicalArn": "a"}"#,
            r#"{"canonicalArn": [1]}"#,
            "7",
        ] {
            assert!(values(malformed).is_empty(), "{malformed}");
        }
    }
}
