//! Whether two JSON texts mean the same, without a tree of either.
//!
//! A text is hashed while it is read. Lists and values go into the hash as they come; the members of an object, which have
//! no order, are hashed one by one and go in sorted by their digests. So no more is in memory at a time than 40 bytes for
//! each member of the objects that are open.

use std::cell::Cell;
use std::fmt;
use std::hash::{BuildHasher, RandomState};

use aws_lc_rs::digest::{Context, SHA256};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// How many members the objects that are open at a time may have: far more than any that a person or a controller wrote
const MOST_MEMBERS: usize = 65_536;

/// The length of a digest, which is SHA-256's
const LENGTH: usize = 32;

/// What a text means; the same for two texts of the same meaning, in every process and version
pub(crate) type Digest = [u8; LENGTH];

/// Which parts of a text count
#[derive(Debug)]
pub(crate) enum Rule {
    /// All that there is
    Whole,
    /// Nothing
    Nothing,
    /// Of an object these fields by rules of their own, and all others by the last rule
    Fields(&'static [(&'static str, Rule)], &'static Rule),
    /// Of a list every element by this rule
    Elements(&'static Rule),
    /// As by this rule, but fields that are `null` are as good as absent, and so is the object itself without a field
    Present(&'static Rule),
}

/// Whether two texts mean the same as far as a rule counts; what does not read, or has a key twice, is like nothing else
pub(crate) fn equivalent(one: &str, other: &str, rule: &Rule) -> bool {
    one == other || digest(one, rule).is_ok_and(|one| digest(other, rule).is_ok_and(|other| one == other))
}

/// The digest of what counts in a text
///
/// Numbers are what serde_json takes them for: `1` and `1.0` are two, and so are two that differ beyond a double.
///
/// # Errors
///
/// The text is not one JSON value, is nested too deeply, has objects with too many members, or a key twice in an object.
pub(crate) fn digest(json: &str, rule: &Rule) -> Result<Digest, serde_json::Error> {
    let shared = Shared::default();
    let mut context = Context::new(&SHA256);
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let part = Part {
        into: &mut context,
        rule,
        shared: &shared,
    };
    part.deserialize(&mut deserializer)?;
    deserializer.end()?;
    finished(context)
}

fn finished<E: Error>(context: Context) -> Result<Digest, E> {
    context
        .finish()
        .as_ref()
        .try_into()
        .map_err(|_| E::custom("a digest of another length"))
}

/// What all parts of one text share
#[derive(Default)]
struct Shared {
    /// Members of the objects that are open
    open: Cell<usize>,
    /// Keys are told apart by a hash that nobody outside can aim at
    keys: RandomState,
}

impl Shared {
    fn take<E: Error>(&self) -> Result<(), E> {
        let open = self.open.get().saturating_add(1);
        if open > MOST_MEMBERS {
            return Err(E::custom(format_args!(
                "objects have more than {MOST_MEMBERS} fields"
            )));
        }
        self.open.set(open);
        Ok(())
    }

    fn give_back(&self, count: usize) {
        self.open.set(self.open.get().saturating_sub(count));
    }
}

/// A value on its way into a hash
struct Part<'h> {
    into: &'h mut Context,
    rule: &'h Rule,
    shared: &'h Shared,
}

/// What a value turned out to be
#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    Null,
    /// An object of which no field counts
    Empty,
    Something,
}

impl Part<'_> {
    fn scalar<E>(self, kind: u8, bytes: &[u8]) -> Result<Found, E> {
        self.into.update(&[kind]);
        self.into.update(bytes);
        Ok(Found::Something)
    }
}

impl<'de> DeserializeSeed<'de> for Part<'_> {
    type Value = Found;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Found, D::Error> {
        deserializer.deserialize_any(self)
    }
}

