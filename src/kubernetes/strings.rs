//! Strings and string maps read from a review without copying what stands there unescaped.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};

use crate::kubernetes::bounds::PAIRS;

/// A JSON string: a slice of the body, or its own copy where escapes had to be resolved
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Text<'a>(Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Borrowing;
        impl<'de> Visitor<'de> for Borrowing {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Borrowing)
    }
}

/// An object whose values are strings, such as labels and annotations; a key given twice is refused
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pairs<'a>(Vec<(Text<'a>, Text<'a>)>);

impl<'a> Pairs<'a> {
    /// The value of a key
    pub fn value(&self, key: &str) -> Option<&str> {
        let at = self
            .0
            .binary_search_by(|(candidate, _)| (**candidate).cmp(key))
            .ok()?;
        self.0.get(at).map(|(_, value)| &**value)
    }

    /// All pairs, sorted by key
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (&**key, &**value))
    }

    /// How many pairs there are
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no pair at all
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// These pairs with others beside them, which replace what has the same key or else stand back
    pub fn with(&self, others: impl IntoIterator<Item = (&'a str, &'a str)>, replace: bool) -> Self {
        let mut pairs = self.0.clone();
        for (key, value) in others {
            let value = Text(Cow::Borrowed(value));
            match pairs.binary_search_by(|(candidate, _)| (**candidate).cmp(key)) {
                Err(at) => pairs.insert(at, (Text(Cow::Borrowed(key)), value)),
                Ok(at) => {
                    if let (Some((_, there)), true) = (pairs.get_mut(at), replace) {
                        *there = value;
                    }
                }
            }
        }
        Self(pairs)
    }

    /// Sorts the pairs, or gives back a key that stands there twice
    fn sorted(mut pairs: Vec<(Text<'a>, Text<'a>)>) -> Result<Self, String> {
        // The API server writes maps in the order of their keys, so that nothing has to be moved
        pairs.sort_by(|(one, _), (other, _)| one.cmp(other));
        let twice = pairs
            .iter()
            .zip(pairs.iter().skip(1))
            .find(|((one, _), (other, _))| one == other);
        match twice {
            Some(((key, _), _)) => Err(key.to_string()),
            None => Ok(Self(pairs)),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        pairs::<PAIRS, D>(deserializer)
    }
}

/// Reads an object of strings that has at most this many
pub(crate) fn pairs<'de, const MOST: usize, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Pairs<'de>, D::Error> {
    struct Strings<const MOST: usize>;
    impl<'de, const MOST: usize> Visitor<'de> for Strings<MOST> {
        type Value = Pairs<'de>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object of strings")
        }
        fn visit_unit<E: de::Error>(self) -> Result<Pairs<'de>, E> {
            Ok(Pairs::default())
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<'de>, A::Error> {
            let mut pairs = Vec::new();
            while let Some(pair) = map.next_entry()? {
                if pairs.len() >= MOST {
                    return Err(de::Error::custom(format_args!(
                        "an object has more than {MOST} fields"
                    )));
                }
                pairs.push(pair);
            }
            Pairs::sorted(pairs).map_err(|key| de::Error::custom(format_args!("key `{key}` is given twice")))
        }
    }
    deserializer.deserialize_any(Strings::<MOST>)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Result<Pairs<'_>, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn plain_strings_are_borrowed_and_escaped_ones_are_resolved() {
        let plain: Text<'_> = serde_json::from_str(r#""env:test""#).unwrap();
        let escaped: Text<'_> = serde_json::from_str(r#""\u0065nv\u003atest""#).unwrap();
        assert!(matches!(plain.0, Cow::Borrowed(_)) && matches!(escaped.0, Cow::Owned(_)));
        assert_eq!(plain, escaped);
    }

    #[test]
    fn values_are_found_in_any_order_of_keys() {
        let map = pairs(r#"{"b": "2", "a": "1", "\u0063": "3"}"#).unwrap();
        assert_eq!(
            (map.value("a"), map.value("b"), map.value("c"), map.value("d")),
            (Some("1"), Some("2"), Some("3"), None)
        );
        assert_eq!(map.iter().map(|(key, _)| key).collect::<String>(), "abc");
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        assert!(
            pairs(r#"{"a": "1", "b": "2", "a": "3"}"#)
                .unwrap_err()
                .starts_with("key `a` is given twice")
        );
        assert!(
            pairs(r#"{"a": "1", "\u0061": "3"}"#)
                .unwrap_err()
                .starts_with("key `a` is given twice")
        );
        assert!(
            pairs(r#"{"a": 1}"#)
                .unwrap_err()
                .starts_with("invalid type: integer `1`, expected a string")
        );
        assert!(pairs("[]").unwrap_err().contains("expected an object of strings"));
        assert!(pairs("null").unwrap().is_empty());
    }
}
