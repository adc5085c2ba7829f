//! The uid of a review, read as cheaply as can be.
//!
//! A denial is only understood with the request's uid in it. The API server writes it near the start of the body,
//! so it can be had from the first bytes, before (or instead of) reading the rest.

use std::borrow::Cow;
use std::fmt;

use crate::admission::response::admission_response::MAX_UID;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

/// How much of a body's start is kept to find the uid in
pub(super) const HEAD: usize = 4096;

/// The value of `request.uid` in a body that may be cut off or malformed behind it
pub(crate) fn read(body: &[u8]) -> Option<String> {
    let mut found = None;
    let seek = Seek {
        path: &["request", "uid"],
        found: &mut found,
    };
    // Ends with an error as soon as the uid is found, and with another if the text is no JSON before that
    let _ended = seek.deserialize(&mut serde_json::Deserializer::from_slice(body));
    found.filter(|uid| uid.len() <= MAX_UID)
}

struct Seek<'a> {
    path: &'a [&'static str],
    found: &'a mut Option<String>,
}

impl<'de> DeserializeSeed<'de> for Seek<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.path.is_empty() {
            deserializer.deserialize_str(self)
        } else {
            deserializer.deserialize_map(self)
        }
    }
}

impl<'de> Visitor<'de> for Seek<'_> {
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
                map.next_value_seed(Seek {
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
    fn the_uid_is_found_wherever_it_stands() {
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
    fn what_has_no_readable_uid_has_none() {
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
