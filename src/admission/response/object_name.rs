//! The object of a request, as messages and logs name it.

use crate::admission::outcome::verb::Verb;
use crate::admission::review::{Resource, Review};
use crate::config::ClusterSettings;
use crate::kubernetes::metadata::Metadata;
use crate::kubernetes::routing_policy::RESOURCE_POLICIES;

/// The object of a request, for its message; names within a namespace are `NAMESPACE/NAME`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ReviewedObject {
    /// A pod
    Pod(String),
    /// The pods of an object of this kind
    PodsOf {
        /// The kind; the resource if the kind is not known
        kind: String,
        /// The name
        name: String,
    },
    /// Pods without a name in this namespace
    PodsOfNamespace(String),
    /// A workload that is scaled
    Workload {
        /// The kind
        kind: String,
        /// The name
        name: String,
    },
    /// An image cache
    ImageCache(String),
    /// The kubelet of this node
    Kubelet(String),
    /// ACK's eci-profile
    ConfigMap(String),
    /// A ResourcePolicy or VNode Selector
    RoutingPolicy {
        /// The kind
        kind: &'static str,
        /// The name
        name: String,
    },
}

/// The object's name; empty if only `generateName` is known
pub(super) fn name(review: &Review<'_>) -> String {
    let whole = review
        .templates()
        .iter()
        .find(|reviewed| reviewed.path.is_whole());
    let pod = whole.and_then(|reviewed| reviewed.new.as_ref());
    // The deletion of a collection has the names in the old objects alone
    let old = whole.and_then(|reviewed| reviewed.old.as_ref());
    let old = old.and_then(|template| template.read().metadata.display_name());
    let owner = review.owner().and_then(Metadata::display_name);
    match review.name() {
        "" => pod
            .map(|template| template.read().display_name())
            .or(owner)
            .or(old)
            .or_else(|| review.bound_pod().map(str::to_owned))
            .unwrap_or_default(),
        name => name.to_owned(),
    }
}

/// The object of a request
pub(super) fn object(
    review: &Review<'_>,
    name: &str,
    verb: Option<Verb>,
    settings: &ClusterSettings,
) -> ReviewedObject {
    let within = match review.namespace() {
        "" => name.to_owned(),
        namespace => format!("{namespace}/{name}"),
    };
    let scales = verb == Some(Verb::Scale);
    match (review.resource(), review.subresource()) {
        (Resource::Workload(workload), _) if scales => ReviewedObject::Workload {
            kind: workload.kind().to_owned(),
            name: within,
        },
        (Resource::Workload(workload), _) => ReviewedObject::PodsOf {
            kind: workload.kind().to_owned(),
            name: within,
        },
        (Resource::ImageCaches, _) => ReviewedObject::ImageCache(name.to_owned()),
        (Resource::Nodes, _) => ReviewedObject::Kubelet(name.to_owned()),
        (Resource::Other, _) => ReviewedObject::PodsOf {
            kind: listed_kind(review, settings),
            name: within,
        },
        (Resource::RoutingPolicies, _) => ReviewedObject::RoutingPolicy {
            kind: match review.group_resource() {
                RESOURCE_POLICIES => "ResourcePolicy",
                _ => "Selector",
            },
            name: within,
        },
        (Resource::ConfigMaps, _) => ReviewedObject::ConfigMap(within),
        (Resource::Pods | Resource::Bindings, _) if name.is_empty() => {
            ReviewedObject::PodsOfNamespace(review.namespace().to_owned())
        }
        (Resource::Pods | Resource::Bindings, _) => ReviewedObject::Pod(within),
    }
}

/// The kind of a listed resource, or else the resource
fn listed_kind(review: &Review<'_>, settings: &ClusterSettings) -> String {
    let (group, resource) = review.group_resource();
    let mut carriers = settings.carriers.iter();
    let carrier = carriers.find(|carrier| carrier.group == group && carrier.resource == resource);
    carrier.map_or_else(|| resource.to_owned(), |carrier| carrier.kind.clone())
}
