//! Functions for `deserialize_with`: lists and values with a limit, and `null` as the default.

use std::fmt;
use std::marker::PhantomData;

use memchr::memchr_iter;
use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::kubernetes::limits::MAX_COMMAS;

/// Deserializes a list of at most `MOST` elements, and `null` as an empty one
pub(crate) fn bounded_list<'de, const MOST: usize, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct Bounded<const MOST: usize, T>(PhantomData<T>);
    impl<'de, const MOST: usize, T: Deserialize<'de>> Visitor<'de> for Bounded<MOST, T> {
        type Value = Vec<T>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a sequence")
        }
        fn visit_unit<E: Error>(self) -> Result<Vec<T>, E> {
            Ok(Vec::new())
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
            let mut elements = Vec::new();
            while let Some(element) = list.next_element()? {
                if elements.len() >= MOST {
                    return Err(A::Error::custom(format_args!(
                        "a list has more than {MOST} elements"
                    )));
                }
                elements.push(element);
            }
            Ok(elements)
        }
    }
    deserializer.deserialize_any(Bounded::<MOST, T>(PhantomData))
}

/// Deserializes a value whose text has at most [`MAX_COMMAS`] commas, and `null` as `None`
pub(crate) fn bounded_value<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let Some(text) = Option::<&'de RawValue>::deserialize(deserializer)?.map(RawValue::get) else {
        return Ok(None);
    };
    if memchr_iter(b',', text.as_bytes()).count() > MAX_COMMAS {
        return Err(D::Error::custom(format_args!(
            "a value has more than {MAX_COMMAS} parts"
        )));
    }
    serde_json::from_str(text).map_err(|error| {
        let error = error.to_string();
        // Its position in this value is not that in the whole text
        let what = error.rsplit_once(" at line ").map_or(&*error, |(what, _)| what);
        D::Error::custom(what)
    })
}

/// Deserializes `null` as the default, like an absent value
pub(crate) fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}
