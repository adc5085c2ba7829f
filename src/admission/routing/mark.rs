//! The reason why a pod goes to ECI, or may go there.

use std::fmt;

use crate::admission::routing::well_known::{BURST_KEY, INJECTION_LABEL};
use crate::wording::{NAME_LENGTH, quoted};

/// A reason why a pod goes to ECI, or may go there
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// A label of the pod
    PodLabel(&'static str),
    /// A label of its namespace
    NamespaceLabel(&'static str),
    /// The burst annotation with this value
    Burst(&'static str),
    /// The eci-profile's selector of this name matches it
    Profile(String),
    /// The cluster has no other nodes
    Serverless,
    /// It is bound to this virtual node
    VirtualNode(String),
    /// It is bound to this node, which is not in the cluster snapshot
    UnknownNode(String),
    /// It requires this label of virtual nodes
    NodeLabel(String),
    /// It requires this virtual node by name
    NodeField(String),
    /// One of several alternatives requires this label of virtual nodes, or it requires some of their labels
    SomeNodeLabel(String),
    /// It prefers this label of virtual nodes
    PreferredLabel(String),
    /// It names this node by host name
    HostName(String),
    /// It tolerates this taint of virtual nodes
    Toleration(String),
    /// It tolerates every taint
    TolerationOfAll,
    /// It requests this resource, which only virtual nodes offer
    Resource(String),
    /// It names this RuntimeClass, whose scheduling leads to virtual nodes
    RuntimeClass(String),
    /// All pods of its namespace may overflow to ECI
    BurstNamespace,
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |name: &str| quoted(name, NAME_LENGTH);
        match self {
            Self::PodLabel(label) => write!(f, "label {label}=true"),
            Self::NamespaceLabel(INJECTION_LABEL) => write!(f, "namespace label {INJECTION_LABEL}=enabled"),
            Self::NamespaceLabel(label) => write!(f, "namespace label {label}=true"),
            Self::Burst(value) => write!(f, "{BURST_KEY}={value}"),
            Self::Profile(selector) => write!(f, "eci-profile selector {}", name(selector)),
            Self::Serverless => f.write_str("serverless cluster"),
            Self::VirtualNode(node) => write!(f, "virtual node {}", name(node)),
            Self::UnknownNode(node) => write!(f, "node {}, which is not known to be a real one", name(node)),
            Self::NodeLabel(label) => write!(f, "node label {} demanded", name(label)),
            Self::NodeField(node) => write!(f, "virtual node {} demanded", name(node)),
            Self::SomeNodeLabel(label) => write!(f, "node label {} among what is demanded", name(label)),
            Self::PreferredLabel(label) => write!(f, "node label {} preferred", name(label)),
            Self::HostName(node) => write!(f, "host name {} demanded or preferred", name(node)),
            Self::Toleration(taint) => write!(f, "toleration of taint {taint}"),
            Self::TolerationOfAll => f.write_str("toleration of every taint"),
            Self::Resource(resource) => write!(f, "request for resource {}", name(resource)),
            Self::RuntimeClass(class) => write!(f, "RuntimeClass {}", name(class)),
            Self::BurstNamespace => f.write_str("burst namespace"),
        }
    }
}
