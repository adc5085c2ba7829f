//! What ramgate must know about the cluster to judge a pod.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use serde::Deserialize;
use serde_json::Value;

use crate::config::{ClusterSettings, LabelSelector};
use crate::kubernetes::eci_profile;
use crate::kubernetes::eci_profile::Profile;
use crate::kubernetes::workload::Workload;
use crate::stamp::{KEY_BYTES, Ring, Signer};

/// Looks up what the cluster holds; behind it stand watches, or the objects that a test gives
///
/// A look-up never blocks and never fails: what is not known is said so, and whoever asks decides what that means.
pub trait Cluster: Send + Sync {
    /// Labels and annotations of a namespace, or nothing while it is not known
    fn namespace(&self, name: &str) -> Option<Arc<Meta>>;

    /// Labels and annotations of a service account, or nothing while it is not known
    fn service_account(&self, namespace: &str, name: &str) -> Option<Arc<Meta>>;

    /// What kind of node bears this name
    fn node(&self, name: &str) -> NodeKind;

    /// A pod as JSON, for requests that name a pod without sending it (exec); nothing where it is not known
    fn pod(&self, namespace: &str, name: &str) -> Option<Arc<str>>;

    /// A workload as JSON, for requests that name it without sending it (scale); nothing where it is not known
    fn workload(&self, _workload: Workload, _namespace: &str, _name: &str) -> Option<Arc<str>> {
        None
    }

    /// What signs and verifies stamps; nothing while the keys are not known
    fn signer(&self) -> Option<Arc<Signer>> {
        None
    }

    /// Whether the live webhook configurations send this resource here, so that a stamp in it is one that was checked
    fn sends(&self, _group: &str, _resource: &str) -> bool {
        false
    }

    /// ACK's eci-profile, as far as it could be read
    fn profile(&self) -> Arc<Profile> {
        Arc::default()
    }
}

/// Labels and annotations of an object
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meta {
    /// All labels
    pub labels: BTreeMap<String, String>,
    /// All annotations
    pub annotations: BTreeMap<String, String>,
}

/// Whether what is bound to a node becomes an ECI container group
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NodeKind {
    /// A machine, or a virtual node of ACS, which is not ECI
    Real,
    /// A virtual node that makes ECI container groups
    Virtual,
    /// Not seen so far; counts as virtual
    Unknown,
}

impl NodeKind {
    /// The kind of a node that has these labels
    pub fn of(labels: &BTreeMap<String, String>, settings: &ClusterSettings) -> Self {
        let any = |selectors: &[LabelSelector]| selectors.iter().any(|selector| selector.matches(labels));
        match any(&settings.virtual_nodes) && !any(&settings.acs_nodes) {
            true => Self::Virtual,
            false => Self::Real,
        }
    }
}

/// A cluster of given objects, for judging offline
#[derive(Clone, Debug, Default)]
pub struct ClusterSnapshot {
    namespaces: BTreeMap<String, Arc<Meta>>,
    service_accounts: BTreeMap<(String, String), Arc<Meta>>,
    nodes: BTreeMap<String, NodeKind>,
    pods: BTreeMap<(String, String), Arc<str>>,
    workloads: BTreeMap<(&'static str, String, String), Arc<str>>,
    profile: Arc<Profile>,
    signer: Option<Arc<Signer>>,
}

/// The key of stamps that no cluster ever sees; everybody knows it
static OFFLINE: LazyLock<Option<Arc<Signer>>> = LazyLock::new(|| {
    let ring = Ring::new([("offline".to_owned(), vec![0; KEY_BYTES])]).ok()?;
    Some(Arc::new(Signer::new(ring, "")))
});

/// A manifest that cannot stand in a cluster
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ObjectError {
    /// Nothing says what it is
    #[error("an object has no `kind`")]
    NoKind,
    /// Nothing says which it is
    #[error("a {0} has no `metadata.name`")]
    NoName(String),
    /// An eci-profile that ACK would not read
    #[error("{0}")]
    Profile(String),
    /// A label or annotation that is not text
    #[error("{kind} `{name}` has {field} that are not all strings")]
    NotText {
        /// The object's kind
        kind: String,
        /// The object's name
        name: String,
        /// `labels` or `annotations`
        field: &'static str,
    },
}

impl ClusterSnapshot {
    /// A cluster that holds these objects; kinds that nothing is asked about are passed over
    ///
    /// # Errors
    ///
    /// An object without kind or name, or with labels or annotations that are not text.
    pub fn new<'a>(
        manifests: impl IntoIterator<Item = &'a Value>,
        settings: &ClusterSettings,
    ) -> Result<Self, ObjectError> {
        let mut objects = Self::default();
        for manifest in manifests {
            match manifest.get("items").and_then(Value::as_array) {
                Some(items) => items.iter().try_for_each(|item| objects.add(item, settings))?,
                None => objects.add(manifest, settings)?,
            }
        }
        Ok(objects)
    }

