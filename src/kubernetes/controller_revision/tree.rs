//! Parses JSON into a tree without duplicate names and without directives of a patch.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::kubernetes::controller_revision::patch::PATCH;
use crate::kubernetes::controller_revision::path::Path;
use crate::kubernetes::controller_revision::problem::Problem;
use crate::wording::clipped;

/// The longest message of the parser, in bytes
const LONGEST_MESSAGE: usize = 120;

/// The fields of an object in their order, with unparsed values
pub(crate) fn entries<'a>(text: &'a str, path: &Path<'_>) -> Result<Vec<(String, &'a RawValue)>, Problem> {
    struct Entries;
    impl<'de> Visitor<'de> for Entries {
        type Value = Vec<(String, &'de RawValue)>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut found = Vec::new();
            while let Some(entry) = map.next_entry()? {
                found.push(entry);
            }
            Ok(found)
        }
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let found = reader.deserialize_map(Entries);
    let found = found.and_then(|found| reader.end().map(|()| found));
    found.map_err(|error| {
        if error.is_data() {
            Problem::not_object(path, text)
        } else {
            not_json(&error, path)
        }
    })
}

/// Parses a text
///
/// The root may have the field `$patch`; the caller checks its value.
///
/// # Errors
///
/// The text is not JSON, or an object in it has a duplicate name or a directive.
pub(crate) fn parse(text: &str, path: &Path<'_>) -> Result<Value, Problem> {
    let problem = RefCell::new(None);
    let seed = Seed {
        path,
        problem: &problem,
        is_root: true,
    };
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = seed.deserialize(&mut reader);
    let read = read.and_then(|value| reader.end().map(|()| value));
    read.map_err(|error| problem.take().unwrap_or_else(|| not_json(&error, path)))
}

fn not_json(error: &serde_json::Error, path: &Path<'_>) -> Problem {
    Problem::Json {
        at: path.to_string(),
        message: clipped(&error.to_string(), LONGEST_MESSAGE),
    }
}

/// Parses one value; stores the problem of valid JSON that is refused in `problem`
#[derive(Clone, Copy)]
struct Seed<'p> {
    path: &'p Path<'p>,
    problem: &'p RefCell<Option<Problem>>,
    is_root: bool,
}

impl Seed<'_> {
    fn refuse<E: Error>(self, problem: Problem) -> E {
        self.problem.replace(Some(problem));
        E::custom("refused")
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        loop {
            let seed = Seed {
                path: &Path::Item(self.path, list.len()),
                is_root: false,
                ..self
            };
            match items.next_element_seed(seed)? {
                Some(item) => list.push(item),
                None => return Ok(Value::Array(list)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            if fields.contains_key(&name) {
                return Err(self.refuse(Problem::twice(self.path, &name)));
            }
            if name.starts_with('$') && !(self.is_root && name == PATCH) {
                return Err(self.refuse(Problem::Directive {
                    at: self.path.to_string(),
                    found: name,
                }));
            }
            let seed = Seed {
                path: &Path::Field(self.path, &name),
                is_root: false,
                ..self
            };
            let value = map.next_value_seed(seed)?;
            fields.insert(name, value);
        }
        Ok(Value::Object(fields))
    }
}
