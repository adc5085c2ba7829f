//! Answers a request without a server: builds the review from manifests, then asks the mutating and the validating webhook.
//!
//! `ramgate check`, the pod level of case files and the survey use it. They go through the same bodies as the server.

pub(crate) mod stamped;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::admission::response::Response;
use crate::admission::review::complete::{CompleteReview, NamedObjects};
use crate::admission::{Cause, Decision, Modes, Review, ReviewError, Webhook, respond};
use crate::config::{ClusterSettings, Configuration, DelegatedController};
use crate::kubernetes::cluster::Cluster;
use crate::kubernetes::eci_profile;
use crate::kubernetes::pod_template::PodTemplate;
use crate::kubernetes::routing_policy::{RESOURCE_POLICIES, SELECTORS};
use crate::kubernetes::snapshot::ClusterSnapshot;
use crate::kubernetes::template_place::TemplatePlace;
use crate::kubernetes::workload::Workload;

pub use crate::admission::offline::stamped::stamped;
pub(crate) use crate::admission::offline::stamped::{owned, rebase, with_given_fields};

/// A request about a pod, a workload or an image cache
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The operation
    pub operation: Operation<'a>,
    /// The subresource, empty for the object itself
    pub subresource: &'a str,
    /// The Kubernetes user
    pub user: &'a str,
    /// The user's groups
    pub groups: &'a [String],
    /// The user's extra information
    pub extra: Option<&'a Extra>,
}

/// What an authenticator says of a user beside name and groups
pub(crate) type Extra = BTreeMap<String, Vec<String>>;

/// An operation on an object
#[derive(Clone, Copy, Debug)]
pub enum Operation<'a> {
    /// This object is created; of a pod's binding that is the Binding, of its eviction the pod
    Create(&'a Value),
    /// The first object becomes the second
    Update(&'a Value, &'a Value),
    /// This object is deleted
    Delete(&'a Value),
    /// Somebody connects to this pod or node, by the request's subresource
    Connect(&'a Value),
}

impl<'a> Operation<'a> {
    fn name(self) -> &'static str {
        match self {
            Self::Create(_) => "CREATE",
            Self::Update(..) => "UPDATE",
            Self::Delete(_) => "DELETE",
            Self::Connect(_) => "CONNECT",
        }
    }

    /// The object as it shall be, or the only one that there is
    fn object(self) -> &'a Value {
        match self {
            Self::Create(object) | Self::Update(_, object) | Self::Delete(object) | Self::Connect(object) => {
                object
            }
        }
    }
}

/// The result of a request
#[derive(Clone, Debug)]
pub struct OfflineResult {
    /// Whether the request is allowed
    pub allowed: bool,
    /// Whether ramgate evaluated the request
    pub evaluated: bool,
    /// The reason of a denial; empty if the request is allowed
    pub message: String,
    /// The warnings of both webhooks
    pub warnings: Vec<String>,
    /// The JSON pointer to the pod or the first pod template in the object
    pub at: String,
    /// The JSON pointer to the metadata of that pod or template
    pub metadata_at: String,
    /// The annotations of that pod or template after mapping
    pub annotations: BTreeMap<String, String>,
    /// The reasons against the request
    pub causes: Vec<Cause>,
    /// The last webhook's response
    pub response: Response,
}

