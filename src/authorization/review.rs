//! A SubjectAccessReview as the API server sends it, read without copying it.

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::kubernetes::bounds::{GROUPS, few, modest};
use crate::kubernetes::strings::Text;
use crate::wording::{NAME_LENGTH, quoted};

/// The older version, in which only refusals are answered
const OLDER: &str = "authorization.k8s.io/v1beta1";
/// The version that is read and answered
pub(crate) const VERSION: &str = "authorization.k8s.io/v1";
/// What is asked with it
pub(crate) const KIND: &str = "SubjectAccessReview";

/// A question whether somebody may do something
#[derive(Clone, Debug)]
pub(crate) struct Review<'a> {
    spec: Spec<'a>,
}

/// Why a body is not a review that can be judged
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
    /// There is no question in it
    #[error("SubjectAccessReview has no spec")]
    NoSpec,
    /// It asks about nothing, or about two things at once
    #[error("spec must have either resourceAttributes or nonResourceAttributes")]
    NotOneQuestion,
    /// Without either nobody can be asked about
    #[error("spec names neither user nor groups")]
    Nobody,
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

/// What decides whose version a body is of, where the rest of it need not be read
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head<'a> {
    #[serde(borrow, default)]
    api_version: Text<'a>,
    #[serde(borrow, default)]
    kind: Text<'a>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec<'a> {
    #[serde(borrow)]
    resource_attributes: Option<Attributes<'a>>,
    non_resource_attributes: Option<IgnoredAny>,
    #[serde(borrow)]
    user: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "few::<GROUPS, _, _>")]
    groups: Vec<Text<'a>>,
}

/// What is done to which objects
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Attributes<'a> {
    /// The namespace; empty for all of them
    #[serde(borrow)]
    pub namespace: Text<'a>,
    /// What is done, such as `get`
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
    /// What a list selects by fields
    #[serde(borrow)]
    pub field_selector: Option<Selector<'a>>,
    /// What a list selects by labels
    #[serde(borrow)]
    pub label_selector: Option<Selector<'a>>,
}

/// A selector as an authorizer gets it
///
/// A `rawSelector` is not read, as Kubernetes advises: the API server parses it, and what it understood stands in the
/// requirements. What it did not understand is missing there, so that more seems selected than is.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Selector<'a> {
    /// Requirements that must all hold
    #[serde(borrow, default, deserialize_with = "modest")]
    pub requirements: Option<Vec<Requirement<'a>>>,
}

/// One requirement on a label or field
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Requirement<'a> {
    /// The label or field
    #[serde(borrow)]
    pub key: Text<'a>,
    /// In, NotIn, Exists or DoesNotExist
    #[serde(borrow)]
    pub operator: Text<'a>,
    /// The values compared with
    #[serde(borrow)]
    pub values: Option<Vec<Text<'a>>>,
}

impl<'a> Review<'a> {
    /// Reads a review
    ///
    /// # Errors
    ///
    /// The body is not a v1 review with one question about somebody.
    pub(crate) fn parse(body: &'a [u8]) -> Result<Self, ReviewError> {
        let envelope: Envelope<'a> = match serde_json::from_slice(body) {
            Ok(envelope) => envelope,
            Err(error) => {
                // Another version may spell its spec otherwise, and is to be told that it is the version
                let head: Head<'_> = serde_json::from_slice(body).unwrap_or_default();
                if !head.kind.is_empty() {
                    Self::check(&head.api_version, &head.kind)?;
                }
                return Err(ReviewError::Shape(error));
            }
        };
        Self::check(&envelope.api_version, &envelope.kind)?;
        let spec = envelope.spec.ok_or(ReviewError::NoSpec)?;
        if spec.resource_attributes.is_some() == spec.non_resource_attributes.is_some() {
            return Err(ReviewError::NotOneQuestion);
        }
        let review = Self { spec };
        if review.user().is_empty() && review.groups().next().is_none() {
            return Err(ReviewError::Nobody);
        }
        Ok(review)
    }

    fn check(api_version: &str, kind: &str) -> Result<(), ReviewError> {
        if (api_version, kind) == (VERSION, KIND) {
            return Ok(());
        }
        Err(ReviewError::Version {
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
        })
    }

    /// Who asks; empty where a review names groups alone
    pub(crate) fn user(&self) -> &str {
        self.spec.user.as_deref().unwrap_or_default()
    }

    /// The groups of who asks
    pub(crate) fn groups(&self) -> impl Iterator<Item = &str> + Clone {
        self.spec.groups.iter().map(|group| &**group)
    }

    /// What is done to which objects; nothing where it is about a path and no object
    pub(crate) fn attributes(&self) -> Option<&Attributes<'a>> {
        self.spec.resource_attributes.as_ref()
    }
}

impl Attributes<'_> {
    /// The one value that a field must have to be selected
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let fields = exact(self.field_selector.as_ref());
        fields
            .into_iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    }

    /// The labels that must have one value to be selected, with that value
    pub(crate) fn labels(&self) -> Vec<(&str, &str)> {
        exact(self.label_selector.as_ref()).into_iter().collect()
    }
}

/// The requirements that one value alone meets: `key=value`, or `key in (value)`
fn exact<'a>(selector: Option<&'a Selector<'_>>) -> impl IntoIterator<Item = (&'a str, &'a str)> {
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
    /// The version in which the answer is understood
    pub(crate) fn answered_in(&self) -> &'static str {
        match self {
            Self::Version { api_version, kind } if kind == KIND && api_version == OLDER => OLDER,
            _ => VERSION,
        }
    }
}
