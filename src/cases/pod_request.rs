//! The pod level (`manifest`): a request of Kubernetes, from the manifest to the answer of the webhook.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::admission::offline::{Extra, OfflineResult, Operation, Request};
use crate::admission::review::token_pod::POD_NAME;
use crate::admission::{Mode, Modes, offline};
use crate::cases::comparison::Comparison;
use crate::cases::values::{Entries, OneOrMany};
use crate::config::{ClusterSettings, Configuration, LocatedText};
use crate::kubernetes::snapshot::ClusterSnapshot;
use ram_policy::source::{Fault, Node};

/// The code of a denial for a requester whom nothing binds
const UNBOUND: &str = "UnboundIdentity";

/// A case with `manifest`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct PodRequestCase {
    pub(super) name: String,
    r#as: Requester,
    operation: OperationWire,
    subresource: Option<String>,
    manifest: Node,
    old_manifest: Option<Node>,
    #[serde(default)]
    objects: Vec<Node>,
    stamped_by: Option<Requester>,
    /// The time of the request
    now: Option<LocatedText>,
    /// Whose stamp the pod has that the requester's token is bound to
    creator_stamped_by: Option<Requester>,
    expect: ExpectedAnswer,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Requester {
    user: String,
    #[serde(default)]
    groups: Vec<String>,
    extra: Option<Entries<OneOrMany>>,
}

impl Requester {
    fn extra(&self) -> Option<Extra> {
        let Entries(entries) = self.extra.as_ref()?;
        let entries = entries.iter();
        Some(
            entries
                .map(|(key, values)| (key.clone(), values.0.clone()))
                .collect(),
        )
    }

    /// The name of the pod that the requester's token is bound to
    fn token_pod(&self) -> Option<String> {
        self.extra()?.get(POD_NAME)?.first().cloned()
    }
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum OperationWire {
    Create,
    Update,
    Delete,
    Connect,
}

/// The expected answer; what is not given is not compared
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectedAnswer {
    allowed: bool,
    /// Substrings of the message of a denial
    message: Option<OneOrMany>,
    /// Substrings, each of which is in some warning
    warnings: Option<OneOrMany>,
    /// Annotations of the pod after all patches; null means absent
    annotations: Option<Entries<Option<String>>>,
}

/// The objects of a request, and the cluster that it meets
struct RequestObjects {
    object: Value,
    old: Option<Value>,
    cluster: ClusterSnapshot,
}

impl PodRequestCase {
    /// Sends the request through the webhook's code in enforce mode, and compares the answer
    ///
    /// # Errors
    /// Objects that cannot be read, and an old manifest that is missing or goes with another operation than an update
    pub(super) fn run(&self, configuration: &Configuration) -> Result<Comparison, Fault> {
        let settings = &configuration.cluster;
        let object = self.manifest.to_json();
        if let Some(reason) = self.not_evaluated(&object, settings) {
            return Ok(Comparison {
                passed: false,
                expected: self.expect.to_json(),
                actual: Value::String(reason),
            });
        }
        let now = self.now()?;
        let objects = self.objects(object, configuration, now)?;
        let extra = self.r#as.extra();
        let request = Request {
            operation: self.operation(&objects)?,
            subresource: self.subresource(),
            user: &self.r#as.user,
            groups: &self.r#as.groups,
            extra: extra.as_ref(),
        };
        let modes = Modes::everywhere(Mode::Enforce);
        let result = offline::run(&request, configuration, &objects.cluster, &modes, now)
            .map_err(|error| Fault::new(self.manifest.at, error.to_string()))?;
        self.check_requester(&result)?;
        Ok(self.expect.compare(&result))
    }

    fn now(&self) -> Result<Timestamp, Fault> {
        let Some(text) = &self.now else {
            return Ok(Timestamp::now());
        };
        text.parse().map_err(|_| {
            let message = format!(
                "`{}` is no time with a zone, such as 2026-12-31T18:00:00Z",
                &**text
            );
            text.fault(message)
        })
    }

    /// # Errors
    /// Nobody knows the requester of a request whose denial the case does not describe: the name may be misspelt
    fn check_requester(&self, result: &OfflineResult) -> Result<(), Fault> {
        let mut causes = result.causes.iter();
        let is_unbound = causes.any(|cause| cause.reason == UNBOUND);
        if !is_unbound || self.expect.allowed || self.expect.message.is_some() {
            return Ok(());
        }
        let message = format!(
            "`{}` is bound to no RAM user or role: correct the name, or add `message` to `expect` if that is meant",
            self.r#as.user
        );
        Err(Fault::new(self.manifest.at, message))
    }

