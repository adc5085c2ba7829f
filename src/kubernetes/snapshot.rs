//! The state of a cluster at one time, from manifests or from reads of a live cluster.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use serde::Deserialize;
use serde_json::Value;

use crate::config::ClusterSettings;
use crate::kubernetes::cluster::Cluster;
use crate::kubernetes::eci_profile;
use crate::kubernetes::eci_profile::Profile;
use crate::kubernetes::meta::Meta;
use crate::kubernetes::owned_object::is_listed;
use crate::kubernetes::workload::Workload;
use crate::stamp::{KEY_BYTES, KeyRing, Signer};

/// The objects of a cluster at one time
#[derive(Clone, Debug)]
pub struct ClusterSnapshot {
    /// Namespaces by name
    pub(crate) namespaces: BTreeMap<String, Arc<Meta>>,
    /// The state of a namespace that `namespaces` lacks
    other_namespaces: OtherNamespaces,
    /// Service accounts by namespace and name
    pub(crate) service_accounts: BTreeMap<(String, String), Arc<Meta>>,
    /// Nodes by name
    pub(crate) nodes: BTreeMap<String, Arc<Meta>>,
    /// ACK's eci-profile
    pub(crate) profile: Arc<Profile>,
    /// Signs and verifies stamps
    pub(crate) signer: Option<Arc<Signer>>,
    /// Pods by namespace and name, as JSON
    pods: BTreeMap<(String, String), Arc<str>>,
    /// Workloads by kind, namespace and name, as JSON
    workloads: BTreeMap<(&'static str, String, String), Arc<str>>,
    /// Objects of listed kinds by kind, namespace and name, as JSON
    listed: BTreeMap<(String, String, String), Arc<str>>,
}

/// The state of a namespace that a snapshot does not list
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OtherNamespaces {
    /// It exists without labels and annotations
    Unlabelled,
    /// It is not known
    Unknown,
}

/// A snapshot without objects, with a public signing key
impl Default for ClusterSnapshot {
    fn default() -> Self {
        Self {
            namespaces: BTreeMap::new(),
            other_namespaces: OtherNamespaces::Unlabelled,
            service_accounts: BTreeMap::new(),
            nodes: BTreeMap::new(),
            profile: Arc::default(),
            signer: OFFLINE.clone(),
            pods: BTreeMap::new(),
            workloads: BTreeMap::new(),
            listed: BTreeMap::new(),
        }
    }
}

/// A public signing key, for stamps that never reach a cluster
static OFFLINE: LazyLock<Option<Arc<Signer>>> = LazyLock::new(|| {
    let ring = KeyRing::new([("offline".to_owned(), vec![0; KEY_BYTES])]).ok()?;
    Some(Arc::new(Signer::new(ring, "")))
});

/// An invalid manifest
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ObjectError {
    /// It has no kind
    #[error("an object has no `kind`")]
    NoKind,
    /// It has no name
    #[error("a {0} has no `metadata.name`")]
    NoName(String),
    /// An eci-profile that ACK cannot read
    #[error("{0}")]
    Profile(String),
    /// A label or annotation is not a string
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
    /// A snapshot in which no object is known, without keys
    pub(crate) fn unknown() -> Self {
        Self {
            other_namespaces: OtherNamespaces::Unknown,
            signer: None,
            ..Self::default()
        }
    }

    /// A snapshot of these manifests; kinds that no decision depends on are skipped
    ///
    /// # Errors
    ///
    /// An object has no kind or no name, its labels or annotations are not strings, or ACK cannot read the eci-profile.
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

    /// This snapshot with a signer whose keys are secret
    #[must_use]
    pub fn signed_by(self, signer: Signer) -> Self {
        Self {
            signer: Some(Arc::new(signer)),
            ..self
        }
    }

    fn add(&mut self, manifest: &Value, settings: &ClusterSettings) -> Result<(), ObjectError> {
        let kind = text(manifest.get("kind")).ok_or(ObjectError::NoKind)?;
        let metadata = manifest.get("metadata");
        let name = match (kind, text(metadata.and_then(|metadata| metadata.get("name")))) {
            (_, Some(name)) => name,
            ("Namespace" | "ServiceAccount" | "Node", None) => {
                return Err(ObjectError::NoName(kind.to_owned()));
            }
            // No request can name it
            (_, None) => return Ok(()),
        };
        let namespace = text(metadata.and_then(|metadata| metadata.get("namespace"))).unwrap_or("default");
        match kind {
            "ConfigMap" if settings.eci_profile && eci_profile::is_manifest(manifest) => {
                self.profile = Arc::new(profile(manifest)?);
                Ok(())
            }
            kind if is_of_listed_kind(manifest, settings) => {
                let key = (kind.to_owned(), namespace.to_owned(), name.to_owned());
                self.listed.insert(key, manifest.to_string().into());
                Ok(())
            }
            kind => self.add_named(kind, namespace, name, manifest),
        }
    }

    fn add_named(
        &mut self,
        kind: &str,
        namespace: &str,
        name: &str,
        manifest: &Value,
    ) -> Result<(), ObjectError> {
        let in_namespace = (namespace.to_owned(), name.to_owned());
        match (kind, Workload::of_kind(kind)) {
            ("Namespace", _) => {
                let mut meta = meta(manifest, kind, name)?;
                // The API server sets it on every namespace
                meta.labels
                    .insert("kubernetes.io/metadata.name".to_owned(), name.to_owned());
                self.namespaces.insert(name.to_owned(), Arc::new(meta));
            }
            ("ServiceAccount", _) => {
                let meta = meta(manifest, kind, name)?;
                self.service_accounts.insert(in_namespace, Arc::new(meta));
            }
            ("Node", _) => {
                let meta = meta(manifest, kind, name)?;
                self.nodes.insert(name.to_owned(), Arc::new(meta));
            }
            ("Pod", _) => {
                self.pods.insert(in_namespace, manifest.to_string().into());
            }
            (_, Some(workload)) => {
                let key = (workload.kind(), namespace.to_owned(), name.to_owned());
                self.workloads.insert(key, manifest.to_string().into());
            }
            (_, None) => {}
        }
        Ok(())
    }

    /// An object of a listed kind, as JSON
    pub(crate) fn listed_object(&self, kind: &str, namespace: &str, name: &str) -> Option<Arc<str>> {
        let key = (kind.to_owned(), namespace.to_owned(), name.to_owned());
        self.listed.get(&key).cloned()
    }

    /// A pod, as JSON
    pub(crate) fn pod(&self, namespace: &str, name: &str) -> Option<Arc<str>> {
        self.pods.get(&(namespace.to_owned(), name.to_owned())).cloned()
    }

    /// A workload, as JSON
    pub(crate) fn workload(&self, workload: Workload, namespace: &str, name: &str) -> Option<Arc<str>> {
        let key = (workload.kind(), namespace.to_owned(), name.to_owned());
        self.workloads.get(&key).cloned()
    }
}

impl Cluster for ClusterSnapshot {
    fn namespace(&self, name: &str) -> Option<Arc<Meta>> {
        match (self.namespaces.get(name), self.other_namespaces) {
            (Some(meta), _) => Some(Arc::clone(meta)),
            (None, OtherNamespaces::Unlabelled) => Some(Arc::default()),
            (None, OtherNamespaces::Unknown) => None,
        }
    }

