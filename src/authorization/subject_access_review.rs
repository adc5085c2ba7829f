//! A SubjectAccessReview as the API server sends it, borrowed from its body.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::kubernetes::borrowed_text::Text;
use crate::kubernetes::deserialize::{bounded_list, bounded_value};
use crate::kubernetes::limits::MAX_GROUPS;
use crate::kubernetes::requester as identity;
use crate::kubernetes::user_extra::UserExtra;
use crate::wording::{NAME_LENGTH, quoted};

/// The older version; ramgate only refuses reviews in it
const OLDER: &str = "authorization.k8s.io/v1beta1";
/// The version that ramgate reads and answers
pub(crate) const VERSION: &str = "authorization.k8s.io/v1";
/// The kind of a review
pub(crate) const KIND: &str = "SubjectAccessReview";

/// A request of the API server to decide whether a user may do something
#[derive(Clone, Debug)]
pub(crate) struct SubjectAccessReview<'a> {
    spec: Spec<'a>,
}

/// An error in a body that makes it no review
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReviewError {
    /// Not JSON, or not of the shape of a review
    #[error("body is not a SubjectAccessReview: {0}")]
    Shape(#[source] serde_json::Error),
    /// Another version or kind
    #[error(
        "expected {VERSION} {KIND}, found {} {}: set subjectAccessReviewVersion to v1",
        quoted(api_version, NAME_LENGTH),
        quoted(kind, NAME_LENGTH)
    )]
    Version {
        /// The `apiVersion` found
        api_version: String,
        /// The `kind` found
        kind: String,
    },
    /// It has no spec
    #[error("SubjectAccessReview has no spec")]
    NoSpec,
    /// It has neither kind of attributes, or both
    #[error("spec must have either resourceAttributes or nonResourceAttributes")]
    NotOneKind,
    /// It names no subject
    #[error("spec names neither user nor groups")]
    NoSubject,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a> {
    #[serde(borrow, default)]
    api_version: Text<'a>,
    #[serde(borrow, default)]
    kind: Text<'a>,
    #[serde(borrow)]
    spec: Option<Spec<'a>>,
}

/// The version and kind of a body whose other fields do not read
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct TypeMeta<'a> {
    #[serde(borrow, default)]
    api_version: Text<'a>,
    #[serde(borrow, default)]
    kind: Text<'a>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec<'a> {
    #[serde(borrow)]
    resource_attributes: Option<ResourceAttributes<'a>>,
    non_resource_attributes: Option<IgnoredAny>,
    #[serde(borrow)]
    user: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "bounded_list::<MAX_GROUPS, _, _>")]
    groups: Vec<Text<'a>>,
    #[serde(borrow)]
    extra: Option<&'a RawValue>,
}

/// The verb and the objects of a request to the API server
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ResourceAttributes<'a> {
    /// The namespace; empty for all of them
    #[serde(borrow)]
    pub namespace: Text<'a>,
    /// The verb, such as `get`
    #[serde(borrow)]
    pub verb: Text<'a>,
    /// The API group; empty for the core group
    #[serde(borrow)]
    pub group: Text<'a>,
    /// The resource, such as `pods`
    #[serde(borrow)]
    pub resource: Text<'a>,
    /// The subresource; empty for the object itself
    #[serde(borrow)]
    pub subresource: Text<'a>,
    /// The object's name; empty for all of them
    #[serde(borrow)]
    pub name: Text<'a>,
    /// The field selector of a list
    #[serde(borrow)]
    pub field_selector: Option<Selector<'a>>,
    /// The label selector of a list
    #[serde(borrow)]
    pub label_selector: Option<Selector<'a>>,
}

/// A selector as an authorizer gets it
///
/// ramgate ignores `rawSelector`, as Kubernetes advises. The API server parses it into the requirements and leaves out
/// those that it does not understand, so the requirements never select fewer objects than the request.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Selector<'a> {
    /// Requirements that must all hold
    #[serde(borrow, default, deserialize_with = "bounded_value")]
    pub requirements: Option<Vec<Requirement<'a>>>,
}

