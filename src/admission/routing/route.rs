//! The route of a pod: certainly to ECI, possibly, or not.
//!
//! A pod that is bound goes where its node is, whatever else it has. Before that the first of these decides, as in
//! Alibaba's scheduler:
//!
//! | order | the pod or its namespace has | route |
//! | --- | --- | --- |
//! | 1 | an ECI label | certain |
//! | 2 | an ACS label | no |
//! | 3 | a selector of the eci-profile, a serverless cluster, the injection label, `burst-resource: eci_only`, a request for a resource of virtual nodes alone | certain |
//! | 4 | a node selector and required affinity for virtual nodes only; for some of them; for none of them | certain; possible; no |
//! | 5 | `burst-resource: eci`, which goes before a "no" of row 4 | possible |
//! | 6 | a toleration, a preferred affinity or a RuntimeClass for virtual nodes | possible |
//!
//! In a burst namespace a "no" of rows 2 to 6 is a "possible".

use std::fmt;

use crate::admission::routing::mark::Mark;
use crate::admission::routing::node_affinity::{self, VirtualNodes};
use crate::admission::routing::well_known::{ACS_LABELS, ACS_SWITCH, BURST_KEY, ECI_LABELS, INJECTION_LABEL};
use crate::config::ClusterSettings;
use crate::kubernetes::cluster::{Cluster, profile_in_force};
use crate::kubernetes::meta::Meta;
use crate::kubernetes::node_kind::NodeKind;
use crate::kubernetes::pod::Pod;
use crate::kubernetes::pod_spec::Toleration;
use crate::wording::{NAME_LENGTH, quoted};

/// Whether a pod becomes an ECI container group
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// It does
    Certain(Mark),
    /// The scheduler may send it there
    Possible(Mark),
    /// It does not, as far as ramgate can see
    No(NoRouteReason),
}

/// A reason why a pod does not go to ECI
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoRouteReason {
    /// It is bound to this real node
    RealNode(String),
    /// It has this label of ACS
    AcsLabel(&'static str),
    /// Its node selector and affinity exclude every virtual node
    Excluded,
    /// It has no mark of ECI
    Unmarked,
}

/// Decides the route of a pod
///
/// ```text
/// label alibabacloud.com/eci=true                       -> certain: label alibabacloud.com/eci=true
/// toleration of virtual-kubelet.io/provider             -> possible: toleration of taint virtual-kubelet.io/provider
/// bound to a real node, label alibabacloud.com/eci=true -> no: real node `worker-1`
/// nothing of this                                       -> no: nothing on it leads to ECI
/// ```
pub(crate) fn route(
    pod: &Pod<'_>,
    namespace: &Meta,
    settings: &ClusterSettings,
    cluster: &dyn Cluster,
) -> Route {
    let acs = ACS_LABELS.into_iter().find(|label| is_acs(pod, label));
    if let Some(node) = pod.node() {
        return route_of_bound(node, acs, settings, cluster);
    }
    if let Some(mark) = eci_label(pod, namespace) {
        return Route::Certain(mark);
    }
    let route = match acs {
        Some(label) => Route::No(NoRouteReason::AcsLabel(label)),
        None => route_of_unbound(pod, namespace, settings, cluster),
    };
    match route {
        Route::No(_) if is_burst_namespace(namespace, settings) => Route::Possible(Mark::BurstNamespace),
        route => route,
    }
}

fn is_acs(pod: &Pod<'_>, label: &str) -> bool {
    match pod.metadata.labels.value(label) {
        Some(value) => label != ACS_SWITCH || value == "true",
        None => false,
    }
}

fn route_of_bound(
    node: &str,
    acs: Option<&'static str>,
    settings: &ClusterSettings,
    cluster: &dyn Cluster,
) -> Route {
    match NodeKind::of_name(node, cluster, settings) {
        NodeKind::Virtual => Route::Certain(Mark::VirtualNode(node.to_owned())),
        NodeKind::Unknown => Route::Certain(Mark::UnknownNode(node.to_owned())),
        NodeKind::Real if acs.is_none() && settings.serverless => Route::Certain(Mark::Serverless),
        NodeKind::Real => Route::No(NoRouteReason::RealNode(node.to_owned())),
    }
}

/// The ECI label of a pod or its namespace
fn eci_label(pod: &Pod<'_>, namespace: &Meta) -> Option<Mark> {
    let of_pod = |label: &&str| pod.metadata.labels.value(label) == Some("true");
    let of_namespace = |label: &&str| namespace_label(namespace, label) == Some("true");
    let mut labels = ECI_LABELS.into_iter();
    let label = labels.find(of_pod).map(Mark::PodLabel);
    label.or_else(|| {
        let mut labels = ECI_LABELS.into_iter();
        labels.find(of_namespace).map(Mark::NamespaceLabel)
    })
}

fn namespace_label<'m>(namespace: &'m Meta, label: &str) -> Option<&'m str> {
    namespace.labels.get(label).map(String::as_str)
}