    /// The same with what signs and verifies stamps; without it everybody can sign them
    #[must_use]
    pub fn signed_by(self, signer: Signer) -> Self {
        Self {
            signer: Some(Arc::new(signer)),
            ..self
        }
    }

    fn add(&mut self, manifest: &Value, settings: &ClusterSettings) -> Result<(), ObjectError> {
        let eci_profile = settings.eci_profile;
        let metadata = manifest.get("metadata");
        let kind = text(manifest.get("kind")).ok_or(ObjectError::NoKind)?;
        let name = match (kind, text(metadata.and_then(|metadata| metadata.get("name")))) {
            (_, Some(name)) => name.to_owned(),
            ("Namespace" | "ServiceAccount" | "Node", None) => {
                return Err(ObjectError::NoName(kind.to_owned()));
            }
            // Nobody can ask for it by name
            (_, None) => return Ok(()),
        };
        let namespace = text(metadata.and_then(|metadata| metadata.get("namespace"))).unwrap_or("default");
        let map = |field: &'static str| {
            let map = metadata
                .and_then(|metadata| metadata.get(field))
                .filter(|map| !map.is_null());
            map.map_or_else(|| Ok(BTreeMap::new()), BTreeMap::deserialize)
                .map_err(|_| ObjectError::NotText {
                    kind: kind.to_owned(),
                    name: name.clone(),
                    field,
                })
        };
        match kind {
            "Namespace" => {
                let mut meta = Meta {
                    labels: map("labels")?,
                    annotations: map("annotations")?,
                };
                // The API server puts it on every namespace
                meta.labels
                    .insert("kubernetes.io/metadata.name".to_owned(), name.clone());
                self.namespaces.insert(name, Arc::new(meta));
            }
            "ServiceAccount" => {
                let meta = Meta {
                    labels: map("labels")?,
                    annotations: map("annotations")?,
                };
                self.service_accounts
                    .insert((namespace.to_owned(), name), Arc::new(meta));
            }
            "Node" => {
                let kind = NodeKind::of(&map("labels")?, settings);
                self.nodes.insert(name, kind);
            }
            "Pod" => {
                self.pods
                    .insert((namespace.to_owned(), name), manifest.to_string().into());
            }
            "ConfigMap"
                if eci_profile && (namespace, &*name) == (eci_profile::NAMESPACE, eci_profile::NAME) =>
            {
                let data = manifest.get("data").filter(|data| !data.is_null());
                let data = data.map_or_else(|| Ok(BTreeMap::new()), BTreeMap::deserialize);
                let read = data
                    .map_err(|error| error.to_string())
                    .and_then(|data| Profile::parse(&data).map_err(|error| error.to_string()));
                self.profile = Arc::new(read.map_err(ObjectError::Profile)?);
            }
            kind => {
                if let Some(workload) = Workload::of_kind(kind) {
                    let key = (workload.kind(), namespace.to_owned(), name);
                    self.workloads.insert(key, manifest.to_string().into());
                }
            }
        }
        Ok(())
    }
}

