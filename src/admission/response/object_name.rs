//! The object of a request, as messages and logs name it.

use crate::admission::outcome::verb::Verb;
use crate::admission::review::{Resource, Review};
use crate::kubernetes::metadata::Metadata;
use crate::wording::{clipped, quoted};

/// The object's name; empty if only `generateName` is known
pub(super) fn name(review: &Review<'_>) -> String {
    let whole = review
        .templates()
        .iter()
        .find(|reviewed| reviewed.path.is_whole());
    let pod = whole.and_then(|reviewed| reviewed.new.as_ref());
    let owner = review.owner().and_then(Metadata::display_name);
    match review.name() {
        "" => pod
            .map(|template| template.read().display_name())
            .or(owner)
            .or_else(|| review.bound_pod().map(str::to_owned))
            .unwrap_or_default(),
        name => name.to_owned(),
    }
}

/// The object in a sentence: pod `NAMESPACE/NAME`, pods of a workload, an image cache
pub(super) fn described(review: &Review<'_>, name: &str, verb: Option<Verb>) -> String {
    let within = quoted(&format!("{}/{name}", review.namespace()), 128);
    let scales = verb == Some(Verb::Scale);
    let (_, resource) = review.group_resource();
    match (review.resource(), review.subresource()) {
        (Resource::Workload(workload), _) if scales => format!("{} {within}", workload.kind()),
        (Resource::Workload(workload), _) => format!("pods of {} {within}", workload.kind()),
        (Resource::ImageCaches, _) => format!("image cache {}", quoted(name, 128)),
        (Resource::Nodes, _) => format!("the kubelet of node {}", quoted(name, 128)),
        (Resource::Other, _) => format!("pods of {} {within}", clipped(resource, 64)),
        (Resource::RoutingPolicies, _) => {
            format!("{} {within}, by which pods are made", clipped(resource, 64))
        }
        (Resource::ConfigMaps, _) => format!("ConfigMap {within}, by which pods are made"),
        (Resource::Pods | Resource::Bindings, _) => format!("pod {within}"),
    }
}
