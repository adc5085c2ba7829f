//! A map of strings, such as labels and annotations.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};

use crate::kubernetes::borrowed_text::Text;
use crate::kubernetes::limits::MAX_PAIRS;

/// A JSON object of strings, such as labels and annotations; a duplicate key is an error
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StringMap<'a>(Vec<(Text<'a>, Text<'a>)>);

/// What to do with a value for a key that is there already
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnConflict {
    /// Keep the existing value
    Keep,
    /// Replace it
    Replace,
}

impl<'a> StringMap<'a> {
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

    /// Whether there are no pairs
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// These pairs and others; `on_conflict` decides between two values of a key
    pub fn with(
        &self,
        others: impl IntoIterator<Item = (&'a str, &'a str)>,
        on_conflict: OnConflict,
    ) -> Self {
        let mut pairs = self.0.clone();
        for (key, value) in others {
            match pairs.binary_search_by(|(candidate, _)| (**candidate).cmp(key)) {
                Err(at) => pairs.insert(at, (key.into(), value.into())),
                Ok(at) if on_conflict == OnConflict::Replace => {
                    if let Some((_, existing)) = pairs.get_mut(at) {
                        *existing = value.into();
                    }
                }
                Ok(_) => {}
            }
        }
        Self(pairs)
    }

    /// The pairs sorted by key, or a key that occurs twice as the error
    /// With the pairs of another map whose keys are not here, apart from one key
    #[must_use]
    pub(crate) fn completed(&self, other: &Self, except: &str) -> Self {
        let mut pairs = self.0.clone();
        let missing = |(key, _): &&(Text<'a>, Text<'a>)| **key != *except && self.value(key).is_none();
        pairs.extend(other.0.iter().filter(missing).cloned());
        pairs.sort_by(|(one, _), (another, _)| one.cmp(another));
        Self(pairs)
    }

    fn sorted(mut pairs: Vec<(Text<'a>, Text<'a>)>) -> Result<Self, String> {
        // The API server writes maps sorted by key, so this moves nothing
        pairs.sort_by(|(one, _), (other, _)| one.cmp(other));
        let duplicate = pairs
            .iter()
            .zip(pairs.iter().skip(1))
            .find(|((one, _), (other, _))| one == other);
        match duplicate {
            Some(((key, _), _)) => Err(key.to_string()),
            None => Ok(Self(pairs)),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for StringMap<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        bounded_map::<MAX_PAIRS, D>(deserializer)
    }
}

/// Deserializes an object of at most `MOST` strings
pub(crate) fn bounded_map<'de, const MOST: usize, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<StringMap<'de>, D::Error> {
    struct Strings<const MOST: usize>;
    impl<'de, const MOST: usize> Visitor<'de> for Strings<MOST> {
        type Value = StringMap<'de>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object of strings")
        }
        fn visit_unit<E: de::Error>(self) -> Result<StringMap<'de>, E> {
            Ok(StringMap::default())
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<StringMap<'de>, A::Error> {
            let mut pairs = Vec::new();
            while let Some(pair) = map.next_entry()? {
                if pairs.len() >= MOST {
                    return Err(de::Error::custom(format_args!(
                        "an object has more than {MOST} fields"
                    )));
                }
                pairs.push(pair);
            }
            StringMap::sorted(pairs)
                .map_err(|key| de::Error::custom(format_args!("key `{key}` is given twice")))
        }
    }
    deserializer.deserialize_any(Strings::<MOST>)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Result<StringMap<'_>, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
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
    fn ambiguous_objects_are_refused() {
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
