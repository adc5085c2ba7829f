//! The stamp: a signed note of who asked for a pod, which a pod template carries to its pods.
//!
//! ```text
//! Claims (who, for which principal, where, in which object, with which ECI fields and containers) -- Seal::sign --> text of
//! one annotation
//! text -- Seal::verify --> Claims, or why it is not to be believed
//! ```
//!
//! Pure: no clock, no randomness but in [`Ring::generate`], and the same claims under the same key give the same text,
//! so that stamping again changes nothing.

pub(crate) mod claims;
pub(crate) mod contents;
pub(crate) mod object;
pub(crate) mod ring;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

pub(crate) use crate::stamp::claims::{Claims, FieldTexts};
pub(crate) use crate::stamp::contents::{ContainerDigest, ContainerList, Contents};
pub(crate) use crate::stamp::object::{ObjectName, StampedObject};
pub(crate) use crate::stamp::ring::{KEY_BYTES, Ring, RingError};

/// The annotation that holds a stamp
pub(crate) const REQUESTED_BY: &str = "ramgate.io/requested-by";

/// The form of a stamp
///
/// Stamps of both forms are verified. The first one is written only as long as another replica may be there that knows no
/// other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// It names neither the object that it was written into nor what runs there
    First,
    /// It names both
    #[default]
    Second,
}

impl Form {
    /// The version that a stamp of this form bears
    pub fn version(self) -> &'static str {
        match self {
            Self::First => "1",
            Self::Second => "2",
        }
    }

    fn of(version: u8) -> Option<Self> {
        match version {
            1 => Some(Self::First),
            2 => Some(Self::Second),
            _ => None,
        }
    }
}

/// The longest text that is read as a stamp; names and annotations of one pod stay far below
const LONGEST: usize = 64 * 1024;

/// What signs stamps and verifies them: the keys, and the cluster that they are good for
#[derive(Clone, Debug)]
pub struct Signer {
    ring: Ring,
    cluster: String,
    form: Form,
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
    /// It was written for another object
    #[error("it was written for {0}")]
    Object(String),
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

impl Signer {
    /// A seal for a cluster, by the UID of its namespace kube-system; empty where there is no cluster
    pub fn new(ring: Ring, cluster: impl Into<String>) -> Self {
        Self {
            ring,
            cluster: cluster.into(),
            form: Form::default(),
        }
    }

    /// The same, which signs stamps of this form
    #[must_use]
    pub fn writing(self, form: Form) -> Self {
        Self { form, ..self }
    }

