//! Digests of JSON texts that are equal for equivalent texts, without a tree in memory.
//!
//! A text is hashed while it is parsed. Lists and scalars are hashed in their order. The members of an object, which have
//! no order, are hashed one by one and sorted by their digests. So only 40 bytes are in memory for each member of the
//! objects that are open.

use std::cell::Cell;
use std::fmt;
use std::hash::{BuildHasher, RandomState};

use aws_lc_rs::digest::{Context, SHA256};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// The most members of the objects that are open at a time, far more than people or controllers write
const MAX_MEMBERS: usize = 65_536;

/// The length of a SHA-256 digest
const LENGTH: usize = 32;

/// The digest of a text: equal for equivalent texts, in every process and version
pub(crate) type Digest = [u8; LENGTH];

/// A rule that says which values of a text a digest covers
#[derive(Debug)]
pub(crate) enum Rule {
    /// Everything
    Whole,
    /// Nothing
    Nothing,
    /// Of an object, these fields by rules of their own, and all others by the last rule
    Fields(&'static [(&'static str, Rule)], &'static Rule),
    /// Of a list, every element by this rule
    Elements(&'static Rule),
    /// As by this rule, but a `null` field equals an absent one, and so does an object without fields
    Present(&'static Rule),
}

/// Whether two texts are equivalent as far as a rule covers them
///
/// Texts that have no [`digest`] are equivalent only if they are equal.
///
/// ```text
/// {"a": 1, "b": [true]}  and  {"b":[true],"\u0061":1}  are equivalent
/// {"a": 1}               and  {"a": 1.0}                are not
/// ```
pub(crate) fn equivalent(one: &str, other: &str, rule: &Rule) -> bool {
    one == other || digest(one, rule).is_ok_and(|one| digest(other, rule).is_ok_and(|other| one == other))
}

/// The digest of a text as far as a rule covers it
///
/// Numbers are compared as serde_json parses them: `1` and `1.0` differ.
///
/// # Errors
///
/// The text is not one JSON value, is nested too deeply, has objects with too many members, or a key twice in an object.
pub(crate) fn digest(json: &str, rule: &Rule) -> Result<Digest, serde_json::Error> {
    let limits = OpenMembers::default();
    let mut context = Context::new(&SHA256);
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let hasher = ValueHasher {
        into: &mut context,
        rule,
        limits: &limits,
    };
    hasher.deserialize(&mut deserializer)?;
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

/// The members of the objects that are open, counted over the whole text
#[derive(Default)]
struct OpenMembers {
    /// How many there are
    count: Cell<usize>,
    /// Hashes keys with a random seed, so nobody can construct a collision
    keys: RandomState,
}

impl OpenMembers {
    fn open<E: Error>(&self) -> Result<(), E> {
        let count = self.count.get().saturating_add(1);
        if count > MAX_MEMBERS {
            return Err(E::custom(format_args!(
                "objects have more than {MAX_MEMBERS} fields"
            )));
        }
        self.count.set(count);
        Ok(())
    }

    fn close(&self, count: usize) {
        self.count.set(self.count.get().saturating_sub(count));
    }
}

/// Hashes one value
struct ValueHasher<'h> {
    into: &'h mut Context,
    rule: &'h Rule,
    limits: &'h OpenMembers,
}

/// The kind of a value that was hashed
#[derive(Clone, Copy, PartialEq, Eq)]
enum Digested {
    Null,
    /// An object without members, or whose members are all left out
    EmptyObject,
    /// Anything else
    Value,
}

impl ValueHasher<'_> {
    fn scalar<E>(self, kind: u8, bytes: &[u8]) -> Result<Digested, E> {
        self.into.update(&[kind]);
        self.into.update(bytes);
        Ok(Digested::Value)
    }
}

impl<'de> DeserializeSeed<'de> for ValueHasher<'_> {
    type Value = Digested;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Digested, D::Error> {
        deserializer.deserialize_any(self)
    }
}