impl Cluster for ClusterSnapshot {
    /// A namespace that is not given has no labels or annotations
    fn namespace(&self, name: &str) -> Option<Arc<Meta>> {
        Some(self.namespaces.get(name).cloned().unwrap_or_default())
    }

    fn service_account(&self, namespace: &str, name: &str) -> Option<Arc<Meta>> {
        self.service_accounts
            .get(&(namespace.to_owned(), name.to_owned()))
            .cloned()
    }

    fn node(&self, name: &str) -> NodeKind {
        self.nodes.get(name).copied().unwrap_or(NodeKind::Unknown)
    }

    fn pod(&self, namespace: &str, name: &str) -> Option<Arc<str>> {
        self.pods.get(&(namespace.to_owned(), name.to_owned())).cloned()
    }

    fn workload(&self, workload: Workload, namespace: &str, name: &str) -> Option<Arc<str>> {
        let key = (workload.kind(), namespace.to_owned(), name.to_owned());
        self.workloads.get(&key).cloned()
    }

    fn signer(&self) -> Option<Arc<Signer>> {
        self.signer.clone().or_else(|| OFFLINE.clone())
    }

    fn sends(&self, _group: &str, _resource: &str) -> bool {
        true
    }

    fn profile(&self) -> Arc<Profile> {
        Arc::clone(&self.profile)
    }
}

fn text(value: Option<&Value>) -> Option<&str> {
    value.and_then(Value::as_str).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn given_objects_are_found_and_others_are_not() {
        let settings = ClusterSettings {
            acs_nodes: vec![LabelSelector::label("acs", "1")],
            ..ClusterSettings::default()
        };
        let virtual_labels = json!({"type": "virtual-kubelet"});
        let objects = ClusterSnapshot::new(
            &[
                json!({"kind": "Namespace", "metadata": {"name": "a", "labels": {"x": "y"}, "annotations": null}}),
                json!({"kind": "List", "items": [
                    {"kind": "ServiceAccount", "metadata": {"name": "s", "namespace": "a", "annotations": {"k": "v"}}},
                    {"kind": "Node", "metadata": {"name": "v", "labels": virtual_labels}},
                ]}),
                json!({"kind": "Node", "metadata": {"name": "acs", "labels": {"type": "virtual-kubelet", "acs": "1"}}}),
                json!({"kind": "Node", "metadata": {"name": "r"}}),
                json!({"kind": "Pod", "metadata": {"name": "p"}}),
                json!({"kind": "ConfigMap", "metadata": {"name": "eci-profile"}}),
            ],
            &settings,
        )
        .unwrap();
        let labels = objects.namespace("a").unwrap().labels.clone();
        assert_eq!(
            labels,
            [("kubernetes.io/metadata.name", "a"), ("x", "y")]
                .map(|(k, v)| (k.to_owned(), v.to_owned()))
                .into()
        );
        assert_eq!(objects.namespace("b").unwrap(), Arc::new(Meta::default()));
        assert_eq!(objects.service_account("a", "s").unwrap().annotations["k"], "v");
        assert_eq!(objects.service_account("b", "s"), None);
        let kinds = ["v", "acs", "r", "x"].map(|name| objects.node(name));
        assert_eq!(
            kinds,
            [
                NodeKind::Virtual,
                NodeKind::Real,
                NodeKind::Real,
                NodeKind::Unknown
            ]
        );
        assert!(objects.pod("default", "p").is_some() && objects.pod("a", "p").is_none());
    }

    #[test]
    fn objects_that_cannot_be_are_refused() {
        let refused = |manifest: Value| {
            ClusterSnapshot::new(&[manifest], &ClusterSettings::default())
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            refused(json!({"metadata": {"name": "a"}})),
            "an object has no `kind`"
        );
        assert_eq!(refused(json!({"kind": "Node"})), "a Node has no `metadata.name`");
        assert_eq!(
            refused(json!({"kind": "Namespace", "metadata": {"name": "a", "labels": {"x": 1}}})),
            "Namespace `a` has labels that are not all strings"
        );
    }
}
