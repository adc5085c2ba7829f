//! Members of a JSON object and elements of a JSON list, as slices of the text.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::kubernetes::borrowed_text::Text;

/// The text of one member of an object; `None` if it is absent, or the text is `null`
///
/// ```text
/// member({"a": [1], "b": {"c": 2}}, "b") -> {"c": 2}
/// ```
///
/// # Errors
///
/// The text is not an object, or has the member twice.
pub(crate) fn member<'a>(json: &'a str, name: &str) -> Result<Option<&'a str>, serde_json::Error> {
    struct Seek<'n>(&'n str);
    impl<'de> DeserializeSeed<'de> for Seek<'_> {
        type Value = Option<&'de RawValue>;
        fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
            deserializer.deserialize_any(self)
        }
    }
    impl<'de> Visitor<'de> for Seek<'_> {
        type Value = Option<&'de RawValue>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "an object with `{}`", self.0)
        }
        fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut found = None;
            while let Some(key) = map.next_key::<Text<'de>>()? {
                if &*key != self.0 {
                    map.next_value::<IgnoredAny>()?;
                } else if found.replace(map.next_value::<&'de RawValue>()?).is_some() {
                    return Err(de::Error::custom(format_args!("duplicate field `{}`", self.0)));
                }
            }
            Ok(found)
        }
    }
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let found = Seek(name).deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(found.map(RawValue::get))
}

/// Calls a function with the name and the text of each member of an object
///
/// # Errors
///
/// The text is not an object, has a member twice, or the function fails.
pub(super) fn for_each_member<'a>(
    json: &'a str,
    each: impl FnMut(&str, &'a str) -> Result<(), serde_json::Error>,
) -> Result<(), serde_json::Error> {
    struct Each<F>(F);
    impl<'de, F: FnMut(&str, &'de str) -> Result<(), serde_json::Error>> Visitor<'de> for Each<F> {
        type Value = ();
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
            let mut seen = BTreeSet::new();
            while let Some(key) = map.next_key::<Text<'de>>()? {
                (self.0)(&key, map.next_value::<&'de RawValue>()?.get()).map_err(de::Error::custom)?;
                if let Some(key) = seen.replace(key.to_string()) {
                    return Err(de::Error::custom(format_args!("duplicate field `{key}`")));
                }
            }
            Ok(())
        }
    }
    let mut deserializer = serde_json::Deserializer::from_str(json);
    deserializer.deserialize_map(Each(each))?;
    deserializer.end()
}

/// Calls a function with the index and the text of each element of a list, and keeps none of them
///
/// # Errors
///
/// The text is not a list, or the function fails.
pub(super) fn for_each_element<'a>(
    json: &'a str,
    each: impl FnMut(usize, &'a str) -> Result<(), serde_json::Error>,
) -> Result<(), serde_json::Error> {
    struct Each<F>(F);
    impl<'de, F: FnMut(usize, &'de str) -> Result<(), serde_json::Error>> Visitor<'de> for Each<F> {
        type Value = ();
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }
        fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
            let mut index = 0_usize;
            while let Some(element) = list.next_element::<&'de RawValue>()? {
                (self.0)(index, element.get()).map_err(de::Error::custom)?;
                index = index.saturating_add(1);
            }
            Ok(())
        }
    }
    let mut deserializer = serde_json::Deserializer::from_str(json);
    deserializer.deserialize_seq(Each(each))?;
    deserializer.end()
}
