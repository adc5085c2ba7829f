//! Signs claims, and verifies stamps.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use data_encoding::HEXLOWER;

use crate::stamp::claims::Claims;
use crate::stamp::form::Form;
use crate::stamp::key_ring::KeyRing;
use crate::stamp::signed_stamp::{SignedStamp, parse};
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

    /// Signs claims with the newest key
    ///
    /// ```text
    /// {"v":2,"user":"alice","principal":"user/alice","namespace":"shop","cluster":"<uid>",
    ///  "object":{"group":"apps","kind":"Deployment","name":"web"},"fields":{"tags":"env:test"},
    ///  "serviceAccount":"default","containers":{"main":"<digests>"},"key":"k1","mac":"<signature>"}
    /// ```
    pub fn sign(&self, claims: &Claims) -> String {
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
        // Strings and numbers always serialize; an empty text would not verify
        serde_json::to_string(&stamp).unwrap_or_default()
    }

    /// Whether a text is the stamp of these claims that it writes itself; in constant time, so that nobody can guess one
    ///
    /// `false` says nothing: an older key, or the other form, gives a valid stamp that is another text.
    pub fn signed(&self, claims: &Claims, text: &str) -> bool {
        let own = self.sign(claims);
        verify_slices_are_equal(own.as_bytes(), text.as_bytes()).is_ok()
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
    use super::*;
    use crate::stamp::signed_stamp::MAX_BYTES;
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
    fn a_stamp_is_known_by_its_text() {
        let (signer, other) = (signer(&["k1"]), signer(&["k2", "k1"]));
        let text = signer.sign(&claims());
        assert!(signer.signed(&claims(), &text));
        assert!(!signer.signed(&claims().of_first_form(), &text));
        assert!(!other.signed(&claims(), &text), "another key signs");
        for end in 0..text.len() {
            assert!(!signer.signed(&claims(), &text[..end]), "{end}");
        }
    }

    #[test]
    fn stamps_of_the_first_form_verify() {
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
        let text = here.sign(&claims());
        let error = here.verify(&text, "bank").unwrap_err();
        assert_eq!(error, VerifyError::Namespace("shop".to_owned()));
        assert!(error.is_forged());
        let other = Signer::new(here.ring().clone(), "other");
        assert_eq!(other.verify(&text, "shop"), Err(VerifyError::Cluster));
    }

    #[test]
    fn the_newest_key_signs_and_all_verify() {
        let (old, both, new) = (signer(&["k1"]), signer(&["k2", "k1"]), signer(&["k2"]));
        let text = old.sign(&claims());
        assert!(both.verify(&text, "shop").is_ok());
        assert_eq!(key_id(&both.sign(&claims())).as_deref(), Some("k2"));
        let error = new.verify(&text, "shop").unwrap_err();
        assert_eq!(error, VerifyError::UnknownKey("k1".to_owned()));
        assert!(!error.is_forged());
    }

    #[test]
    fn other_texts_are_unreadable() {
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
