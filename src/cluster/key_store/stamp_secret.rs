//! The content of the Secret with the keys of the stamps.

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::stamp::{Form, KeyRing, KeyRingError};

/// The annotation with the form in which stamps are written
///
/// Without it, it is the first form: older versions read no other.
pub(super) const FORM: &str = "ramgate.io/stamp-form";

/// The keys by their ids, and the form in which stamps are written
#[derive(Clone, Default)]
pub(super) struct StampSecret {
    keys: BTreeMap<String, ByteString>,
    pub(super) form: Form,
}

impl StampSecret {
    /// Reads a Secret
    ///
    /// ```text
    /// data {20260101T000000Z: <32 bytes>}, annotation ramgate.io/stamp-form: "2" -> one key, Form::Second
    /// data {}, no annotation                                                     -> no key, Form::First
    /// ```
    pub(super) fn read(secret: &Secret) -> Self {
        let form = secret
            .metadata
            .annotations
            .iter()
            .flatten()
            .find(|(key, _)| *key == FORM);
        let is_second = form.is_some_and(|(_, form)| form == Form::Second.version());
        Self {
            keys: secret.data.clone().unwrap_or_default(),
            form: if is_second { Form::Second } else { Form::First },
        }
    }

    /// A new key, whose id is the time, for stamps in the second form
    ///
    /// # Errors
    /// The system gives no randomness.
    pub(super) fn generate() -> Result<Self, KeyRingError> {
        let id = Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
        Ok(Self {
            keys: BTreeMap::from([(id, ByteString(KeyRing::generate()?))]),
            form: Form::Second,
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The ring of the keys
    ///
    /// # Errors
    /// There is no key, or one is malformed.
    pub(super) fn ring(&self) -> Result<KeyRing, KeyRingError> {
        let keys = self.keys.iter();
        KeyRing::new(keys.map(|(id, key)| (id.clone(), key.0.clone())))
    }

    /// The Secret of this name with these keys
    pub(super) fn into_secret(self, name: &str) -> Secret {
        Secret {
            metadata: ObjectMeta {
                name: Some(name.to_owned()),
                annotations: Some([(FORM.to_owned(), self.form.version().to_owned())].into()),
                ..ObjectMeta::default()
            },
            data: Some(self.keys),
            ..Secret::default()
        }
    }
}
