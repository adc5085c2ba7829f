//! Reads only the head of a review: what an answer needs when the rest was not read or not judged.
//!
//! An answer needs the request's uid, or the API server does not understand it, and the namespace, whose mode decides
//! what becomes of a request that nobody judged. The API server writes them near the start of the body, before the
//! objects, so they can be read from the first bytes, before the rest or instead of it.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use crate::admission::response::admission_response::MAX_UID;
use crate::kubernetes::eci_profile;

/// How many bytes at a body's start hold the head: four names of API groups, a name and a namespace
pub(super) const SEARCHED_BYTES: usize = 4096;

/// The longest name of a namespace, in bytes, with much room: the API server takes 63
const MAX_NAMESPACE: usize = 253;

/// What a review says of its request before its objects
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestHead {
    /// The identifier that the response must repeat
    pub uid: String,
    /// The object's namespace; empty for a cluster-scoped object
    pub namespace: String,
    /// Whether the object is a ConfigMap, and which
    pub config_map: Option<ReviewedConfigMap>,
}

/// The ConfigMaps that are reviewed
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReviewedConfigMap {
    /// ACK's eci-profile
    EciProfile,
    /// One of ramgate's own
    Own,
}

impl RequestHead {
    /// The head of a body that may be cut off or malformed after it; `None` if there is none, or not all of it
    ///
    /// ```text
    /// {"request":{"uid":"u-1","resource":{…},"namespace":"shop","operation":"CREATE","object":{"metad -> u-1, shop
    /// {"request":{"uid":"u-1","resource":{…},"operation":"CREATE","object":{}}}                       -> u-1, no namespace
    /// {"request":{"uid":"u-1","resource":{…},"names                                                   -> None
    /// ```
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        let mut found = Found::default();
        let search = Search {
            is_request: false,
            found: &mut found,
        };
        // Ends with an error as soon as the head is complete, and with another if the text is no JSON before that
        let _ended = search.deserialize(&mut serde_json::Deserializer::from_slice(body));
        found.into_head()
    }
}

/// The namespace of the objects that a SubjectAccessReview asks about; `None` if it names none before it breaks off
pub(crate) fn read_namespace(body: &[u8]) -> Option<String> {
    let mut found = None;
    let search = TextSearch {
        path: &["spec", "resourceAttributes", "namespace"],
        found: &mut found,
    };
    // Ends with an error as soon as the text is found
    let _ended = search.deserialize(&mut serde_json::Deserializer::from_slice(body));
    found.filter(|namespace| (1..=MAX_NAMESPACE).contains(&namespace.len()))
}

/// The parts of the head that were found
#[derive(Default)]
struct Found {
    uid: Option<String>,
    resource: Option<GroupResource>,
    name: String,
    namespace: String,
    /// The API server writes it behind the name and the namespace, which objects need not have
    has_operation: bool,
}

#[derive(Deserialize)]
struct GroupResource {
    #[serde(default)]
    group: String,
    #[serde(default)]
    resource: String,
}

impl Found {
    fn is_complete(&self) -> bool {
        self.has_operation && self.uid.is_some() && self.resource.is_some()
    }

    fn into_head(self) -> Option<RequestHead> {
        if !self.is_complete() {
            return None;
        }
        let resource = self.resource?;
        let is_config_map = resource.group.is_empty() && resource.resource == "configmaps";
        let is_profile =
            (self.namespace.as_str(), self.name.as_str()) == (eci_profile::NAMESPACE, eci_profile::NAME);
        let config_map = is_config_map.then_some(if is_profile {
            ReviewedConfigMap::EciProfile
        } else {
            ReviewedConfigMap::Own
        });
        let uid = self.uid.filter(|uid| (1..=MAX_UID).contains(&uid.len()))?;
        (self.namespace.len() <= MAX_NAMESPACE).then_some(RequestHead {
            uid,
            namespace: self.namespace,
            config_map,
        })
    }
}

/// Follows the key `request`, then the keys of the head
///
/// The parts leave through `found`, since a value that is returned is lost when the text behind it is malformed.
struct Search<'a> {
    is_request: bool,
    found: &'a mut Found,
}

impl<'de> DeserializeSeed<'de> for Search<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Search<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an AdmissionReview")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            if self.is_request {
                self.found.read_field(&key, &mut map)?;
            } else if key == "request" {
                map.next_value_seed(Search {
                    is_request: true,
                    found: &mut *self.found,
                })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

impl Found {
    /// Reads the value of a field of the request
    ///
    /// # Errors
    /// The value is malformed, or the head is complete.
    fn read_field<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        let text = |text: Option<String>| text.unwrap_or_default();
        match key {
            "uid" => self.uid = Some(map.next_value()?),
            "resource" => self.resource = Some(map.next_value()?),
            "name" => self.name = text(map.next_value()?),
            "namespace" => self.namespace = text(map.next_value()?),
            "operation" => {
                map.next_value::<IgnoredAny>()?;
                self.has_operation = true;
            }
            _ => _ = map.next_value::<IgnoredAny>()?,
        }
        if self.is_complete() {
            return Err(A::Error::custom("found"));
        }
        Ok(())
    }
}

