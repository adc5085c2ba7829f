//! Signs claims, and verifies stamps.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use data_encoding::HEXLOWER;

use crate::stamp::claims::Claims;
use crate::stamp::form::Form;
use crate::stamp::key_ring::KeyRing;
use crate::stamp::signed_stamp::{MAX_BYTES, SignedStamp, parse};
use crate::stamp::verify_error::VerifyError;

/// The longest key id in a message, in characters; the ids of ramgate's own keys are no longer
const LONGEST_ID: usize = 64;

/// Signs and verifies the stamps of one cluster
#[derive(Clone, Debug)]
pub struct Signer {
    ring: KeyRing,
    cluster: String,
    form: Form,
}

impl Signer {
    /// A signer for a cluster, named by the UID of its namespace kube-system; empty if there is no cluster
    pub fn new(ring: KeyRing, cluster: impl Into<String>) -> Self {
        Self {
            ring,
            cluster: cluster.into(),
            form: Form::default(),
        }
    }

    /// This signer, but it signs stamps of this form
    #[must_use]
    pub fn writing(self, form: Form) -> Self {
        Self { form, ..self }
    }

    /// The form of the stamps that it signs
    pub fn form(&self) -> Form {
        self.form
    }

    /// The cluster of the stamps
    pub fn cluster(&self) -> &str {
        &self.cluster
    }

    /// The keys
    pub fn ring(&self) -> &KeyRing {
        &self.ring
    }

    /// Signs claims with the newest key; `None` if that is longer than what is read as a stamp
    ///
    /// ```text
    /// {"v":2,"user":"alice","principal":"user/alice","namespace":"shop","cluster":"<uid>",
    ///  "object":{"group":"apps","kind":"Deployment","name":"web"},"fields":{"tags":"env:test"},
    ///  "serviceAccount":"default","containers":{"main":"<digests>"},"key":"k1","mac":"<signature>"}
    /// ```
    pub fn sign(&self, claims: &Claims) -> Option<String> {
        let key = self.ring.newest();
        let claims = match self.form {
            Form::First => claims.clone().of_first_form(),
            Form::Second => claims.clone(),
        };
        let stamp = SignedStamp {
            v: self.form.number(),
            key: key.id().to_owned(),
            mac: HEXLOWER.encode(&key.sign(&claims.signed_bytes(self.form, key.id()))),
            claims,
        };
        // Strings and numbers always serialize
        let text = serde_json::to_string(&stamp).ok();
        text.filter(|text| text.len() <= MAX_BYTES)
    }

    /// Whether a text is the stamp of these claims that it writes itself; in constant time, so that nobody can guess one. `None`
    /// if it would write none, as [`Self::sign`] says
    ///
    /// A text of which this is true also verifies: nothing is stored as good that is broken to whoever reads it. `false` says
    /// nothing: an older key, or the other form, gives a valid stamp that is another text.
    pub fn signed(&self, claims: &Claims, text: &str) -> Option<bool> {
        let own = self.sign(claims)?;
        let is_complete = self.form == Form::First || claims.object.is_some();
        Some(is_complete && verify_slices_are_equal(own.as_bytes(), text.as_bytes()).is_ok())
    }

    /// The claims of a stamp that was signed by one of the keys, for this cluster and namespace
    ///
    /// # Errors
    ///
    /// The text is no stamp, its key is unknown, its signature is wrong, or it is for another cluster or namespace.
    pub fn verify(&self, text: &str, namespace: &str) -> Result<Claims, VerifyError> {
        let (form, SignedStamp { claims, key, mac, .. }) = parse(text)?;
        let Some(signing_key) = self.ring.key(&key) else {
            return Err(VerifyError::UnknownKey(clipped(&key)));
        };
        let Ok(mac) = HEXLOWER.decode(mac.as_bytes()) else {
            return Err(VerifyError::Unreadable);
        };
        if !signing_key.verifies(&claims.signed_bytes(form, &key), &mac) {
            return Err(VerifyError::Signature);
        }
        if claims.cluster != self.cluster {
            return Err(VerifyError::Cluster);
        }
        if claims.namespace != namespace {
            return Err(VerifyError::Namespace(claims.namespace));
        }
        Ok(claims)
    }
}

