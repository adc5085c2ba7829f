//! What makes pods: the kinds that are looked through, and what of an object tells how it lives.

use serde_json::{Map, Value, json};

use crate::admission::attribution::OwnedObject;
use crate::config::{ClusterSettings, DelegatedController};
use crate::kubernetes::pod::Metadata;
use crate::kubernetes::pod_template::FieldPath;
use crate::kubernetes::workload::Workload;
use crate::stamp::REQUESTED_BY;

/// A kind of object that makes pods, or pods themselves
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// A built-in kind
    Workload(Workload),
    /// A kind that the configuration lists
    Listed(Listed),
    /// Pods
    Pod,
}

/// A kind that the configuration lists, with everything that its carriers say of it
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    /// The user that makes its pods
    pub user: String,
    /// Its API group; empty for the core group
    pub group: String,
    /// The kind
    pub kind: String,
    /// Its resource name, in the plural
    pub resource: String,
    /// Where its pod templates stand, as paths with dots
    pub templates: Vec<String>,
}

/// The object that controls another one, by the other one's own claim
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Owner {
    /// Its API group; empty for the core group
    pub group: String,
    /// Its kind
    pub kind: String,
    /// Its name
    pub name: String,
}

impl Source {
    /// All kinds of a configuration, owners before what they own
    pub(crate) fn all(settings: &ClusterSettings) -> Vec<Self> {
        const OWNED: [Workload; 3] = [Workload::ReplicaSet, Workload::Job, Workload::ControllerRevision];
        let (owned, owners): (Vec<_>, Vec<_>) =
            Workload::ALL.into_iter().partition(|one| OWNED.contains(one));
        owners
            .into_iter()
            .map(Self::Workload)
            .chain(listed(settings).into_iter().map(Self::Listed))
            .chain(owned.into_iter().map(Self::Workload))
            .chain([Self::Pod])
            .collect()
    }

    /// The source whose kind somebody means: by its name, its resource or the short name that kubectl knows
    pub(crate) fn meant(word: &str, settings: &ClusterSettings) -> Option<Self> {
        let word = word.to_lowercase();
        let built_in = Workload::ALL.into_iter().find(|one| {
            let kind = one.kind().to_lowercase();
            word == kind || word == one.resource() || word == short(*one)
        });
        if ["pod", "pods", "po"].contains(&word.as_str()) {
            return Some(Self::Pod);
        }
        built_in.map(Self::Workload).or_else(|| {
            let mut kinds = listed(settings).into_iter();
            let is_meant = |one: &Listed| word == one.kind.to_lowercase() || word == one.resource;
            kinds.find(is_meant).map(Self::Listed)
        })
    }

    /// The source of an object, if pods come of it
    pub(crate) fn of(object: &Value, settings: &ClusterSettings) -> Option<Self> {
        let (kind, group) = (text(object, "/kind"), group(text(object, "/apiVersion")));
        let mut all = Self::all(settings).into_iter();
        all.find(|source| source.kind() == kind && source.group() == group)
    }

    /// The kind
    pub(crate) fn kind(&self) -> &str {
        match self {
            Self::Workload(workload) => workload.kind(),
            Self::Listed(listed) => &listed.kind,
            Self::Pod => "Pod",
        }
    }

    /// The API group; empty for the core group
    pub(crate) fn group(&self) -> &str {
        match self {
            Self::Workload(workload) => workload.group(),
            Self::Listed(listed) => &listed.group,
            Self::Pod => "",
        }
    }

    /// The resource, in the plural
    pub(crate) fn resource(&self) -> &str {
        match self {
            Self::Workload(workload) => workload.resource(),
            Self::Listed(listed) => &listed.resource,
            Self::Pod => "pods",
        }
    }

    /// The object as one in which a stamp stands
    pub(crate) fn owned(&self, object: &Value) -> OwnedObject {
        let text = object.get("metadata").map(Value::to_string).unwrap_or_default();
        let metadata: Metadata<'_> = serde_json::from_str(&text).unwrap_or_default();
        OwnedObject::new(self.group(), self.kind(), &metadata)
    }

