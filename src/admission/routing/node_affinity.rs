//! A pod's node selector and node affinity: whether they lead to virtual nodes.

use crate::admission::routing::mark::Mark;
use crate::admission::routing::node_requirement::{
    NodeOperator, NodeRequirement, ValueProof, contradicts, implied_label, overlapping_label,
};
use crate::config::ClusterSettings;
use crate::kubernetes::cluster::Cluster;
use crate::kubernetes::node_kind::NodeKind;
use crate::kubernetes::pod::Pod;
use crate::kubernetes::pod_spec::Term;

/// The label of a node's host name, mostly the node's name
const HOST_NAME: &str = "kubernetes.io/hostname";

/// The effect of a node selector and affinity: whether they require, allow or exclude virtual nodes
pub(crate) enum VirtualNodes {
    /// Virtual nodes only
    Required(Mark),
    /// Virtual nodes among others
    Possible(Mark),
    /// No virtual node
    Excluded,
    /// Any node
    Unconstrained,
}

/// The virtual nodes that the node selector and the required affinity allow
///
/// ```text
/// nodeSelector: {type: virtual-kubelet}              -> Required(NodeLabel("type=virtual-kubelet"))
/// required: type In [virtual-kubelet, gpu]           -> Possible(SomeNodeLabel("type=virtual-kubelet"))
/// required: type NotIn [virtual-kubelet]             -> Excluded
/// nodeSelector: {disk: ssd}                          -> Unconstrained
/// ```
pub(crate) fn required(pod: &Pod<'_>, settings: &ClusterSettings, cluster: &dyn Cluster) -> VirtualNodes {
    let node_selector: Vec<NodeRequirement<'_>> = pod
        .spec
        .node_selector
        .iter()
        .map(|(key, value)| NodeRequirement::equal(key, value))
        .collect();
    let required = pod
        .spec
        .affinity
        .as_ref()
        .and_then(|affinity| affinity.node_affinity.as_ref())
        .and_then(|affinity| affinity.required.as_ref());
    // No node meets a term without requirements, and a node has to meet one term only
    let terms: Vec<&Term<'_>> = required
        .iter()
        .flat_map(|required| &required.node_selector_terms)
        .filter(|term| !(term.match_expressions.is_empty() && term.match_fields.is_empty()))
        .collect();
    if terms.is_empty() {
        return allowed(&node_selector, &Term::default(), settings, cluster);
    }
    let terms = terms.into_iter();
    any_of(
        terms
            .map(|term| allowed(&node_selector, term, settings, cluster))
            .collect(),
    )
}

/// The virtual nodes that several alternative terms allow together
fn any_of(mut terms: Vec<VirtualNodes>) -> VirtualNodes {
    if terms.iter().all(|term| matches!(term, VirtualNodes::Excluded)) {
        return VirtualNodes::Excluded;
    }
    if terms.iter().all(|term| matches!(term, VirtualNodes::Required(_))) {
        return terms.swap_remove(0);
    }
    let mark = terms.into_iter().find_map(|term| match term {
        VirtualNodes::Required(Mark::NodeLabel(label)) => Some(Mark::SomeNodeLabel(label)),
        VirtualNodes::Required(Mark::NodeField(node)) => Some(Mark::HostName(node)),
        VirtualNodes::Required(mark) | VirtualNodes::Possible(mark) => Some(mark),
        VirtualNodes::Excluded | VirtualNodes::Unconstrained => None,
    });
    mark.map_or(VirtualNodes::Unconstrained, VirtualNodes::Possible)
}

