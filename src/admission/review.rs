//! The AdmissionReview that the API server sends, read without copying the body.
//!
//! ramgate scans the body once for the request. Then it reads each pod in it separately, and skips whatever its evaluation
//! does not need.
//!
//! | question | file |
//! | --- | --- |
//! | which bodies are refused, with which message? | [`request`], [`review_error`] |
//! | how are pods and pod templates found in an object? | [`objects`] |
//! | when does an update ask for more pods? | [`growth`] |
//! | which changes outside a template matter? | [`parameters`] |
//! | which ControllerRevisions are evaluated? | [`stored_revision`] |
//! | from where may a listed controller take a stamp? | [`stamp_source`] |
//! | what is read live before the evaluation? | [`live_reads`], [`token_pod`], [`complete`] |

pub(crate) mod complete;
mod growth;
mod live_reads;
mod objects;
mod operation;
mod parameters;
pub(crate) mod pod_binding;
mod proxy_name;
mod request;
mod resource;
pub(crate) mod review_error;
pub(crate) mod stamp_source;
pub(crate) mod stored_revision;
pub(crate) mod token_pod;

use serde_json::value::RawValue;

use crate::admission::review::objects::{ObjectReader, Objects};
use crate::admission::review::request::Request;
use crate::admission::review::review_error::ReviewFault;
use crate::config::ClusterSettings;
use crate::kubernetes::eci_profile;
use crate::kubernetes::metadata::Metadata;
use crate::kubernetes::requester::Requester;
use crate::kubernetes::reviewed_template::ReviewedTemplate;
use crate::kubernetes::user_extra::UserExtra;

pub(crate) use crate::admission::review::operation::Operation;
pub(crate) use crate::admission::review::pod_binding::PodBinding;
pub(crate) use crate::admission::review::resource::Resource;
pub(crate) use crate::admission::review::review_error::ReviewError;
pub(crate) use crate::admission::review::stored_revision::Revision;

/// A request that waits for a response
#[derive(Clone, Debug)]
pub struct Review<'a> {
    request: Request<'a>,
    operation: Operation,
    resource: Resource,
    objects: Objects<'a>,
}

impl<'a> Review<'a> {
    /// Reads a review and its objects, as far as they do not depend on the configuration
    ///
    /// # Errors
    ///
    /// The body is no v1 AdmissionReview with exactly a request, or lacks an object that the operation must have.
    pub fn parse(body: &'a [u8]) -> Result<Self, ReviewError> {
        let request = Request::parse(body)?;
        let uid = request.uid.clone();
        Self::read(request).map_err(|fault| ReviewError::new(&uid, fault))
    }

    fn read(request: Request<'a>) -> Result<Self, ReviewFault> {
        let operation = Operation::parse(&request.operation)
            .ok_or_else(|| ReviewFault::Operation(request.operation.to_string()))?;
        let full = &request.resource;
        let mut review = Self {
            operation,
            resource: Resource::of(&full.group, &full.version, &full.resource),
            request,
            objects: Objects::default(),
        };
        review.objects = review.reader().read()?;
        Ok(review)
    }

    /// Reads what depends on the kinds that the configuration lists: their pod templates, and ControllerRevisions
    ///
    /// # Errors
    ///
    /// The value at the path of a template is no template.
    pub fn read_listed(&mut self, settings: &ClusterSettings) -> Result<(), ReviewError> {
        let listed = self.reader().read_listed(settings);
        if let Some(objects) = listed.map_err(|fault| ReviewError::new(self.uid(), fault))? {
            self.objects = objects;
        }
        Ok(())
    }

    fn reader(&self) -> ObjectReader<'_, 'a> {
        ObjectReader {
            request: &self.request,
            operation: self.operation,
            resource: self.resource,
        }
    }

    /// The identifier that the response must repeat
    pub fn uid(&self) -> &str {
        &self.request.uid
    }

    /// The operation
    pub fn operation(&self) -> Operation {
        self.operation
    }

    /// The resource
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

    /// The object's name; empty if the API server has yet to generate it
    pub fn name(&self) -> &str {
        &self.request.name
    }

    /// The object's namespace; empty for a cluster-scoped object
    pub fn namespace(&self) -> &str {
        &self.request.namespace
    }

    /// The requester
    pub fn user(&self) -> &str {
        &self.request.user_info.username
    }

    /// The requester's groups
    pub fn groups(&self) -> impl Iterator<Item = &str> + Clone {
        self.request.user_info.groups.iter().map(|group| &**group)
    }

    /// The requester with everything that says who they are
    pub(crate) fn requester(&self) -> Requester<'_, impl Iterator<Item = &str> + Clone> {
        Requester {
            user: self.user(),
            groups: self.groups(),
            extra: UserExtra::new(self.request.user_info.extra),
        }
    }

    /// Whether it is a dry run, which stores nothing
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

    /// The pods or pod templates of the request; an image cache counts as a pod
    pub fn templates(&self) -> &[ReviewedTemplate<'a>] {
        &self.objects.templates
    }

    /// Metadata of the workload around the pod templates
    pub fn owner(&self) -> Option<&Metadata<'a>> {
        self.objects.owner.as_ref()
    }

    /// The Binding, if the request is one
    pub fn binding(&self) -> Option<&PodBinding<'a>> {
        self.objects.binding.as_ref()
    }

    /// The ControllerRevision that a workload may adopt
    pub fn revision(&self) -> Option<&Revision> {
        self.objects.revision.as_ref()
    }

    /// Whether an update of a listed kind changes parameters outside its templates, which may shape its pods
    pub fn changes_beside_templates(&self) -> bool {
        self.objects.changes_beside_templates
    }

    /// Whether an update writes the annotation that asks for the stamp of a template
    pub fn asks_for_stamp(&self) -> bool {
        self.objects.asks_for_stamp
    }

    /// Whether an update asks for more pods, with or without a change of the template
    pub fn grows(&self) -> bool {
        self.objects.grows
    }

    /// Whether the review is about ACK's eci-profile
    pub(crate) fn is_eci_profile(&self) -> bool {
        self.resource == Resource::ConfigMaps
            && (self.namespace(), self.name()) == (eci_profile::NAMESPACE, eci_profile::NAME)
    }

    /// Whether the review is about an object that sends others' pods to ECI
    pub(crate) fn is_routing_object(&self) -> bool {
        self.is_eci_profile() || self.resource == Resource::RoutingPolicies
    }

    /// The resource as its API group and name
    pub fn group_resource(&self) -> (&str, &str) {
        self.request.group_resource()
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