    fn service_account(&self, namespace: &str, name: &str) -> Option<Arc<Meta>> {
        self.service_accounts
            .get(&(namespace.to_owned(), name.to_owned()))
            .cloned()
    }

    fn node(&self, name: &str) -> Option<Arc<Meta>> {
        self.nodes.get(name).cloned()
    }

    fn signer(&self) -> Option<Arc<Signer>> {
        self.signer.clone()
    }

    /// Manifests have no webhook configurations; every resource counts as sent
    fn sends(&self, _group: &str, _resource: &str) -> bool {
        true
    }

    fn profile(&self) -> Arc<Profile> {
        Arc::clone(&self.profile)
    }
}

/// Whether a manifest is of a custom kind that the configuration lists
fn is_of_listed_kind(manifest: &Value, settings: &ClusterSettings) -> bool {
    let version = text(manifest.get("apiVersion")).unwrap_or_default();
    let (group, kind) = (
        version.split_once('/').map(|(group, _)| group),
        text(manifest.get("kind")),
    );
    group.zip(kind).is_some_and(|(group, kind)| {
        Workload::of_group_kind(group, kind).is_none() && is_listed(group, kind, settings)
    })
}

/// The labels and annotations of a manifest
fn meta(manifest: &Value, kind: &str, name: &str) -> Result<Meta, ObjectError> {
    let map = |field: &'static str| {
        let map = manifest
            .get("metadata")
            .and_then(|metadata| metadata.get(field))
            .filter(|map| !map.is_null());
        map.map_or_else(|| Ok(BTreeMap::new()), BTreeMap::deserialize)
            .map_err(|_| ObjectError::NotText {
                kind: kind.to_owned(),
                name: name.to_owned(),
                field,
            })
    };
    Ok(Meta {
        labels: map("labels")?,
        annotations: map("annotations")?,
    })
}

/// The eci-profile of a ConfigMap
fn profile(manifest: &Value) -> Result<Profile, ObjectError> {
    let data = manifest.get("data").filter(|data| !data.is_null());
    let data = data.map_or_else(|| Ok(BTreeMap::new()), BTreeMap::deserialize);
    data.map_err(|error| error.to_string())
        .and_then(|data| Profile::parse(&data).map_err(|error| error.to_string()))
        .map_err(ObjectError::Profile)
}

fn text(value: Option<&Value>) -> Option<&str> {
    value.and_then(Value::as_str).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::LabelSelector;
    use crate::kubernetes::node_kind::NodeKind;

    #[test]
    fn listed_objects_are_found() {
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
        let kinds = ["v", "acs", "r", "x"].map(|name| NodeKind::of_name(name, &objects, &settings));
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
    fn invalid_objects_are_refused() {
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
