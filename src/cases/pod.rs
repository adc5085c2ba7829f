//! The pod level: a Kubernetes request, from manifest to answer.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::text::{OneOrMany, Pairs};
use crate::admission::offline::{self, Final, Operation, Request};
use crate::admission::{Mode, Modes, Objects};
use crate::directory::Configuration;
use crate::source::{Fault, Node};

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
        if let Some(missing) = self.not_judged() {
            return Ok((false, self.expect.to_json(), Value::String(missing)));
        }
        let manifests: Vec<Value> = self.objects.iter().map(Node::to_json).collect();
        let objects = Objects::new(&manifests, &configuration.cluster).map_err(|error| {
            Fault::new(
                self.objects.first().map_or(self.manifest.at, |node| node.at),
                error.to_string(),
            )
        })?;
        let pod = self.manifest.to_json();
        let old = self.old_manifest.as_ref().map(Node::to_json);
        let operation = match (self.operation, &old) {
            (Verb::Create, None) => Operation::Create(&pod),
            (Verb::Update, Some(old)) => Operation::Update(old, &pod),
            (Verb::Delete, None) => Operation::Delete(&pod),
            (Verb::Connect, None) => Operation::Connect {
                pod: &pod,
                subresource: self.subresource.as_deref().unwrap_or("exec"),
            },
            (Verb::Update, None) => {
                return Err(Fault::new(self.manifest.at, "an update needs `oldManifest`"));
            }
            (Verb::Create | Verb::Delete | Verb::Connect, Some(_)) => {
                return Err(Fault::new(self.manifest.at, "`oldManifest` goes with an update"));
            }
        };
        let request = Request {
            operation,
            user: &self.r#as.user,
            groups: &self.r#as.groups,
        };
        let modes = Modes::everywhere(Mode::Enforce);
        let done = offline::run(&request, configuration, &objects, &modes, Timestamp::now())
            .map_err(|error| Fault::new(self.manifest.at, error.to_string()))?;
        Ok((
            self.expect.met_by(&done),
            self.expect.to_json(),
            self.expect.shape_of(&done),
        ))
    }

    /// What the case asks for that pods alone do not have
    fn not_judged(&self) -> Option<String> {
        let kind = self
            .manifest
            .to_json()
            .get("kind")
            .and_then(Value::as_str)
            .map(ToOwned::to_owned);
        if kind.as_deref() != Some("Pod") {
            return Some(format!("not judged: kind {}", kind.as_deref().unwrap_or("none")));
        }
        if self.stamped_by.is_some() {
            return Some("not judged: stampedBy".to_owned());
        }
        match (self.operation, self.subresource.as_deref()) {
            (Verb::Connect, _) | (_, None) => None,
            (_, Some(subresource)) => Some(format!("not judged: subresource {subresource}")),
        }
    }
}

impl Expect {
    fn met_by(&self, done: &Final) -> bool {
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
    fn shape_of(&self, done: &Final) -> Value {
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
