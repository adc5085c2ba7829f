//! Reads only the uid of a review.
//!
//! A denial needs the request's uid, or the API server does not understand it. The API server writes the uid near the
//! start of the body, so it can be read from the first bytes, before the rest or instead of it.

use std::borrow::Cow;
use std::fmt;

use crate::admission::response::admission_response::MAX_UID;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

/// How many bytes at a body's start are searched for the uid
pub(super) const SEARCHED_BYTES: usize = 4096;

/// The value of `request.uid` in a body that may be cut off or malformed after it
///
/// ```text
/// {"request":{"uid":"u-1","object":{"metad -> u-1
/// {"request":{"uid":7}}                    -> None
/// ```
pub(crate) fn read(body: &[u8]) -> Option<String> {
    let mut found = None;
    let search = UidSearch {
        path: &["request", "uid"],
        found: &mut found,
    };
    // Ends with an error as soon as the uid is found, and with another if the text is no JSON before that
    let _ended = search.deserialize(&mut serde_json::Deserializer::from_slice(body));
    found.filter(|uid| uid.len() <= MAX_UID)
}

/// Follows the path of keys to the uid
///
/// The uid leaves through `found`, since a value that is returned is lost when the text behind it is malformed.
struct UidSearch<'a> {
    path: &'a [&'static str],
    found: &'a mut Option<String>,
}

impl<'de> DeserializeSeed<'de> for UidSearch<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.path.is_empty() {
            deserializer.deserialize_str(self)
        } else {
            deserializer.deserialize_map(self)
        }
    }
}

impl<'de> Visitor<'de> for UidSearch<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an AdmissionReview")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        *self.found = Some(text.to_owned());
        Err(E::custom("found"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Some((wanted, rest)) = self.path.split_first() else {
            return Ok(());
        };
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            if key == *wanted {
                map.next_value_seed(UidSearch {
                    path: rest,
                    found: &mut *self.found,
                })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_uid_is_found_anywhere_in_the_request() {
        for body in [
            r#"{"kind":"AdmissionReview","request":{"uid":"u-1","object":{"uid":"no"}}}"#,
            r#"{"uid":"no","request":{"object":{"uid":"no"},"uid":"u-1"}}"#,
            r#"{"request":{"uid":"u-1","object":{"metad"#,
            r#"{"request":{"uid":"u\u002d1"} trailing"#,
        ] {
            assert_eq!(read(body.as_bytes()).as_deref(), Some("u-1"), "{body}");
        }
    }

    #[test]
    fn a_body_without_a_readable_uid_has_none() {
        let long = format!(r#"{{"request":{{"uid":"{}"}}}}"#, "x".repeat(MAX_UID + 1));
        for body in [
            "",
            "{",
            "null",
            "[]",
            r#"{"request":"uid"}"#,
            r#"{"request":{"uid":7}}"#,
            long.as_str(),
        ] {
            assert_eq!(read(body.as_bytes()), None, "{body}");
        }
    }
}