    /// The pods or pod templates in an object, each with its path where there may be several
    ///
    /// # Errors
    ///
    /// They cannot be told apart, or are too many.
    pub(crate) fn templates<'o>(
        &self,
        object: &'o Value,
    ) -> Result<Vec<(Option<String>, &'o Value)>, serde_json::Error> {
        let places = self.places();
        let Self::Listed(_) = self else {
            let found = places.iter().filter_map(|path| object.pointer(&path.pointer()));
            return Ok(found
                .filter(|found| found.is_object())
                .map(|found| (None, found))
                .collect());
        };
        let json = object.to_string();
        let mut found = Vec::new();
        for path in &places {
            found.extend(path.all(&json)?.into_iter().map(|(path, _)| path));
        }
        let are_several = found.len() > 1 || places.len() > 1;
        let templates = found.iter().filter_map(|path| {
            let at = are_several.then(|| path.to_string().trim_end_matches('.').to_owned());
            Some((at, object.pointer(&path.pointer())?))
        });
        Ok(templates.collect())
    }

    /// Where pods or pod templates stand in an object
    fn places(&self) -> Vec<FieldPath> {
        match self {
            Self::Workload(workload) => vec![FieldPath::of(workload.template().iter().copied())],
            Self::Listed(listed) => {
                let paths = listed.templates.iter();
                paths.map(|path| FieldPath::of(path.split('.'))).collect()
            }
            Self::Pod => vec![FieldPath::default()],
        }
    }

    /// Who makes the pods
    pub(crate) fn user(&self) -> &str {
        match self {
            // All of the built-in ones may make any pod, so that it does not matter which it is
            Self::Workload(_) | Self::Pod => "system:serviceaccount:kube-system:replicaset-controller",
            Self::Listed(listed) => &listed.user,
        }
    }

    /// Whether nothing will be made of an object any more, or nothing as long as its owner wants it so
    pub(crate) fn is_idle(&self, object: &Value) -> bool {
        let metadata = object.get("metadata");
        if metadata.is_some_and(|metadata| metadata.get("deletionTimestamp").is_some()) {
            return true;
        }
        let number = |pointer: &str| object.pointer(pointer).and_then(Value::as_u64);
        match self {
            Self::Workload(Workload::ReplicaSet | Workload::ReplicationController) => {
                // Nobody but its owner gives it more
                number("/spec/replicas") == Some(0) && owner(object).is_some()
            }
            Self::Workload(Workload::Job) => {
                let conditions = object.pointer("/status/conditions").and_then(Value::as_array);
                conditions.into_iter().flatten().any(|condition| {
                    let text = |field| condition.get(field).and_then(Value::as_str).unwrap_or_default();
                    matches!(text("type"), "Complete" | "Failed") && text("status") == "True"
                })
            }
            Self::Pod => {
                let phase = object.pointer("/status/phase").and_then(Value::as_str);
                matches!(phase, Some("Succeeded" | "Failed"))
            }
            Self::Workload(_) | Self::Listed(_) => false,
        }
    }
}

/// The kinds that carriers list and that are not built in, each once
fn listed(settings: &ClusterSettings) -> Vec<Listed> {
    let mut kinds: Vec<Listed> = Vec::new();
    let is_foreign = |carrier: &&DelegatedController| {
        let mut built_in = Workload::ALL.into_iter();
        let is_pod = (carrier.group.as_str(), carrier.resource.as_str()) == ("", "pods");
        !is_pod && !built_in.any(|one| one.group() == carrier.group && one.resource() == carrier.resource)
    };
    for carrier in settings.carriers.iter().filter(is_foreign) {
        let is_same = |one: &&mut Listed| one.group == carrier.group && one.resource == carrier.resource;
        match kinds.iter_mut().find(is_same) {
            Some(known) => {
                let new = carrier.templates.iter();
                let new: Vec<_> = new
                    .filter(|path| !known.templates.contains(path))
                    .cloned()
                    .collect();
                known.templates.extend(new);
            }
            None => kinds.push(Listed {
                user: carrier.user.clone(),
                group: carrier.group.clone(),
                kind: carrier.kind.clone(),
                resource: carrier.resource.clone(),
                templates: carrier.templates.clone(),
            }),
        }
    }
    kinds
}

/// What kubectl calls a kind for short
fn short(workload: Workload) -> &'static str {
    match workload {
        Workload::Deployment => "deploy",
        Workload::ReplicaSet => "rs",
        Workload::StatefulSet => "sts",
        Workload::DaemonSet => "ds",
        Workload::Job => "job",
        Workload::CronJob => "cj",
        Workload::ReplicationController => "rc",
        // It has none
        Workload::ControllerRevision => "controllerrevision",
    }
}

/// The stamp of a pod or pod template, whatever it is worth
pub(crate) fn stamp_of(reviewed: &Value) -> Option<&str> {
    let annotations = reviewed.pointer("/metadata/annotations")?;
    annotations.get(REQUESTED_BY)?.as_str()
}

/// A text of an object, empty where it is not there
pub(crate) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// The group of an API version; empty for the core group
fn group(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

/// The object that controls this one
pub(crate) fn owner(object: &Value) -> Option<Owner> {
    let owners = object.pointer("/metadata/ownerReferences")?.as_array()?;
    let is_controller = |owner: &&Value| owner.get("controller").and_then(Value::as_bool) == Some(true);
    let owner = owners.iter().find(is_controller)?;
    Some(Owner {
        group: group(text(owner, "/apiVersion")).to_owned(),
        kind: text(owner, "/kind").to_owned(),
        name: text(owner, "/name").to_owned(),
    })
}

/// The pod that a controller makes of a template
pub(crate) fn pod_of(template: &Value, source: &Source, namespace: &str, name: &str) -> Value {
    let part = |field: &str| match template.get(field) {
        Some(Value::Object(map)) => map.clone(),
        _ => Map::new(),
    };
    let (mut metadata, spec) = (part("metadata"), part("spec"));
    metadata.insert("namespace".to_owned(), namespace.into());
    metadata.insert("generateName".to_owned(), format!("{name}-").into());
    let api = match source.group() {
        "" => "v1".to_owned(),
        group => format!("{group}/v1"),
    };
    let owner =
        json!({"apiVersion": api, "kind": source.kind(), "name": name, "uid": "", "controller": true});
    metadata.insert("ownerReferences".to_owned(), json!([owner]));
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
}
