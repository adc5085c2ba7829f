//! The keys that sign stamps: the newest signs, all of them verify.

use std::fmt;

use aws_lc_rs::{hmac, rand};

/// The length of a key in bytes: that of the hash
pub(crate) const KEY_BYTES: usize = 32;

/// How many keys a ring may hold; a rotation needs two
const MOST_KEYS: usize = 16;

/// The longest id of a key
const LONGEST_ID: usize = 64;

/// Keys in the order of their ids, the newest last; never empty
#[derive(Clone, Debug)]
pub struct KeyRing {
    older: Vec<Key>,
    newest: Key,
}

/// One key and its id
#[derive(Clone)]
pub struct Key {
    id: String,
    key: hmac::Key,
}

/// An error in the keys of a ring
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyRingError {
    /// There is no key to sign with
    #[error("there is no key in it")]
    Empty,
    /// There are more keys than any rotation needs
    #[error("it has {0} keys: {MOST_KEYS} are the most, take the oldest out")]
    TooMany(usize),
    /// An id that a stamp cannot hold
    #[error(
        "key id `{0}` is not accepted: an id has 1 to {LONGEST_ID} letters, digits, `-`, `_` and `.`, and the highest in \
         byte order signs"
    )]
    Id(String),
    /// A key of another length
    #[error("key {id} has {found} bytes, a key has {KEY_BYTES}")]
    Length {
        /// The key's id
        id: String,
        /// How many bytes it has
        found: usize,
    },
    /// The system gave no randomness
    #[error("the system gives no random bytes for a key")]
    NoRandomness,
}

impl KeyRing {
    /// A ring of keys, each with its id
    ///
    /// # Errors
    ///
    /// There is no key, there are too many, or one has an unusable id or another length.
    pub fn new(keys: impl IntoIterator<Item = (String, Vec<u8>)>) -> Result<Self, KeyRingError> {
        let mut older = keys
            .into_iter()
            .map(|(id, secret)| Key::new(id, &secret))
            .collect::<Result<Vec<Key>, _>>()?;
        if older.len() > MOST_KEYS {
            return Err(KeyRingError::TooMany(older.len()));
        }
        older.sort_by(|one, other| one.id.cmp(&other.id));
        let newest = older.pop().ok_or(KeyRingError::Empty)?;
        Ok(Self { older, newest })
    }

    /// Random bytes for a key
    ///
    /// # Errors
    ///
    /// The system gives no randomness.
    pub fn generate() -> Result<Vec<u8>, KeyRingError> {
        let mut secret = vec![0; KEY_BYTES];
        rand::fill(&mut secret).map_err(|_| KeyRingError::NoRandomness)?;
        Ok(secret)
    }

    /// The key that signs
    pub fn newest(&self) -> &Key {
        &self.newest
    }

    /// A key by its id
    pub fn key(&self, id: &str) -> Option<&Key> {
        self.keys().find(|key| key.id == id)
    }

    /// All keys, the newest first
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.newest).chain(self.older.iter().rev())
    }
}

impl Key {
    fn new(id: String, secret: &[u8]) -> Result<Self, KeyRingError> {
        let letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if !(1..=LONGEST_ID).contains(&id.len()) || !id.bytes().all(letter) {
            return Err(KeyRingError::Id(id));
        }
        if secret.len() != KEY_BYTES {
            return Err(KeyRingError::Length {
                id,
                found: secret.len(),
            });
        }
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        Ok(Self { id, key })
    }

    /// The id, which stamps name
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        hmac::sign(&self.key, message).as_ref().to_vec()
    }

    /// Whether a message was signed with this key, in constant time
    pub(super) fn verifies(&self, message: &[u8], mac: &[u8]) -> bool {
        hmac::verify(&self.key, message, mac).is_ok()
    }
}

/// Shows the id alone: a key is secret
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Key").field(&self.id).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(keys: &[(&str, usize)]) -> Result<KeyRing, KeyRingError> {
        KeyRing::new(
            keys.iter()
                .map(|(id, length)| ((*id).to_owned(), vec![7; *length])),
        )
    }

    #[test]
    fn the_highest_id_is_the_newest_key() {
        let ring = ring(&[("20260102", 32), ("20260301", 32), ("20251224", 32)]).unwrap();
        let ids: Vec<&str> = ring.keys().map(Key::id).collect();
        assert_eq!(ids, ["20260301", "20260102", "20251224"]);
        assert!(ring.key("20251224").is_some() && ring.key("x").is_none());
    }

    #[test]
    fn what_is_no_ring_is_refused() {
        let refused = |keys: &[(&str, usize)]| ring(keys).unwrap_err();
        assert_eq!(refused(&[]), KeyRingError::Empty);
        assert_eq!(
            refused(&[("k", 31)]).to_string(),
            "key k has 31 bytes, a key has 32"
        );
        for id in ["", "a b", "é", &"k".repeat(65)] {
            assert_eq!(refused(&[(id, 32)]), KeyRingError::Id(id.to_owned()));
        }
        let ids: Vec<String> = (0..17).map(|number| format!("k{number}")).collect();
        let many: Vec<(&str, usize)> = ids.iter().map(|id| (id.as_str(), 32)).collect();
        assert_eq!(refused(&many), KeyRingError::TooMany(17));
    }

    #[test]
    fn keys_are_random_and_not_shown() {
        let (one, other) = (KeyRing::generate().unwrap(), KeyRing::generate().unwrap());
        assert_ne!(one, other);
        let ring = KeyRing::new([("k".to_owned(), one)]).unwrap();
        assert_eq!(format!("{:?}", ring.newest()), "Key(\"k\")");
    }
}