/// The reason why a request cannot be answered
#[derive(Debug, thiserror::Error)]
pub enum OfflineError {
    /// The manifest is no pod that an API server would send
    #[error(transparent)]
    Review(#[from] ReviewError),
    /// The mutating webhook's patch does not fit the pod
    #[error("the patch does not apply: {0}")]
    Patch(#[from] json_patch::PatchError),
    /// An answer that is no AdmissionReview response
    #[error("the answer is not an AdmissionReview: {0}")]
    Answer(#[from] serde_json::Error),
}

/// Answers a request as a cluster with these objects would
///
/// # Errors
///
/// A manifest is not what its kind says.
pub fn run(
    request: &Request<'_>,
    configuration: &Configuration,
    snapshot: &ClusterSnapshot,
    modes: &Modes,
    now: Timestamp,
) -> Result<OfflineResult, OfflineError> {
    run_in(request, configuration, (snapshot, snapshot), modes, now)
}

/// Answers a request as this cluster would; the snapshot has its pods and workloads
///
/// # Errors
///
/// A manifest is not what its kind says.
pub(crate) fn run_in(
    request: &Request<'_>,
    configuration: &Configuration,
    cluster: (&dyn Cluster, &ClusterSnapshot),
    modes: &Modes,
    now: Timestamp,
) -> Result<OfflineResult, OfflineError> {
    let send = |path, operation: Operation<'_>| {
        let request = Request {
            operation,
            ..*request
        };
        send(path, &request, configuration, cluster, modes, now)
    };
    let object = request.operation.object();
    let pointers = Pointers::of(object, &configuration.cluster);
    let mutated = send(Webhook::Mutating, request.operation)?;
    let warnings = mutated.warnings.clone();
    // No rule sends the deletion of a workload, or a connection to one
    let is_gone = matches!(request.operation, Operation::Delete(_) | Operation::Connect(_));
    let is_workload = workload(object).is_some() || listed(object, &configuration.cluster).is_some();
    if mutated.decision == Decision::Deny || is_gone && is_workload {
        return Ok(OfflineResult::of(mutated, Vec::new(), object, pointers));
    }
    let mut object = object.clone();
    if let Some(patch) = patch(&mutated.body)? {
        json_patch::patch(&mut object, &patch)?;
    }
    let operation = match request.operation {
        Operation::Create(_) => Operation::Create(&object),
        Operation::Update(old, _) => Operation::Update(old, &object),
        // Nothing is mapped where nothing is stored
        other @ (Operation::Delete(_) | Operation::Connect(_)) => other,
    };
    let validated = send(Webhook::Validating, operation)?;
    Ok(OfflineResult::of(validated, warnings, &object, pointers))
}

/// Sends one webhook the review that the API server would send
fn send(
    webhook: Webhook,
    request: &Request<'_>,
    configuration: &Configuration,
    (cluster, snapshot): (&dyn Cluster, &ClusterSnapshot),
    modes: &Modes,
    now: Timestamp,
) -> Result<Response, ReviewError> {
    let settings = &configuration.cluster;
    let body = body(request, settings).to_string();
    let mut review = Review::parse(body.as_bytes())?;
    review.read_listed(settings)?;
    let mut named = NamedObjects::from_snapshot(&review, snapshot, cluster, settings);
    let object = request.operation.object();
    if named.pod.is_none() && object.get("kind").and_then(Value::as_str) == Some("Pod") {
        // A request names a pod that the snapshot does not have: it is the object itself
        named.pod = Some(object.to_string().into());
    }
    let review = CompleteReview::new(&review, named);
    Ok(respond(webhook, &review, configuration, cluster, modes, now))
}

/// Whether the configuration says how requests about this kind are evaluated
pub(crate) fn is_evaluated(object: &Value, settings: &ClusterSettings) -> bool {
    let kind = object.get("kind").and_then(Value::as_str).unwrap_or_default();
    matches!(kind, "Pod" | "Binding" | "ImageCache")
        || eci_profile::is_manifest(object)
        || routing_policy(object).is_some()
        || workload(object).is_some()
        || listed(object, settings).is_some()
}

/// The pointers to the pod or the first pod template in an object, and to its metadata
#[derive(Clone, Debug, Default)]
struct Pointers {
    template: String,
    metadata: String,
}

impl Pointers {
    fn of(object: &Value, settings: &ClusterSettings) -> Self {
        let places = match (workload(object), listed(object, settings)) {
            (Some(workload), _) => vec![TemplatePlace::of_workload(workload)],
            (None, Some(carrier)) => carrier.templates.clone(),
            (None, None) => Vec::new(),
        };
        let json = object.to_string();
        // A list in the path stands for all its elements; the result is about the first one
        let found = places.iter().find_map(|place| {
            let all = place.fields().all(&json).ok()?;
            let (path, text) = all.into_iter().next()?;
            let template = PodTemplate::of_shape(text, place.shape).ok()?;
            Some(Self {
                metadata: template.metadata_pointer(&path.pointer()),
                template: path.pointer(),
            })
        });
        found.unwrap_or_else(|| {
            let template = places
                .first()
                .map_or_else(String::new, |place| place.fields().pointer());
            Self {
                metadata: format!("{template}/metadata"),
                template,
            }
        })
    }
}

/// The group and resource of an object that sends others' pods to ECI
fn routing_policy(object: &Value) -> Option<(&'static str, &'static str)> {
    let text = |field| object.get(field).and_then(Value::as_str).unwrap_or_default();
    let group = text("apiVersion").split_once('/').map_or("", |(group, _)| group);
    match text("kind") {
        "ResourcePolicy" if group == RESOURCE_POLICIES.0 => Some(RESOURCE_POLICIES),
        "Selector" if group == SELECTORS.0 => Some(SELECTORS),
        _ => None,
    }
}

/// The built-in workload that an object is, whose kind other groups may use as well
fn workload(object: &Value) -> Option<Workload> {
    let text = |field| object.get(field).and_then(Value::as_str).unwrap_or_default();
    let version = text("apiVersion");
    let group = version.split_once('/').map_or("", |(group, _)| group);
    Workload::of_kind(text("kind")).filter(|workload| workload.group() == group)
}

/// The listed kind that an object is of
fn listed<'s>(object: &Value, settings: &'s ClusterSettings) -> Option<&'s DelegatedController> {
    let text = |field| object.get(field).and_then(Value::as_str).unwrap_or_default();
    let group = text("apiVersion").split_once('/').map_or("", |(group, _)| group);
    let mut carriers = settings.carriers.iter();
    carriers.find(|carrier| carrier.group == group && carrier.kind == text("kind"))
}

