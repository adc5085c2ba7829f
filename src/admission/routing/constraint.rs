//! What a pod demands of its node, held against what makes a node virtual.
//!
//! Demands and selectors are both lists of requirements on labels. A demand that includes all of a selector's
//! requirements can only be met by virtual nodes; one that contradicts a requirement of every selector, by none.

use crate::admission::routing::route::Mark;
use crate::config::{ClusterSettings, LabelOperator, LabelSelector};
use crate::kubernetes::cluster::Cluster;
use crate::kubernetes::node_kind::NodeKind;
use crate::kubernetes::pod::Pod;
use crate::kubernetes::pod_spec::{Expression, Term};

/// The label by which a node is named; mostly the node's name
const HOST_NAME: &str = "kubernetes.io/hostname";

/// Where a demand pulls a pod
pub(crate) enum Pull {
    /// To virtual nodes alone
    Certain(Mark),
    /// To virtual nodes among others
    Possible(Mark),
    /// To no virtual node
    Excluded,
    /// Nowhere in particular
    Free,
}

/// One requirement on one label of a node
enum Demand<'a> {
    In(Vec<&'a str>),
    NotIn(Vec<&'a str>),
    Exists,
    DoesNotExist,
    /// A comparison of numbers: the label is there
    Compares,
}

/// How a demand relates to one requirement of a selector
#[derive(Clone, Copy, PartialEq, Eq)]
enum Relation {
    Implies,
    /// Some of what meets the demand meets the requirement
    Overlaps,
    Contradicts,
    Unrelated,
}

/// How strictly `Exists` is taken: a label that only virtual nodes carry is mark enough, but not proof of its value
#[derive(Clone, Copy, PartialEq, Eq)]
enum Proof {
    Mark,
    Strict,
}

/// Where node selector and required affinity pull a pod
pub(crate) fn demanded(pod: &Pod<'_>, settings: &ClusterSettings, cluster: &dyn Cluster) -> Pull {
    let common: Vec<(&str, Demand<'_>)> = pod
        .spec
        .node_selector
        .iter()
        .map(|(key, value)| (key, Demand::In(vec![value])))
        .collect();
    let required = pod
        .spec
        .affinity
        .as_ref()
        .and_then(|affinity| affinity.node_affinity.as_ref())
        .and_then(|affinity| affinity.required.as_ref());
    // A term without requirements is met by no node, and only one term has to be met
    let terms: Vec<&Term<'_>> = required
        .iter()
        .flat_map(|required| &required.node_selector_terms)
        .filter(|term| !is_empty(term))
        .collect();
    if terms.is_empty() {
        return pull(&common, &Term::default(), settings, cluster);
    }
    let mut pulls: Vec<Pull> = terms
        .iter()
        .map(|term| pull(&common, term, settings, cluster))
        .collect();
    if pulls.iter().all(|pull| matches!(pull, Pull::Excluded)) {
        return Pull::Excluded;
    }
    if pulls.iter().all(|pull| matches!(pull, Pull::Certain(_))) {
        return pulls.swap_remove(0);
    }
    let alternative = pulls.into_iter().find_map(|pull| match pull {
        Pull::Certain(Mark::NodeLabel(label)) => Some(Mark::SomeNodeLabel(label)),
        Pull::Certain(Mark::NodeField(node)) => Some(Mark::HostName(node)),
        Pull::Certain(mark) | Pull::Possible(mark) => Some(mark),
        Pull::Excluded | Pull::Free => None,
    });
    alternative.map_or(Pull::Free, Pull::Possible)
}

/// The virtual node, or the label of virtual nodes, that a pod would rather have
pub(crate) fn preferred(pod: &Pod<'_>, settings: &ClusterSettings, cluster: &dyn Cluster) -> Option<Mark> {
    let affinity = pod.spec.affinity.as_ref()?.node_affinity.as_ref()?;
    affinity.preferred.iter().find_map(|preference| {
        match pull(&[], &preference.preference, settings, cluster) {
            Pull::Certain(Mark::NodeLabel(label)) | Pull::Possible(Mark::SomeNodeLabel(label)) => {
                Some(Mark::PreferredLabel(label))
            }
            Pull::Certain(Mark::NodeField(node)) => Some(Mark::HostName(node)),
            Pull::Certain(mark) | Pull::Possible(mark) => Some(mark),
            Pull::Excluded | Pull::Free => None,
        }
    })
}

fn is_empty(term: &Term<'_>) -> bool {
    term.match_expressions.is_empty() && term.match_fields.is_empty()
}

/// Where one term, together with the node selector, pulls
fn pull(
    common: &[(&str, Demand<'_>)],
    term: &Term<'_>,
    settings: &ClusterSettings,
    cluster: &dyn Cluster,
) -> Pull {
    let own: Vec<(&str, Demand<'_>)> = term
        .match_expressions
        .iter()
        .filter_map(|each| Some((&*each.key, demand(each)?)))
        .collect();
    let demands: Vec<(&str, &Demand<'_>)> = common
        .iter()
        .chain(&own)
        .map(|(key, demand)| (*key, demand))
        .collect();
    if settings
        .acs_nodes
        .iter()
        .any(|selector| implied(selector, &demands, Proof::Strict).is_some())
    {
        return Pull::Excluded;
    }
    let virtual_nodes = &settings.virtual_nodes;
    if let Some(label) = virtual_nodes
        .iter()
        .find_map(|selector| implied(selector, &demands, Proof::Mark))
    {
        return Pull::Certain(Mark::NodeLabel(label));
    }
    let named = named(term, settings, cluster);
    if let Some(pull @ (Pull::Certain(_) | Pull::Excluded)) = named {
        return pull;
    }
    if virtual_nodes
        .iter()
        .all(|selector| contradicted(selector, &demands))
    {
        return Pull::Excluded;
    }
    if let Some(label) = virtual_nodes
        .iter()
        .find_map(|selector| touched(selector, &demands))
    {
        return Pull::Possible(Mark::SomeNodeLabel(label));
    }
    named
        .or_else(|| by_host_name(&demands, settings, cluster))
        .unwrap_or(Pull::Free)
}

/// What the nodes demanded by name are
fn named(term: &Term<'_>, settings: &ClusterSettings, cluster: &dyn Cluster) -> Option<Pull> {
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
        return Some(Pull::Excluded);
    };
    let node = (*node).to_owned();
    Some(match kinds.iter().all(|(_, kind)| *kind == NodeKind::Virtual) {
        true => Pull::Certain(Mark::NodeField(node)),
        false => Pull::Possible(Mark::HostName(node)),
    })
}

/// A node demanded by a label that is mostly its name, but need not be
fn by_host_name(
    demands: &[(&str, &Demand<'_>)],
    settings: &ClusterSettings,
    cluster: &dyn Cluster,
) -> Option<Pull> {
    let hosts = demands
        .iter()
        .filter(|(key, _)| *key == HOST_NAME)
        .flat_map(|(_, demand)| match demand {
            Demand::In(values) => values.as_slice(),
            _ => &[],
        });
    let mut virtual_ones = hosts.filter(|name| NodeKind::of_name(name, cluster, settings) != NodeKind::Real);
    virtual_ones
        .next()
        .map(|name| Pull::Possible(Mark::HostName((*name).to_owned())))
}

fn demand<'a>(expression: &'a Expression<'_>) -> Option<Demand<'a>> {
    let values = || expression.values.iter().map(|value| &**value).collect();
    match &*expression.operator {
        "In" => Some(Demand::In(values())),
        "NotIn" => Some(Demand::NotIn(values())),
        "Exists" => Some(Demand::Exists),
        "DoesNotExist" => Some(Demand::DoesNotExist),
        "Gt" | "Lt" => Some(Demand::Compares),
        _ => None,
    }
}

/// The demand by which every node that meets it is one of the selector's
fn implied(selector: &LabelSelector, demands: &[(&str, &Demand<'_>)], proof: Proof) -> Option<String> {
    let mut labels = Vec::new();
    for requirement in selector.requirements() {
        let (key, demand) = demands.iter().find(|(key, demand)| {
            *key == requirement.key && relation(demand, &requirement.operator, proof) == Relation::Implies
        })?;
        labels.push(label(key, demand, &requirement.operator));
    }
    labels.into_iter().next()
}

/// The demand that some of the selector's nodes meet because of what makes them the selector's
fn touched(selector: &LabelSelector, demands: &[(&str, &Demand<'_>)]) -> Option<String> {
    selector.requirements().iter().find_map(|requirement| {
        let positive = matches!(requirement.operator, LabelOperator::In(_) | LabelOperator::Exists);
        let (key, demand) = demands.iter().find(|(key, demand)| {
            let relation = relation(demand, &requirement.operator, Proof::Mark);
            positive && *key == requirement.key && matches!(relation, Relation::Implies | Relation::Overlaps)
        })?;
        Some(label(key, demand, &requirement.operator))
    })
}

fn contradicted(selector: &LabelSelector, demands: &[(&str, &Demand<'_>)]) -> bool {
    selector.requirements().iter().any(|requirement| {
        demands.iter().any(|(key, demand)| {
            *key == requirement.key
                && relation(demand, &requirement.operator, Proof::Strict) == Relation::Contradicts
        })
    })
}

/// A label for messages: `key=value`, or the key alone where any value will do
fn label(key: &str, demand: &Demand<'_>, test: &LabelOperator) -> String {
    let wanted = |value: &&str| match test {
        LabelOperator::In(values) => values.iter().any(|wanted| wanted == value),
        LabelOperator::NotIn(_) | LabelOperator::Exists | LabelOperator::DoesNotExist => true,
    };
    match demand {
        Demand::In(values) => values
            .iter()
            .copied()
            .find(wanted)
            .map_or_else(|| key.to_owned(), |value| format!("{key}={value}")),
        Demand::NotIn(_) | Demand::Exists | Demand::DoesNotExist | Demand::Compares => key.to_owned(),
    }
}

fn relation(demand: &Demand<'_>, test: &LabelOperator, proof: Proof) -> Relation {
    let among = |values: &[String], value: &str| values.iter().any(|wanted| wanted == value);
    match (test, demand) {
        (LabelOperator::In(wanted), Demand::In(values)) => of(
            values.len(),
            values.iter().filter(|value| among(wanted, value)).count(),
        ),
        (LabelOperator::NotIn(unwanted), Demand::In(values)) => of(
            values.len(),
            values.iter().filter(|value| !among(unwanted, value)).count(),
        ),
        (LabelOperator::In(wanted), Demand::NotIn(values)) => {
            let excluded = wanted.iter().all(|value| values.contains(&value.as_str()));
            if excluded {
                Relation::Contradicts
            } else {
                Relation::Unrelated
            }
        }
        (LabelOperator::NotIn(unwanted), Demand::NotIn(values)) => {
            let included = unwanted.iter().all(|value| values.contains(&value.as_str()));
            if included {
                Relation::Implies
            } else {
                Relation::Unrelated
            }
        }
        (LabelOperator::In(_), Demand::Exists) if proof == Proof::Mark => Relation::Implies,
        (LabelOperator::Exists, Demand::In(_) | Demand::Exists | Demand::Compares)
        | (LabelOperator::NotIn(_) | LabelOperator::DoesNotExist, Demand::DoesNotExist) => Relation::Implies,
        (LabelOperator::In(_) | LabelOperator::Exists, Demand::DoesNotExist)
        | (LabelOperator::DoesNotExist, Demand::In(_) | Demand::Exists | Demand::Compares) => {
            Relation::Contradicts
        }
        (LabelOperator::In(_) | LabelOperator::NotIn(_), Demand::Exists | Demand::Compares)
        | (LabelOperator::Exists | LabelOperator::DoesNotExist, Demand::NotIn(_)) => Relation::Unrelated,
    }
}

/// What it means that so many of the demanded values meet a requirement
fn of(demanded: usize, met: usize) -> Relation {
    match met {
        // The API server lets no empty list through, so nothing is concluded from one
        0 if demanded == 0 => Relation::Unrelated,
        0 => Relation::Contradicts,
        _ if met == demanded => Relation::Implies,
        _ => Relation::Overlaps,
    }
}