/// One requirement on a label or field
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Requirement<'a> {
    /// The label or field
    #[serde(borrow)]
    pub key: Text<'a>,
    /// `In`, `NotIn`, `Exists` or `DoesNotExist`
    #[serde(borrow)]
    pub operator: Text<'a>,
    /// The values that the operator compares with
    #[serde(borrow)]
    pub values: Option<Vec<Text<'a>>>,
}

impl<'a> SubjectAccessReview<'a> {
    /// Parses a review
    ///
    /// # Errors
    ///
    /// The body is not JSON of a review, has another version or kind, or its spec lacks a subject or has not exactly one
    /// kind of attributes.
    pub(crate) fn parse(body: &'a [u8]) -> Result<Self, ReviewError> {
        let envelope: Envelope<'a> = match serde_json::from_slice(body) {
            Ok(envelope) => envelope,
            Err(error) => {
                // The spec of another version may differ; the version is then the error to report
                let type_meta: TypeMeta<'_> = serde_json::from_slice(body).unwrap_or_default();
                if !type_meta.kind.is_empty() {
                    check_version(&type_meta.api_version, &type_meta.kind)?;
                }
                return Err(ReviewError::Shape(error));
            }
        };
        check_version(&envelope.api_version, &envelope.kind)?;
        let spec = envelope.spec.ok_or(ReviewError::NoSpec)?;
        if spec.resource_attributes.is_some() == spec.non_resource_attributes.is_some() {
            return Err(ReviewError::NotOneKind);
        }
        let review = Self { spec };
        if review.user().is_empty() && review.groups().next().is_none() {
            return Err(ReviewError::NoSubject);
        }
        Ok(review)
    }

    /// The user; empty if the review names groups alone
    pub(crate) fn user(&self) -> &str {
        self.spec.user.as_deref().unwrap_or_default()
    }

    /// The groups of the user
    pub(crate) fn groups(&self) -> impl Iterator<Item = &str> + Clone {
        self.spec.groups.iter().map(|group| &**group)
    }

    /// The requester with everything that says who they are
    pub(crate) fn requester(&self) -> identity::Requester<'_, impl Iterator<Item = &str> + Clone> {
        identity::Requester {
            user: self.user(),
            groups: self.groups(),
            extra: UserExtra::new(self.spec.extra),
        }
    }

    /// The verb and the objects; `None` if the review is about a URL path
    pub(crate) fn attributes(&self) -> Option<&ResourceAttributes<'a>> {
        self.spec.resource_attributes.as_ref()
    }
}

fn check_version(api_version: &str, kind: &str) -> Result<(), ReviewError> {
    if (api_version, kind) == (VERSION, KIND) {
        return Ok(());
    }
    Err(ReviewError::Version {
        api_version: api_version.to_owned(),
        kind: kind.to_owned(),
    })
}

impl ResourceAttributes<'_> {
    /// The one value that a field of every selected object has
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let fields = equalities(self.field_selector.as_ref());
        fields
            .into_iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    }

    /// The labels for which every selected object has one value, with that value
    pub(crate) fn labels(&self) -> Vec<(&str, &str)> {
        equalities(self.label_selector.as_ref()).into_iter().collect()
    }
}

/// The requirements that one value alone meets: `key=value`, or `key in (value)`
fn equalities<'a>(selector: Option<&'a Selector<'_>>) -> impl IntoIterator<Item = (&'a str, &'a str)> {
    let requirements = selector
        .into_iter()
        .flat_map(|selector| &selector.requirements)
        .flatten();
    requirements
        .filter(|requirement| &*requirement.operator == "In")
        .filter_map(|requirement| {
            let (first, others) = requirement.values.as_ref()?.split_first()?;
            others
                .iter()
                .all(|other| other == first)
                .then_some((&*requirement.key, &**first))
        })
}

impl ReviewError {
    /// The version of the response: the older one for a review in that version
    pub(crate) fn response_version(&self) -> &'static str {
        match self {
            Self::Version { api_version, kind } if kind == KIND && api_version == OLDER => OLDER,
            _ => VERSION,
        }
    }
}
