//! An AdmissionReview as the API server sends it, read without copying it.
//!
//! The body is scanned once for the request; the pods in it are then read on their own, so that everything else in
//! them is skipped, never stored.

pub(crate) mod complete;
pub(crate) mod error;
pub(crate) mod growth;
pub(crate) mod missing;
pub(crate) mod objects;
pub(crate) mod parameters;
pub(crate) mod proxied;
pub(crate) mod stored_revision;

use std::fmt;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::kubernetes::borrowed_text::Text;
use crate::kubernetes::deserialize::{bounded_list, null_as_default};
use crate::kubernetes::eci_profile;
use crate::kubernetes::limits::MAX_GROUPS;
use crate::kubernetes::metadata::Metadata;
use crate::kubernetes::reviewed_template::ReviewedTemplate;
use crate::kubernetes::workload::Workload;

pub(crate) use crate::admission::review::error::{Problem, ReviewError};
pub(crate) use crate::admission::review::objects::Binding;
pub(crate) use crate::admission::review::stored_revision::Revision;

/// A request that waits for an answer
#[derive(Clone, Debug)]
pub struct Review<'a> {
    request: Request<'a>,
    operation: Operation,
    resource: Resource,
    owner: Option<Metadata<'a>>,
    templates: Vec<ReviewedTemplate<'a>>,
    binding: Option<Binding<'a>>,
    revision: Option<Revision>,
    changes_beside_templates: bool,
    asks_for_stamp: bool,
    grows: bool,
}

/// What is done to the object
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// A new object
    Create,
    /// A change of an object
    Update,
    /// The end of an object
    Delete,
    /// A connection to a running object
    Connect,
}

/// The resources that ramgate tells apart
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resource {
    /// Core v1 pods
    Pods,
    /// Core v1 ConfigMaps
    ConfigMaps,
    /// Core v1 bindings, which stand for the subresource of pods
    Bindings,
    /// Core v1 nodes, whose proxy leads to their kubelet
    Nodes,
    /// A built-in kind with a pod template
    Workload(Workload),
    /// ECI's own image caches
    ImageCaches,
    /// Anything else
    Other,
}

/// The longest name of a user, in bytes: authenticators give some hundreds at most
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

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    #[serde(borrow, default)]
    uid: Text<'a>,
    #[serde(borrow)]
    resource: GroupVersionResource<'a>,
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    sub_resource: Text<'a>,
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    name: Text<'a>,
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    namespace: Text<'a>,
    #[serde(borrow, default)]
    operation: Text<'a>,
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    user_info: UserInfo<'a>,
    #[serde(borrow)]
    object: Option<&'a RawValue>,
    #[serde(borrow)]
    old_object: Option<&'a RawValue>,
    #[serde(default, deserialize_with = "null_as_default")]
    dry_run: bool,
}

#[derive(Clone, Debug, Deserialize)]
struct GroupVersionResource<'a> {
    #[serde(borrow, default)]
    group: Text<'a>,
    #[serde(borrow, default)]
    version: Text<'a>,
    #[serde(borrow, default)]
    resource: Text<'a>,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct UserInfo<'a> {
    #[serde(borrow, default)]
    username: Text<'a>,
    #[serde(borrow, default, deserialize_with = "bounded_list::<MAX_GROUPS, _, _>")]
    groups: Vec<Text<'a>>,
}

impl<'a> Review<'a> {
    /// Reads a review, and the pods in it if it is about pods
    ///
    /// # Errors
    ///
    /// The body is not a v1 review with exactly a request, or lacks what its operation must bring.
    pub fn parse(body: &'a [u8]) -> Result<Self, ReviewError> {
        let envelope: Envelope<'a> =
            serde_json::from_slice(body).map_err(|error| ReviewError::new("", Problem::Shape(error)))?;
        let uid = envelope.request.as_ref().map_or("", |request| &*request.uid);
        Self::check(&envelope).map_err(|problem| ReviewError::new(uid, problem))?;
        let request = envelope
            .request
            .ok_or_else(|| ReviewError::new("", Problem::NoRequest))?;
        let uid = request.uid.clone();
        Self::read(request).map_err(|problem| ReviewError::new(&uid, problem))
    }