impl OfflineResult {
    /// Whether the request passes although it was denied, and only a record says so
    pub(crate) fn is_recorded(&self) -> bool {
        self.response.decision == Decision::Audit
    }

    fn of(response: Response, mut warnings: Vec<String>, object: &Value, pointers: Pointers) -> Self {
        let repeated = |warning: &&String| !warnings.contains(warning);
        let new: Vec<String> = response.warnings.iter().filter(repeated).cloned().collect();
        warnings.extend(new);
        let allowed = response.decision.passes();
        let annotations = object.pointer(&format!("{}/annotations", pointers.metadata));
        let annotations = annotations.and_then(Value::as_object);
        let text = |(key, value): (&String, &Value)| Some((key.clone(), value.as_str()?.to_owned()));
        Self {
            allowed,
            evaluated: response.decision != Decision::NotEvaluated,
            message: response
                .message()
                .filter(|_| !allowed)
                .unwrap_or_default()
                .to_owned(),
            warnings,
            at: pointers.template,
            metadata_at: pointers.metadata,
            annotations: annotations.into_iter().flatten().filter_map(text).collect(),
            causes: response.causes().to_vec(),
            response,
        }
    }
}

/// The review that the API server would send
fn body(request: &Request<'_>, settings: &ClusterSettings) -> Value {
    let object = request.operation.object();
    let kind = text(object, "/kind").unwrap_or_default();
    let (group, resource) = group_resource(object, settings);
    let subresource = match kind {
        "Binding" => "binding",
        _ => request.subresource,
    };
    let namespace = match kind {
        "ImageCache" | "Node" => "",
        _ => text(object, "/metadata/namespace").unwrap_or("default"),
    };
    let (old, new) = match request.operation {
        // No evaluation reads the Eviction itself
        Operation::Create(_) if subresource == "eviction" => (None, Some(json!({"kind": "Eviction"}))),
        Operation::Create(object) => (None, Some(object.clone())),
        Operation::Update(old, new) => (Some(old), Some(new.clone())),
        Operation::Delete(old) => (Some(old), None),
        Operation::Connect(_) => (None, None),
    };
    json!({
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": "offline",
            "kind": {"group": group, "version": "v1", "kind": kind},
            "resource": {"group": group, "version": "v1", "resource": resource},
            "subResource": subresource,
            "name": text(object, "/metadata/name").unwrap_or_default(),
            "namespace": namespace,
            "operation": request.operation.name(),
            "userInfo": {"username": request.user, "groups": request.groups, "extra": request.extra},
            "object": new,
            "oldObject": old,
            "dryRun": true,
        },
    })
}

/// The text at a JSON pointer, unless it is empty
fn text<'v>(object: &'v Value, pointer: &str) -> Option<&'v str> {
    let text = object.pointer(pointer).and_then(Value::as_str);
    text.filter(|text| !text.is_empty())
}

/// The API group and the resource of an object
fn group_resource<'s>(object: &Value, settings: &'s ClusterSettings) -> (&'s str, &'s str) {
    match (workload(object), listed(object, settings)) {
        (Some(workload), _) => (workload.group(), workload.resource()),
        (None, Some(carrier)) => (carrier.group.as_str(), carrier.resource.as_str()),
        (None, None) => match text(object, "/kind") {
            _ if let Some(resource) = routing_policy(object) => resource,
            Some("ImageCache") => ("eci.alibabacloud.com", "imagecaches"),
            Some("ConfigMap") => ("", "configmaps"),
            Some("Node") => ("", "nodes"),
            _ => ("", "pods"),
        },
    }
}

/// The patch of a response
fn patch(body: &[u8]) -> Result<Option<json_patch::Patch>, serde_json::Error> {
    #[derive(serde::Deserialize)]
    struct Envelope {
        response: Response,
    }
    #[derive(serde::Deserialize)]
    struct Response {
        patch: Option<k8s_openapi::ByteString>,
    }
    let envelope: Envelope = serde_json::from_slice(body)?;
    envelope
        .response
        .patch
        .map(|patch| serde_json::from_slice(&patch.0))
        .transpose()
}
