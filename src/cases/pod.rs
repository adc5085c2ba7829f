//! The pod level: a Kubernetes request, from manifest to answer.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::admission::offline::{OfflineResult, Operation, Request};
use crate::admission::{Mode, Modes, offline};
use crate::cases::text::{OneOrMany, Pairs};
use crate::config::directory::Configuration;
use crate::kubernetes::snapshot::ClusterSnapshot;
use ram_policy::source::{Fault, Node};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct PodCase {
    pub(super) name: String,
    r#as: Subject,
    operation: Verb,
    subresource: Option<String>,
    manifest: Node,
    old_manifest: Option<Node>,
    #[serde(default)]
    objects: Vec<Node>,
    stamped_by: Option<Subject>,
    expect: Expect,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Subject {
    user: String,
    #[serde(default)]
    groups: Vec<String>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Verb {
    Create,
    Update,
    Delete,
    Connect,
}

/// What is expected of the answer; only what is given counts
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    allowed: bool,
    /// Substrings of the denial's message
    message: Option<OneOrMany>,
    /// Substrings, each of some warning
    warnings: Option<OneOrMany>,
    /// Annotations of the final pod; null means absent
    annotations: Option<Pairs<Option<String>>>,
}

impl PodCase {
    pub(super) fn run(&self, configuration: &Configuration) -> Result<(bool, Value, Value), Fault> {
        let settings = &configuration.cluster;
        let mut object = self.manifest.to_json();
        if let Some(missing) = self.not_judged(&object, configuration) {
            return Ok((false, self.expect.to_json(), Value::String(missing)));
        }
        let fault = |error: &dyn std::fmt::Display| Fault::new(self.manifest.at, error.to_string());
        let objects = |manifests: &[Value]| {
            ClusterSnapshot::new(manifests, settings).map_err(|error| {
                let at = self.objects.first().map_or(self.manifest.at, |node| node.at);
                Fault::new(at, error.to_string())
            })
        };
        let mut manifests: Vec<Value> = self.objects.iter().map(Node::to_json).collect();
        let mut given = objects(&manifests)?;
        let is_stamped = self.stamped_by.is_some();
        let is_carrier = |user: &str| settings.carriers.iter().any(|carrier| carrier.user == user);
        if matches!(self.operation, Verb::Create) && (is_stamped || is_carrier(&self.r#as.user)) {
            object = offline::owned(&object, &self.r#as.user, settings);
        }
        let mut old = self.old_manifest.as_ref().map(Node::to_json);
        let now = Timestamp::now();
        if let Some(Subject { user, groups }) = &self.stamped_by {
            let stamp = |object: &Value| {
                offline::stamped(object, (user, groups), configuration, &given, now)
                    .map_err(|error| fault(&error))
            };
            match (&mut old, self.names_a_pod(&object)) {
                (Some(old), _) => {
                    let stamped = stamp(old)?;
                    offline::follow(old, &stamped, &mut object, settings);
                    *old = stamped;
                }
                (None, true) => {
                    let names =
                        |pod: &Value| pod.pointer("/metadata/name") == object.pointer("/metadata/name");
                    for pod in &mut manifests {
                        if pod.get("kind").and_then(Value::as_str) == Some("Pod") && names(pod) {
                            *pod = stamp(pod)?;
                        }
                    }
                    given = objects(&manifests)?;
                }
                (None, false) => object = stamp(&object)?,
            }
        }
        let operation = match (self.operation, &old) {
            (Verb::Create, None) => Operation::Create(&object),
            (Verb::Update, Some(old)) => Operation::Update(old, &object),
            (Verb::Delete, None) => Operation::Delete(&object),
            (Verb::Connect, None) => Operation::Connect(&object),
            (Verb::Update, None) => {
                return Err(Fault::new(self.manifest.at, "an update needs `oldManifest`"));
            }
            (Verb::Create | Verb::Delete | Verb::Connect, Some(_)) => {
                return Err(Fault::new(self.manifest.at, "`oldManifest` goes with an update"));
            }
        };
        let connects = matches!(self.operation, Verb::Connect);
        let request = Request {
            operation,
            subresource: match &self.subresource {
                Some(subresource) => subresource,
                None if connects => "exec",
                None => "",
            },
            user: &self.r#as.user,
            groups: &self.r#as.groups,
        };
        let modes = Modes::everywhere(Mode::Enforce);
        let done =
            offline::run(&request, configuration, &given, &modes, now).map_err(|error| fault(&error))?;
        Ok((
            self.expect.met_by(&done),
            self.expect.to_json(),
            self.expect.shape_of(&done),
        ))
    }

    /// Whether the request names a pod that is among the objects, and does not bring it
    fn names_a_pod(&self, object: &Value) -> bool {
        let is_binding = object.get("kind").and_then(Value::as_str) == Some("Binding");
        is_binding
            || matches!(self.operation, Verb::Connect)
            || matches!(self.subresource.as_deref(), Some("binding" | "eviction"))
    }

    /// What the case asks for that nothing answers
    fn not_judged(&self, object: &Value, configuration: &Configuration) -> Option<String> {
        let kind = object.get("kind").and_then(Value::as_str).unwrap_or("none");
        let is_kubelet = kind == "Node" && matches!(self.operation, Verb::Connect);
        if !is_kubelet && !offline::is_judged(object, &configuration.cluster) {
            return Some(format!("not judged: kind {kind}"));
        }
        let subresource = self.subresource.as_deref()?;
        let known: &[&str] = match self.operation {
            Verb::Create => &["binding", "eviction"],
            Verb::Update => &["status", "ephemeralcontainers", "resize", "scale"],
            Verb::Connect if is_kubelet => &["proxy"],
            Verb::Connect => &["exec", "attach", "portforward", "proxy"],
            Verb::Delete => &[],
        };
        (!known.contains(&subresource)).then(|| format!("not judged: subresource {subresource}"))
    }
}

impl Expect {
    fn met_by(&self, done: &OfflineResult) -> bool {
        let in_message = |wanted: &String| done.message.contains(wanted.as_str());
        let in_warnings = |wanted: &String| {
            done.warnings
                .iter()
                .any(|warning| warning.contains(wanted.as_str()))
        };
        self.allowed == done.allowed
            && self.message.iter().flat_map(|list| &list.0).all(in_message)
            && self.warnings.iter().flat_map(|list| &list.0).all(in_warnings)
            && self
                .annotations
                .iter()
                .flat_map(|pairs| &pairs.0)
                .all(|(key, value)| done.annotations.get(key) == value.as_ref())
    }

    fn to_json(&self) -> Value {
        let mut fields = Map::new();
        fields.insert("allowed".to_owned(), self.allowed.into());
        if let Some(OneOrMany(wanted)) = &self.message {
            fields.insert("message".to_owned(), wanted.clone().into());
        }
        if let Some(OneOrMany(wanted)) = &self.warnings {
            fields.insert("warnings".to_owned(), wanted.clone().into());
        }
        if let Some(Pairs(wanted)) = &self.annotations {
            let wanted = wanted
                .iter()
                .map(|(key, value)| (key.clone(), value.clone().into()))
                .collect();
            fields.insert("annotations".to_owned(), Value::Object(wanted));
        }
        Value::Object(fields)
    }

    /// What came: the message of every denial, and whatever else the case asks about
    fn shape_of(&self, done: &OfflineResult) -> Value {
        let mut fields = Map::new();
        fields.insert("allowed".to_owned(), done.allowed.into());
        if self.message.is_some() || !done.allowed {
            fields.insert("message".to_owned(), done.message.clone().into());
        }
        if self.warnings.is_some() {
            fields.insert("warnings".to_owned(), done.warnings.clone().into());
        }
        if let Some(Pairs(wanted)) = &self.annotations {
            let found = wanted
                .iter()
                .map(|(key, _)| (key.clone(), done.annotations.get(key).cloned().into()))
                .collect();
            fields.insert("annotations".to_owned(), Value::Object(found));
        }
        Value::Object(fields)
    }
}