    fn check(envelope: &Envelope<'_>) -> Result<(), Problem> {
        if &*envelope.api_version != "admission.k8s.io/v1" || &*envelope.kind != "AdmissionReview" {
            let found = |text: &str| {
                if text.is_empty() {
                    "nothing".to_owned()
                } else {
                    format!("`{text}`")
                }
            };
            let (api_version, kind) = (found(&envelope.api_version), found(&envelope.kind));
            return Err(Problem::Version { api_version, kind });
        }
        if envelope.response.is_some() {
            return Err(Problem::HasResponse);
        }
        match &envelope.request {
            None => Err(Problem::NoRequest),
            Some(request) if request.uid.is_empty() => Err(Problem::NoUid),
            Some(request) if request.user_info.username.is_empty() => Err(Problem::NoUser),
            Some(request) => [
                ("userInfo.username", request.user_info.username.len(), MAX_USER),
                ("namespace", request.namespace.len(), MAX_NAMESPACE),
            ]
            .into_iter()
            .find(|(_, bytes, most)| bytes > most)
            .map_or(Ok(()), |(part, bytes, most)| {
                Err(Problem::TooLong { part, bytes, most })
            }),
        }
    }

    fn read(request: Request<'a>) -> Result<Self, Problem> {
        let operation = match &*request.operation {
            "CREATE" => Operation::Create,
            "UPDATE" => Operation::Update,
            "DELETE" => Operation::Delete,
            "CONNECT" => Operation::Connect,
            other => return Err(Problem::Operation(other.to_owned())),
        };
        let GroupVersionResource {
            group,
            version,
            resource,
        } = &request.resource;
        let resource = match (&**group, &**version, &**resource) {
            ("", "v1", "pods") => Resource::Pods,
            ("", "v1", "configmaps") => Resource::ConfigMaps,
            ("", "v1", "bindings") => Resource::Bindings,
            ("", "v1", "nodes") => Resource::Nodes,
            ("eci.alibabacloud.com", "v1", "imagecaches") => Resource::ImageCaches,
            (group, version, resource) => {
                Workload::of(group, version, resource).map_or(Resource::Other, Resource::Workload)
            }
        };
        let mut review = Self {
            request,
            operation,
            resource,
            owner: None,
            templates: Vec::new(),
            binding: None,
            revision: None,
            changes_beside_templates: false,
            asks_for_stamp: false,
            grows: false,
        };
        review.read_objects()?;
        Ok(review)
    }

    /// The identifier that the answer must repeat
    pub fn uid(&self) -> &str {
        &self.request.uid
    }

    /// What is done
    pub fn operation(&self) -> Operation {
        self.operation
    }

    /// What it is done to
    pub fn resource(&self) -> Resource {
        self.resource
    }

    /// The resource by its own name, such as `pods`
    pub fn resource_name(&self) -> &str {
        &self.request.resource.resource
    }

    /// The subresource, empty for the object itself
    pub fn subresource(&self) -> &str {
        &self.request.sub_resource
    }

    /// The object's name; empty where the API server still has to make one
    pub fn name(&self) -> &str {
        &self.request.name
    }

    /// The object's namespace; empty for what belongs to none
    pub fn namespace(&self) -> &str {
        &self.request.namespace
    }

    /// Who asks
    pub fn user(&self) -> &str {
        &self.request.user_info.username
    }

    /// The groups of who asks
    pub fn groups(&self) -> impl Iterator<Item = &str> + Clone {
        self.request.user_info.groups.iter().map(|group| &**group)
    }