    /// The reason why the webhook does not evaluate the request; `None` if it does
    fn not_evaluated(&self, object: &Value, settings: &ClusterSettings) -> Option<String> {
        let kind = object.get("kind").and_then(Value::as_str).unwrap_or("none");
        let is_kubelet = kind == "Node" && matches!(self.operation, OperationWire::Connect);
        if !is_kubelet && !offline::is_evaluated(object, settings) {
            return Some(format!("not judged: kind {kind}"));
        }
        let subresource = self.subresource.as_deref()?;
        let known: &[&str] = match self.operation {
            OperationWire::Create => &["binding", "eviction"],
            OperationWire::Update => &["status", "ephemeralcontainers", "resize", "scale"],
            OperationWire::Connect if is_kubelet => &["proxy"],
            OperationWire::Connect => &["exec", "attach", "portforward", "proxy"],
            OperationWire::Delete => &[],
        };
        (!known.contains(&subresource)).then(|| format!("not judged: subresource {subresource}"))
    }

    /// The objects with the owner references and the stamp that the case asks for
    fn objects(
        &self,
        object: Value,
        configuration: &Configuration,
        now: Timestamp,
    ) -> Result<RequestObjects, Fault> {
        let settings = &configuration.cluster;
        let manifests: Vec<Value> = self.objects.iter().map(Node::to_json).collect();
        let manifests = self.with_creator_stamped(manifests, configuration, now)?;
        let objects = RequestObjects {
            object: self.owned(object, settings),
            old: self.old_manifest.as_ref().map(Node::to_json),
            cluster: self.cluster(&manifests, settings)?,
        };
        match &self.stamped_by {
            Some(requester) => self.stamped(objects, manifests, requester, configuration, now),
            None => Ok(objects),
        }
    }

    fn owned(&self, object: Value, settings: &ClusterSettings) -> Value {
        let user = &self.r#as.user;
        let is_delegated = settings.carriers.iter().any(|carrier| carrier.user == *user);
        let is_create = matches!(self.operation, OperationWire::Create);
        if is_create && (self.stamped_by.is_some() || is_delegated) {
            offline::owned(&object, user, settings)
        } else {
            object
        }
    }

    /// The objects of the cluster, with a stamp on the pod that the requester's token is bound to
    fn with_creator_stamped(
        &self,
        mut manifests: Vec<Value>,
        configuration: &Configuration,
        now: Timestamp,
    ) -> Result<Vec<Value>, Fault> {
        let Some(creator) = &self.creator_stamped_by else {
            return Ok(manifests);
        };
        let (Requester { user, groups, .. }, extra) = (creator, creator.extra());
        let cluster = self.cluster(&manifests, &configuration.cluster)?;
        let name = self.r#as.token_pod();
        let mut pods = manifests.iter_mut();
        let pod = pods.find(|manifest| {
            let text = |pointer| manifest.pointer(pointer).and_then(Value::as_str);
            text("/kind") == Some("Pod") && name.is_some() && text("/metadata/name") == name.as_deref()
        });
        let Some(pod) = pod else {
            let message =
                "`creatorStampedBy` needs `extra` in `as`, with the pod-name of a Pod among `objects`";
            return Err(Fault::new(self.manifest.at, message));
        };
        *pod = offline::stamped(pod, (user, groups, extra.as_ref()), configuration, &cluster, now)
            .map_err(|error| Fault::new(self.manifest.at, error.to_string()))?;
        Ok(manifests)
    }

    fn cluster(&self, manifests: &[Value], settings: &ClusterSettings) -> Result<ClusterSnapshot, Fault> {
        ClusterSnapshot::new(manifests, settings).map_err(|error| {
            let at = self.objects.first().map_or(self.manifest.at, |node| node.at);
            Fault::new(at, error.to_string())
        })
    }

    /// Stamps the object that has the stamp in this request: the old one, the pod that the request names, or the new one
    ///
    /// A stored object keeps the fields that the case gives it.
    fn stamped(
        &self,
        objects: RequestObjects,
        mut manifests: Vec<Value>,
        requester: &Requester,
        configuration: &Configuration,
        now: Timestamp,
    ) -> Result<RequestObjects, Fault> {
        let settings = &configuration.cluster;
        let RequestObjects {
            mut object,
            mut old,
            mut cluster,
        } = objects;
        let (Requester { user, groups, .. }, extra) = (requester, requester.extra());
        let stamp = |object: &Value, cluster: &ClusterSnapshot| {
            offline::stamped(
                object,
                (user, groups, extra.as_ref()),
                configuration,
                cluster,
                now,
            )
            .map_err(|error| Fault::new(self.manifest.at, error.to_string()))
        };
        let stamp_stored = |object: &Value, cluster: &ClusterSnapshot| {
            let stamped = stamp(object, cluster)?;
            Ok(offline::with_given_fields(object, stamped, settings, cluster))
        };
        if let Some(old) = &mut old {
            let stamped = stamp_stored(old, &cluster)?;
            offline::rebase(old, &stamped, &mut object, settings);
            *old = stamped;
        } else if self.names_a_pod(&object) {
            for pod in manifests
                .iter_mut()
                .filter(|manifest| is_pod_of(manifest, &object))
            {
                *pod = stamp_stored(pod, &cluster)?;
            }
            cluster = self.cluster(&manifests, settings)?;
        } else {
            object = stamp(&object, &cluster)?;
        }
        Ok(RequestObjects { object, old, cluster })
    }