/// A key id for a message: no longer than the ids of ramgate's own keys
fn clipped(id: &str) -> String {
    id.chars().filter(|c| !c.is_control()).take(LONGEST_ID).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::stamp::*;
    use ram_policy::Principal;

    fn form(text: &str) -> Option<Form> {
        parse(text).ok().map(|(form, _)| form)
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
            containers: Some(ContainerDigests::new([(
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
        Signer::new(KeyRing::new(keys).unwrap(), "uid")
    }

    fn mac(stamp: &str) -> &str {
        let (_, mac) = stamp.rsplit_once(r#""mac":""#).unwrap();
        mac.strip_suffix("\"}").unwrap()
    }

    #[test]
    fn signed_claims_verify_and_signing_is_deterministic() {
        let signer = signer(&["k1"]);
        let text = signer.sign(&claims()).unwrap();
        assert_eq!(text, signer.sign(&claims()).unwrap());
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
    fn a_stamp_is_known_by_its_text() {
        let (signer, other) = (signer(&["k1"]), signer(&["k2", "k1"]));
        let text = signer.sign(&claims()).unwrap();
        assert_eq!(signer.signed(&claims(), &text), Some(true));
        assert_eq!(signer.signed(&claims().of_first_form(), &text), Some(false));
        assert_eq!(other.signed(&claims(), &text), Some(false), "another key signs");
        let (mut shorter, longer) = (text.clone(), format!("{text} "));
        assert_eq!(signer.signed(&claims(), &longer), Some(false));
        while shorter.pop().is_some() {
            assert_eq!(signer.signed(&claims(), &shorter), Some(false), "{shorter}");
        }
    }

    #[test]
    fn what_is_too_long_to_be_read_is_not_signed() {
        let signer = signer(&["k1"]);
        let with_user = |length: usize| Claims {
            user: "a".repeat(length),
            ..claims()
        };
        let others = signer.sign(&with_user(0)).unwrap().len();
        let longest = with_user(MAX_BYTES - others);
        let text = signer.sign(&longest).unwrap();
        assert_eq!(text.len(), MAX_BYTES);
        assert_eq!(signer.signed(&longest, &text), Some(true));
        assert_eq!(signer.verify(&text, "shop"), Ok(longest));
        let longer = with_user(MAX_BYTES - others + 1);
        assert_eq!(signer.sign(&longer), None);
        assert_eq!(signer.signed(&longer, &text), None);
    }

    proptest! {
        #[test]
        fn a_stamp_that_is_known_by_its_text_verifies(
            user in any::<String>(),
            name in "[a-zA-Z0-9._-]{1,20}",
            is_bound in any::<bool>(),
            object in proptest::option::of((".{0,9}", ".{0,9}", ".{0,9}", any::<bool>())),
            fields in proptest::collection::vec(proptest::option::of(".{0,30}"), 5),
            padding in proptest::option::of(0_usize..200_000),
            containers in proptest::option::of(0_usize..900),
            is_first in any::<bool>(),
        ) {
            let [tags, resource_group_id, ram_role_name, service_arns, user_arns] =
                <[Option<String>; 5]>::try_from(fields).unwrap();
            let digest = |number: usize| {
                let image = format!("app:{number}");
                let digest = ContainerDigest::new(ContainerList::Main, &image, [].into_iter(), [].into_iter());
                (format!("c{number}"), digest)
            };
            let claims = Claims {
                user,
                principal: is_bound.then(|| Principal::User(name.into())),
                object: object.map(|(group, kind, name, is_whole)| StampedObject {
                    group,
                    kind,
                    name: if is_whole { ObjectName::Whole(name) } else { ObjectName::Prefix(name) },
                }),
                fields: FieldTexts {
                    tags,
                    resource_group_id,
                    ram_role_name,
                    service_arns: padding.map(|length| "0".repeat(length)).or(service_arns),
                    user_arns,
                },
                containers: containers.map(|count| ContainerDigests::new((0..count).map(digest))),
                ..claims()
            };
            let form = if is_first { Form::First } else { Form::Second };
            let signer = signer(&["k1"]).writing(form);
            let text = signer.sign(&claims);
            let is_known = text.as_ref().is_some_and(|text| signer.signed(&claims, text) == Some(true));
            let read = text.map(|text| signer.verify(&text, "shop"));
            if is_known {
                let written = if is_first { claims.of_first_form() } else { claims };
                prop_assert_eq!(read, Some(Ok(written)));
            } else {
                prop_assert!(read.is_none_or(|read| read.is_err()));
            }
        }
    }

    #[test]
    fn stamps_of_the_first_form_verify() {
        let signer = signer(&["k1"]).writing(Form::First);
        let text = signer.sign(&claims()).unwrap();
        assert_eq!(
            text,
            r#"{"v":1,"user":"alice@example.com","principal":"user/alice","namespace":"shop","cluster":"uid","fields":{"tags":"env:test"},"serviceAccount":"default","key":"k1","mac":"MAC"}"#
                .replace("MAC", mac(&text))
        );
        assert_eq!(form(&text), Some(Form::First));
        let new = signer.clone().writing(Form::Second);
        assert_eq!(new.verify(&text, "shop"), Ok(claims().of_first_form()));
        assert_eq!(form(&new.sign(&claims()).unwrap()), Some(Form::Second));
        // No stamp of one form reads as one of the other
        for (from, to) in [
            (r#""v":1"#, r#""v":2"#),
            (
                r#""fields""#,
                r#""object":{"group":"apps","kind":"Deployment","name":"web"},"fields""#,
            ),
        ] {
            let changed = text.replacen(from, to, 1);
            assert_eq!(
                new.verify(&changed, "shop"),
                Err(VerifyError::Unreadable),
                "{changed}"
            );
        }
        let both = text.replacen(r#""v":1"#, r#""v":2"#, 1).replacen(
            r#""fields""#,
            r#""object":{"group":"apps","kind":"Deployment","name":"web"},"fields""#,
            1,
        );
        assert_eq!(new.verify(&both, "shop"), Err(VerifyError::Signature));
    }

    #[test]
    fn every_claim_is_signed() {
        let signer = signer(&["k1"]);
        let text = signer.sign(&claims()).unwrap();
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
            assert_eq!(
                signer.verify(&forged, "shop"),
                Err(VerifyError::Signature),
                "{forged}"
            );
        }
        let elsewhere = text.replacen(r#""shop""#, r#""bank""#, 1);
        assert_eq!(signer.verify(&elsewhere, "bank"), Err(VerifyError::Signature));
    }

    #[test]
    fn a_stamp_verifies_only_in_its_namespace_and_cluster() {
        let here = signer(&["k1"]);
        let text = here.sign(&claims()).unwrap();
        let error = here.verify(&text, "bank").unwrap_err();
        assert_eq!(error, VerifyError::Namespace("shop".to_owned()));
        assert!(error.is_forged());
        let other = Signer::new(here.ring().clone(), "other");
        assert_eq!(other.verify(&text, "shop"), Err(VerifyError::Cluster));
    }

    #[test]
    fn the_newest_key_signs_and_all_verify() {
        let (old, both, new) = (signer(&["k1"]), signer(&["k2", "k1"]), signer(&["k2"]));
        let text = old.sign(&claims()).unwrap();
        assert!(both.verify(&text, "shop").is_ok());
        assert_eq!(key_id(&both.sign(&claims()).unwrap()).as_deref(), Some("k2"));
        let error = new.verify(&text, "shop").unwrap_err();
        assert_eq!(error, VerifyError::UnknownKey("k1".to_owned()));
        assert!(!error.is_forged());
    }

    #[test]
    fn other_texts_are_unreadable() {
        let signer = signer(&["k1"]);
        let text = signer.sign(&claims()).unwrap();
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
            " ".repeat(MAX_BYTES) + &text,
        ] {
            assert_eq!(
                signer.verify(&garbage, "shop"),
                Err(VerifyError::Unreadable),
                "{garbage}"
            );
        }
        let short = text.replacen(mac, "00", 1);
        assert_eq!(signer.verify(&short, "shop"), Err(VerifyError::Signature));
    }
}
