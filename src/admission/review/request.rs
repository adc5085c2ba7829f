//! The AdmissionReview of a body, and the checks on its request.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::admission::review::review_error::{ReviewError, ReviewFault};
use crate::kubernetes::borrowed_text::Text;
use crate::kubernetes::deserialize::{bounded_list, null_as_default};
use crate::kubernetes::limits::MAX_GROUPS;

/// The longest user name, in bytes: authenticators give some hundreds at most
const MAX_USER: usize = 4096;

/// The longest name of a namespace, with much room: the API server takes 63 bytes
const MAX_NAMESPACE: usize = 253;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a> {
    #[serde(borrow, default)]
    api_version: Text<'a>,
    #[serde(borrow, default)]
    kind: Text<'a>,
    #[serde(borrow)]
    request: Option<Request<'a>>,
    response: Option<IgnoredAny>,
}

/// The request in an AdmissionReview
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request<'a> {
    #[serde(borrow, default)]
    pub(super) uid: Text<'a>,
    #[serde(borrow)]
    pub(super) resource: GroupVersionResource<'a>,
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    pub(super) sub_resource: Text<'a>,
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    pub(super) name: Text<'a>,
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    pub(super) namespace: Text<'a>,
    #[serde(borrow, default)]
    pub(super) operation: Text<'a>,
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    pub(super) user_info: UserInfo<'a>,
    #[serde(borrow)]
    pub(super) object: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) old_object: Option<&'a RawValue>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) dry_run: bool,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct GroupVersionResource<'a> {
    #[serde(borrow, default)]
    pub(super) group: Text<'a>,
    #[serde(borrow, default)]
    pub(super) version: Text<'a>,
    #[serde(borrow, default)]
    pub(super) resource: Text<'a>,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct UserInfo<'a> {
    #[serde(borrow, default)]
    pub(super) username: Text<'a>,
    #[serde(borrow, default, deserialize_with = "bounded_list::<MAX_GROUPS, _, _>")]
    pub(super) groups: Vec<Text<'a>>,
    #[serde(borrow)]
    pub(super) extra: Option<&'a RawValue>,
}

impl<'a> Request<'a> {
    /// Parses a body
    ///
    /// # Errors
    ///
    /// The body is no v1 AdmissionReview with a request and no response, or the request has no uid or user, or a name that is
    /// too long.
    pub(super) fn parse(body: &'a [u8]) -> Result<Self, ReviewError> {
        let envelope: Envelope<'a> =
            serde_json::from_slice(body).map_err(|error| ReviewError::new("", ReviewFault::Shape(error)))?;
        let uid = envelope.request.as_ref().map_or("", |request| &*request.uid);
        envelope.check().map_err(|fault| ReviewError::new(uid, fault))?;
        let request = envelope
            .request
            .ok_or_else(|| ReviewError::new("", ReviewFault::NoRequest))?;
        let uid = request.uid.clone();
        request.check().map_err(|fault| ReviewError::new(&uid, fault))?;
        Ok(request)
    }

    /// The resource as its API group and name
    pub(super) fn group_resource(&self) -> (&str, &str) {
        (&self.resource.group, &self.resource.resource)
    }

    fn check(&self) -> Result<(), ReviewFault> {
        let user = &self.user_info.username;
        if self.uid.is_empty() {
            return Err(ReviewFault::NoUid);
        }
        if user.is_empty() {
            return Err(ReviewFault::NoUser);
        }
        let limits = [
            ("userInfo.username", user.len(), MAX_USER),
            ("namespace", self.namespace.len(), MAX_NAMESPACE),
        ];
        match limits.into_iter().find(|(_, bytes, most)| bytes > most) {
            Some((part, bytes, most)) => Err(ReviewFault::TooLong { part, bytes, most }),
            None => Ok(()),
        }
    }
}

impl Envelope<'_> {
    fn check(&self) -> Result<(), ReviewFault> {
        if &*self.api_version != "admission.k8s.io/v1" || &*self.kind != "AdmissionReview" {
            return Err(ReviewFault::Version {
                api_version: found(&self.api_version),
                kind: found(&self.kind),
            });
        }
        if self.response.is_some() {
            return Err(ReviewFault::HasResponse);
        }
        Ok(())
    }
}

fn found(text: &str) -> String {
    if text.is_empty() {
        "nothing".to_owned()
    } else {
        format!("`{text}`")
    }
}
