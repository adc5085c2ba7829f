//! The kinds that the survey lists: built-in workloads, delegated kinds and pods.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use crate::analysis::survey::objects::{group, owner, text};
use crate::config::{ClusterSettings, DelegatedController, preset_entries};
use crate::kubernetes::field_path::FieldPath;
use crate::kubernetes::metadata::Metadata;
use crate::kubernetes::owned_object::OwnedObject;
use crate::kubernetes::template_place::TemplatePlace;
use crate::kubernetes::workload::Workload;

/// A kind of object that makes pods, or pods themselves
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum WorkloadKind {
    /// A built-in workload
    BuiltIn(Workload),
    /// A custom kind that `cluster.carriers` lists
    Delegated(DelegatedKind),
    /// Pods
    Pod,
}

/// A custom kind, with everything that its entries in `cluster.carriers` say about it
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DelegatedKind {
    /// The user that makes its pods
    pub user: String,
    /// Its API group; empty for the core group
    pub group: String,
    /// The kind
    pub kind: String,
    /// Its resource name, in the plural
    pub resource: String,
    /// The places of pod metadata in it
    pub templates: Vec<TemplatePlace>,
}

/// A pod or pod template of an object
#[derive(Clone, Debug)]
pub(crate) struct FoundTemplate<'o> {
    /// Its path, if the object may have several
    pub path: Option<String>,
    /// The path of its annotations, such as `spec.template.metadata.annotations`
    pub annotations: String,
    /// The pod or template
    pub template: Cow<'o, Value>,
}

impl WorkloadKind {
    /// All kinds of a configuration, owners before the kinds that they own
    pub(crate) fn all(settings: &ClusterSettings) -> Vec<Self> {
        const OWNED: [Workload; 3] = [Workload::ReplicaSet, Workload::Job, Workload::ControllerRevision];
        let (owned, owners): (Vec<_>, Vec<_>) =
            Workload::ALL.into_iter().partition(|one| OWNED.contains(one));
        owners
            .into_iter()
            .map(Self::BuiltIn)
            .chain(delegated_kinds(settings).into_iter().map(Self::Delegated))
            .chain(owned.into_iter().map(Self::BuiltIn))
            .chain([Self::Pod])
            .collect()
    }

    /// Finds a kind by its name, its resource or kubectl's short name, in any case
    ///
    /// ```text
    /// Deployment, deployments, deploy -> BuiltIn(Deployment)
    /// service                         -> None
    /// ```
    pub(crate) fn named(word: &str, settings: &ClusterSettings) -> Option<Self> {
        let word = word.to_lowercase();
        if ["pod", "pods", "po"].contains(&word.as_str()) {
            return Some(Self::Pod);
        }
        let built_in = Workload::ALL.into_iter().find(|one| {
            let kind = one.kind().to_lowercase();
            word == kind || word == one.resource() || word == short_name(*one)
        });
        built_in.map(Self::BuiltIn).or_else(|| {
            let mut kinds = delegated_kinds(settings).into_iter();
            let is_named = |one: &DelegatedKind| word == one.kind.to_lowercase() || word == one.resource;
            kinds.find(is_named).map(Self::Delegated)
        })
    }

    /// The kind of an object; `None` if objects of its kind make no pods
    pub(crate) fn of_object(object: &Value, settings: &ClusterSettings) -> Option<Self> {
        let (name, group) = (text(object, "/kind"), group(text(object, "/apiVersion")));
        let mut all = Self::all(settings).into_iter();
        all.find(|kind| kind.name() == name && kind.group() == group)
    }

