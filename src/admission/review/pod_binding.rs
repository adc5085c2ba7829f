//! Kubernetes' Binding of a pod to a node, which a scheduler creates. RAM bindings of subjects are in the configuration.

use serde::Deserialize;

use crate::kubernetes::borrowed_text::Text;
use crate::kubernetes::deserialize::null_as_default;
use crate::kubernetes::string_map::StringMap;

/// A Binding of a pod to a node
#[derive(Clone, Debug, Deserialize)]
pub struct PodBinding<'a> {
    /// The pod's name and UID, and labels and annotations that the API server copies to the pod
    #[serde(borrow)]
    pub metadata: BoundPod<'a>,
    /// The node
    #[serde(borrow)]
    pub target: BindingTarget<'a>,
}

/// The metadata of a Binding
#[derive(Clone, Debug, Deserialize)]
pub struct BoundPod<'a> {
    /// The pod's name
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    pub name: Text<'a>,
    /// The UID that the pod must have; empty if the Binding takes any
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    pub uid: Text<'a>,
    /// The version that the pod must have; empty if the Binding takes any
    #[serde(
        borrow,
        default,
        deserialize_with = "null_as_default",
        rename = "resourceVersion"
    )]
    pub resource_version: Text<'a>,
    /// Labels that the pod gets
    #[serde(borrow, default)]
    pub labels: StringMap<'a>,
    /// Annotations that the pod gets
    #[serde(borrow, default)]
    pub annotations: StringMap<'a>,
}

/// The target of a Binding
#[derive(Clone, Debug, Deserialize)]
pub struct BindingTarget<'a> {
    /// The node's name
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    pub name: Text<'a>,
}