    /// The form of the stamps that it signs
    pub fn form(&self) -> Form {
        self.form
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
        let (v, claims) = match self.form {
            Form::First => (1, claims.clone().of_first_form()),
            Form::Second => (2, claims.clone()),
        };
        let wire = Wire {
            v,
            key: key.id().to_owned(),
            mac: HEXLOWER.encode(&key.sign(&claims.canonical(self.form, key.id()))),
            claims,
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
        let (form, wire) = read(text)?;
        let key = self
            .ring
            .key(&wire.key)
            .ok_or_else(|| Broken::UnknownKey(clipped(&wire.key)))?;
        let mac = HEXLOWER
            .decode(wire.mac.as_bytes())
            .map_err(|_| Broken::Unreadable)?;
        if !key.verifies(&wire.claims.canonical(form, &wire.key), &mac) {
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
pub(crate) fn key_id(text: &str) -> Option<String> {
    read(text).ok().map(|(_, wire)| wire.key)
}

/// What a stamp says, without any belief in it: for people, and for messages
pub(crate) fn unverified(text: &str) -> Option<Claims> {
    read(text).ok().map(|(_, wire)| wire.claims)
}

fn read(text: &str) -> Result<(Form, Wire), Broken> {
    if text.len() > LONGEST {
        return Err(Broken::Unreadable);
    }
    let wire: Wire = serde_json::from_str(text).map_err(|_| Broken::Unreadable)?;
    let form = Form::of(wire.v).ok_or(Broken::Unreadable)?;
    let Claims {
        object, containers, ..
    } = &wire.claims;
    let is_whole = match form {
        Form::First => object.is_none() && containers.is_none(),
        Form::Second => object.is_some(),
    };
    if is_whole {
        Ok((form, wire))
    } else {
        Err(Broken::Unreadable)
    }
}

/// Key ids are short; one that is not was never ours
fn clipped(id: &str) -> String {
    id.chars().filter(|c| !c.is_control()).take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ram_policy::Principal;

    fn form(text: &str) -> Option<Form> {
        read(text).ok().map(|(form, _)| form)
    }

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
            object: Some(StampedObject {
                group: "apps".to_owned(),
                kind: "Deployment".to_owned(),
                name: ObjectName::Whole("web".to_owned()),
            }),
            service_account: Some("default".to_owned()),
            containers: Some(Contents::new([(
                "main".to_owned(),
                ContainerDigest::new(
                    ContainerList::Main,
                    "app:1",
                    [].into_iter(),
                    ["serve"].into_iter(),
                ),
            )])),
        }
    }

    fn signer(ids: &[&str]) -> Signer {
        let keys = ids.iter().map(|id| {
            let secret: Vec<u8> = id.bytes().cycle().take(KEY_BYTES).collect();
            ((*id).to_owned(), secret)
        });
        Signer::new(Ring::new(keys).unwrap(), "uid")
    }

    fn mac(stamp: &str) -> &str {
        let (_, mac) = stamp.rsplit_once(r#""mac":""#).unwrap();
        mac.strip_suffix("\"}").unwrap()
    }

    #[test]
    fn what_was_signed_verifies_and_is_the_same_each_time() {
        let signer = signer(&["k1"]);
        let text = signer.sign(&claims());
        assert_eq!(text, signer.sign(&claims()));
        assert_eq!(signer.verify(&text, "shop"), Ok(claims()));
        let digest = claims()
            .containers
            .unwrap()
            .container("main")
            .unwrap()
            .to_string();
        assert_eq!(
            text,
            r#"{"v":2,"user":"alice@example.com","principal":"user/alice","namespace":"shop","cluster":"uid","object":{"group":"apps","kind":"Deployment","name":"web"},"fields":{"tags":"env:test"},"serviceAccount":"default","containers":{"main":"DIGEST"},"key":"k1","mac":"MAC"}"#
                .replace("DIGEST", &digest)
                .replace("MAC", mac(&text))
        );
    }

    #[test]
    fn a_stamp_of_the_first_form_stays_good() {
        let signer = signer(&["k1"]).writing(Form::First);
        let text = signer.sign(&claims());
        assert_eq!(
            text,
            r#"{"v":1,"user":"alice@example.com","principal":"user/alice","namespace":"shop","cluster":"uid","fields":{"tags":"env:test"},"serviceAccount":"default","key":"k1","mac":"MAC"}"#
                .replace("MAC", mac(&text))
        );
        assert_eq!(form(&text), Some(Form::First));
        let new = signer.clone().writing(Form::Second);
        assert_eq!(new.verify(&text, "shop"), Ok(claims().of_first_form()));
        assert_eq!(form(&new.sign(&claims())), Some(Form::Second));
        // No stamp of one form reads as one of the other
        for (from, to) in [
            (r#""v":1"#, r#""v":2"#),
            (
                r#""fields""#,
                r#""object":{"group":"apps","kind":"Deployment","name":"web"},"fields""#,
            ),
        ] {
            let changed = text.replacen(from, to, 1);
            assert_eq!(new.verify(&changed, "shop"), Err(Broken::Unreadable), "{changed}");
        }
        let both = text.replacen(r#""v":1"#, r#""v":2"#, 1).replacen(
            r#""fields""#,
            r#""object":{"group":"apps","kind":"Deployment","name":"web"},"fields""#,
            1,
        );
        assert_eq!(new.verify(&both, "shop"), Err(Broken::Signature));
    }

    #[test]
    fn every_claim_is_signed() {
        let signer = signer(&["k1"]);
        let text = signer.sign(&claims());
        for (from, to) in [
            ("alice@", "mallory@"),
            ("user/alice", "user/root"),
            ("env:test", "env:prod"),
            (r#""default""#, r#""admin""#),
            (r#""tags""#, r#""ramRoleName""#),
            (r#""principal":"user/alice","#, ""),
            (r#""name":"web""#, r#""name":"api""#),
            (r#""name":"web""#, r#""generateName":"web""#),
            (r#""kind":"Deployment""#, r#""kind":"StatefulSet""#),
            (r#""group":"apps","#, ""),
            (r#""main""#, r#""side""#),
        ] {
            let forged = text.replacen(from, to, 1);
            assert_ne!(forged, text);
            assert_eq!(signer.verify(&forged, "shop"), Err(Broken::Signature), "{forged}");
        }
        let elsewhere = text.replacen(r#""shop""#, r#""bank""#, 1);
        assert_eq!(signer.verify(&elsewhere, "bank"), Err(Broken::Signature));
    }

    #[test]
    fn a_stamp_is_good_for_its_namespace_and_cluster_alone() {
        let here = signer(&["k1"]);
        let text = here.sign(&claims());
        let broken = here.verify(&text, "bank").unwrap_err();
        assert_eq!(broken, Broken::Namespace("shop".to_owned()));
        assert!(broken.is_forged());
        let other = Signer::new(here.ring().clone(), "other");
        assert_eq!(other.verify(&text, "shop"), Err(Broken::Cluster));
    }

    #[test]
    fn the_newest_key_signs_and_all_verify() {
        let (old, both, new) = (signer(&["k1"]), signer(&["k2", "k1"]), signer(&["k2"]));
        let text = old.sign(&claims());
        assert!(both.verify(&text, "shop").is_ok());
        assert_eq!(key_id(&both.sign(&claims())).as_deref(), Some("k2"));
        let broken = new.verify(&text, "shop").unwrap_err();
        assert_eq!(broken, Broken::UnknownKey("k1".to_owned()));
        assert!(!broken.is_forged());
    }

    #[test]
    fn what_is_no_stamp_is_not_read() {
        let signer = signer(&["k1"]);
        let text = signer.sign(&claims());
        let mac = mac(&text);
        for garbage in [
            String::new(),
            "alice".to_owned(),
            "{}".to_owned(),
            "null".to_owned(),
            text.replacen("\"v\":2", "\"v\":3", 1),
            text.replacen("{\"v\"", "{\"more\":1,\"v\"", 1),
            text.replacen("\"user\"", "\"user\":\"bob\",\"user\"", 1),
            text.replacen(mac, &mac.to_uppercase(), 1),
            text.replacen(mac, "é", 1),
            text.replacen(mac, "abc", 1),
            " ".repeat(LONGEST) + &text,
        ] {
            assert_eq!(
                signer.verify(&garbage, "shop"),
                Err(Broken::Unreadable),
                "{garbage}"
            );
        }
        let short = text.replacen(mac, "00", 1);
        assert_eq!(signer.verify(&short, "shop"), Err(Broken::Signature));
    }
}