fn is_burst_namespace(namespace: &Meta, settings: &ClusterSettings) -> bool {
    let mut selectors = settings.burst_namespaces.iter();
    selectors.any(|selector| selector.matches(&namespace.labels))
}

/// The route of a pod without a node and without labels of ECI and ACS
fn route_of_unbound(
    pod: &Pod<'_>,
    namespace: &Meta,
    settings: &ClusterSettings,
    cluster: &dyn Cluster,
) -> Route {
    if let Some(mark) = certain_mark(pod, namespace, settings, cluster) {
        return Route::Certain(mark);
    }
    let may_burst = has_burst(pod, "eci");
    match node_affinity::required(pod, settings, cluster) {
        VirtualNodes::Required(mark) => return Route::Certain(mark),
        VirtualNodes::Possible(mark) => return Route::Possible(mark),
        VirtualNodes::Excluded if !may_burst => return Route::No(NoRouteReason::Excluded),
        VirtualNodes::Excluded | VirtualNodes::Unconstrained => {}
    }
    if may_burst {
        return Route::Possible(Mark::Burst("eci"));
    }
    let tolerated = |toleration| tolerated_taint(toleration, settings);
    let mark = pod.spec.tolerations.iter().find_map(tolerated);
    mark.or_else(|| node_affinity::preferred(pod, settings, cluster))
        .or_else(|| runtime_class(pod, settings))
        .map_or(Route::No(NoRouteReason::Unmarked), Route::Possible)
}

/// The mark that leads a pod to ECI whatever its node selector and affinity say
fn certain_mark(
    pod: &Pod<'_>,
    namespace: &Meta,
    settings: &ClusterSettings,
    cluster: &dyn Cluster,
) -> Option<Mark> {
    if let Some(selector) = profile_in_force(cluster, settings).route(pod, namespace) {
        return Some(Mark::Profile(selector.name.clone()));
    }
    if settings.serverless {
        return Some(Mark::Serverless);
    }
    if namespace_label(namespace, INJECTION_LABEL) == Some("enabled") {
        return Some(Mark::NamespaceLabel(INJECTION_LABEL));
    }
    if has_burst(pod, "eci_only") {
        return Some(Mark::Burst("eci_only"));
    }
    let listed = &settings.virtual_node_resources;
    if listed.is_empty() {
        return None;
    }
    let resource = pod.spec.requests().first_of(listed)?;
    Some(Mark::Resource(resource.to_owned()))
}

/// Whether a pod has the burst annotation, or the label, with this value
fn has_burst(pod: &Pod<'_>, value: &str) -> bool {
    [pod.annotation(BURST_KEY), pod.metadata.labels.value(BURST_KEY)].contains(&Some(value))
}

/// The taint of virtual nodes that a toleration tolerates
fn tolerated_taint(toleration: &Toleration<'_>, settings: &ClusterSettings) -> Option<Mark> {
    let effect = toleration.effect.as_deref().unwrap_or_default();
    if !matches!(effect, "" | "NoSchedule") {
        return None;
    }
    match toleration.key.as_deref().unwrap_or_default() {
        "" => (toleration.operator.as_deref() == Some("Exists")).then_some(Mark::TolerationOfAll),
        key => {
            let mut taints = settings.virtual_node_taints.iter();
            taints.find(|taint| *taint == key).cloned().map(Mark::Toleration)
        }
    }
}

/// The listed RuntimeClass that a pod names
fn runtime_class(pod: &Pod<'_>, settings: &ClusterSettings) -> Option<Mark> {
    let named = pod.spec.runtime_class_name.as_deref()?;
    let mut listed = settings.runtime_classes.iter();
    listed
        .any(|class| class == named)
        .then(|| Mark::RuntimeClass(named.to_owned()))
}

impl Route {
    /// The mark that leads the pod to ECI, if there is one
    pub(crate) fn mark(&self) -> Option<&Mark> {
        match self {
            Self::Certain(mark) | Self::Possible(mark) => Some(mark),
            Self::No(_) => None,
        }
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Certain(mark) => write!(f, "certain: {mark}"),
            Self::Possible(mark) => write!(f, "possible: {mark}"),
            Self::No(reason) => write!(f, "no: {reason}"),
        }
    }
}

impl fmt::Display for NoRouteReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RealNode(node) => write!(f, "real node {}", quoted(node, NAME_LENGTH)),
            Self::AcsLabel(label) => write!(f, "label {label} sends it to ACS"),
            Self::Excluded => f.write_str("its node selector or affinity excludes virtual nodes"),
            Self::Unmarked => f.write_str("nothing on it leads to ECI"),
        }
    }
}

#[cfg(test)]
mod tests;
