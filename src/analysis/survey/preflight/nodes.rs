//! Names of nodes, held against the pattern by which bindings are kept from ramgate.

use crate::analysis::survey::preflight::{Check, Finding, Scene, shown};
use crate::kubernetes::cluster::{Meta, NodeKind};

pub(crate) fn findings(scene: &Scene<'_>) -> Vec<Finding> {
    let Some(names) = scene.real_node_names else {
        return Vec::new();
    };
    let nodes = &scene.judge.cluster.snapshot.nodes;
    let settings = &scene.judge.configuration.cluster;
    // ACS's virtual nodes look virtual too
    let looks_virtual = |node: &Meta| {
        let mut selectors = settings.virtual_nodes.iter();
        selectors.any(|selector| selector.matches(&node.labels))
    };
    let is_virtual = |node: &Meta| NodeKind::of(&node.labels, settings) == NodeKind::Virtual;
    let chosen = |wanted: &dyn Fn(&str, &Meta) -> bool| -> Vec<&str> {
        let nodes = nodes.iter().filter(|(name, node)| wanted(name, node));
        nodes.map(|(name, _)| name.as_str()).collect()
    };
    let strange = chosen(&|name, node| !looks_virtual(node) && !names.is_match(name));
    let hidden = chosen(&|name, node| is_virtual(node) && names.is_match(name));
    let finding = |nodes: Vec<&str>, what: &str, advice: &str| {
        (!nodes.is_empty()).then(|| Finding {
            check: Check::NodeName,
            place: shown(nodes.iter().copied()),
            what: match nodes.len() {
                1 => format!("it is {what}"),
                count => format!("these {count} nodes are {what}"),
            },
            advice: advice.to_owned(),
        })
    };
    let strange = finding(
        strange,
        "real and with a name that does not fit realNodeNames, so that every binding there waits for ramgate",
        "widen realNodeNames of the chart",
    );
    let hidden = finding(
        hidden,
        "virtual and with a name that fits realNodeNames, so that bindings there never reach ramgate",
        "narrow realNodeNames of the chart",
    );
    strange.into_iter().chain(hidden).collect()
}