    /// Whether nothing will be stored
    pub fn is_dry_run(&self) -> bool {
        self.request.dry_run
    }

    /// The object as JSON
    pub fn object(&self) -> Option<&'a str> {
        self.request.object.map(RawValue::get)
    }

    /// The object as it is stored now, as JSON
    pub fn old_object(&self) -> Option<&'a str> {
        self.request.old_object.map(RawValue::get)
    }

    /// The pods or pod templates that the review is about; an image cache counts as a pod
    pub fn templates(&self) -> &[ReviewedTemplate<'a>] {
        &self.templates
    }

    /// Metadata of the object that holds the pod templates
    pub fn owner(&self) -> Option<&Metadata<'a>> {
        self.owner.as_ref()
    }

    /// The way to a node that a pod is to take
    pub fn binding(&self) -> Option<&Binding<'a>> {
        self.binding.as_ref()
    }

    /// The revision that a workload may take up
    pub fn revision(&self) -> Option<&Revision> {
        self.revision.as_ref()
    }

    /// Whether an update of a listed kind changes what may shape its pods outside their templates
    pub fn changes_beside_templates(&self) -> bool {
        self.changes_beside_templates
    }

    /// Whether an update writes the annotation by which somebody asks for the stamp of a template
    pub fn asks_for_stamp(&self) -> bool {
        self.asks_for_stamp
    }

    /// Whether more pods are asked for of a template that may stay as it is
    pub fn grows(&self) -> bool {
        self.grows
    }

    /// Whether the review is about ACK's eci-profile
    pub(crate) fn is_eci_profile(&self) -> bool {
        self.resource == Resource::ConfigMaps
            && (self.namespace(), self.name()) == (eci_profile::NAMESPACE, eci_profile::NAME)
    }

    /// The resource as its API group and name
    pub fn group_resource(&self) -> (&str, &str) {
        (&self.request.resource.group, &self.request.resource.resource)
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Connect => "CONNECT",
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn body() -> Value {
        json!({
            "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
            "request": {
                "uid": "u-1", "kind": {"group": "", "version": "v1", "kind": "Pod"},
                "resource": {"group": "", "version": "v1", "resource": "pods"},
                "name": "", "namespace": "team-a", "operation": "CREATE",
                "userInfo": {"username": "bob", "uid": "7", "groups": ["dev", "system:authenticated"], "extra": {"k": ["v"]}},
                "object": {"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "web-"}, "spec": {}},
                "oldObject": null, "dryRun": true, "options": {"kind": "CreateOptions"},
            },
        })
    }

    fn refused(change: impl FnOnce(&mut Value)) -> (String, String) {
        let mut body = body();
        change(&mut body);
        let error = Review::parse(body.to_string().as_bytes()).unwrap_err();
        (error.uid().to_owned(), error.to_string())
    }

    #[test]
    fn a_request_is_read() {
        let body = body().to_string();
        let review = Review::parse(body.as_bytes()).unwrap();
        assert_eq!(
            (review.uid(), review.namespace(), review.user()),
            ("u-1", "team-a", "bob")
        );
        assert_eq!(
            review.groups().collect::<Vec<_>>(),
            ["dev", "system:authenticated"]
        );
        assert_eq!(
            (review.operation(), review.resource(), review.is_dry_run()),
            (Operation::Create, Resource::Pods, true)
        );
        let [reviewed] = review.templates() else {
            panic!("{review:?}")
        };
        assert_eq!(reviewed.new.as_ref().unwrap().read().display_name(), "web-*");
        assert!(reviewed.old.is_none() && review.old_object().is_none());
    }

    #[test]
    fn every_defect_has_its_own_words_and_keeps_the_uid() {
        let uid = |message: &str| ("u-1".to_owned(), message.to_owned());
        assert_eq!(
            refused(|body| body["apiVersion"] = json!("admission.k8s.io/v1beta1")),
            uid(
                "expected admission.k8s.io/v1 AdmissionReview, found `admission.k8s.io/v1beta1` `AdmissionReview`"
            )
        );
        assert_eq!(
            refused(|body| body["kind"] = json!("")),
            uid("expected admission.k8s.io/v1 AdmissionReview, found `admission.k8s.io/v1` nothing")
        );
        assert_eq!(
            refused(|body| body["response"] = json!({})),
            uid("AdmissionReview already has a response")
        );
        assert_eq!(
            refused(|body| body["request"] = json!(null)).1,
            "AdmissionReview has no request"
        );
        assert_eq!(
            refused(|body| body["request"]["uid"] = json!("")).1,
            "request has no uid"
        );
        assert_eq!(
            refused(|body| body["request"]["userInfo"] = json!({})),
            uid("request names no user in userInfo.username")
        );
        let named = |bytes: usize| {
            move |body: &mut Value| body["request"]["userInfo"]["username"] = json!("u".repeat(bytes))
        };
        assert_eq!(
            refused(named(4097)),
            uid("userInfo.username has 4097 bytes, where 4096 are the most")
        );
        assert_eq!(
            refused(|body| body["request"]["namespace"] = json!("n".repeat(254))),
            uid("namespace has 254 bytes, where 253 are the most")
        );
        let mut longest = body();
        named(4096)(&mut longest);
        assert!(Review::parse(longest.to_string().as_bytes()).is_ok());
        assert_eq!(
            refused(|body| body["request"]["operation"] = json!("PATCH")),
            uid("operation `PATCH` is not CREATE, UPDATE, DELETE or CONNECT")
        );
        assert_eq!(
            refused(|body| body["request"]["object"] = json!(null)),
            uid("CREATE of a pod comes without object")
        );
        assert_eq!(
            refused(|body| body["request"]["operation"] = json!("UPDATE")),
            uid("UPDATE of a pod comes without oldObject")
        );
        assert_eq!(
            refused(|body| body["request"]["operation"] = json!("DELETE")),
            uid("DELETE of a pod comes without oldObject")
        );
        let labels = refused(|body| body["request"]["object"]["metadata"]["labels"] = json!({"a": 1}));
        assert!(
            labels
                .1
                .starts_with("object is not a pod: invalid type: integer `1`, expected a string"),
            "{labels:?}"
        );
        let text = body().to_string();
        for cut in [
            text.strip_prefix('{').unwrap(),
            text.strip_suffix('}').unwrap(),
            &format!("{text}x"),
            "",
            "[]",
            "7",
        ] {
            let error = Review::parse(cut.as_bytes()).unwrap_err().to_string();
            assert!(error.starts_with("body is not an AdmissionReview: "), "{error}");
        }
    }

    #[test]
    fn what_is_not_a_pod_as_a_whole_is_not_read_as_one() {
        let mut body = body();
        body["request"]["resource"]["resource"] = json!("configmaps");
        body["request"]["object"] = json!({"metadata": 5});
        let text = body.to_string();
        let review = Review::parse(text.as_bytes()).unwrap();
        assert_eq!(
            (review.resource(), review.object()),
            (Resource::ConfigMaps, Some(r#"{"metadata":5}"#))
        );
        assert!(review.templates().is_empty());
    }

    #[test]
    fn depth_is_bounded() {
        let deep = "[".repeat(200_000);
        assert!(Review::parse(deep.as_bytes()).is_err());
        let nested = body()
            .to_string()
            .replace(r#""spec":{}"#, &format!(r#""spec":{{"x":{deep}"#));
        assert!(Review::parse(nested.as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            drop(Review::parse(&bytes));
        }

        #[test]
        fn any_damage_is_read_or_refused(at in 0usize..600, byte in any::<u8>()) {
            let mut bytes = body().to_string().into_bytes();
            if let Some(path) = bytes.get_mut(at) {
                *path = byte;
            }
            drop(Review::parse(&bytes));
        }
    }
}
