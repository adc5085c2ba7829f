//! A request made up from manifests and answered as a cluster would: first the mutating webhook, then the validating one.
//!
//! `ramgate check` and the pod level of case files end here, and pass through the very bodies that the server reads.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    Answer, Asked, Cause, Cluster, Decision, Meta, Modes, NodeKind, Objects, Path, Record, Review,
    ReviewError, answer,
};
use crate::directory::Configuration;

/// A request about a pod
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// What is done
    pub operation: Operation<'a>,
    /// The Kubernetes user
    pub user: &'a str,
    /// The user's groups
    pub groups: &'a [String],
}

/// What is done to a pod
#[derive(Clone, Copy, Debug)]
pub enum Operation<'a> {
    /// This pod is created
    Create(&'a Value),
    /// The first pod becomes the second
    Update(&'a Value, &'a Value),
    /// This pod is deleted
    Delete(&'a Value),
    /// Somebody connects to this pod
    Connect {
        /// The pod
        pod: &'a Value,
        /// exec, attach, portforward or proxy
        subresource: &'a str,
    },
}

/// What came of a request
#[derive(Clone, Debug)]
pub struct Final {
    /// Whether it passes
    pub allowed: bool,
    /// Whether anything about it was judged at all
    pub judged: bool,
    /// Why it does not pass; empty where it does
    pub message: String,
    /// What the requester is told in any case, of both webhooks
    pub warnings: Vec<String>,
    /// The annotations that the pod ends up with
    pub annotations: BTreeMap<String, String>,
    /// Everything that speaks against it
    pub causes: Vec<Cause>,
    /// The record of the webhook that had the last word
    pub record: Record,
    /// What RAM was asked by that webhook
    pub asked: Vec<Asked>,
}

/// Why a request cannot be answered
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

/// Answers a request as a cluster of these objects would
///
/// # Errors
///
/// The manifest is not a pod.
pub fn run(
    request: &Request<'_>,
    configuration: &Configuration,
    objects: &Objects,
    modes: &Modes,
    now: Timestamp,
) -> Result<Final, OfflineError> {
    let connected = match request.operation {
        Operation::Connect { pod, .. } => Some(pod),
        Operation::Create(_) | Operation::Update(..) | Operation::Delete(_) => None,
    };
    let cluster = Inhabited { objects, connected };
    let ask = |path, operation: &Operation<'_>| -> Result<Answer, ReviewError> {
        let body = body(request, operation).to_string();
        let review = Review::parse(body.as_bytes())?;
        Ok(answer(path, &review, configuration, &cluster, modes, now))
    };
    let pod = match request.operation {
        Operation::Create(pod) | Operation::Update(_, pod) => pod,
        // Nothing is mapped where nothing is stored
        Operation::Delete(pod) | Operation::Connect { pod, .. } => {
            let validated = ask(Path::Validate, &request.operation)?;
            return Ok(Final::of(validated, Vec::new(), pod));
        }
    };
    let mutated = ask(Path::Mutate, &request.operation)?;
    let mut pod = pod.clone();
    let said = mutated.record.warnings.clone();
    if mutated.record.decision == Decision::Deny {
        return Ok(Final::of(mutated, Vec::new(), &pod));
    }
    if let Some(patch) = patch(&mutated.body)? {
        json_patch::patch(&mut pod, &patch)?;
    }
    let operation = match request.operation {
        Operation::Update(old, _) => Operation::Update(old, &pod),
        Operation::Create(_) | Operation::Delete(_) | Operation::Connect { .. } => Operation::Create(&pod),
    };
    let validated = ask(Path::Validate, &operation)?;
    Ok(Final::of(validated, said, &pod))
}

/// The given objects, and the pod that somebody connects to unless it is among them
struct Inhabited<'a> {
    objects: &'a Objects,
    connected: Option<&'a Value>,
}

impl Cluster for Inhabited<'_> {
    fn namespace(&self, name: &str) -> Option<Arc<Meta>> {
        self.objects.namespace(name)
    }

    fn service_account(&self, namespace: &str, name: &str) -> Option<Arc<Meta>> {
        self.objects.service_account(namespace, name)
    }

    fn node(&self, name: &str) -> NodeKind {
        self.objects.node(name)
    }

    fn pod(&self, namespace: &str, name: &str) -> Option<Arc<str>> {
        self.objects
            .pod(namespace, name)
            .or_else(|| self.connected.map(|pod| pod.to_string().into()))
    }
}

impl Final {
    fn of(answer: Answer, mut warnings: Vec<String>, pod: &Value) -> Self {
        let Answer { record, asked, .. } = answer;
        warnings.extend(record.warnings.iter().cloned());
        let allowed = record.decision.passes();
        let annotations = pod.pointer("/metadata/annotations").and_then(Value::as_object);
        let text = |(key, value): (&String, &Value)| Some((key.clone(), value.as_str()?.to_owned()));
        Self {
            allowed,
            judged: record.decision != Decision::Unjudged,
            message: record.message.clone().filter(|_| !allowed).unwrap_or_default(),
            warnings,
            annotations: annotations.into_iter().flatten().filter_map(text).collect(),
            causes: record.causes.clone(),
            record,
            asked,
        }
    }
}

/// The review that the API server would send
fn body(request: &Request<'_>, operation: &Operation<'_>) -> Value {
    let (name, old, new, pod, subresource) = match operation {
        Operation::Create(pod) => ("CREATE", None, Some(pod), pod, ""),
        Operation::Update(old, new) => ("UPDATE", Some(old), Some(new), new, ""),
        Operation::Delete(pod) => ("DELETE", Some(pod), None, pod, ""),
        Operation::Connect { pod, subresource } => ("CONNECT", None, None, pod, *subresource),
    };
    let text = |field: &str| {
        pod.pointer(field)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    };
    json!({
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": "offline",
            "kind": {"group": "", "version": "v1", "kind": "Pod"},
            "resource": {"group": "", "version": "v1", "resource": "pods"},
            "subResource": subresource,
            "name": text("/metadata/name").unwrap_or_default(),
            "namespace": text("/metadata/namespace").unwrap_or("default"),
            "operation": name,
            "userInfo": {"username": request.user, "groups": request.groups},
            "object": new,
            "oldObject": old,
            "dryRun": true,
        },
    })
}

/// The patch of an answer
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
