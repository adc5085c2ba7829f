//! Checks a tree against the type of a pod template.
//!
//! Each type of k8s-openapi names its fields to the deserializer. This deserializer refuses every other name. Types ask
//! for maps such as labels as maps, which take any name.

use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::jiff::Timestamp;
use serde::de::value::StrDeserializer;
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::{Map, Value, map};

use crate::kubernetes::controller_revision::path::Path;
use crate::kubernetes::controller_revision::problem::Problem;
use crate::kubernetes::controller_revision::quantity::is_quantity;
use crate::wording::{NAME_LENGTH, quoted};

/// Checks a tree against the type of a pod template
///
/// # Errors
///
/// A field has an unknown name, or a value of the wrong type or format.
pub(crate) fn check(tree: &Value, path: &Path<'_>) -> Result<(), Problem> {
    PodTemplateSpec::deserialize(Node { value: tree, path }).map(drop)
}

/// A value with its path
#[derive(Clone, Copy)]
struct Node<'n> {
    value: &'n Value,
    path: &'n Path<'n>,
}

impl Node<'_> {
    fn text(self, what: &str, is_fine: impl FnOnce(&str) -> bool) -> Result<(), Problem> {
        match self.value {
            Value::String(text) if is_fine(text) => Ok(()),
            Value::Null => Err(self.null()),
            other => {
                let found = quoted(&other.to_string(), NAME_LENGTH);
                Err(Problem::value(self.path, format!("found {found}, wanted {what}")))
            }
        }
    }

    fn null(self) -> Problem {
        Problem::Null {
            at: self.path.to_string(),
        }
    }
}

impl<'de> Deserializer<'de> for Node<'_> {
    type Error = Problem;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        let read = match self.value {
            Value::Null => Err(self.null()),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::String(text) => visitor.visit_str(text),
            Value::Array(items) => visitor.visit_seq(Items {
                items: items.iter().enumerate(),
                path: self.path,
            }),
            Value::Object(fields) => visitor.visit_map(Fields::new(fields, self.path)),
            Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(number), _, _) => visitor.visit_u64(number),
                (_, Some(number), _) => visitor.visit_i64(number),
                (_, _, number) => visitor.visit_f64(number.unwrap_or(f64::NAN)),
            },
        };
        read.map_err(|problem| problem.at(self.path))
    }

    /// `null` is an absent field, also for Go since the name occurs once
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        let names = self.value.as_object().into_iter().flat_map(Map::keys);
        for name in names {
            if !fields.contains(&name.as_str()) {
                let folded = fold(name);
                return Err(Problem::Unknown {
                    at: self.path.to_string(),
                    found: name.clone(),
                    wanted: fields.iter().copied().find(|field| fold(field) == folded),
                });
            }
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Problem> {
        match name {
            "Quantity" => self.text("an amount such as `500m` or `2Gi`", is_quantity)?,
            "Time" | "MicroTime" => self.text("a time such as `2026-01-31T23:59:59Z`", is_time)?,
            // Arbitrary JSON, which no template has
            "FieldsV1" => return Err(Problem::value(self.path, "found managed fields, wanted none")),
            _ => {}
        }
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map enum identifier ignored_any
    }
}

/// Whether a time has the format that Kubernetes writes
fn is_time(text: &str) -> bool {
    const LENGTH: usize = "2026-01-31T23:59:59Z".len();
    text.len() == LENGTH
        && text
            .parse::<Timestamp>()
            .is_ok_and(|time| time.to_string() == text)
}

/// A name as Go's decoder compares it: without case, and with `ſ` as `s` and the Kelvin sign as `k`
pub(crate) fn fold(name: &str) -> String {
    name.chars()
        .map(|letter| match letter {
            'ſ' => 's',
            '\u{212a}' => 'k',
            other => other.to_ascii_lowercase(),
        })
        .collect()
}

struct Items<'n> {
    items: std::iter::Enumerate<std::slice::Iter<'n, Value>>,
    path: &'n Path<'n>,
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Problem;
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Problem> {
        let Some((index, value)) = self.items.next() else {
            return Ok(None);
        };
        let path = &Path::Item(self.path, index);
        seed.deserialize(Node { value, path }).map(Some)
    }
}

struct Fields<'n> {
    fields: map::Iter<'n>,
    ahead: Option<(&'n str, &'n Value)>,
    path: &'n Path<'n>,
}

impl<'n> Fields<'n> {
    fn new(fields: &'n Map<String, Value>, path: &'n Path<'n>) -> Self {
        Self {
            fields: fields.iter(),
            ahead: None,
            path,
        }
    }
}

impl<'de> MapAccess<'de> for Fields<'_> {
    type Error = Problem;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Problem> {
        let Some((name, value)) = self.fields.next() else {
            return Ok(None);
        };
        self.ahead = Some((name, value));
        let name: StrDeserializer<'_, Problem> = name.as_str().into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Problem> {
        let (name, value) = self.ahead.take().unwrap_or(("", &Value::Null));
        let path = &Path::Field(self.path, name);
        seed.deserialize(Node { value, path })
    }
}
