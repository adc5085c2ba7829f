//! A pod's node selector and node affinity: whether they lead to virtual nodes.

use crate::admission::routing::mark::Mark;
use crate::admission::routing::node_requirement::{
    NodeOperator, NodeRequirement, excludes_type_of, implied_label, is_impossible, is_open, named_label,
    only_values,
};
use crate::admission::routing::well_known::NODE_TYPE;
use crate::config::{ClusterSettings, LabelSelector};
use crate::kubernetes::cluster::Cluster;
use crate::kubernetes::node_kind::NodeKind;
use crate::kubernetes::pod::Pod;
use crate::kubernetes::pod_spec::Term;

/// The label of a node's host name, mostly the node's name
const HOST_NAME: &str = "kubernetes.io/hostname";

/// The field of a node's name, the only one that Kubernetes knows in a node selector term
const NAME_FIELD: &str = "metadata.name";

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
    let Some(required) = required.filter(|required| !required.node_selector_terms.is_empty()) else {
        return allowed(&node_selector, &Term::default(), settings, cluster);
    };
    // No node meets a term without requirements, and a node has to meet one term only
    let terms = required.node_selector_terms.iter();
    let terms = terms.filter(|term| !(term.match_expressions.is_empty() && term.match_fields.is_empty()));
    any_of(
        terms
            .map(|term| allowed(&node_selector, term, settings, cluster))
            .collect(),
    )
}

/// Whether a required affinity `type NotIn [virtual-kubelet]` keeps pods off every virtual node that these settings describe
pub(crate) fn type_excludes_virtual_nodes(settings: &ClusterSettings) -> bool {
    let (key, value) = NODE_TYPE;
    let operator = NodeOperator::NotIn(vec![value]);
    let requirements = [NodeRequirement { key, operator }];
    let is_excluded = |selector: &LabelSelector| {
        !is_open(selector, &settings.acs_nodes, &requirements) || excludes_type_of(selector, &requirements)
    };
    settings.virtual_nodes.iter().all(is_excluded)
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
    let selectors = settings.virtual_nodes.iter();
    let open: Vec<&LabelSelector> = selectors
        .filter(|selector| is_open(selector, &settings.acs_nodes, &requirements))
        .collect();
    if open.is_empty() || is_impossible(&requirements) {
        return VirtualNodes::Excluded;
    }
    let implied = |selector: &&LabelSelector| implied_label(selector, &requirements);
    let by_name = allowed_by_name(term, &requirements, settings, cluster);
    if let Some(VirtualNodes::Excluded) = by_name {
        return VirtualNodes::Excluded;
    }
    if let Some(label) = open.iter().find_map(implied) {
        return VirtualNodes::Required(Mark::NodeLabel(label));
    }
    if let Some(certain @ VirtualNodes::Required(_)) = by_name {
        return certain;
    }
    if open
        .iter()
        .all(|selector| excludes_type_of(selector, &requirements))
    {
        return VirtualNodes::Excluded;
    }
    if let Some(label) = open
        .iter()
        .find_map(|selector| named_label(selector, &requirements))
    {
        return VirtualNodes::Possible(Mark::SomeNodeLabel(label));
    }
    by_name.unwrap_or(VirtualNodes::Unconstrained)
}

/// The virtual nodes among those that a term names by field or host name; `None` if it names none
///
/// The host name of a node is mostly its name, but need not be. So it excludes virtual nodes if it is that of a real node,
/// and never makes one certain.
fn allowed_by_name(
    term: &Term<'_>,
    requirements: &[NodeRequirement<'_>],
    settings: &ClusterSettings,
    cluster: &dyn Cluster,
) -> Option<VirtualNodes> {
    let fields = term.match_fields.iter().filter(|field| &*field.key == NAME_FIELD);
    let fields: Vec<NodeRequirement<'_>> = fields.filter_map(NodeRequirement::parse).collect();
    let names = only_values(&fields, NAME_FIELD);
    let hosts = only_values(requirements, HOST_NAME);
    let kind = |name: &str| NodeKind::of_name(name, cluster, settings);
    let first = |names: &[&str]| {
        let mut names = names.iter();
        names
            .find(|name| kind(name) != NodeKind::Real)
            .map(|name| (*name).to_owned())
    };
    let by_host = hosts.map(|hosts| {
        first(&hosts).map_or(VirtualNodes::Excluded, |host| {
            VirtualNodes::Possible(Mark::HostName(host))
        })
    });
    let Some(names) = names else {
        return by_host;
    };
    match (first(&names), by_host) {
        (None, _) | (_, Some(VirtualNodes::Excluded)) => Some(VirtualNodes::Excluded),
        (Some(node), _) if names.iter().all(|name| kind(name) == NodeKind::Virtual) => {
            Some(VirtualNodes::Required(Mark::NodeField(node)))
        }
        (Some(node), _) => Some(VirtualNodes::Possible(Mark::HostName(node))),
    }
}

#[cfg(test)]
mod tests;