/// The virtual node, or the label of virtual nodes, in the preferred affinity
pub(crate) fn preferred(pod: &Pod<'_>, settings: &ClusterSettings, cluster: &dyn Cluster) -> Option<Mark> {
    let affinity = pod.spec.affinity.as_ref()?.node_affinity.as_ref()?;
    affinity.preferred.iter().find_map(|preference| {
        match allowed(&[], &preference.preference, settings, cluster) {
            VirtualNodes::Required(Mark::NodeLabel(label))
            | VirtualNodes::Possible(Mark::SomeNodeLabel(label)) => Some(Mark::PreferredLabel(label)),
            VirtualNodes::Required(Mark::NodeField(node)) => Some(Mark::HostName(node)),
            VirtualNodes::Required(mark) | VirtualNodes::Possible(mark) => Some(mark),
            VirtualNodes::Excluded | VirtualNodes::Unconstrained => None,
        }
    })
}

/// The virtual nodes that one term and the node selector allow together
fn allowed(
    node_selector: &[NodeRequirement<'_>],
    term: &Term<'_>,
    settings: &ClusterSettings,
    cluster: &dyn Cluster,
) -> VirtualNodes {
    let expressions = term.match_expressions.iter();
    let expressions = expressions.filter_map(NodeRequirement::parse);
    let requirements: Vec<NodeRequirement<'_>> = node_selector.iter().cloned().chain(expressions).collect();
    let mut acs = settings.acs_nodes.iter();
    if acs.any(|selector| implied_label(selector, &requirements, ValueProof::Required).is_some()) {
        return VirtualNodes::Excluded;
    }
    let selectors = || settings.virtual_nodes.iter();
    let implied = |selector| implied_label(selector, &requirements, ValueProof::Assumed);
    if let Some(label) = selectors().find_map(implied) {
        return VirtualNodes::Required(Mark::NodeLabel(label));
    }
    let by_name = allowed_by_name(term, settings, cluster);
    if let Some(certain @ (VirtualNodes::Required(_) | VirtualNodes::Excluded)) = by_name {
        return certain;
    }
    if selectors().all(|selector| contradicts(selector, &requirements)) {
        return VirtualNodes::Excluded;
    }
    if let Some(label) = selectors().find_map(|selector| overlapping_label(selector, &requirements)) {
        return VirtualNodes::Possible(Mark::SomeNodeLabel(label));
    }
    by_name
        .or_else(|| allowed_by_host_name(&requirements, settings, cluster))
        .unwrap_or(VirtualNodes::Unconstrained)
}

/// The virtual nodes among those that a term names; `None` if it names none
fn allowed_by_name(
    term: &Term<'_>,
    settings: &ClusterSettings,
    cluster: &dyn Cluster,
) -> Option<VirtualNodes> {
    let field = term
        .match_fields
        .iter()
        .find(|field| &*field.key == "metadata.name" && &*field.operator == "In")?;
    let kinds: Vec<(&str, NodeKind)> = field
        .values
        .iter()
        .map(|name| (&**name, NodeKind::of_name(name, cluster, settings)))
        .collect();
    let Some((node, _)) = kinds.iter().find(|(_, kind)| *kind != NodeKind::Real) else {
        return Some(VirtualNodes::Excluded);
    };
    let node = (*node).to_owned();
    Some(if kinds.iter().all(|(_, kind)| *kind == NodeKind::Virtual) {
        VirtualNodes::Required(Mark::NodeField(node))
    } else {
        VirtualNodes::Possible(Mark::HostName(node))
    })
}

/// The virtual node that a host name requires; it is mostly the node's name, but need not be
fn allowed_by_host_name(
    requirements: &[NodeRequirement<'_>],
    settings: &ClusterSettings,
    cluster: &dyn Cluster,
) -> Option<VirtualNodes> {
    let hosts = requirements
        .iter()
        .filter(|requirement| requirement.key == HOST_NAME)
        .flat_map(|requirement| match &requirement.operator {
            NodeOperator::In(values) => values.as_slice(),
            _ => &[],
        });
    let mut virtual_ones = hosts.filter(|name| NodeKind::of_name(name, cluster, settings) != NodeKind::Real);
    virtual_ones
        .next()
        .map(|name| VirtualNodes::Possible(Mark::HostName((*name).to_owned())))
}