    /// The kind's name, such as `Deployment`
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::BuiltIn(workload) => workload.kind(),
            Self::Delegated(delegated) => &delegated.kind,
            Self::Pod => "Pod",
        }
    }

    /// The API group; empty for the core group
    pub(crate) fn group(&self) -> &str {
        match self {
            Self::BuiltIn(workload) => workload.group(),
            Self::Delegated(delegated) => &delegated.group,
            Self::Pod => "",
        }
    }

    /// The resource, in the plural
    pub(crate) fn resource(&self) -> &str {
        match self {
            Self::BuiltIn(workload) => workload.resource(),
            Self::Delegated(delegated) => &delegated.resource,
            Self::Pod => "pods",
        }
    }

    /// The object's identity, to which a stamp is bound
    pub(crate) fn owned(&self, object: &Value) -> OwnedObject {
        let text = object.get("metadata").map(Value::to_string).unwrap_or_default();
        let metadata: Metadata<'_> = serde_json::from_str(&text).unwrap_or_default();
        OwnedObject::new(self.group(), self.name(), &metadata)
    }

    /// The pods or pod templates in an object
    ///
    /// # Errors
    ///
    /// The object has more templates than ramgate reads, or its JSON does not fit their paths.
    pub(crate) fn templates<'o>(
        &self,
        object: &'o Value,
    ) -> Result<Vec<FoundTemplate<'o>>, serde_json::Error> {
        let places = match self {
            Self::BuiltIn(workload) => {
                let path = FieldPath::of(workload.template().iter().copied());
                let found = object.pointer(&path.pointer()).filter(|found| found.is_object());
                let found = found.map(|found| FoundTemplate::only(&path, found));
                return Ok(found.into_iter().collect());
            }
            Self::Pod => return Ok(vec![FoundTemplate::only(&FieldPath::default(), object)]),
            Self::Delegated(delegated) => &delegated.templates,
        };
        let json = object.to_string();
        let mut found = Vec::new();
        for place in places {
            let paths = place.fields().all(&json)?.into_iter();
            found.extend(paths.map(|(path, _)| (place, path)));
        }
        let are_several = found.len() > 1 || places.len() > 1;
        let templates = found.iter().filter_map(|(place, path)| {
            let shown = are_several.then(|| path.to_string().trim_end_matches('.').to_owned());
            let found = object.pointer(&path.pointer())?;
            Some(FoundTemplate {
                path: shown,
                annotations: annotations(path, place.is_metadata(found)),
                template: Cow::Owned(place.as_template(found, object)),
            })
        });
        Ok(templates.collect())
    }

    /// The user that makes the pods
    pub(crate) fn user(&self) -> &str {
        match self {
            // Every built-in controller may make any pod, so it does not matter which one this names
            Self::BuiltIn(_) | Self::Pod => "system:serviceaccount:kube-system:replicaset-controller",
            Self::Delegated(delegated) => &delegated.user,
        }
    }

    /// The pod that the controller makes from a template of an object
    ///
    /// ```text
    /// Deployment shop/web: {metadata: {labels: {app: web}}, spec: {...}}
    ///   -> Pod: {metadata: {labels: {app: web}, namespace: shop, generateName: web-, ownerReferences: [Deployment web]}, spec: {...}}
    /// ```
    pub(crate) fn pod_from(&self, template: &Value, namespace: &str, name: &str) -> Value {
        let map = |field: &str| match template.get(field) {
            Some(Value::Object(map)) => map.clone(),
            _ => Map::new(),
        };
        let (mut metadata, spec) = (map("metadata"), map("spec"));
        metadata.insert("namespace".to_owned(), namespace.into());
        metadata.insert("generateName".to_owned(), format!("{name}-").into());
        let api = match self.group() {
            "" => "v1".to_owned(),
            group => format!("{group}/v1"),
        };
        let owner =
            json!({"apiVersion": api, "kind": self.name(), "name": name, "uid": "", "controller": true});
        metadata.insert("ownerReferences".to_owned(), json!([owner]));
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
    }

    /// Whether an object makes no more pods, or none until its owner scales it up
    pub(crate) fn is_idle(&self, object: &Value) -> bool {
        let metadata = object.get("metadata");
        if metadata.is_some_and(|metadata| metadata.get("deletionTimestamp").is_some()) {
            return true;
        }
        match self {
            Self::BuiltIn(Workload::ReplicaSet | Workload::ReplicationController) => {
                let replicas = object.pointer("/spec/replicas").and_then(Value::as_u64);
                replicas == Some(0) && owner(object).is_some()
            }
            Self::BuiltIn(Workload::Job) => {
                let conditions = object.pointer("/status/conditions").and_then(Value::as_array);
                conditions.into_iter().flatten().any(|condition| {
                    matches!(text(condition, "/type"), "Complete" | "Failed")
                        && text(condition, "/status") == "True"
                })
            }
            Self::Pod => matches!(text(object, "/status/phase"), "Succeeded" | "Failed"),
            Self::BuiltIn(_) | Self::Delegated(_) => false,
        }
    }
}

impl WorkloadKind {
    /// The kinds of presets that `cluster.carriers` does not list
    pub(crate) fn unlisted(settings: &ClusterSettings) -> Vec<Self> {
        let all = ClusterSettings {
            carriers: preset_entries(),
            ..ClusterSettings::default()
        };
        let listed = delegated_kinds(settings);
        let is_listed = |kind: &DelegatedKind| {
            listed
                .iter()
                .any(|one| one.group == kind.group && one.kind == kind.kind)
        };
        let unlisted = delegated_kinds(&all).into_iter().filter(|kind| !is_listed(kind));
        unlisted.map(Self::Delegated).collect()
    }
}

impl<'o> FoundTemplate<'o> {
    /// The only pod or template of an object
    fn only(path: &FieldPath, template: &'o Value) -> Self {
        Self {
            path: None,
            annotations: annotations(path, false),
            template: Cow::Borrowed(template),
        }
    }
}

/// The path of the annotations of what is at a path
fn annotations(path: &FieldPath, is_metadata: bool) -> String {
    let metadata = if is_metadata { "" } else { "metadata." };
    format!("{path}{metadata}annotations")
}

/// The custom kinds of `cluster.carriers`, each once, with the templates of all its entries
fn delegated_kinds(settings: &ClusterSettings) -> Vec<DelegatedKind> {
    let mut kinds: Vec<DelegatedKind> = Vec::new();
    for carrier in settings.carriers.iter().filter(|carrier| is_custom(carrier)) {
        let is_same =
            |one: &&mut DelegatedKind| one.group == carrier.group && one.resource == carrier.resource;
        match kinds.iter_mut().find(is_same) {
            Some(known) => {
                let new = carrier.templates.iter();
                let new = new.filter(|path| !known.templates.contains(path));
                let new: Vec<TemplatePlace> = new.cloned().collect();
                known.templates.extend(new);
            }
            None => kinds.push(DelegatedKind {
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

/// Whether an entry of `cluster.carriers` is about neither pods nor a built-in workload
fn is_custom(carrier: &DelegatedController) -> bool {
    let is_built_in = Workload::ALL
        .into_iter()
        .any(|one| one.group() == carrier.group && one.resource() == carrier.resource);
    let is_pod = carrier.group.is_empty() && carrier.resource == "pods";
    !is_pod && !is_built_in
}

/// kubectl's short name of a kind
fn short_name(workload: Workload) -> &'static str {
    match workload {
        Workload::Deployment => "deploy",
        Workload::ReplicaSet => "rs",
        Workload::StatefulSet => "sts",
        Workload::DaemonSet => "ds",
        Workload::Job => "job",
        Workload::CronJob => "cj",
        Workload::ReplicationController => "rc",
        // It has no short name
        Workload::ControllerRevision => "controllerrevision",
    }
}