/// Follows a path of keys to a text
struct TextSearch<'a> {
    path: &'a [&'static str],
    found: &'a mut Option<String>,
}

impl<'de> DeserializeSeed<'de> for TextSearch<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.path.is_empty() {
            deserializer.deserialize_str(self)
        } else {
            deserializer.deserialize_map(self)
        }
    }
}

impl<'de> Visitor<'de> for TextSearch<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a SubjectAccessReview")
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
                map.next_value_seed(TextSearch {
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

    const START: &str = r#"{"kind":"AdmissionReview","request":{"uid":"u-1","kind":{"kind":"Pod"},"resource":{"group":"","resource":"pods"},"#;

    fn read(rest: &str) -> Option<(String, String)> {
        let head = RequestHead::read(format!("{START}{rest}").as_bytes())?;
        Some((head.uid, head.namespace))
    }

    fn found(namespace: &str) -> Option<(String, String)> {
        Some(("u-1".to_owned(), namespace.to_owned()))
    }

    #[test]
    fn the_head_is_read_whatever_follows_it() {
        let rest = r#""name":"web","namespace":"shop","operation":"CREATE","#;
        for end in [
            "",
            r#""object":{"metad"#,
            r#""object":{"uid":"no","namespace":"no"}}}"#,
            "]",
        ] {
            assert_eq!(read(&format!("{rest}{end}")), found("shop"), "{end}");
        }
        assert_eq!(read(r#""operation":"CONNECT"}}"#), found(""), "in no namespace");
        assert_eq!(read(r#""namespace":null,"operation":"CREATE""#), found(""));
        let sorted = r#"{"request":{"namespace":"shop","operation":"CREATE","resource":{"resource":"pods"},"uid":"u\u002d1"} x"#;
        assert_eq!(
            RequestHead::read(sorted.as_bytes()).map(|head| (head.uid, head.namespace)),
            found("shop")
        );
    }

    #[test]
    fn a_head_that_is_cut_off_or_malformed_says_nothing() {
        for rest in [
            "",
            r#""name":"web","names"#,
            r#""namespace":"shop""#,
            r#""namespace":7,"operation":"CREATE"}}"#,
            r#""resource":7,"operation":"CREATE"}}"#,
        ] {
            assert_eq!(read(rest), None, "{rest}");
        }
        let long = |uid: usize, namespace: usize| {
            let (uid, namespace) = ("u".repeat(uid), "n".repeat(namespace));
            let text = format!(
                r#"{{"request":{{"uid":"{uid}","resource":{{}},"namespace":"{namespace}","operation":""}}}}"#
            );
            RequestHead::read(text.as_bytes()).is_some()
        };
        assert!(long(1, 0) && long(MAX_UID, MAX_NAMESPACE));
        assert!(!long(0, 0) && !long(MAX_UID + 1, 0) && !long(1, MAX_NAMESPACE + 1));
        for body in ["", "{", "null", "[]", r#"{"request":"uid"}"#] {
            assert_eq!(RequestHead::read(body.as_bytes()), None, "{body}");
        }
    }

    #[test]
    fn config_maps_are_told_apart() {
        let read = |namespace: &str, name: &str, group: &str| {
            let text = format!(
                r#"{{"request":{{"uid":"u","resource":{{"group":"{group}","resource":"configmaps"}},"name":"{name}","namespace":"{namespace}","operation":"UPDATE""#
            );
            RequestHead::read(text.as_bytes()).unwrap().config_map
        };
        let profile = (eci_profile::NAMESPACE, eci_profile::NAME);
        assert_eq!(
            read(profile.0, profile.1, ""),
            Some(ReviewedConfigMap::EciProfile)
        );
        assert_eq!(
            read("ramgate-system", profile.1, ""),
            Some(ReviewedConfigMap::Own)
        );
        assert_eq!(read(profile.0, profile.1, "example.com"), None);
    }

    #[test]
    fn the_namespace_of_a_read_is_found_wherever_it_stands() {
        let start = r#"{"kind":"SubjectAccessReview","spec":{"resourceAttributes":{"#;
        for (rest, found) in [
            (r#""namespace":"shop","verb":"get"}}}"#, Some("shop")),
            (r#""verb":"get","namespace":"shop","#, Some("shop")),
            (r#""verb":"get"},"user":"a"}}"#, None),
            (r#""namespace":"","verb":"get"}}}"#, None),
            (r#""namespace":7}}}"#, None),
            ("", None),
        ] {
            let body = format!("{start}{rest}");
            assert_eq!(read_namespace(body.as_bytes()).as_deref(), found, "{body}");
        }
    }
}