    /// Whether the request names a pod and does not contain it
    fn names_a_pod(&self, object: &Value) -> bool {
        let is_binding = object.get("kind").and_then(Value::as_str) == Some("Binding");
        is_binding
            || matches!(self.operation, OperationWire::Connect)
            || matches!(self.subresource.as_deref(), Some("binding" | "eviction"))
    }

    fn operation<'a>(&self, objects: &'a RequestObjects) -> Result<Operation<'a>, Fault> {
        let object = &objects.object;
        match (self.operation, &objects.old) {
            (OperationWire::Create, None) => Ok(Operation::Create(object)),
            (OperationWire::Update, Some(old)) => Ok(Operation::Update(old, object)),
            (OperationWire::Delete, None) => Ok(Operation::Delete(object)),
            (OperationWire::Connect, None) => Ok(Operation::Connect(object)),
            (OperationWire::Update, None) => {
                Err(Fault::new(self.manifest.at, "an update needs `oldManifest`"))
            }
            (OperationWire::Create | OperationWire::Delete | OperationWire::Connect, Some(_)) => {
                Err(Fault::new(self.manifest.at, "`oldManifest` goes with an update"))
            }
        }
    }

    fn subresource(&self) -> &str {
        match (&self.subresource, self.operation) {
            (Some(subresource), _) => subresource,
            (None, OperationWire::Connect) => "exec",
            (None, _) => "",
        }
    }
}

fn is_pod_of(manifest: &Value, object: &Value) -> bool {
    manifest.get("kind").and_then(Value::as_str) == Some("Pod")
        && manifest.pointer("/metadata/name") == object.pointer("/metadata/name")
}

impl ExpectedAnswer {
    fn compare(&self, result: &OfflineResult) -> Comparison {
        Comparison {
            passed: self.is_met_by(result),
            expected: self.to_json(),
            actual: self.shape_of(result),
        }
    }

    fn is_met_by(&self, result: &OfflineResult) -> bool {
        let in_message = |text: &String| result.message.contains(text.as_str());
        let in_warnings = |text: &String| {
            result
                .warnings
                .iter()
                .any(|warning| warning.contains(text.as_str()))
        };
        let has_annotation =
            |(key, value): &(String, Option<String>)| result.annotations.get(key) == value.as_ref();
        self.allowed == result.allowed
            && self.message.iter().flat_map(|list| &list.0).all(in_message)
            && self.warnings.iter().flat_map(|list| &list.0).all(in_warnings)
            && self
                .annotations
                .iter()
                .flat_map(|entries| &entries.0)
                .all(has_annotation)
    }

    fn to_json(&self) -> Value {
        let mut fields = Map::new();
        fields.insert("allowed".to_owned(), self.allowed.into());
        if let Some(OneOrMany(expected)) = &self.message {
            fields.insert("message".to_owned(), expected.clone().into());
        }
        if let Some(OneOrMany(expected)) = &self.warnings {
            fields.insert("warnings".to_owned(), expected.clone().into());
        }
        if let Some(Entries(expected)) = &self.annotations {
            let expected = expected
                .iter()
                .map(|(key, value)| (key.clone(), value.clone().into()))
                .collect();
            fields.insert("annotations".to_owned(), Value::Object(expected));
        }
        Value::Object(fields)
    }

    /// The actual answer: the message of every denial, and the fields that the case gives
    fn shape_of(&self, result: &OfflineResult) -> Value {
        let mut fields = Map::new();
        fields.insert("allowed".to_owned(), result.allowed.into());
        if self.message.is_some() || !result.allowed {
            fields.insert("message".to_owned(), result.message.clone().into());
        }
        if self.warnings.is_some() {
            fields.insert("warnings".to_owned(), result.warnings.clone().into());
        }
        if let Some(Entries(expected)) = &self.annotations {
            let found = expected
                .iter()
                .map(|(key, _)| (key.clone(), result.annotations.get(key).cloned().into()))
                .collect();
            fields.insert("annotations".to_owned(), Value::Object(found));
        }
        Value::Object(fields)
    }
}