// The hashed bytes start with the kind of the value and show where it ends, so two different values hash differently
impl<'de> Visitor<'de> for ValueHasher<'_> {
    type Value = Digested;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Digested, E> {
        self.into.update(b"n");
        Ok(Digested::Null)
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Digested, E> {
        self.scalar(b'b', &[flag.into()])
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Digested, E> {
        self.scalar(b'u', &number.to_le_bytes())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Digested, E> {
        match u64::try_from(number) {
            Ok(number) => self.visit_u64(number),
            Err(_) => self.scalar(b'i', &number.to_le_bytes()),
        }
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Digested, E> {
        // Zero has two signs and is one number
        let number = if number == 0.0 { 0.0 } else { number };
        self.scalar(b'f', &number.to_bits().to_le_bytes())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Digested, E> {
        self.into.update(b"s");
        write(self.into, text);
        Ok(Digested::Value)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Digested, A::Error> {
        let rule = match self.rule {
            Rule::Elements(rule) | Rule::Present(Rule::Elements(rule)) => rule,
            _ => &Rule::Whole,
        };
        self.into.update(b"[");
        loop {
            let element = ValueHasher {
                into: self.into,
                rule,
                limits: self.limits,
            };
            if list.next_element_seed(element)?.is_none() {
                break;
            }
        }
        self.into.update(b"]");
        Ok(Digested::Value)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Digested, A::Error> {
        let (rule, nulls) = match self.rule {
            Rule::Present(rule) => (*rule, Nulls::Absent),
            rule => (rule, Nulls::Values),
        };
        let mut keys: Vec<u64> = Vec::new();
        let mut members: Vec<Digest> = Vec::new();
        while let Some(member) = self.next_member(&mut object, rule, nulls)? {
            keys.push(member.key);
            members.extend(member.digest);
        }
        self.limits.close(keys.len());
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
            Digested::EmptyObject
        } else {
            Digested::Value
        })
    }
}

/// A member of an object
struct Member {
    /// A hash of the key alone
    key: u64,
    /// The digest of key and value; `None` if a rule leaves the member out
    digest: Option<Digest>,
}

/// The meaning of `null` as the value of a member
#[derive(Clone, Copy, PartialEq, Eq)]
enum Nulls {
    /// A value like any other
    Values,
    /// An absent member
    Absent,
}

impl ValueHasher<'_> {
    fn next_member<'de, A: MapAccess<'de>>(
        &self,
        object: &mut A,
        rule: &Rule,
        nulls: Nulls,
    ) -> Result<Option<Member>, A::Error> {
        let mut context = Context::new(&SHA256);
        let key = KeyHasher {
            into: &mut context,
            rule,
            limits: self.limits,
        };
        let Some((key, rule)) = object.next_key_seed(key)? else {
            return Ok(None);
        };
        self.limits.open()?;
        if matches!(rule, Rule::Nothing) {
            object.next_value::<IgnoredAny>()?;
            return Ok(Some(Member { key, digest: None }));
        }
        let value = ValueHasher {
            into: &mut context,
            rule,
            limits: self.limits,
        };
        let is_present = matches!(rule, Rule::Present(_));
        let counts = match object.next_value_seed(value)? {
            Digested::Value => true,
            Digested::Null => nulls == Nulls::Values && !is_present,
            Digested::EmptyObject => !is_present,
        };
        let digest = counts.then(|| finished(context)).transpose()?;
        Ok(Some(Member { key, digest }))
    }
}

/// Hashes a key as the start of its member; returns a hash of the key alone, and the rule for the value
struct KeyHasher<'h, 'r> {
    into: &'h mut Context,
    rule: &'r Rule,
    limits: &'h OpenMembers,
}

impl<'de, 'r> DeserializeSeed<'de> for KeyHasher<'_, 'r> {
    type Value = (u64, &'r Rule);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de, 'r> Visitor<'de> for KeyHasher<'_, 'r> {
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
        Ok((self.limits.keys.hash_one(key), rule))
    }
}

/// Hashes a text and its end, a byte that no text contains
fn write(into: &mut Context, text: &str) {
    into.update(text.as_bytes());
    into.update(&[0xff]);
}

#[cfg(test)]
mod tests;
