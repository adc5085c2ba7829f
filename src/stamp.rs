//! The stamp: a signed note of who asked for a pod, which a pod template carries to its pods.
//!
//! ```text
//! Claims (who, for which principal, where, with which ECI fields) -- Seal::sign --> text of one annotation
//! text -- Seal::verify --> Claims, or why it is not to be believed
//! ```
//!
//! Pure: no clock, no randomness but in [`Ring::generate`], and the same claims under the same key give the same text,
//! so that stamping again changes nothing.

mod claims;
mod ring;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use claims::{Claims, FieldTexts};
pub use ring::{KEY_BYTES, Key, Ring, RingError};

/// The annotation that holds a stamp
pub const REQUESTED_BY: &str = "ramgate.io/requested-by";

/// The version of the stamp's form
const VERSION: u8 = 1;

/// The longest text that is read as a stamp; names and annotations of one pod stay far below
const LONGEST: usize = 64 * 1024;

/// What signs stamps and verifies them: the keys, and the cluster that they are good for
#[derive(Clone, Debug)]
pub struct Seal {
    ring: Ring,
    cluster: String,
}

/// Why a stamp is not to be believed
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// It is not of the form of a stamp
    #[error("it is not a stamp that ramgate writes")]
    Unreadable,
    /// It was signed with a key that the ring does not hold, or does not hold any more
    #[error("it was signed with key {0}, which ramgate does not have")]
    UnknownKey(String),
    /// It was changed after it was signed, or was not signed by ramgate at all
    #[error("its signature is wrong")]
    Signature,
    /// It was written for another namespace
    #[error("it was written for namespace {0}")]
    Namespace(String),
    /// It was written in another cluster
    #[error("it was written in another cluster")]
    Cluster,
}

impl Broken {
    /// Whether somebody must have tampered with it; a key that is gone can be nobody's fault
    pub fn is_forged(&self) -> bool {
        !matches!(self, Self::UnknownKey(_))
    }
}

/// A stamp as its annotation holds it
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    v: u8,
    #[serde(flatten)]
    claims: Claims,
    key: String,
    mac: String,
}

impl Seal {
    /// A seal for a cluster, by the UID of its namespace kube-system; empty where there is no cluster
    pub fn new(ring: Ring, cluster: impl Into<String>) -> Self {
        Self {
            ring,
            cluster: cluster.into(),
        }
    }

    /// The cluster that stamps are good for
    pub fn cluster(&self) -> &str {
        &self.cluster
    }

    /// The keys
    pub fn ring(&self) -> &Ring {
        &self.ring
    }

    /// Signs with the newest key
    pub fn sign(&self, claims: &Claims) -> String {
        let key = self.ring.newest();
        let wire = Wire {
            v: VERSION,
            claims: claims.clone(),
            key: key.id().to_owned(),
            mac: hex(&key.sign(&claims.canonical(key.id()))),
        };
        // Strings and numbers always serialize; an empty text would not verify
        serde_json::to_string(&wire).unwrap_or_default()
    }

    /// Reads a stamp and checks that it was signed here, for this cluster and namespace
    ///
    /// # Errors
    ///
    /// Why it is not to be believed.
    pub fn verify(&self, text: &str, namespace: &str) -> Result<Claims, Broken> {
        let wire = read(text)?;
        let key = self
            .ring
            .key(&wire.key)
            .ok_or_else(|| Broken::UnknownKey(clipped(&wire.key)))?;
        let mac = unhex(&wire.mac).ok_or(Broken::Unreadable)?;
        if !key.verifies(&wire.claims.canonical(&wire.key), &mac) {
            return Err(Broken::Signature);
        }
        if wire.claims.cluster != self.cluster {
            return Err(Broken::Cluster);
        }
        if wire.claims.namespace != namespace {
            return Err(Broken::Namespace(wire.claims.namespace));
        }
        Ok(wire.claims)
    }
}

/// The id of the key that a text says it was signed with, if it is a stamp
pub fn key_id(text: &str) -> Option<String> {
    read(text).ok().map(|wire| wire.key)
}

/// What a stamp says, without any belief in it: for people, and for messages
pub fn unverified(text: &str) -> Option<Claims> {
    read(text).ok().map(|wire| wire.claims)
}

fn read(text: &str) -> Result<Wire, Broken> {
    if text.len() > LONGEST {
        return Err(Broken::Unreadable);
    }
    let wire: Wire = serde_json::from_str(text).map_err(|_| Broken::Unreadable)?;
    if wire.v == VERSION {
        Ok(wire)
    } else {
        Err(Broken::Unreadable)
    }
}

/// Key ids are short; one that is not was never ours
fn clipped(id: &str) -> String {
    id.chars().filter(|c| !c.is_control()).take(64).collect()
}

fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| match byte {
        b'0'..=b'9' => Some(byte.wrapping_sub(b'0')),
        b'a'..=b'f' => Some(byte.wrapping_sub(b'a').wrapping_add(10)),
        _ => None,
    };
    if !text.len().is_multiple_of(2) {
        return None;
    }
    text.as_bytes()
        .chunks_exact(2)
        .map(|pair| match pair {
            [high, low] => Some(digit(high)? << 4 | digit(low)?),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ram::Principal;

    fn claims() -> Claims {
        Claims {
            user: "alice@example.com".to_owned(),
            principal: Some(Principal::User("alice".into())),
            namespace: "shop".to_owned(),
            cluster: "uid".to_owned(),
            fields: FieldTexts {
                tags: Some("env:test".to_owned()),
                ..FieldTexts::default()
            },
            service_account: Some("default".to_owned()),
        }
    }

    fn seal(ids: &[&str]) -> Seal {
        let keys = ids.iter().map(|id| {
            let secret: Vec<u8> = id.bytes().cycle().take(KEY_BYTES).collect();
            ((*id).to_owned(), secret)
        });
        Seal::new(Ring::new(keys).unwrap(), "uid")
    }

    fn mac(stamp: &str) -> &str {
        let (_, mac) = stamp.rsplit_once(r#""mac":""#).unwrap();
        mac.strip_suffix("\"}").unwrap()
    }

    #[test]
    fn what_was_signed_verifies_and_is_the_same_each_time() {
        let seal = seal(&["k1"]);
        let text = seal.sign(&claims());
        assert_eq!(text, seal.sign(&claims()));
        assert_eq!(seal.verify(&text, "shop"), Ok(claims()));
        assert_eq!(
            text,
            r#"{"v":1,"user":"alice@example.com","principal":"user/alice","namespace":"shop","cluster":"uid","fields":{"tags":"env:test"},"serviceAccount":"default","key":"k1","mac":"MAC"}"#
                .replace("MAC", mac(&text))
        );
    }

    #[test]
    fn every_claim_is_signed() {
        let seal = seal(&["k1"]);
        let text = seal.sign(&claims());
        for (from, to) in [
            ("alice@", "mallory@"),
            ("user/alice", "user/root"),
            ("env:test", "env:prod"),
            (r#""default""#, r#""admin""#),
            (r#""tags""#, r#""ramRoleName""#),
            (r#""principal":"user/alice","#, ""),
        ] {
            let forged = text.replacen(from, to, 1);
            assert_ne!(forged, text);
            assert_eq!(seal.verify(&forged, "shop"), Err(Broken::Signature), "{forged}");
        }
        let elsewhere = text.replacen(r#""shop""#, r#""bank""#, 1);
        assert_eq!(seal.verify(&elsewhere, "bank"), Err(Broken::Signature));
    }

    #[test]
    fn a_stamp_is_good_for_its_namespace_and_cluster_alone() {
        let here = seal(&["k1"]);
        let text = here.sign(&claims());
        let broken = here.verify(&text, "bank").unwrap_err();
        assert_eq!(broken, Broken::Namespace("shop".to_owned()));
        assert!(broken.is_forged());
        let other = Seal::new(here.ring().clone(), "other");
        assert_eq!(other.verify(&text, "shop"), Err(Broken::Cluster));
    }

    #[test]
    fn the_newest_key_signs_and_all_verify() {
        let (old, both, new) = (seal(&["k1"]), seal(&["k2", "k1"]), seal(&["k2"]));
        let text = old.sign(&claims());
        assert!(both.verify(&text, "shop").is_ok());
        assert_eq!(key_id(&both.sign(&claims())).as_deref(), Some("k2"));
        let broken = new.verify(&text, "shop").unwrap_err();
        assert_eq!(broken, Broken::UnknownKey("k1".to_owned()));
        assert!(!broken.is_forged());
    }

    #[test]
    fn what_is_no_stamp_is_not_read() {
        let seal = seal(&["k1"]);
        let text = seal.sign(&claims());
        let mac = mac(&text);
        for garbage in [
            String::new(),
            "alice".to_owned(),
            "{}".to_owned(),
            "null".to_owned(),
            text.replacen("\"v\":1", "\"v\":2", 1),
            text.replacen("{\"v\"", "{\"more\":1,\"v\"", 1),
            text.replacen("\"user\"", "\"user\":\"bob\",\"user\"", 1),
            text.replacen(mac, &mac.to_uppercase(), 1),
            text.replacen(mac, "é", 1),
            text.replacen(mac, "abc", 1),
            " ".repeat(LONGEST) + &text,
        ] {
            assert_eq!(
                seal.verify(&garbage, "shop"),
                Err(Broken::Unreadable),
                "{garbage}"
            );
        }
        let short = text.replacen(mac, "00", 1);
        assert_eq!(seal.verify(&short, "shop"), Err(Broken::Signature));
    }
}