// Each kind of value starts with a byte of its own and shows where it ends, so that no two values hash alike
impl<'de> Visitor<'de> for Part<'_> {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Found, E> {
        self.into.update(b"n");
        Ok(Found::Null)
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Found, E> {
        self.scalar(b'b', &[flag.into()])
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Found, E> {
        self.scalar(b'u', &number.to_le_bytes())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Found, E> {
        match u64::try_from(number) {
            Ok(number) => self.visit_u64(number),
            Err(_) => self.scalar(b'i', &number.to_le_bytes()),
        }
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Found, E> {
        // Zero has two forms and is one number
        let number = if number == 0.0 { 0.0 } else { number };
        self.scalar(b'f', &number.to_bits().to_le_bytes())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Found, E> {
        self.into.update(b"s");
        write(self.into, text);
        Ok(Found::Something)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Found, A::Error> {
        let rule = match self.rule {
            Rule::Elements(rule) | Rule::Present(Rule::Elements(rule)) => rule,
            _ => &Rule::Whole,
        };
        self.into.update(b"[");
        loop {
            let element = Part {
                into: self.into,
                rule,
                shared: self.shared,
            };
            if list.next_element_seed(element)?.is_none() {
                break;
            }
        }
        self.into.update(b"]");
        Ok(Found::Something)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Found, A::Error> {
        let (rule, drops_nulls) = match self.rule {
            Rule::Present(rule) => (*rule, true),
            rule => (rule, false),
        };
        let mut keys: Vec<u64> = Vec::new();
        let mut members: Vec<Digest> = Vec::new();
        loop {
            let mut member = Context::new(&SHA256);
            let key = Key {
                into: &mut member,
                rule,
                shared: self.shared,
            };
            let Some((key, rule)) = object.next_key_seed(key)? else {
                break;
            };
            self.shared.take()?;
            keys.push(key);
            if matches!(rule, Rule::Nothing) {
                object.next_value::<IgnoredAny>()?;
                continue;
            }
            let value = Part {
                into: &mut member,
                rule,
                shared: self.shared,
            };
            let counts = match object.next_value_seed(value)? {
                Found::Something => true,
                Found::Null => !drops_nulls && !matches!(rule, Rule::Present(_)),
                Found::Empty => !matches!(rule, Rule::Present(_)),
            };
            if counts {
                members.push(finished(member)?);
            }
        }
        self.shared.give_back(keys.len());
        keys.sort_unstable();
        if keys
            .windows(2)
            .any(|pair| matches!(pair, [one, other] if one == other))
        {
            return Err(A::Error::custom("an object has a key twice"));
        }
        members.sort_unstable();
        self.into.update(b"{");
        for member in &members {
            self.into.update(b",");
            self.into.update(member);
        }
        self.into.update(b"}");
        Ok(if members.is_empty() {
            Found::Empty
        } else {
            Found::Something
        })
    }
}

/// A key on its way into the hash of its member; gives a hash of the key alone, and the rule for its value
struct Key<'h, 'r> {
    into: &'h mut Context,
    rule: &'r Rule,
    shared: &'h Shared,
}

impl<'de, 'r> DeserializeSeed<'de> for Key<'_, 'r> {
    type Value = (u64, &'r Rule);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de, 'r> Visitor<'de> for Key<'_, 'r> {
    type Value = (u64, &'r Rule);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Self::Value, E> {
        write(self.into, key);
        let rule = match self.rule {
            Rule::Fields(fields, others) => fields
                .iter()
                .find(|(field, _)| *field == key)
                .map_or(*others, |(_, rule)| rule),
            Rule::Nothing => &Rule::Nothing,
            Rule::Whole | Rule::Elements(_) | Rule::Present(_) => &Rule::Whole,
        };
        Ok((self.shared.keys.hash_one(key), rule))
    }
}

/// Writes a text and its end, a byte that no text holds
fn write(into: &mut Context, text: &str) {
    into.update(text.as_bytes());
    into.update(&[0xff]);
}

#[cfg(test)]
mod tests;
